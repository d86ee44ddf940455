/**
 * @file Metrics estimated from a part of the traces, with 95% intervals by random groups: the part is dealt into groups,
 * each group gives an estimate of its own, and their spread tells the error of all of them together.
 * Source: K. Wolter, Introduction to Variance Estimation (2007), chapter 2.
 */
import type { Trace } from '../trace';
import { labelsKey, type MetricsAccumulator, type MetricsExpr, type Query, type Sample, type Series } from '../traceql';

const GROUPS = 20;
/** Student's t for 95% with GROUPS − 1 degrees of freedom. */
const T_95 = 2.093;
/** Fewer groups with a value than this say nothing of the spread. */
const FEWEST_GROUPS = 5;

/** Whether a query counts: then a group without a sample has seen none, otherwise it knows nothing. */
function counts(metrics: MetricsExpr): boolean {
  if (metrics.kind !== 'metrics') {
    return metrics.kind === 'math' && counts(metrics.left) && counts(metrics.right);
  }
  return ['rate', 'count_over_time', 'sum_over_time', 'histogram_over_time', 'compare'].includes(
    metrics.aggregate.kind
  );
}

/** Takes a part of the traces in and answers for all of them. */
export class Estimate {
  private readonly all: MetricsAccumulator;
  private readonly groups: MetricsAccumulator[];
  private readonly counting: boolean;
  private seen = 0;

  /** @param accumulator - an empty one of the query */
  constructor(query: Query, accumulator: MetricsAccumulator) {
    this.all = accumulator;
    this.groups = Array.from({ length: GROUPS }, () => accumulator.fresh());
    this.counting = query.kind === 'metrics' && counts(query.metrics);
  }

  /** @param weight - how many traces this one stands for */
  observe(trace: Trace, weight: number): void {
    this.all.observe(trace, weight);
    this.groups[this.seen % GROUPS]?.observe(trace, weight * GROUPS);
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
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    const half = T_95 * Math.sqrt(variance / values.length);
    const lower = sample.value - half;
    return { ...sample, lower: this.counting ? Math.max(0, lower) : lower, upper: sample.value + half };
  }
}
