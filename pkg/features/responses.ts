/**
 * @file How far what is drawn moves when logits do. A network that knows much of what it draws hardly spreads a single draw, so
 * a tilt of its logits moves draws by the variance that is left in each (the derivative of an expectation by the tilt of
 * an exponential family), not by the variance of all draws together.
 */
import { driftCurves, type DriftBase } from './drifts';
import { curveSums, type Curves } from './tilt';

/** Whole units of sums, so that they do not depend on their order. */
const UNIT = 4096;
/** Numbers kept of a base: draws, and of either curve means, their squares and variances. */
const KEPT = 7;
/** Part of what is off that is set right at once: what is drawn before changes what is drawn after. */
export const CORRECTION_STEP = 0.8;
/** Observations beside which counts are weighed when something is set right: few say little. */
export const CALM = 8;
/** A response of less than this is taken for this: what is drawn before moves draws as well. */
const LEAST_RESPONSE = 0.33;

/** Of the two curves of a base, the part of their variance that a tilt moves: more than 0 and at most 1. */
export type Response = readonly [number, number];

/** Sums over draws, by base. */
export class ResponseSums {
  readonly sums: Float64Array<ArrayBuffer>;
  private readonly curves: ReadonlyArray<Curves | undefined>;

  constructor(bases: ReadonlyArray<DriftBase | undefined>) {
    this.sums = new Float64Array(KEPT * bases.length);
    this.curves = Array.from(bases, (base) => (base === undefined ? undefined : driftCurves(base)));
  }

  /** Counts a draw. @param weights - of bins 0 … last */
  add(base: number, weights: Float64Array, last: number): void {
    const [n, one, two, oneOne, , twoTwo] = curveSums(this.curves[base] as Curves, (bin) =>
      bin <= last ? (weights[bin] as number) : 0
    );
    if (n > 0) {
      const at = KEPT * base;
      this.sums[at]! += 1;
      this.addCurve(at + 1, one / n, oneOne / n);
      this.addCurve(at + 4, two / n, twoTwo / n);
    }
  }

  private addCurve(at: number, mean: number, square: number): void {
    this.sums[at]! += Math.round(UNIT * mean);
    this.sums[at + 1]! += Math.round(UNIT * mean * mean);
    this.sums[at + 2]! += Math.round(UNIT * (square - mean * mean));
  }
}

/** The responses of bases from their sums, over all draws together; 1 where nothing was drawn. */
export function responsesOf(sums: Float64Array): Response[] {
  return Array.from({ length: sums.length / KEPT }, (_, b) => {
    const part = (at: number): number => {
      const [mean, square, within] = [0, 1, 2].map((i) => (sums[at + i] as number) / UNIT) as [number, number, number];
      const between = square - mean ** 2 / Math.max(1, sums[KEPT * b] as number);
      return within > 0 ? within / (within + Math.max(0, between)) : 1;
    };
    return [part(KEPT * b + 1), part(KEPT * b + 4)];
  });
}

/** What a tilt found between distributions is divided by, for draws to follow. @param share - of the variance */
export function dampedResponse(share: number): number {
  return Math.max(LEAST_RESPONSE, Math.min(1, share));
}
