/** @file Metrics from the counts of models: exact, and without generating anything. */
import type { SpanClass, TraceGenerator } from '../generate';
import {
  AnswerBytes,
  applySecondStages,
  Intervals,
  labelsKey,
  type Query,
  type Sample,
  type Series,
  type SeriesLabel,
  type StaticMetrics,
  staticMetrics,
} from '../traceql';
import type { TimeRange } from './types';

const NANOS = 1_000_000_000n;

/** The slots of a metrics query, as {@link Intervals} has them. */
export interface Slots {
  readonly start: bigint;
  readonly end: bigint;
  readonly step: bigint;
  readonly instant?: boolean;
}

/** Whether whole time buckets of `seconds` make up the slots; of an instant query, all but its edges. */
export function bucketsFit({ start, step, instant }: Slots, seconds: number): boolean {
  const width = BigInt(seconds) * NANOS;
  return instant === true || (start % width === 0n && step % width === 0n);
}

/** What whole buckets of `seconds` leave of the range of an instant query: at most two pieces, ends included. */
export function edgesOf({ start, end }: Slots, seconds: number): TimeRange[] {
  const width = BigInt(seconds) * NANOS;
  const first = ((start + width - 1n) / width) * width;
  const last = (end / width) * width;
  if (first >= last) {
    return [{ start, end }];
  }
  const left = start < first ? [{ start, end: first - 1n }] : [];
  return last < end ? [...left, { start: last, end }] : left;
}

interface CountedSeries {
  readonly labels: SeriesLabel[];
  readonly counts: Float64Array;
}

/** Adds up counts of spans, model after model. */
export class CountedMetrics {
  private readonly series = new Map<string, CountedSeries>();
  private readonly intervals: Intervals;

  private constructor(
    private readonly query: Query,
    private readonly plan: StaticMetrics,
    private readonly slots: Slots
  ) {
    this.intervals = new Intervals(slots);
  }

  /** @returns undefined when the query needs more than counts */
  static of(query: Query, slots: Slots): CountedMetrics | undefined {
    const plan = staticMetrics(query);
    return plan === undefined ? undefined : new CountedMetrics(query, plan, slots);
  }

  /** Adds a model. @returns false when its counts do not suffice: then nothing of this may be used */
  add(model: TraceGenerator): boolean {
    const { spanCounts } = model;
    if (!bucketsFit(this.slots, spanCounts.bucketSeconds)) {
      return false;
    }
    return model.classes.every((spanClass) => this.addClass(spanClass, model));
  }

  private addClass(spanClass: SpanClass, model: TraceGenerator): boolean {
    const { offsets, buckets, counts, bucketSeconds } = model.spanCounts;
    const from = offsets[spanClass.id] ?? 0;
    const to = offsets[spanClass.id + 1] ?? from;
    const slotOf = this.slotOfBucket(bucketSeconds);
    let values: Float64Array | undefined;
    for (let i = from; i < to; i++) {
      const slot = slotOf(buckets[i] ?? 0);
      if (slot < 0 || counts[i] === 0) {
        continue;
      }
      if (values === undefined) {
        const matches = this.plan.filter(spanClass);
        if (matches === 'no') {
          return true;
        }
        const labels = matches === 'yes' ? this.plan.labels(spanClass) : 'unknown';
        if (labels === 'unknown') {
          return false;
        }
        values = this.valuesOf(labels);
      }
      values[slot] = (values[slot] ?? 0) + (counts[i] ?? 0);
    }
    return true;
  }

  /** Number of a bucket → number of the slot that the whole bucket lies in, −1 where it lies in none. */
  private slotOfBucket(bucketSeconds: number): (bucket: number) => number {
    const width = BigInt(bucketSeconds) * NANOS;
    const { start, end, step, instant } = this.slots;
    if (instant === true) {
      const from = (start + width - 1n) / width;
      const to = end / width;
      return (bucket) => (bucket >= from && bucket < to ? 0 : -1);
    }
    const first = Number(start / width);
    const each = Number(step / width);
    const { count } = this.intervals;
    return (bucket) => {
      const slot = Math.floor((bucket - first) / each);
      return slot < count ? Math.max(-1, slot) : -1;
    };
  }

  private valuesOf(labels: SeriesLabel[]): Float64Array {
    const key = labelsKey(labels);
    const known = this.series.get(key) ?? { labels, counts: new Float64Array(this.intervals.count) };
    this.series.set(key, known);
    return known.counts;
  }

  /** Adds spans that were counted one by one: of the edges of an instant query. */
  addSpans(labels: readonly SeriesLabel[], count: number): void {
    const values = this.valuesOf([...labels]);
    values[0] = (values[0] ?? 0) + count;
  }

  /** The series, sorted, with the query's second stages applied. */
  result(): Series[] {
    if (this.series.size === 0 && this.plan.emptyLabels !== undefined) {
      this.valuesOf(this.plan.emptyLabels);
    }
    const bytes = new AnswerBytes();
    this.series.forEach(({ labels }) => bytes.addSeries(labels, this.intervals.count));
    const divisor = this.plan.fn === 'rate' ? this.intervals.seconds : 1;
    const series = [...this.series.values()].map(({ labels, counts }): Series => ({
      labels,
      samples: Array.from(counts, (count, slot): Sample => ({
        timestampMs: this.intervals.timestampMs(slot),
        value: count / divisor,
      })),
      exemplars: [],
    }));
    return applySecondStages(this.query, series);
  }
}
