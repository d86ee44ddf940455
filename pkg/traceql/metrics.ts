/** @file Metrics queries: traces in, series out. */
import { GentError } from '../common';
import type { Trace } from '../trace';
import { AnswerBytes } from './answer-bytes';
import type { MetricsExpr, Query } from './ast';
import type { ModelError, SamplePlace } from './confidence';
import type { ExemplarBox, RawExemplar } from './exemplars';
import { hintsOf } from './hints';
import { Intervals, type MetricsRange } from './intervals';
import { groupIdentity, labelsKey, sortSeries } from './labels';
import { LeafAccumulator, planLeaf, type LeafPlan, type MetricsLeaf } from './metrics-leaf';
import type { SlotSeries } from './over-time';
import type { Exemplar, Series } from './results';
import { applyStages, withNumber, withSeries, type NamedSeries } from './second-stage';
import { TraceView } from './trace-view';

export interface MetricsOptions extends MetricsRange {
  /**
   * What is observed is a sample, with weights, of what so many slots may hold: series come with 95% intervals. Not for
   * compare() and arithmetic.
   */
  readonly sampledSlots?: number;
  /**
   * What is observed is of models whose errors are told (see {@link MetricsAccumulator.from}), of what so many slots may
   * hold: intervals hold the real values. Not for compare().
   */
  readonly modelledSlots?: number;
  /** Slots are made up of whole time buckets of the models, which keep spans by them. */
  readonly wholeBuckets?: boolean;
  /** Exemplars at most; default 0. A hint of the query overrides it. Instant queries have none. */
  readonly exemplars?: number;
}

/** Collects traces and answers with series. Cheap to make: the query is compiled once. */
export interface MetricsAccumulator {
  /**
   * Takes a trace in.
   * @param weight - counts each of its spans that many times; default 1
   * @param place - of the trace in a sample
   */
  observe(trace: Trace, weight?: number, place?: SamplePlace): void;
  /** What is observed from here on is of a model with such an error; undefined: of real traces, or of no measured model. */
  from(error: ModelError | undefined): void;
  /** Takes in what another accumulator of the same compiled query has seen. */
  merge(other: MetricsAccumulator): void;
  /** The series, sorted by labels. */
  result(): Series[];
  /** An empty accumulator of the same compiled query. */
  fresh(): MetricsAccumulator;
}

const DEFAULT_EXEMPLARS = 100;

function leavesOf(metrics: MetricsExpr): MetricsLeaf[] {
  switch (metrics.kind) {
    case 'metrics':
      return [metrics];
    case 'math':
      return [...leavesOf(metrics.left), ...leavesOf(metrics.right)];
    case 'number':
      return [];
  }
}

function combine(metrics: MetricsExpr, leaves: ReadonlyMap<MetricsLeaf, readonly SlotSeries[]>): NamedSeries {
  switch (metrics.kind) {
    case 'number':
      return { name: '', series: [] };
    case 'metrics':
      return { name: metrics.aggregate.kind, series: applyStages(leaves.get(metrics) ?? [], metrics.second) };
    case 'math': {
      const { operator, left, right, second } = metrics;
      let result: NamedSeries;
      if (left.kind === 'number') {
        result = withNumber(operator, combine(right, leaves), left.value, true);
      } else if (right.kind === 'number') {
        result = withNumber(operator, combine(left, leaves), right.value, false);
      } else {
        result = withSeries(operator, combine(left, leaves), combine(right, leaves));
      }
      return { name: result.name, series: applyStages(result.series, second) };
    }
  }
}

function exemplarCount(query: Query, options: MetricsOptions): number {
  if (options.instant === true) {
    return 0;
  }
  const hint = hintsOf(query).exemplars;
  if (hint === false) {
    return 0;
  }
  if (hint === true) {
    return options.exemplars === undefined || options.exemplars === 0 ? DEFAULT_EXEMPLARS : options.exemplars;
  }
  return Math.max(0, hint ?? options.exemplars ?? 0);
}

/** Of the series of one group, the one whose quantile or bucket is nearest to the exemplar's value. */
function nearest(candidates: readonly SlotSeries[], exemplar: RawExemplar): SlotSeries | undefined {
  const { value } = exemplar;
  if (candidates.length < 2 || value === undefined) {
    return candidates[0];
  }
  const distance = (series: SlotSeries): number => {
    const bucket = series.labels.find(({ key }) => key === '__bucket')?.value;
    if (typeof bucket === 'number') {
      return bucket >= value ? bucket - value : Infinity;
    }
    return Math.abs((series.values[exemplar.slot] ?? NaN) - value) || 0;
  };
  return [...candidates].sort((a, b) => distance(a) - distance(b))[0];
}

