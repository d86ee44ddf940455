/**
 * @file Intervals of totals: spans of a slot, or the sum of their values. What was seen is known; of the rest, the number of
 * traces that add something is predicted from those seen here, and from what the slots of the series have otherwise: a
 * gamma distribution of rates, fitted to all slots, and Poisson counts given the rate.
 * How large an event is, the mean square of what traces add tells, and where a few are far larger than the others, a sample
 * tells that badly: Student's t with as many degrees of freedom as that mean square is worth stands for the normal distribution.
 * Sources: C. Morris, Parametric empirical Bayes inference, JASA 78 (1983); J. Albert, Empirical Bayes estimation of Poisson
 * means (1981) for the moments; D. Lawless, Negative binomial and mixed Poisson regression (1987); F. Satterthwaite, An
 * approximate distribution of estimates of variance components, Biometrics Bulletin 2 (1946).
 */
import type { Bounds } from './bounds';
import type { Contribution, Contributions } from './contributions';
import { eventsWithin, studentT } from './distributions';
import { ratesOf } from './rates';
import { PRIOR, SpreadOfTotals } from './spread';

interface Moments {
  traces: number;
  first: number;
  second: number;
  fourth: number;
}

function momentsOf(list: readonly Contribution[], of: (one: Contribution) => number): Moments {
  const moments = { traces: list.length, first: 0, second: 0, fourth: 0 };
  for (const one of list) {
    const square = of(one) ** 2;
    moments.first += of(one);
    moments.second += square;
    moments.fourth += square * square;
  }
  return moments;
}

export interface Unseen {
  /** Probability that there is nothing. */
  readonly none: number;
  /** Spans on average. */
  readonly mean: number;
}

export class TotalConfidence {
  private readonly spread: SpreadOfTotals;
  private readonly all: Moments;
  /** Mean weight of what was seen. */
  private readonly weight: number;
  /** Of the gamma distribution of rates. */
  private readonly shape: number;
  private readonly rate: number;
  /** Mean of the fourth powers of what traces add, by the square of that of their squares: 1 where all add the same. */
  private readonly peaked: number;
  /** Traces that what is known of the sizes in other slots counts as. */
  private readonly borrowed: number;

  /** @param slots - of the query that may hold anything */
  constructor(
    private readonly contributions: Pick<Contributions, 'at' | 'filled'>,
    slots: number,
    private readonly of: (one: Contribution) => number
  ) {
    const lists = contributions.filled.map((slot) => contributions.at(slot));
    const flat = lists.flat();

    this.spread = new SpreadOfTotals(lists, of);
    this.all = momentsOf(flat, of);
    this.weight = flat.reduce((sum, { weight }) => sum + weight, 0) / Math.max(1, flat.length);
    const { traces, second, fourth } = this.all;
    // The more the largest weigh, the less do a few traces say of their mean square.
    this.peaked = second > 0 ? (traces * fourth) / (second * second) : 1;
    this.borrowed = (PRIOR * (this.peaked - 1)) / 2;
    const events = lists.map((list) => this.eventsOf(list));
    ({ shape: this.shape, rate: this.rate } = ratesOf(events, slots));
  }

  /** Degrees of freedom of the size of an event in a slot with so many traces: 2 by its relative variance. */
  private freedomOf(own: number): number {
    const { traces } = this.all;
    // Where nothing was seen, all traces of the series tell it.
    const told = own === 0 ? traces : Math.min(traces, own + this.borrowed);
    return this.peaked <= 1 ? Infinity : (2 * told) / (this.peaked - 1);
  }

  /** Size of an event: what a trace adds, less where the strata know some of it. */
  private sizeOf(list: readonly Contribution[]): number {
    const { traces, first, second } = this.all;
    const own = momentsOf(list, this.of);
    const share = (list.length === 0 ? 1 : this.borrowed) / Math.max(1, traces);
    const size = (own.second + share * second) / Math.max(Number.MIN_VALUE, own.first + share * first);
    // Strata know nothing of what a slot without any trace has.
    return list.length === 0 ? size : size * this.spread.ratioOf(list);
  }

  private eventsOf(list: readonly Contribution[]): number {
    const size = this.sizeOf(list);
    return size > 0 ? list.reduce((sum, one) => sum + this.of(one), 0) / size : 0;
  }

  /** What a slot may hold where nothing of it was seen. */
  whereNone(): Unseen {
    const mean = (this.shape / (this.rate + 1)) * Math.max(0, this.weight - 1);
    const size = this.sizeOf([]);
    return { none: (1 + mean / this.shape) ** -this.shape, mean: mean * size };
  }

  at(slot: number): Bounds {
    const list = this.contributions.at(slot);
    const seen = list.reduce((sum, one) => sum + this.of(one), 0);
    const total = list.reduce((sum, one) => sum + one.weight * this.of(one), 0);
    const weight = list.length === 0 ? this.weight : seen > 0 ? total / seen : 1;
    if (list.some((one) => this.of(one) < 0) || (list.length > 0 && seen <= 0)) {
      const half = 1.96 * Math.sqrt(this.spread.measured(list).variance);
      return { lower: total - half, upper: total + half };
    }
    const size = this.sizeOf(list);
    if (weight <= 1 || size <= 0) {
      return { lower: total, upper: total };
    }
    // The further a normal interval of that variance has to reach, the larger, and the fewer, are the events it is made of.
    const reach = (studentT(this.freedomOf(list.length)) / studentT(Infinity)) ** 2;
    const shape = (this.shape + seen / size) / reach;
    const within = eventsWithin(shape, (shape / (this.rate + 1)) * (weight - 1));
    return {
      lower: seen + within.lower * size * reach,
      upper: seen + within.upper * size * reach,
    };
  }
}
