/** @file Exponential tilts (Siegmund 1976): the two numbers times two curves over the bins that make one distribution most like another. */

/** Strength, in observations, with which tilts are drawn towards none. */
export const RIDGE = 1;
const NEWTON_STEPS = 12;
/** Nats that a step of Newton's method goes at most: far from the solution the curvature says little. */
const LONGEST_STEP = 2;

/** Two curves over bins, or over groups of bins. */
export type Curves = readonly [Float64Array, Float64Array];

/** Of weights by bin: their sum, and the sums of the curves and of their products. */
export type CurveSums = [n: number, one: number, two: number, oneOne: number, oneTwo: number, twoTwo: number];

/** @param weightOf - of a bin */
export function curveSums([f, g]: Curves, weightOf: (bin: number) => number): CurveSums {
  let [n, one, two, oneOne, oneTwo, twoTwo] = [0, 0, 0, 0, 0, 0];
  for (let bin = 0; bin < f.length; bin++) {
    const w = weightOf(bin);
    if (w > 0) {
      const [x, y] = [f[bin] as number, g[bin] as number];
      n += w;
      one += w * x;
      two += w * y;
      oneOne += w * x * x;
      oneTwo += w * x * y;
      twoTwo += w * y * y;
    }
  }
  return [n, one, two, oneOne, oneTwo, twoTwo];
}

/** What the curves take of variance under weights by bin. */
export function curveVariances(curves: Curves, weights: ArrayLike<number>): readonly [number, number] {
  const [n, one, two, oneOne, , twoTwo] = curveSums(curves, (bin) => weights[bin] as number);
  return n > 0 ? [oneOne / n - (one / n) ** 2, twoTwo / n - (two / n) ** 2] : [0, 0];
}

/** In nats: what the curves are multiplied with, and what that saves. */
export interface Tilt {
  readonly first: number;
  readonly second: number;
  readonly gain: number;
}

/**
 * The tilt that makes what was drawn most like what was measured, by Newton's method.
 * @param measured - counts by bin
 * @param drawn - the same; no bin may be empty that was measured
 */
export function tiltOf(measured: Float64Array, drawn: Float64Array, curves: Curves): Tilt {
  const n = measured.reduce((sum, w) => sum + w, 0);
  const total = drawn.reduce((sum, w) => sum + w, 0);
  const along = (curve: Float64Array): number => measured.reduce((sum, w, bin) => sum + w * (curve[bin] as number), 0);
  const [f, g] = curves;
  const [wantedOne, wantedTwo] = [along(f), along(g)];
  let [first, second] = [0, 0];
  let gain = 0;
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const tilted = (bin: number): number =>
      ((drawn[bin] as number) / total) * Math.exp(first * (f[bin] as number) + second * (g[bin] as number));
    const [z, oneSum, twoSum, oneOne, oneTwo, twoTwo] = curveSums(curves, tilted);
    gain = first * wantedOne + second * wantedTwo - n * Math.log(z);
    const [one, two] = [oneSum / z, twoSum / z];
    const a = n * (oneOne / z - one * one) + RIDGE;
    const b = n * (oneTwo / z - one * two);
    const c = n * (twoTwo / z - two * two) + RIDGE;
    const u = wantedOne - n * one - RIDGE * first;
    const v = wantedTwo - n * two - RIDGE * second;
    const determinant = a * c - b * b;
    const bound = (value: number): number => Math.max(-LONGEST_STEP, Math.min(LONGEST_STEP, value));
    first += bound((u * c - v * b) / determinant);
    second += bound((v * a - u * b) / determinant);
  }
  return { first, second, gain };
}
