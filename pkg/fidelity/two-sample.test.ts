/** @file Boosted trees, ranks and the two-sample tests. */
import type { Trace } from '../trace';
import { boostedScores } from './boosting';
import { clockOf } from './clock';
import { busiestServices, selfTimes, SPAN_FEATURES, traceRows } from './feature-rows';
import { subset } from './span-table';
import { pair, pairs, span, tables } from './test-traces';
import { areaUnderCurve, drawn, rocCurve, seededUniform, TwoSampleTester } from './two-sample';

describe('ranks', () => {
  test.each([
    ['apart', [1, 2, 3, 4], [0, 0, 1, 1], 1],
    ['the wrong way round', [4, 3, 2, 1], [0, 0, 1, 1], 0],
    ['all equal', [5, 5, 5, 5], [0, 1, 0, 1], 0.5],
    ['one pair of four wrong', [1, 3, 2, 4], [0, 0, 1, 1], 0.75],
    ['one class only', [1, 2], [1, 1], 0.5],
  ])('area under the curve: %s', (_, scores, labels, expected) =>
    expect(areaUnderCurve(Float64Array.from(scores), Uint8Array.from(labels))).toBeCloseTo(expected, 12)
  );

  test('the ROC curve rises from 0 to 1', () => {
    const curve = rocCurve(Float64Array.of(4, 3, 2, 1), Uint8Array.of(1, 0, 1, 0));
    expect(curve).toEqual([
      [0, 0],
      [0, 0.5],
      [0.5, 0.5],
      [0.5, 1],
      [1, 1],
    ]);
  });

  test('draws without repetition, the same for the same seed', () => {
    const first = drawn(50, 20, seededUniform(3));
    expect(new Set(first).size).toBe(20);
    expect(drawn(50, 20, seededUniform(3))).toEqual(first);
    expect(drawn(50, 20, seededUniform(4))).not.toEqual(first);
  });
});

describe('boosted trees', () => {
  const uniform = seededUniform(1);
  const x = Float64Array.from({ length: 2000 }, uniform);
  const y = Float64Array.from({ length: 2000 }, uniform);
  const even = Int32Array.from({ length: 1000 }, (_, i) => 2 * i);
  const odd = Int32Array.from({ length: 1000 }, (_, i) => 2 * i + 1);
  const auc = (labels: Uint8Array): number => {
    const scores = boostedScores([x, y], labels, even);
    return areaUnderCurve(
      Float64Array.from(odd, (row) => scores[row] as number),
      Uint8Array.from(odd, (row) => labels[row] as number)
    );
  };

  test('learn what no single feature tells', () => {
    expect(auc(Uint8Array.from(x, (value, i) => (value > 0.5 === (y[i] as number) > 0.5 ? 1 : 0)))).toBeGreaterThan(
      0.97
    );
  });

  test('find nothing in noise', () => {
    expect(Math.abs(auc(Uint8Array.from(x, () => (uniform() < 0.5 ? 1 : 0))) - 0.5)).toBeLessThan(0.06);
  });
});

describe('features', () => {
  const trace: Trace = {
    traceId: 't',
    spans: [
      span('t', 'a', '1', '', 0, 100),
      // Two children that overlap from 20 to 30, and one that ends after its parent.
      span('t', 'b', '2', '1', 10, 20),
      span('t', 'b', '3', '1', 20, 20),
      span('t', 'c', '4', '1', 90, 30),
    ],
  };

  test('self-time counts overlaps once and nothing outside the span', async () => {
    const [table] = await tables([trace], []);
    expect([...selfTimes(table)].map((nanos) => nanos / 1e6)).toEqual([60, 20, 20, 30]);
    expect(busiestServices(table).map((service) => table.vocabulary.services.texts[service])).toEqual(['a', 'b', 'c']);
  });

  test('a row a trace', async () => {
    const [table] = await tables([trace], []);
    const [duration, spans, errors, hour, depth, fan, services, ...shares] = traceRows(
      table,
      clockOf(table),
      busiestServices(table)
    ).map((column) => column[0] as number);
    expect([spans, errors, hour, depth, fan, services]).toEqual([4, 0, 0, 1, 3, 3]);
    expect(duration).toBeCloseTo(Math.log1p(120_000), 9);
    expect(shares.map((share) => share * 130)).toEqual([60, 40, 30].map((share) => expect.closeTo(share, 9)));
    expect(SPAN_FEATURES).toHaveLength(9);
  });
});

describe('two-sample tests', () => {
  test('a copy cannot be told; durations swapped between spans can, by traces and by spans', async () => {
    const [real, swapped] = await tables(
      pairs(400),
      Array.from({ length: 400 }, (_, i) => pair(i, 5 + ((i * 149) % 400)))
    );
    const tester = new TwoSampleTester(real, clockOf(real));
    const copy = tester.test(real);
    expect(copy.traces?.c2st).toBeGreaterThan(0.98);
    expect(copy.spans?.c2st).toBeGreaterThan(0.98);
    const other = tester.test(swapped);
    expect(other.traces?.c2st).toBeLessThan(0.5);
    expect(other.spans?.c2st).toBeLessThan(0.9);
    expect(other.traces).toMatchObject({ rowsASide: 400, draws: 10 });
    expect(tester.control(swapped).traces).toMatchObject({ rowsASide: 200 });
    expect(tester.test(swapped)).toEqual(other);
  });

  test('too few rows say nothing', async () => {
    const [real] = await tables(pairs(30), []);
    expect(new TwoSampleTester(real, clockOf(real)).test(subset(real, [0, 1])).traces).toBeNull();
  });
});