function toSeries(series: readonly SlotSeries[], intervals: Intervals, boxes: readonly ExemplarBox[]): Series[] {
  const exemplars = new Map<SlotSeries, Exemplar[]>();
  const byGroup = new Map<string, SlotSeries[]>();
  for (const one of boxes.length === 0 ? [] : series) {
    const key = groupIdentity(one.labels);
    byGroup.set(key, [...(byGroup.get(key) ?? []), one]);
  }
  for (const exemplar of boxes.flatMap((box) => box.list())) {
    const group = exemplar.seriesKey;
    const target = nearest(byGroup.get(group) ?? byGroup.get('') ?? [], exemplar);
    const sample = target?.values[exemplar.slot] ?? NaN;
    if (target !== undefined && !Number.isNaN(sample)) {
      const list = exemplars.get(target) ?? [];
      const { labels, timestampMs } = exemplar;
      list.push({ labels, timestampMs, value: exemplar.value ?? sample });
      exemplars.set(target, list);
    }
  }
  const bytes = new AnswerBytes();
  series.forEach(({ labels, values }) => bytes.addSeries(labels, values.length));
  return sortSeries(series).map((one) => ({
    labels: one.labels,
    samples: Array.from(one.values)
      .map((value, slot) => ({
        timestampMs: intervals.timestampMs(slot),
        value,
        ...(Number.isNaN(value) ? undefined : one.bounds?.(slot)),
      }))
      .filter(({ value }) => !Number.isNaN(value)),
    exemplars: (exemplars.get(one) ?? []).sort((a, b) => a.timestampMs - b.timestampMs),
  }));
}

class Accumulator implements MetricsAccumulator {
  private readonly leaves: LeafAccumulator[];
  private observed = 0;

  constructor(
    private readonly metrics: MetricsExpr,
    private readonly plans: readonly LeafPlan[],
    private readonly intervals: Intervals
  ) {
    this.leaves = plans.map((plan) => new LeafAccumulator(plan));
  }

  observe(trace: Trace, weight = 1, place = this.ownPlace()): void {
    const view = new TraceView(trace);
    this.observed++;
    for (const leaf of this.leaves) {
      leaf.observe(view, weight, place);
    }
  }

  from(error: ModelError | undefined): void {
    const source = { error };
    this.leaves.forEach((leaf) => leaf.from(source));
  }

  /** Of a trace of which nothing more is known: it has no neighbours. */
  private ownPlace(): SamplePlace {
    return { sample: 2 * this.observed, cell: this.observed, expected: 0 };
  }

  merge(other: MetricsAccumulator): void {
    if (!(other instanceof Accumulator) || other.plans !== this.plans) {
      throw new GentError('INTERNAL', 'only accumulators of the same compiled query can be merged');
    }
    other.leaves.forEach((theirs, i) => {
      this.leaves[i]?.merge(theirs);
    });
  }

  result(): Series[] {
    const series = new Map(this.plans.map((plan, i) => [plan.leaf, this.leaves[i]?.series() ?? []]));
    const boxes = this.leaves.flatMap((leaf) => leaf.exemplars ?? []);
    return toSeries(combine(this.metrics, series).series, this.intervals, boxes);
  }

  fresh(): MetricsAccumulator {
    return new Accumulator(this.metrics, this.plans, this.intervals);
  }
}

/**
 * Compiles a metrics query for a range of time and returns an empty accumulator.
 * @throws GentError TRACEQL_INVALID when the query is no metrics query or the range is empty
 */
export function compileMetrics(query: Query, options: MetricsOptions): MetricsAccumulator {
  if (query.kind !== 'metrics') {
    throw new GentError('TRACEQL_INVALID', 'not a metrics query: end it with a function such as `| rate()`');
  }
  const intervals = new Intervals(options);
  const exemplars = exemplarCount(query, options);
  const plans = leavesOf(query.metrics).map((leaf) => planLeaf(leaf, intervals, exemplars, options));
  return new Accumulator(query.metrics, plans, intervals);
}

/**
 * Applies what follows the metrics function of a query (topk, bottomk, comparisons) to series computed elsewhere, such as
 * from counts. All series must have the same timestamps or gaps; intervals of samples (lower, upper) are kept.
 */
export function applySecondStages(query: Query, series: readonly Series[]): Series[] {
  if (query.kind !== 'metrics' || query.metrics.kind !== 'metrics') {
    return sortSeries(series);
  }
  const times = [...new Set(series.flatMap(({ samples }) => samples.map(({ timestampMs }) => timestampMs)))].sort(
    (a, b) => a - b
  );
  const slotOf = new Map(times.map((time, slot) => [time, slot]));
  const sources = new Map<string, Series>();
  const slots = series.map(({ labels, samples }, i) => {
    sources.set(labelsKey(labels), series[i] as Series);
    const values = new Float64Array(times.length).fill(NaN);
    for (const { timestampMs, value } of samples) {
      values[slotOf.get(timestampMs) ?? 0] = value;
    }
    return { labels, values };
  });
  const kept = applyStages(slots, query.metrics.second);
  return sortSeries(kept).map(({ labels, values }) => {
    const source = sources.get(labelsKey(labels));
    return {
      labels,
      samples: (source?.samples ?? []).filter(({ timestampMs }) => !Number.isNaN(values[slotOf.get(timestampMs) ?? 0])),
      exemplars: source?.exemplars ?? [],
    };
  });
}
