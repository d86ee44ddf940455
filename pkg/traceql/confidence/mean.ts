/**
 * @file Intervals of means of values. What was seen is known; the mean of the rest is predicted from the mean of what was
 * seen here and, as far as slots are alike, the mean of the series (B. Efron and C. Morris, JASA 70, 1975). The spread is
 * that of a ratio estimate's residuals (W. Cochran, Sampling Techniques, 1977, 6.4), shared between slots as in G. Smyth,
 * Linear models and empirical Bayes methods (2004), relative to the mean that is predicted (P. McCullagh and J. Nelder,
 * Generalized Linear Models, 1989, 8.3.6): relative to that of a few traces, it would be the less the further out one is.
 * Where a few values are far out, traces say little of the spread: they count for so many degrees of freedom as B. O'Neill,
 * Some useful moment results in sampling problems, The American Statistician 68 (2014), gives for the variance of a sample,
 * and a slot has no more of them than the series (F. Satterthwaite, Biometrics Bulletin 2, 1946).
 */
import type { Bounds } from './bounds';
import type { Contribution, Contributions } from './contributions';
import { studentT } from './distributions';
import { PRIOR } from './spread';

/** Spread between traces, relative to the mean, where nothing tells of it. */
const UNKNOWN_SPREAD = 1;
/** Of the normal distribution: no slot is taken to tell more than normal values would. */
const NORMAL_KURTOSIS = 3;

/** One slot. */
interface Measured {
  readonly mean: number;
  /** Variance of a trace's residuals. */
  readonly spread: number;
  readonly traces: number;
  /** As many traces of the same weight and number of spans say as much. */
  readonly effective: number;
  /** How many traces one stands for. */
  readonly weight: number;
  /** Sum of the fourth powers of residuals by the square of the sum of their squares. */
  readonly fourth: number;
}

function measure(list: readonly Contribution[]): Measured {
  let spans = 0;
  let values = 0;
  let squares = 0;
  let seen = 0;
  for (const one of list) {
    spans += one.weight * one.count;
    values += one.weight * one.sum;
    squares += (one.weight * one.count) ** 2;
    seen += one.count;
  }
  const mean = values / spans;
  const effective = spans ** 2 / squares;
  let second = 0;
  let fourth = 0;
  for (const one of list) {
    const square = (one.weight * (one.sum - mean * one.count)) ** 2;
    second += square;
    fourth += square * square;
  }
  const traces = list.length;
  return {
    mean,
    spread: traces < 2 ? 0 : ((second / spans ** 2) * effective * traces) / (traces - 1),
    traces,
    effective,
    weight: spans / seen,
    fourth: second > 0 ? fourth / second ** 2 : 0,
  };
}

/** Tells the intervals of the slots of one series. */
export class MeanConfidence {
  /** Variance of one trace's part, relative to the mean, over all slots; undefined where no slot has two traces. */
  private readonly pooled: number | undefined;
  private readonly kurtosis: number;
  /** Degrees of freedom of all slots, were values normal. */
  private readonly freedom: number;
  /** Mean of the series, and how many traces of a slot it counts as. */
  private readonly mean: number;
  private readonly borrowed: number;

  constructor(private readonly contributions: Contributions) {
    const slots = contributions.filled.map((slot) => measure(contributions.at(slot)));
    let sum = 0;
    let freedom = 0;
    let fourth = 0;
    let absolute = 0;
    let effective = 0;
    let squares = 0;
    let total = 0;
    for (const one of slots) {
      freedom += one.traces - 1;
      absolute += one.spread * (one.traces - 1);
      effective += one.effective;
      squares += one.effective ** 2;
      total += one.effective * one.mean;
    }
    this.mean = total / Math.max(1, effective);
    // One-way analysis of variance: what slots differ by beyond what their traces do.
    const within = freedom === 0 ? 0 : absolute / freedom;
    const between = slots.reduce((rest, one) => rest + one.effective * (one.mean - this.mean) ** 2, 0);
    const differing = (between - (slots.length - 1) * within) / (effective - squares / Math.max(1, effective));
    const alike = differing > 0 ? within / differing : Infinity;
    this.borrowed = slots.length < 2 || within === 0 ? 0 : 1 / (1 / alike + 1 / effective);
    for (const one of slots) {
      const own = this.spreadOf(one) * (one.traces - 1);
      sum += own;
      fourth += one.fourth * own * own;
    }
    this.freedom = freedom;
    this.pooled = freedom === 0 ? undefined : sum / freedom;
    this.kurtosis = Math.max(NORMAL_KURTOSIS, sum > 0 ? (freedom * fourth) / (sum * sum) : 0);
  }

  /** What is predicted for traces of a slot that were not seen. @param borrowed - traces that the series counts as */
  private meanOf({ effective, mean }: Measured, borrowed: number): number {
    return (effective * mean + borrowed * this.mean) / (effective + borrowed);
  }

  /** Variance of a trace's residuals, relative to what is predicted. */
  private spreadOf(one: Measured): number {
    const mean = this.meanOf(one, this.borrowed);
    return mean === 0 ? 0 : one.spread / (mean * mean);
  }

  at(slot: number): Bounds | undefined {
    const list = this.contributions.at(slot);
    if (list.length === 0) {
      return undefined;
    }
    const one = measure(list);
    const { mean, traces, effective, weight } = one;
    if (weight <= 1) {
      return { lower: mean, upper: mean };
    }
    const worth = (NORMAL_KURTOSIS - 1) / (this.kurtosis - 1);
    const own = (traces - 1) * worth;
    const shared = (own * this.spreadOf(one) + PRIOR * (this.pooled ?? UNKNOWN_SPREAD)) / (own + PRIOR);
    // The slot's own traces count for at least half: unusual slots are what people look for.
    const borrowed = Math.min(this.borrowed, effective);
    const rest = this.meanOf(one, borrowed);
    const variance = shared * (1 / (effective + borrowed) + 1 / (effective * (weight - 1)));
    const t = studentT(Math.min(own + PRIOR, this.freedom * worth));
    const known = mean / weight;
    const unknown = 1 - 1 / weight;
    if (mean > 0 && rest > 0) {
      // Log-normal, of that mean and variance.
      const middle = rest / Math.sqrt(1 + variance);
      const reach = t * Math.sqrt(Math.log1p(variance));
      return { lower: known + unknown * middle * Math.exp(-reach), upper: known + unknown * middle * Math.exp(reach) };
    }
    const reach = t * Math.abs(rest) * Math.sqrt(variance);
    return { lower: known + unknown * (rest - reach), upper: known + unknown * (rest + reach) };
  }
}
