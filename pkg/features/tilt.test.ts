/** @file Tilts are found as they were made, and responses say how far draws follow them. */
import { seededNumbers } from './content';
import { driftCurves, type DriftBase } from './drifts';
import { ResponseSums, responsesOf } from './responses';
import { curveVariances, tiltOf } from './tilt';

const BASE: DriftBase = { classes: 40, slackBins: 0 };
const CURVES = driftCurves(BASE);

function tilted(weights: Float64Array, first: number, second: number): Float64Array {
  return weights.map(
    (w, bin) => w * Math.exp(first * (CURVES[0][bin] as number) + second * (CURVES[1][bin] as number))
  );
}

test('a tilt is found as it was made', () => {
  const random = seededNumbers(7);
  for (let round = 0; round < 50; round++) {
    const weights = Float64Array.from({ length: BASE.classes }, () => 1000 * (0.2 + random()));
    const [first, second] = [2 * random() - 1, 2 * random() - 1];
    const found = tiltOf(tilted(weights, first, second), weights, CURVES);
    expect(found.first).toBeCloseTo(first, 2);
    expect(found.second).toBeCloseTo(second, 2);
    expect(found.gain).toBeGreaterThanOrEqual(0);
  }
});

test('draws move by their response', () => {
  const random = seededNumbers(8);
  const sums = new ResponseSums([undefined, BASE]);
  const all = new Float64Array(BASE.classes);
  let [before, after] = [0, 0];
  const tilt = 0.1;
  for (let draw = 0; draw < 3000; draw++) {
    // each draw knows where it is to within a few bins
    const centre = random() * BASE.classes;
    const weights = Float64Array.from({ length: BASE.classes }, (_, bin) => Math.exp(-(((bin - centre) / 5) ** 2)));
    sums.add(1, weights, BASE.classes - 1);
    const share = (list: Float64Array): Float64Array => {
      const total = list.reduce((sum, w) => sum + w, 0);
      return list.map((w) => w / total);
    };
    const mean = (list: Float64Array): number =>
      share(list).reduce((sum, w, bin) => sum + w * (CURVES[0][bin] as number), 0);
    share(weights).forEach((w, bin) => (all[bin] = (all[bin] as number) + w));
    before += mean(weights);
    after += mean(tilted(weights, tilt, 0));
  }
  const [none, [first]] = responsesOf(sums.sums) as [readonly [number, number], readonly [number, number]];
  expect(none).toEqual([1, 1]);
  expect(first).toBeLessThan(0.2);
  const [variance] = curveVariances(CURVES, all);
  expect((after - before) / 3000 / (tilt * variance) / first).toBeGreaterThan(0.9);
  expect((after - before) / 3000 / (tilt * variance) / first).toBeLessThan(1.1);
});

test('sums do not depend on who drew what', () => {
  const random = seededNumbers(9);
  const [all, even, odd] = [0, 1, 2].map(() => new ResponseSums([BASE])) as [ResponseSums, ResponseSums, ResponseSums];
  for (let draw = 0; draw < 500; draw++) {
    const last = Math.floor(random() * BASE.classes);
    const weights = Float64Array.from({ length: BASE.classes }, () => Math.floor(1000 * random()));
    all.add(0, weights, last);
    (draw % 2 === 0 ? even : odd).add(0, weights, last);
  }
  expect(Array.from(odd.sums, (n, i) => n + (even.sums[i] as number))).toEqual(Array.from(all.sums));
});
