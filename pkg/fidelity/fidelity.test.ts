/** @file The measures on sets small enough to work out by hand. */
import { orderedDistance, relativeError, totalVariation } from './distance';
import { Evaluator, type Fidelity } from './evaluate';
import { publishedDistance } from './queries';
import { headSample } from './drivers';
import { subset, type SpanTable } from './span-table';
import { spearman } from './spearman';
import { pair, pairs, span, tables } from './test-traces';

const evaluate = (real: SpanTable, other: SpanTable): Fidelity => new Evaluator(real).measure(other);

describe('distances', () => {
  const counts = (...entries: Array<[number, number]>): Map<number, number> => new Map(entries);

  test.each([
    [counts([1, 1]), counts([1, 7]), 0],
    [counts([1, 1]), counts([2, 1]), 1],
    [counts([1, 1], [2, 1]), counts([1, 1]), 0.5],
    [counts(), counts([1, 1]), 1],
  ])('total variation %#', (a, b, expected) => expect(totalVariation(a, b)).toBeCloseTo(expected, 12));

  test.each([
    // All mass moved over half of the range 0 … 10.
    [counts([0, 1], [10, 1]), counts([5, 2]), 0.5],
    [counts([0, 1], [10, 1]), counts([0, 1]), 0.5],
    [counts([0, 1], [10, 1]), counts([-100, 1], [100, 1]), 0],
    [counts([3, 4]), counts([3, 1], [4, 1]), 0.5],
  ])('Wasserstein on the real range %#', (a, b, expected) => expect(orderedDistance(a, b)).toBeCloseTo(expected, 12));

  test('the published distance does not see which key has which share', () => {
    expect(publishedDistance(counts([1, 3], [2, 1]), counts([1, 1], [2, 3]))).toBe(0);
    expect(publishedDistance(counts([1, 1], [2, 1]), counts([1, 1]))).toBeCloseTo(0.5, 12);
    expect(publishedDistance(counts(), counts([1, 1]))).toBeNull();
  });

  test('relative error stays within 1', () => {
    expect([relativeError(5, 4), relativeError(50, 4), relativeError(0, 0), relativeError(1, 0)]).toEqual([
      0.25, 1, 0, 1,
    ]);
  });

  test('rank correlation', () => {
    expect(spearman(Float64Array.of(1, 2, 3), Float64Array.of(1, 8, 27))).toBeCloseTo(1, 12);
    expect(spearman(Float64Array.of(1, 2, 3), Float64Array.of(3, 2, 1))).toBeCloseTo(-1, 12);
    expect(spearman(Float64Array.of(1, 2, 3), Float64Array.of(1, 1, 1))).toBe(0);
  });
});

describe('evaluate', () => {
  test('a copy is perfect, and seen to be a copy', async () => {
    const [real, other] = await tables(pairs(40), pairs(40));
    const fidelity = evaluate(real, other);
    expect(fidelity.queries.correctedMean).toBe(0);
    expect(fidelity.queries.correctedMeanTv64).toBe(0);
    expect(fidelity.queries.publishedMean).toBe(0);
    expect(fidelity.tasks.taskScore).toBeCloseTo(1, 12);
    expect(fidelity.structure).toMatchObject({ shapeTV: 0, edgeTV: 0, novelShapeShare: 0, invalid: 0 });
    expect(fidelity.red.redError).toBe(0);
    expect(fidelity.spearmanDiff).toBe(0);
    expect(fidelity.copying).toEqual({ exemplars: 0, copied: 1, copiedMultiSpan: 1, realTracesWithATwin: 0 });
  });

  test('reversing the child durations shows in the correlation and not in the marginals', async () => {
    const [real, other] = await tables(
      pairs(40),
      Array.from({ length: 40 }, (_, i) => pair(i, 44 - i))
    );
    const fidelity = evaluate(real, other);
    expect(fidelity.queries.queries[6]?.corrected).toBe(0);
    expect(fidelity.spearmanDiff).toBe(1);
    expect(fidelity.copying.copied).toBe(0);
  });

  test('a lost child changes shapes, edges and validity', async () => {
    const orphan = pair(3);
    const broken = { ...orphan, spans: orphan.spans.slice(1) };
    const [real, other] = await tables(pairs(4), [pair(0), pair(1), pair(2), broken]);
    const { structure } = evaluate(real, other);
    expect(structure.shapeTV).toBeCloseTo(0.25, 12);
    expect(structure.novelShapeShare).toBe(0.25);
    expect(structure.invalid).toBe(0.25);
    expect(structure.defects).toMatchObject({ noRoot: { other: 0.25 }, missingParent: { other: 0.25 } });
  });

  test('parents in a circle are a defect, not an endless walk', async () => {
    const circle = { traceId: 'c', spans: [span('c', 'a', '1', '2', 0, 5), span('c', 'b', '2', '1', 0, 5)] };
    const [real, other] = await tables(pairs(2), [circle]);
    expect(evaluate(real, other).structure.defects.parentCycle).toEqual({ real: 0, other: 1 });
  });

  test('nothing at all is as far as can be', async () => {
    const [real, other] = await tables(pairs(40), []);
    const fidelity = evaluate(real, other);
    expect(fidelity.queries.correctedMean).toBe(1);
    expect(fidelity.structure.shapeTV).toBe(1);
    expect(fidelity.red.rate).toBe(1);
  });
});

describe('samples', () => {
  test('a subset keeps parents, entries and values, and counts for its weight', async () => {
    const [real] = await tables(pairs(6), []);
    const half = subset(real, [1, 4], 3);
    expect([...half.parent]).toEqual([-1, 0, -1, 2]);
    expect([...half.entry]).toEqual([0, 2]);
    expect([...half.duration]).toEqual([21e6, 6e6, 24e6, 9e6]);
    expect(evaluate(real, half).red.rateWeighted).toBeLessThanOrEqual(1);
    expect(evaluate(real, half).structure).toMatchObject({ shapeTV: 0, invalid: 0 });
  });

  test('head sampling keeps about one in N, the same ones for the same seed', async () => {
    const [real] = await tables(pairs(2000), []);
    const sample = headSample(real, 5, 1);
    expect(sample.weight).toBe(5);
    expect(Math.abs(sample.traces - 400)).toBeLessThan(80);
    expect(headSample(real, 5, 1).idHash).toEqual(sample.idHash);
    expect(headSample(real, 5, 2).idHash).not.toEqual(sample.idHash);
  });
});
