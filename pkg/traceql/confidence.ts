/**
 * @file 95% intervals of what is estimated from a sample of whole traces. Spans of a trace are not independent, so traces
 * are what is counted. Sources: K. Wolter, Introduction to Variance Estimation (2007), chapter 8 (differences of
 * neighbours in a systematic sample); Byar's approximation of exact Poisson limits, in Breslow and Day, Statistical
 * Methods in Cancer Research II (1987), section 2.3; R. Woodruff, Confidence intervals for medians, JASA 47 (1952); E. B.
 * Wilson, JASA 22 (1927); variances of small groups drawn together as in G. Smyth, Linear models and empirical Bayes
 * methods (2004).
 */
import type { Contribution, Contributions } from './contributions';

/** Bounds of a sample, both included. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** Quantile of the normal distribution for 95%. */
const Z = 1.96;
/** Student's t for 95%, by degrees of freedom from 1. */
const T = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131];
/** Traces that may be behind none seen: at this number none is seen in one case of twenty. */
const NONE_SEEN = -Math.log(0.05);
/** What the other slots of a series say of the spread in one of them counts as so many traces. */
const PRIOR = 3;
/** Spread between traces, relative to the mean, where nothing tells of it. */
const UNKNOWN_SPREAD = 1;

function studentT(freedom: number): number {
  const at = Math.max(1, Math.floor(freedom));
  return T[at - 1] ?? Z + 2.4 / at;
}

/** Part of a contribution that is uncertain: what stands for itself alone is known. */
function unseen({ weight }: Contribution): number {
  return 1 - 1 / weight;
}

/** Whether two contributions come from neighbours in the sample. */
function neighbours(a: Contribution | undefined, b: Contribution): boolean {
  return a !== undefined && a.trace + 1 === b.trace;
}

/** Byar's mid-P limits of a count of `events` independent events, relative to it. */
function countLimits(events: number, z: number): Bounds {
  const middle = events + 0.5;
  const limit = (sign: number): number =>
    (middle / events) * Math.max(0, 1 - 1 / (9 * middle) + (sign * z) / (3 * Math.sqrt(middle))) ** 3;
  return { lower: limit(-1), upper: limit(1) };
}

/** Intervals of totals: spans of a slot, or the sum of their values. */
export class TotalConfidence {
  /** Means over all slots: spans of a trace that adds any, and its weight. */
  private readonly spans: number;
  private readonly weight: number;
  /** Traces that add any, of all traces, in a slot. */
  private readonly traces: number;

  /** @param slots - of the query */
  constructor(
    private readonly contributions: Contributions,
    slots: number,
    private readonly of: (one: Contribution) => number
  ) {
    const all = contributions.filled.flatMap((slot) => contributions.at(slot));
    const mean = (value: (one: Contribution) => number): number =>
      all.length === 0 ? 1 : all.reduce((sum, one) => sum + value(one), 0) / all.length;
    this.spans = mean(of);
    this.weight = mean(({ weight }) => weight);
    this.traces = (all.length * this.weight) / slots;
  }

  at(slot: number): Bounds {
    const list = this.contributions.at(slot);
    if (list.length === 0) {
      // No more than what is rarely missed, nor than what slots of this series rarely have.
      const usual = this.traces + 4 * Math.sqrt(this.traces) + 3;
      return { lower: 0, upper: Math.min(NONE_SEEN * (this.weight - 1), usual) * this.spans };
    }
    let total = 0;
    let variance = 0;
    list.forEach((one, i) => {
      const own = one.weight * this.of(one);
      const before = list[i - 1];
      total += own;
      variance += unseen(one) * own * own;
      if (before !== undefined && neighbours(before, one)) {
        variance -= unseen(one) * own * before.weight * this.of(before);
      }
    });
    if (variance <= 0 || total <= 0) {
      const half = Z * Math.sqrt(Math.max(0, variance));
      return { lower: total - half, upper: total + half };
    }
    const limits = countLimits(total ** 2 / variance, Z);
    return { lower: total * limits.lower, upper: total * limits.upper };
  }
}

/** Intervals of means of values. */
export class MeanConfidence {
  /** Variance of one trace's part, relative to the mean, over all slots; undefined where no slot has two traces. */
  private readonly pooled: number | undefined;

  constructor(private readonly contributions: Contributions) {
    let sum = 0;
    let freedom = 0;
    for (const slot of contributions.filled) {
      const { spread, traces } = this.measure(contributions.at(slot));
      sum += spread * (traces - 1);
      freedom += traces - 1;
    }
    this.pooled = freedom === 0 ? undefined : sum / freedom;
  }

  at(slot: number): Bounds | undefined {
    const list = this.contributions.at(slot);
    if (list.length === 0) {
      return undefined;
    }
    const { mean, spread, traces, effective, known } = this.measure(list);
    const own = traces - 1;
    const variance = (known * (own * spread + PRIOR * (this.pooled ?? UNKNOWN_SPREAD))) / ((own + PRIOR) * effective);
    const reach = studentT(own + (this.pooled === undefined ? 0 : 1)) * Math.sqrt(variance);
    return mean > 0
      ? { lower: mean * Math.exp(-reach), upper: mean * Math.exp(reach) }
      : { lower: mean - Math.abs(mean) * reach, upper: mean + Math.abs(mean) * reach };
  }

