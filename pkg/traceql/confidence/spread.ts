/**
 * @file The variance of a total that a systematic sample of traces tells. Traces are sorted by stratum and shape, and every
 * so-manieth is taken. Two things vary from one sample to another: how many traces of a cell (one shape in one stratum)
 * are taken, which is rounding and no more; and which ones, which the differences of neighbours in a cell tell. Differences
 * between cells tell of neither, and would make the variance several times too large.
 * Sources: K. Wolter, Introduction to Variance Estimation (2007), 8.2 (differences of neighbours, and their bias where the
 * population has steps); W. Cochran, Sampling Techniques (1977), 5A.12 (strata
 * with one unit are collapsed); D. Horvitz and D. Thompson, JASA 47 (1952), for cells that a sample may miss.
 */
import type { Contribution } from './contributions';

/** What is known of a few traces counts as so many more that are as all the others are. */
export const PRIOR = 3;

/** A number that is rounded up or down at random places is off by this variance, at each of the two ends of a cell. */
const ROUNDING = 1 / 12;

/** Parts of a variance, added up over contributions. */
interface Parts {
  /** As if traces were independent. */
  independent: number;
  /** Of cells with several traces: as if independent, and by the differences of neighbours. */
  several: number;
  noise: number;
  traces: number;
  /** How many of each cell are in the sample. */
  drawn: number;
}

function partsOf(list: readonly Contribution[], of: (one: Contribution) => number): Parts {
  const parts: Parts = { independent: 0, several: 0, noise: 0, traces: 0, drawn: 0 };
  list.forEach((one, i) => {
    const { weight, place } = one;
    const own = weight * of(one);
    const square = (1 - 1 / weight) * own * own;
    parts.independent += square;
    const inCell = Math.round(place.expected);
    if (inCell < 2) {
      return;
    }
    parts.several += square;
    parts.noise += square;
    parts.traces++;
    parts.drawn += (2 * ROUNDING * square) / inCell;
    const before = list[i - 1];
    if (before !== undefined && before.place.sample + 1 === place.sample) {
      const product = (1 - 1 / weight) * own * before.weight * of(before);
      if (before.place.cell === place.cell) {
        parts.noise -= (product * inCell) / (inCell - 1);
      } else if (before.place.expected >= 1) {
        // What one cell has too many, the next has too few.
        parts.drawn -= 2 * ROUNDING * product;
      }
    }
  });
  return parts;
}

/** Variance of cells that have one trace, if any, in the sample; those that follow each other make up one stratum. */
function loneVariance(list: readonly Contribution[], of: (one: Contribution) => number, noise: number): number {
  let variance = 0;
  let before = 0;
  list.forEach((one, i) => {
    const { weight, place } = one;
    if (Math.round(place.expected) >= 2) {
      before = 0;
      return;
    }
    // Whether the cell is in the sample at all, and which trace of it.
    const drawn = Math.min(1 - 1 / weight, Math.max(2 * ROUNDING, 1 - place.expected));
    const which = Math.max(0, Math.min(1, place.expected) - 1 / weight);
    const own = weight * of(one) * Math.sqrt(drawn + noise * which);
    const adjacent = (list[i - 1]?.place.sample ?? NaN) + 1 === place.sample;
    variance += own * own - (adjacent ? own * before : 0);
    before = own;
  });
  return Math.max(0, variance);
}

/** The variance of one slot's total. */
export interface Spread {
  readonly variance: number;
  /** What it would be if traces were independent. */
  readonly independent: number;
}

/** Tells variances of the slots of one series, which share what few traces cannot tell. */
export class SpreadOfTotals {
  /** Variance within cells, relative to that of independent traces. */
  private readonly noise: number;
  /** Variance relative to that of independent traces, over all slots. */
  readonly ratio: number;

  constructor(
    lists: ReadonlyArray<readonly Contribution[]>,
    private readonly of: (one: Contribution) => number
  ) {
    const all = lists.map((list) => partsOf(list, of));
    const sum = (part: keyof Parts): number => all.reduce((total, parts) => total + parts[part], 0);
    const told = sum('several') > 0 ? sum('traces') * Math.max(0, sum('noise') / sum('several')) : 0;
    this.noise = (told + PRIOR) / ((sum('several') > 0 ? sum('traces') : 0) + PRIOR);
    const independent = sum('independent');
    const variance = lists.reduce((total, list, i) => total + this.varianceOf(list, all[i] as Parts), 0);
    this.ratio = independent > 0 ? variance / independent : 1;
  }

  private varianceOf(list: readonly Contribution[], { noise, drawn }: Parts): number {
    return Math.max(0, noise) + Math.max(0, drawn) + loneVariance(list, this.of, this.noise);
  }

  /** Of one slot, as its own traces tell it. */
  measured(list: readonly Contribution[]): Spread {
    const parts = partsOf(list, this.of);
    return { variance: this.varianceOf(list, parts), independent: parts.independent };
  }

  /** Relative to that of independent traces, as its own traces and those of the other slots tell. */
  ratioOf(list: readonly Contribution[]): number {
    const { variance, independent } = this.measured(list);
    const own = independent > 0 ? variance / independent : this.ratio;
    return (own * list.length + this.ratio * PRIOR) / (list.length + PRIOR);
  }
}
