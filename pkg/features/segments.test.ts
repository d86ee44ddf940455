/** @file Ticks: whole buckets in order, cut at pauses sooner, few enough. */
import type { TraceCounts } from './counts';
import { segmentsOf, ticksOf } from './segments';

function countsOf(rows: ReadonlyArray<readonly [bucket: number, count: number]>): TraceCounts {
  return {
    bucketSeconds: 5,
    bucket: Float64Array.from(rows, ([bucket]) => bucket),
    count: Float64Array.from(rows, ([, count]) => count),
  } as unknown as TraceCounts;
}

test('a tick is some twenty traces of an even stream', () => {
  const { row, count } = ticksOf(countsOf(Array.from({ length: 100 }, (_, b) => [b, 4])));
  expect(count).toBe(20);
  expect(Array.from(row.subarray(0, 6))).toEqual([0, 0, 0, 0, 0, 1]);
});

test('rows of one bucket are of one tick', () => {
  const counts = countsOf(Array.from({ length: 200 }, (_, i) => [i >> 2, 8]));
  const { row } = ticksOf(counts);
  row.forEach((tick, i) => expect(tick).toBe(row[i - (i % 4)]));
});

test('a pause of a minute ends a tick of half as many, no smaller one', () => {
  expect(ticksOf(countsOf([[0, 11], [12, 11]])).count).toBe(2); // prettier-ignore
  expect(ticksOf(countsOf([[0, 9], [12, 11]])).count).toBe(1); // prettier-ignore
  expect(ticksOf(countsOf([[0, 11], [11, 11]])).count).toBe(1); // prettier-ignore
});

test('there are no more than the traces allow, and they are finer than segments', () => {
  const rows = Array.from({ length: 5000 }, (_, b): [number, number] => [b * 13, 7]);
  const { row, count } = ticksOf(countsOf(rows));
  expect(count).toBeLessThanOrEqual(2 * 192);
  expect(count).toBeGreaterThan(segmentsOf(countsOf(rows)).count);
  row.forEach((tick, i) => expect(tick - (row[i - 1] ?? 0)).toBeLessThanOrEqual(1));
});
