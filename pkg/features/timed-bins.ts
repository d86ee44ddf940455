/** @file Times of a batch by what they are drawn from and by tick or shape, as measured and as drawn. */
import { driftCurves, type DriftBase } from './drifts';

/** Groups of neighbouring bins in which what is measured and what is drawn are compared. */
export const DRIFT_GROUPS = 16;

/** Group of each bin of a base; bins of two kinds share none. */
export function driftGroups({ classes, slackBins }: DriftBase): Uint8Array {
  const half = DRIFT_GROUPS / 2;
  const mixed = slackBins > 0 && slackBins < classes;
  const among = (bin: number, bins: number, groups: number): number =>
    Math.floor((bin * Math.min(groups, bins)) / bins);
  return Uint8Array.from({ length: classes }, (_, bin) =>
    !mixed
      ? among(bin, classes, DRIFT_GROUPS)
      : bin < slackBins
        ? among(bin, slackBins, half)
        : half + among(bin - slackBins, classes - slackBins, half)
  );
}

/** The two curves of drifts by group: the means of its bins. */
export function groupCurves(base: DriftBase): readonly [Float64Array, Float64Array] {
  const groups = driftGroups(base);
  const size = new Float64Array(DRIFT_GROUPS);
  groups.forEach((group) => (size[group] = (size[group] as number) + 1));
  return driftCurves(base).map((curve) => {
    const mean = new Float64Array(DRIFT_GROUPS);
    curve.forEach((value, bin) => {
      const group = groups[bin] as number;
      mean[group] = (mean[group] as number) + value / (size[group] as number);
    });
    return mean;
  }) as unknown as readonly [Float64Array, Float64Array];
}

/** Units of one time: probabilities are kept as whole numbers, so that sums do not depend on their order. */
const UNIT = 4096;
const shares = new Float64Array(DRIFT_GROUPS);

/** Times by base, position (tick or shape) and group of bins: counts, or sums of probabilities. */
export class TimedBins {
  private readonly groups: Uint8Array[];

  /** @param sums - bases × positions × DRIFT_GROUPS, as another gave them */
  constructor(
    bases: ReadonlyArray<DriftBase | undefined>,
    readonly positions: number,
    readonly sums = new Uint32Array(bases.length * positions * DRIFT_GROUPS)
  ) {
    this.groups = Array.from(bases, (base) => (base === undefined ? new Uint8Array(0) : driftGroups(base)));
  }

  /** Counts a time; one beyond the last position is left out. */
  add(base: number, position: number, bin: number): void {
    if (position < this.positions) {
      const group = (this.groups[base] as Uint8Array)[bin] as number;
      this.sums[(base * this.positions + position) * DRIFT_GROUPS + group]! += UNIT;
    }
  }

  /** Counts a time as bins 0 … last in proportion to their weights. */
  spread(base: number, position: number, weights: Float64Array, last: number): void {
    if (position >= this.positions) {
      return;
    }
    const groups = this.groups[base] as Uint8Array;
    let total = 0;
    shares.fill(0);
    for (let bin = 0; bin <= last; bin++) {
      const weight = weights[bin] as number;
      shares[groups[bin] as number]! += weight;
      total += weight;
    }
    const from = (base * this.positions + position) * DRIFT_GROUPS;
    for (let group = 0; group < DRIFT_GROUPS && total > 0; group++) {
      this.sums[from + group]! += Math.round((UNIT * (shares[group] as number)) / total);
    }
  }

  /** Adds what another counted. */
  take(other: Uint32Array): void {
    other.forEach((sum, i) => (this.sums[i]! += sum));
  }

  /** Times of a base: positions × DRIFT_GROUPS. */
  of(base: number): Float64Array {
    const size = this.positions * DRIFT_GROUPS;
    return Float64Array.from(this.sums.subarray(base * size, (base + 1) * size), (sum) => sum / UNIT);
  }
}
