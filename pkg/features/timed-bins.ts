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

/** Sums of the cells (a base at a position) that hold anything, in no order: DRIFT_GROUPS each. */
export interface TimedCells {
  readonly cells: Uint32Array<ArrayBuffer>;
  readonly sums: Uint32Array<ArrayBuffer>;
}

const FIRST_ROOM = 1024;

/** Times by base, position (tick or shape) and group of bins: counts, or sums of probabilities. Few cells of a large model hold any. */
export class TimedBins {
  private readonly groups: Uint8Array[];
  /** Number of each cell among those that hold anything, from 1; 0 = nothing. */
  private readonly numbers: Int32Array;
  private held = 0;
  private sums = new Uint32Array(FIRST_ROOM * DRIFT_GROUPS);

  constructor(
    bases: ReadonlyArray<DriftBase | undefined>,
    readonly positions: number
  ) {
    this.groups = Array.from(bases, (base) => (base === undefined ? new Uint8Array(0) : driftGroups(base)));
    this.numbers = new Int32Array(bases.length * positions);
  }

  /** Counts a time; one beyond the last position is left out. */
  add(base: number, position: number, bin: number): void {
    if (position < this.positions) {
      const group = (this.groups[base] as Uint8Array)[bin] as number;
      // first the cell: making room for it replaces the sums
      const at = this.cell(base * this.positions + position) + group;
      this.sums[at]! += UNIT;
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
    const from = this.cell(base * this.positions + position);
    for (let group = 0; group < DRIFT_GROUPS && total > 0; group++) {
      this.sums[from + group]! += Math.round((UNIT * (shares[group] as number)) / total);
    }
  }

  /** Adds what another counted. */
  take({ cells, sums }: TimedCells): void {
    cells.forEach((cell, n) => {
      const to = this.cell(cell);
      for (let group = 0; group < DRIFT_GROUPS; group++) {
        this.sums[to + group]! += sums[n * DRIFT_GROUPS + group] as number;
      }
    });
  }

  /** What was counted, for another to take. */
  finish(): TimedCells {
    const cells = new Uint32Array(this.held);
    this.numbers.forEach((number, cell) => {
      if (number > 0) {
        cells[number - 1] = cell;
      }
    });
    return { cells, sums: this.sums.slice(0, this.held * DRIFT_GROUPS) };
  }

  /** Times of a base: positions × DRIFT_GROUPS. */
  of(base: number): Float64Array {
    const times = new Float64Array(this.positions * DRIFT_GROUPS);
    for (let position = 0; position < this.positions; position++) {
      const number = this.numbers[base * this.positions + position] as number;
      for (let group = 0; number > 0 && group < DRIFT_GROUPS; group++) {
        times[position * DRIFT_GROUPS + group] = (this.sums[(number - 1) * DRIFT_GROUPS + group] as number) / UNIT;
      }
    }
    return times;
  }

  /** Where the sums of a cell begin; makes room for them. */
  private cell(cell: number): number {
    let number = this.numbers[cell] as number;
    if (number === 0) {
      number = ++this.held;
      this.numbers[cell] = number;
      if (number * DRIFT_GROUPS > this.sums.length) {
        const larger = new Uint32Array(DRIFT_GROUPS * Math.ceil(number * 1.5));
        larger.set(this.sums);
        this.sums = larger;
      }
    }
    return (number - 1) * DRIFT_GROUPS;
  }
}