  /** Spread of a ratio estimate's residuals, per trace and relative to the mean. */
  private measure(list: readonly Contribution[]): {
    mean: number;
    spread: number;
    traces: number;
    effective: number;
    known: number;
  } {
    let spans = 0;
    let values = 0;
    let squares = 0;
    let known = 0;
    for (const one of list) {
      spans += one.weight * one.count;
      values += one.weight * one.sum;
      squares += (one.weight * one.count) ** 2;
      known += unseen(one) / list.length;
    }
    const mean = values / spans;
    const effective = spans ** 2 / squares;
    const residuals = list.reduce((sum, one) => sum + (one.weight * (one.sum - mean * one.count)) ** 2, 0);
    const traces = list.length;
    const relative = mean === 0 ? 0 : residuals / (mean * spans) ** 2;
    return { mean, spread: traces < 2 ? 0 : (relative * effective * traces) / (traces - 1), traces, effective, known };
  }
}

/** Counts in one bucket of values. */
export interface BucketCount {
  readonly exponent: number;
  readonly count: number;
}

/** Intervals of quantiles, from contributions to each bucket of values. */
export class QuantileConfidence {
  /** Mean distribution over all slots, as shares. */
  private readonly pool: readonly BucketCount[];

  /** @param quantileOf - the quantile of counts in buckets, buckets rising */
  constructor(
    private readonly buckets: ReadonlyArray<{ readonly exponent: number; readonly contributions: Contributions }>,
    private readonly quantileOf: (p: number, counts: readonly BucketCount[]) => number
  ) {
    const totals = buckets.map(({ exponent, contributions }) => ({
      exponent,
      count: contributions.filled
        .flatMap((slot) => contributions.at(slot))
        .reduce((sum, one) => sum + one.weight * one.count, 0),
    }));
    const all = totals.reduce((sum, { count }) => sum + count, 0);
    const traces = new Set(
      buckets
        .flatMap(({ contributions }) => contributions.filled.flatMap((slot) => contributions.at(slot)))
        .map(({ trace }) => trace)
    ).size;
    // What no slot has shown: values below and beyond, as one trace more might have.
    const beyond = 2 / (traces + 2);
    const shares = totals.map(({ exponent, count }) => ({ exponent, count: count / all }));
    const first = buckets[0]?.exponent ?? 1;
    const last = buckets[buckets.length - 1]?.exponent ?? 1;
    this.pool = [{ exponent: first - 1, count: beyond }, ...shares, { exponent: last + 1, count: beyond }];
  }

  at(slot: number, p: number): Bounds | undefined {
    const traces = new Map<number, { weight: number; counts: Map<number, number> }>();
    const counts = this.buckets.map(({ exponent, contributions }) => {
      let count = 0;
      for (const one of contributions.at(slot)) {
        const trace = traces.get(one.trace) ?? { weight: one.weight, counts: new Map<number, number>() };
        trace.counts.set(exponent, (trace.counts.get(exponent) ?? 0) + one.count);
        traces.set(one.trace, trace);
        count += one.weight * one.count;
      }
      return { exponent, count };
    });
    const all = counts.reduce((sum, { count }) => sum + count, 0);
    if (all === 0) {
      // Nothing seen: there may be nothing, which reads as 0, or what the other slots have.
      return { lower: 0, upper: this.quantileOf(wilson(p, 1, Z).upper, this.pool) };
    }
    // The bucket that the quantile falls into, and what share of all lies below it and in it.
    let below = 0;
    let bucket = counts[0] as BucketCount;
    for (const one of counts) {
      if (one.count > 0) {
        bucket = one;
        if ((below + one.count) / all >= p) {
          break;
        }
        below += one.count;
      }
    }
    const inside = Math.min(1, Math.max(0, (p * all - below) / bucket.count));
    let residuals = 0;
    let squares = 0;
    let known = 0;
    for (const { weight, counts: own } of traces.values()) {
      let under = 0;
      let spans = 0;
      for (const [exponent, count] of own) {
        spans += count;
        under += exponent < bucket.exponent ? count : exponent === bucket.exponent ? count * inside : 0;
      }
      residuals += (weight * (under - p * spans)) ** 2;
      squares += (weight * spans) ** 2;
      known += (1 - 1 / weight) / traces.size;
    }
    const spread = Math.max(1e-9, p * (1 - p));
    const effective = all ** 2 / squares;
    // Traces of a few spans say as much as so many independent spans; at least what they say if their spans are all alike.
    const measured = residuals > 0 ? (spread * all ** 2) / residuals : Infinity;
    const n = (effective * PRIOR + Math.min(measured, all) * (traces.size - 1)) / (PRIOR + traces.size - 1);
    if (known <= 0) {
      const exact = this.quantileOf(
        p,
        counts.filter(({ count }) => count > 0)
      );
      return { lower: exact, upper: exact };
    }
    const { lower, upper } = wilson(p, n / known, studentT(traces.size));
    // One more trace, like those of the other slots: what is rare need not have been seen here.
    const widened = this.pool.map(({ exponent, count }) => ({
      exponent,
      count: (count * all * known) / Math.max(1, n) + (counts.find((one) => one.exponent === exponent)?.count ?? 0),
    }));
    const filled = widened.filter(({ count }) => count > 0);
    // Between buckets that are far apart, values depend on which buckets are filled.
    const own = counts.filter(({ count }) => count > 0);
    return {
      lower: Math.min(this.quantileOf(lower, filled), this.quantileOf(lower, own)),
      upper: Math.max(this.quantileOf(upper, filled), this.quantileOf(upper, own)),
    };
  }
}

/** Wilson's interval of a share. */
function wilson(p: number, n: number, z: number): Bounds {
  const square = (z * z) / n;
  const centre = p + square / 2;
  const half = z * Math.sqrt((p * (1 - p)) / n + square / (4 * n));
  return { lower: Math.max(0, (centre - half) / (1 + square)), upper: Math.min(1, (centre + half) / (1 + square)) };
}
