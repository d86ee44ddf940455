import type { Curve } from './growth';
import { panelSvg, scaleHtml } from './report';

const curve = (name: string, exponent: number): Curve => ({
  name,
  mark: 'a',
  points: [1000, 2000, 4000].map((x) => ({ x, y: 3 * x ** exponent })),
});

/** Places of the dots of a picture, in the order of the curves. */
function dots(svg: string): Array<{ x: number; y: number }> {
  return [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}

it('draws powers as straight lines, whose slopes are their exponents', () => {
  const svg = panelSvg({ title: 't', unit: 's', curves: [curve('one', 1), curve('half', 0.5)] });
  const [a, b, c, d, , f] = dots(svg);
  expect(b!.x - a!.x).toBeCloseTo(c!.x - b!.x, 0);
  expect(a!.y - b!.y).toBeCloseTo(b!.y - c!.y, 0);
  expect((d!.y - f!.y) / (a!.y - c!.y)).toBeCloseTo(0.5, 1);
  // What is linear lies on its own dashes.
  const [, x, y] =
    /class="linear"/.exec(svg) === null ? [] : /d="M([\d.]+),([\d.]+)L/.exec(svg.slice(svg.indexOf('linear') - 120))!;
  expect([Number(x), Number(y)]).toEqual([a!.x, a!.y]);
});

it('makes a page that loads nothing and says names, exponents and the note', () => {
  const page = scaleHtml([{ title: 'training', unit: 's', curves: [curve('<shop>', 1)] }], 'Load 3.');
  expect(page).toContain('&lt;shop&gt;, exponent 1.00');
  expect(page).toContain('Load 3.');
  expect(page).not.toMatch(/https?:|src=/);
  expect(panelSvg({ title: 't', unit: 's', curves: [] })).toBe('');
});
