/** @file Exponents of growth and their picture. */
import { exponents, fittedExponent, logLogPlot } from './growth';

const power = (exponent: number) => [1000, 2000, 5000].map((x) => ({ x, y: 3 * x ** exponent }));

describe('growth', () => {
  it.each([0, 0.5, 1, 1.3, 2])('finds the exponent of x^%d', (exponent) => {
    expect(fittedExponent(power(exponent))).toBeCloseTo(exponent, 10);
    exponents(power(exponent)).forEach((one) => expect(one).toBeCloseTo(exponent, 10));
  });

  it('gives an exponent for each step', () => {
    const steps = exponents([
      { x: 1, y: 1 },
      { x: 10, y: 10 },
      { x: 100, y: 1000 },
    ]);
    expect(steps).toHaveLength(2);
    expect(steps[0]).toBeCloseTo(1, 10);
    expect(steps[1]).toBeCloseTo(2, 10);
  });

  it('has no exponent for one size', () => {
    expect(fittedExponent([{ x: 1, y: 1 }])).toBeNaN();
    expect(exponents([{ x: 1, y: 1 }])).toEqual([]);
  });

  it('plots linear growth on the dots and faster growth above them', () => {
    const lines = logLogPlot(
      [
        { name: 'one', mark: 'a', points: power(1) },
        { name: 'two', mark: 'b', points: power(2).map(({ x, y }) => ({ x, y: y / 1000 })) },
      ],
      'traces',
      'seconds'
    );
    const rowsOf = (mark: string) =>
      lines.slice(1, -3).flatMap((line, i) => [...line].flatMap((one) => (one === mark ? [i] : [])));
    // Both begin in one place, where the later mark stands.
    expect(rowsOf('a')).toHaveLength(2);
    expect(rowsOf('b')).toHaveLength(3);
    expect(Math.min(...rowsOf('b'))).toBeLessThan(Math.min(...rowsOf('a')));
    expect(lines.at(-1)).toContain('a one   b two   · linear');
    expect(lines.at(-2)).toMatch(/1000 .*5000 {2}traces/);
  });

  it('plots a single point and nothing', () => {
    expect(logLogPlot([], 'x', 'y')).toEqual([]);
    expect(logLogPlot([{ name: 'one', mark: 'a', points: [{ x: 1, y: 1 }] }], 'x', 'y').join('\n')).toContain('│a');
  });
});
