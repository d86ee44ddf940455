/**
 * @file Metrics estimated from a sample of the traces, with 95% intervals. Functions over time carry their own intervals
 * (pkg/traceql, confidence.ts). compare() and arithmetic between queries get theirs by random groups: the sample is dealt
 * into groups, each gives an estimate of its own, and their spread tells the error of all of them together.
 * Source: K. Wolter, Introduction to Variance Estimation (2007), chapter 2.
 */
import type { Trace } from '../trace';
import {
  compileMetrics,
  Intervals,
  joined,
  labelsKey,
  type MetricsAccumulator,
  type MetricsExpr,
  type MetricsOptions,
  type ModelError,
  type Query,
  type Sample,
  type Series,
} from '../traceql';
import { exactWhereEmpty } from './model-errors';
import type { SampledTrace } from './sample-plan';

const GROUPS = 20;
/** Student's t for 95% by degrees of freedom, from 1 to GROUPS − 1. */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093,
];
/** Groups with a value that tell of the spread. */
const FEWEST_GROUPS = 2;

/** Whether a query counts: then a group without a sample has seen none, otherwise it knows nothing. */
function counts(metrics: MetricsExpr): boolean {
  if (metrics.kind !== 'metrics') {
    return metrics.kind === 'math' && counts(metrics.left) && counts(metrics.right);
  }
  return ['rate', 'count_over_time', 'sum_over_time', 'histogram_over_time', 'compare'].includes(
    metrics.aggregate.kind
  );
}

/** Whether a query asks for least or greatest values, which no sample tells. */
export function hasExtremes(metrics: MetricsExpr): boolean {
  if (metrics.kind === 'math') {
    return hasExtremes(metrics.left) || hasExtremes(metrics.right);
  }
  return metrics.kind === 'metrics' && /^m(in|ax)_over_time$/.test(metrics.aggregate.kind);
}

/** Takes a sample of the traces in and answers for all of them. */
export class Estimate {
  private readonly all: MetricsAccumulator;
  /** Only where the query's functions carry no intervals of their own. */
  private readonly groups: MetricsAccumulator[];
  private readonly counting: boolean;
  private weights = 0;
  private seen = 0;

  /**
   * @param query - a metrics query
   * @param mayHold - whether any trace that may matter can have a span in a slot; where none can, what is told is exact
   */
  constructor(
    query: Query,
    private readonly options: MetricsOptions,
    private readonly mayHold: (slot: number) => boolean = () => true
  ) {
    const metrics = query.kind === 'metrics' ? query.metrics : undefined;
    const own = metrics?.kind === 'metrics' && metrics.aggregate.kind !== 'compare';
    const intervals = new Intervals(options);
    let occupied = 0;
    for (let slot = 0; slot < intervals.count; slot++) {
      occupied += mayHold(slot) ? 1 : 0;
    }
    this.all = compileMetrics(query, own ? { ...options, sampledSlots: occupied } : options);
    // Groups tell what samples differ by: models err alike in all of them.
    const { start, end, step, instant } = options;
    const group = own
      ? undefined
      : compileMetrics(query, { start, end, step, ...(instant === true ? { instant } : {}) });
    this.groups = group === undefined ? [] : Array.from({ length: GROUPS }, () => group.fresh());
    this.counting = metrics !== undefined && counts(metrics);
  }

  /** What is observed from here on is of a model with such an error. */
  from(error: ModelError | undefined): void {
    this.all.from(error);
  }

  observe(trace: Trace, place: SampledTrace): void {
    const { weight, sample } = place;
    this.all.observe(trace, weight, place);
    this.groups[sample % GROUPS]?.observe(trace, weight * GROUPS);
    this.weights += weight;
    this.seen++;
  }

  /** The series with the bounds of their intervals. */
  result(): Series[] {
    return exactWhereEmpty(this.withBounds(), this.options, this.mayHold);
  }

  private withBounds(): Series[] {
    if (this.groups.length === 0) {
      return this.all.result();
    }
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
      return { ...series, samples: series.samples.map((sample) => this.bounded(sample, known)) };
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
    const unseen = 1 - this.seen / this.weights;
    const half = (T_95[values.length - 2] ?? Infinity) * Math.sqrt((unseen * squares) / values.length);
    const sampled = { lower: sample.value - half, upper: sample.value + half };
    // Where the models' errors are told, the sample has them already.
    const { value, lower = value, upper = value } = sample;
    const both = joined(value, sampled, { lower, upper });
    return { ...sample, ...both, lower: this.counting ? Math.max(0, both.lower) : both.lower };
  }
}
