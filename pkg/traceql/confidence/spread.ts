/**
 * @file The variance of a total that a systematic sample of traces tells. Traces are sorted by stratum and shape, and every
 * so-manieth is taken. Two things vary from one sample to another: how many traces of a cell (one shape in one stratum)
 * are taken, which is rounding and no more; and which ones, which the differences of neighbours in a cell tell. Differences
 * between cells tell of neither, and would make the variance several times too large.
 * Sources: K. Wolter, Introduction to Variance Estimation (2007), 8.2 (differences of neighbours, and their bias where the
 * population has steps); W. Cochran, Sampling Techniques (1977), 8.5 and 5A.12; D. Horvitz and D. Thompson, JASA 47 (1952),
 * for cells so small that a sample may miss them.
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
  /** Of cells with one trace: what its neighbours in the cell would tell. */
  lone: number;
}

function partsOf(list: readonly Contribution[], of: (one: Contribution) => number): Parts {
  const parts: Parts = { independent: 0, several: 0, noise: 0, traces: 0, drawn: 0, lone: 0 };
  list.forEach((one, i) => {
    const { weight, place } = one;
    const value = of(one);
    const own = weight * value;
    const unseen = 1 - 1 / weight;
    const square = unseen * own * own;
    parts.independent += square;
    const { expected, cell } = place;
    const inCell = Math.round(expected);
    const before = list[i - 1];
    const adjacent = before !== undefined && before.place.sample + 1 === place.sample ? before : undefined;
    const product = adjacent === undefined ? 0 : unseen * own * adjacent.weight * of(adjacent);
    if (inCell >= 2) {
      parts.several += square;
      parts.noise += square - (adjacent?.place.cell === cell ? (product * inCell) / (inCell - 1) : 0);
      parts.traces++;
      parts.drawn += (2 * ROUNDING * square) / inCell;
    } else if (expected >= 1) {
      parts.drawn += 2 * ROUNDING * square;
      parts.lone += square;
    } else {
      parts.drawn += own * own * Math.min(unseen, 1 - expected);
      parts.lone += own * own * Math.max(0, Math.min(unseen, expected - 1 / weight));
    }
    if (adjacent !== undefined && adjacent.place.cell !== cell && expected >= 1 && adjacent.place.expected >= 1) {
      // What one cell has too many, the next has too few.
      parts.drawn -= 2 * ROUNDING * product;
    }
  });
  return parts;
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
    const variance = all.reduce((total, parts) => total + this.varianceOf(parts), 0);
    this.ratio = independent > 0 ? variance / independent : 1;
  }

  private varianceOf({ noise, drawn, lone }: Parts): number {
    return Math.max(0, noise) + Math.max(0, drawn) + this.noise * lone;
  }

  /** Of one slot, as its own traces tell it. */
  measured(list: readonly Contribution[]): Spread {
    const parts = partsOf(list, this.of);
    return { variance: this.varianceOf(parts), independent: parts.independent };
  }

  /** Relative to that of independent traces, as its own traces and those of the other slots tell. */
  ratioOf(list: readonly Contribution[]): number {
    const { variance, independent } = this.measured(list);
    const own = independent > 0 ? variance / independent : this.ratio;
    return (own * list.length + this.ratio * PRIOR) / (list.length + PRIOR);
  }
}
