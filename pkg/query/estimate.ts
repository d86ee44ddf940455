/**
 * @file Metrics estimated from a part of the traces, with 95% intervals by random groups: the part is dealt into groups,
 * each group gives an estimate of its own, and their spread tells the error of all of them together. Counts of few spans
 * are as uncertain as Poisson counts at least, whatever the spread of a few groups says.
 * Sources: K. Wolter, Introduction to Variance Estimation (2007), chapter 2; Byar's approximation of exact Poisson
 * limits, in Breslow and Day, Statistical Methods in Cancer Research II (1987), section 2.3.
 */
import type { Trace } from '../trace';
import { labelsKey, type MetricsAccumulator, type MetricsExpr, type Query, type Sample, type Series } from '../traceql';

const GROUPS = 20;
/** Student's t for 95% by degrees of freedom, from 1 to GROUPS − 1. */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093,
];
/** Groups with a value that tell of the spread. */
const FEWEST_GROUPS = 2;
/** Upper 97.5% limit of a Poisson count when none was seen. */
const NONE_SEEN = 3.689;

const tOf = (values: number): number => T_95[values - 2] ?? Infinity;

/**
 * 95% limits of a count, relative to it.
 * @param seen - how many independent events carry the count
 * @param t - quantile to use
 */
function countLimits(seen: number, t: number): { lower: number; upper: number } {
  const lower = Math.max(0, 1 - 1 / (9 * seen) - t / (3 * Math.sqrt(seen))) ** 3;
  const more = seen + 1;
  const upper = (more / seen) * (1 - 1 / (9 * more) + t / (3 * Math.sqrt(more))) ** 3;
  return { lower, upper };
}

/** Whether a query counts: then a group without a sample has seen none, otherwise it knows nothing. */
function counts(metrics: MetricsExpr): boolean {
  if (metrics.kind !== 'metrics') {
    return metrics.kind === 'math' && counts(metrics.left) && counts(metrics.right);
  }
  return ['rate', 'count_over_time', 'sum_over_time', 'histogram_over_time', 'compare'].includes(
    metrics.aggregate.kind
  );
}

/** Spans that one unit of a sample stands for, where samples are numbers of spans; undefined where they are not. */
function spansAUnit(query: Query, seconds: number): number | undefined {
  if (query.kind !== 'metrics' || query.metrics.kind !== 'metrics') {
    return undefined;
  }
  switch (query.metrics.aggregate.kind) {
    case 'rate':
      return seconds;
    case 'count_over_time':
    case 'histogram_over_time':
    case 'compare':
      return 1;
    default:
      return undefined;
  }
}

/** Takes a part of the traces in and answers for all of them. */
export class Estimate {
  private readonly all: MetricsAccumulator;
  private readonly groups: MetricsAccumulator[];
  private readonly counting: boolean;
  private readonly spansAUnit: number | undefined;
  private seen = 0;

  /**
   * @param accumulator - an empty one of the query
   * @param weight - how many traces each observed one stands for
   * @param seconds - of a slot
   */
  constructor(
    query: Query,
    accumulator: MetricsAccumulator,
    private readonly weight: number,
    seconds: number
  ) {
    this.all = accumulator;
    this.groups = Array.from({ length: GROUPS }, () => accumulator.fresh());
    this.counting = query.kind === 'metrics' && counts(query.metrics);
    this.spansAUnit = spansAUnit(query, seconds);
  }

  observe(trace: Trace): void {
    this.all.observe(trace, this.weight);
    this.groups[this.seen % GROUPS]?.observe(trace, this.weight * GROUPS);
    this.seen++;
  }

  /** The series with the bounds of their intervals. */
  result(): Series[] {
    const groups = this.groups.map((group) => {
      const bySeries = new Map<string, Map<number, number>>();
      for (const { labels, samples } of group.result()) {
        bySeries.set(labelsKey(labels), new Map(samples.map(({ timestampMs, value }) => [timestampMs, value])));
      }
      return bySeries;
    });
    return this.all.result().map((series) => {
      const key = labelsKey(series.labels);
      const known = groups.map((group) => group.get(key));
      const samples = series.samples.map((sample) => this.bounded(sample, known));
      return { ...series, samples };
    });
  }

  private bounded(sample: Sample, groups: ReadonlyArray<Map<number, number> | undefined>): Sample {
    const values = groups.flatMap((group) => {
      const value = group?.get(sample.timestampMs) ?? (this.counting ? 0 : NaN);
      return Number.isFinite(value) ? [value] : [];
    });
    if (values.length < FEWEST_GROUPS) {
      return sample;
    }
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    // What was seen is known: only the rest is uncertain.
    const unseen = 1 - 1 / this.weight;
    const variance = (unseen * squares) / values.length;
    const t = tOf(values.length);
    if (this.spansAUnit !== undefined) {
      return this.boundedCount(sample, variance, unseen, t);
    }
    const filled = values.filter((value) => value !== 0).length;
    if (this.counting && sample.value > 0 && filled < values.length) {
      // Groups left empty tell how few events there were: at that rate, so many of them stay empty.
      const events = -values.length * Math.log(1 - filled / values.length);
      const limits = countLimits(Math.min(events, sample.value ** 2 / variance), t);
      return { ...sample, lower: sample.value * limits.lower, upper: sample.value * limits.upper };
    }
    const half = t * Math.sqrt(variance);
    const lower = sample.value - half;
    return { ...sample, lower: this.counting ? Math.max(0, lower) : lower, upper: sample.value + half };
  }

  /** Of a number of spans: the spread of the groups, but no less than that of a Poisson count. */
  private boundedCount(sample: Sample, variance: number, unseen: number, t: number): Sample {
    const { value } = sample;
    const one = this.weight / (this.spansAUnit ?? 1);
    if (value <= 0) {
      return { ...sample, lower: 0, upper: unseen * NONE_SEEN * one };
    }
    const most = Math.max(variance, unseen * value * one);
    const { lower, upper } = most > 0 ? countLimits(value ** 2 / most, t) : { lower: 1, upper: 1 };
    return { ...sample, lower: value * lower, upper: value * upper };
  }
}
