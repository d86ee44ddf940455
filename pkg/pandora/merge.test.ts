import { traceBounds, type Trace } from '../trace';
import { mergeTraffic } from './merge';
import { simulateShop } from './shop';

const START = 1_760_000_000_000_000_000n;
const shop = (seed: number, count: number): Trace[] => [...simulateShop({ seed, count, startUnixNano: START })];
const benign = shop(1, 3000);
const incident = shop(2, 700);
const ids = (list: readonly Trace[]): Set<string> => new Set(list.map(({ traceId }) => traceId));

it.each([0.01, 0.05, 0.2])(
  'a share of %d: benign traces as they were, each of the others once, at times among them',
  (share) => {
    const merged = [...mergeTraffic(benign, incident, { share, count: 3000, seed: 3 })];
    expect(merged).toHaveLength(3000);
    const [good, bad] = [false, true].map((kind) =>
      merged.filter((one) => one.incident === kind).map(({ trace }) => trace)
    );
    expect(good).toEqual(benign.slice(0, good!.length));
    expect(ids(bad!).size).toBe(bad!.length);
    expect([...ids(bad!)].every((id) => ids(incident).has(id))).toBe(true);
    // Four standard deviations of a number that is nearly Poisson's.
    expect(Math.abs(bad!.length - 3000 * share)).toBeLessThan(4 * Math.sqrt(3000 * share));
    let before = 0n;
    for (const one of merged) {
      const { start } = traceBounds(one.trace);
      if (one.incident) {
        expect(start).toBe(before);
        const real = incident.find(({ traceId }) => traceId === one.trace.traceId)!;
        expect(one.trace.spans.map((span) => span.endTimeUnixNano - span.startTimeUnixNano)).toEqual(
          real.spans.map((span) => span.endTimeUnixNano - span.startTimeUnixNano)
        );
      }
      before = start;
    }
  }
);

it('gaps between traces of the incident are exponential: their deviation is about their mean', () => {
  const merged = [...mergeTraffic(benign, incident, { share: 0.1, count: 3000, seed: 4 })];
  const at = merged.flatMap((one, i) => (one.incident ? [i] : []));
  const gaps = at.slice(1).map((value, i) => value - at[i]! - 1);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(mean).toBeGreaterThan(7);
  expect(mean).toBeLessThan(11.5);
  expect(deviation / mean).toBeGreaterThan(0.8);
  expect(deviation / mean).toBeLessThan(1.3);
});

it('the same seed gives the same, another another', () => {
  const one = (seed: number): string[] =>
    [...mergeTraffic(benign, incident, { share: 0.1, count: 500, seed })].map(({ trace }) => trace.traceId);
  expect(one(1)).toEqual(one(1));
  expect(one(1)).not.toEqual(one(2));
});

it.each([
  ['too few of the incident', benign, incident.slice(0, 3), 0.2, 'PANDORA_TOO_FEW'],
  ['too few benign', benign.slice(0, 100), incident, 0.1, 'PANDORA_TOO_FEW'],
  ['a share of everything', benign, incident, 1, 'USAGE'],
  ['a share of nothing', benign, incident, 0, 'USAGE'],
])('refuses %s', (_name, good, bad, share, code) => {
  expect(() => [...mergeTraffic(good, bad, { share, count: 1000 })]).toThrow(expect.objectContaining({ code }));
});
