/** @file One metrics function over one pipeline: spans in, series by group out. */
import { GentError, limit } from '../common';
import type { MetricsAggregate, MetricsExpr, SpansetFilter, Stage } from './ast';
import type { Compiled, Place } from './access';
import type { SamplePlace } from './confidence';
import { compileFilter, compileValue } from './compile';
import { ExemplarBox } from './exemplars';
import type { Intervals } from './intervals';
import { GroupError, type Source } from './group-error';
import { GroupSpread } from './group-spread';
import { asksKnownOnly } from './known-spans';
import { groupIdentity, groupKey, labelsKey, NIL_LABEL, presentLabels, seriesLabels, type GroupKey } from './labels';
import { mentionedIn } from './mentions';
import { CompareState } from './metrics-compare';
import { overTime, type GroupState, type OverTime, type SlotSeries } from './over-time';
import { compilePipeline, type WorkingSet } from './pipeline';
import { attributeType } from './parse-field';
import type { SeriesLabel } from './results';
import { keyOf, type Value } from './values';
import type { TraceView } from './trace-view';

export type MetricsLeaf = Extract<MetricsExpr, { kind: 'metrics' }>;
type Aggregate = Exclude<MetricsAggregate, { kind: 'compare' }>;

/** A function compiled once; accumulators made of it are cheap. */
export interface LeafPlan {
  readonly leaf: MetricsLeaf;
  readonly intervals: Intervals;
  /** The filter when the pipeline is nothing else: spans need no trace then. */
  readonly filter: ((place: Place) => boolean) | undefined;
  readonly pipeline: (view: TraceView) => WorkingSet[];
  readonly keys: readonly GroupKey[];
  readonly groups: readonly Compiled[];
  readonly value: Compiled | undefined;
  readonly over: OverTime | undefined;
  readonly exemplars: number;
  /** Slots that may hold anything, where what is observed is a sample: series come with intervals. */
  readonly sampledSlots: number | undefined;
  /** Slots that may hold anything, where what is observed is of models whose errors are told: series come with intervals. */
  readonly modelledSlots: number | undefined;
  /** How many spans there are is known exactly. */
  readonly exactCounts: boolean;
  /** `{ false }`: nothing at all comes out, not even a series of zeros. */
  readonly never: boolean;
}

function soleFilter(stages: readonly Stage[]): SpansetFilter | undefined {
  const [first] = stages;
  return stages.length === 1 && first?.kind === 'filter' ? first : undefined;
}

/** What of the spans is uncertain, and where. */
export interface Uncertain {
  readonly sampledSlots?: number | undefined;
  readonly modelledSlots?: number | undefined;
  readonly wholeBuckets?: boolean | undefined;
}

export function planLeaf(leaf: MetricsLeaf, intervals: Intervals, exemplars: number, uncertain: Uncertain): LeafPlan {
  const { aggregate, stages } = leaf;
  const pairs = limit('TRACEQL_EVENT_PAIRS');
  const filter = soleFilter(stages);
  const constant = filter?.expression.kind === 'static' ? filter.expression.value : undefined;
  const by = aggregate.kind === 'compare' ? [] : aggregate.by;
  const attribute = 'attribute' in aggregate ? aggregate.attribute : undefined;
  const field = (ref: NonNullable<typeof attribute>): Compiled =>
    compileValue({ kind: 'attribute', attribute: ref, at: 0 }, pairs);
  return {
    leaf,
    intervals,
    filter:
      filter === undefined ? undefined : constant === undefined ? compileFilter(filter.expression, pairs) : () => true,
    pipeline: compilePipeline(stages),
    keys: by.map(groupKey),
    groups: by.map(field),
    value: attribute === undefined ? undefined : field(attribute),
    over:
      aggregate.kind === 'compare'
        ? undefined
        : overTime(
            aggregate,
            intervals.count,
            intervals.seconds,
            attribute !== undefined && attributeType(attribute) === 'duration'
          ),
    exemplars,
    sampledSlots: uncertain.sampledSlots,
    modelledSlots: uncertain.modelledSlots,
    // Sums hardly depend on which slot a span at the edge of two is in.
    exactCounts: asksKnownOnly(stages, by) && (uncertain.wholeBuckets === true || aggregate.kind === 'sum_over_time'),
    never: constant?.type === 'bool' && !constant.value,
  };
}

interface Group {
  readonly labels: readonly SeriesLabel[];
  readonly key: string;
  readonly state: GroupState;
  readonly spread: GroupSpread | undefined;
  readonly error: GroupError | undefined;
}

/** Groups by the last of their values, by those before. */
type Branch = Map<Value, Branch | Group>;

// Arrays make no groups of their own; they are labelled as nil is.
function plain(value: Value): Value {
  return typeof value === 'object' ? NIL_LABEL : value;
}

/** Collects the spans of one function. */
export class LeafAccumulator {
  // By value where there is one group-by attribute, by a text of all values where there are more. Different values can share
  // labels (nil and an array), and then share the group.
  private readonly groups = new Map<Value, Group>();
  /** Where there are more, values lead to the group one after another: quicker than a text. */
  private readonly branches: Branch = new Map();
  private readonly byLabels = new Map<string, Group>();
  private readonly compare: CompareState | undefined;
  private readonly exemplarBox: ExemplarBox | undefined;
  private readonly mostSeries = limit('TRACEQL_SERIES');
  private readonly mostSamples = limit('TRACEQL_SAMPLES');
  private place: SamplePlace | undefined;
  private source: Source = { error: undefined };

  constructor(private readonly plan: LeafPlan) {
    const { aggregate } = plan.leaf;
    if (aggregate.kind === 'compare') {
      this.compare = new CompareState(aggregate, plan.intervals.count);
      return;
    }
    if (plan.exemplars > 0) {
      const mentioned = mentionedIn([
        ...plan.leaf.stages,
        {
          kind: 'select',
          attributes: [...aggregate.by, ...('attribute' in aggregate ? [aggregate.attribute] : [])],
          at: 0,
        },
      ]);
      this.exemplarBox = new ExemplarBox(plan.exemplars, plan.intervals, mentioned);
    }
    if (plan.keys.length === 0 && !plan.never && (aggregate.kind === 'rate' || aggregate.kind === 'count_over_time')) {
      // Without groups there is a series of zeros even when nothing matches.
      this.group([]);
    }
  }

  /** What follows is of a model with such an error. */
  from(source: Source): void {
    this.source = source;
  }

  observe(view: TraceView, weight: number, samplePlace: SamplePlace): void {
    this.place = samplePlace;
    const [span] = view.spans;
    const { plan } = this;
    if (span === undefined || plan.never) {
      return;
    }
    const place: Place = { view, span, index: 0, event: undefined, link: undefined, failed: false };
    if (plan.filter !== undefined) {
      for (let index = 0; index < view.spans.length; index++) {
        this.observeSpan(place, index, weight, plan.filter);
      }
      return;
    }
    for (const set of plan.pipeline(view)) {
      for (const index of set.spans) {
        this.observeSpan(place, index, weight);
      }
    }
  }

  private observeSpan(place: Place, index: number, weight: number, filter?: (place: Place) => boolean): void {
    const span = place.view.spans[index];
    if (span === undefined) {
      return;
    }
    const slot = this.plan.intervals.indexOf(span.startTimeUnixNano);
    if (slot < 0) {
      return;
    }
    place.span = span;
    place.index = index;
    place.event = undefined;
    place.link = undefined;
    if (filter !== undefined && !filter(place)) {
      return;
    }
    if (this.compare !== undefined) {
      this.compare.add(place, slot, weight);
      return;
    }
    this.record(place, slot, weight);
  }

  private record(place: Place, slot: number, weight: number): void {
    const { plan } = this;
    let value: bigint | number = 0n;
    if (plan.value !== undefined) {
      const found = plan.value.get(place);
      if (typeof found !== 'bigint' && typeof found !== 'number') {
        return;
      }
      value = found;
    }
    const group = this.groupOf(place);
    group.state.add(slot, value, weight);
    if (this.place !== undefined) {
      group.spread?.add(slot, this.place, weight, value);
    }
    group.error?.add(slot, weight, value, this.source);
    this.exemplarBox?.offer(place, slot, group.key, () =>
      plan.value === undefined ? undefined : this.reported(value)
    );
  }

  // Exemplars show `duration` in seconds, as their series do.
  private reported(value: bigint | number): number {
    return Number(value) / (this.plan.value?.type === 'duration' ? 1e9 : 1);
  }

  private groupOf(place: Place): Group {
    const { groups: getters } = this.plan;
    const [only] = getters;
    if (getters.length === 1 && only !== undefined) {
      const value = plain(only.get(place));
      return this.groups.get(value) ?? this.group([value], value);
    }
    if (getters.length === 0) {
      return this.groups.get(undefined) ?? this.group([]);
    }
    const values: Value[] = [];
    let branch: Branch = this.branches;
    for (const getter of getters) {
      const value = plain(getter.get(place));
      values.push(value);
      if (values.length < getters.length) {
        let next = branch.get(value);
        if (!(next instanceof Map)) {
          next = new Map();
          branch.set(value, next);
        }
        branch = next;
      }
    }
    const last = values[values.length - 1];
    const known = branch.get(last);
    if (known !== undefined && !(known instanceof Map)) {
      return known;
    }
    const group = this.groupByText(values);
    branch.set(last, group);
    return group;
  }

  private groupByText(values: readonly Value[]): Group {
    let key = '';
    for (const value of values) {
      const part = keyOf(value);
      key += `${part.length} ${part}`;
    }
    return this.groups.get(key) ?? this.group(values, key);
  }

  private group(values: readonly Value[], mapKey?: Value): Group {
    const { plan } = this;
    if (this.groups.size >= this.mostSeries) {
      throw new GentError('LIMIT_EXCEEDED', `the query has more than TRACEQL_SERIES=${this.mostSeries} series`);
    }
    if ((this.groups.size + 1) * plan.intervals.count > this.mostSamples) {
      throw new GentError('LIMIT_EXCEEDED', `the query has more than TRACEQL_SAMPLES=${this.mostSamples} samples`);
    }
    if (plan.over === undefined) {
      throw new GentError('INTERNAL', 'compare() has no groups');
    }
    const labels = labelsFor(plan.leaf.aggregate as Aggregate, plan.keys, values);
    const identity = labelsKey(labels);
    const group = this.byLabels.get(identity) ?? {
      labels,
      key: groupIdentity(labels),
      state: plan.over.newState(),
      spread:
        plan.sampledSlots === undefined
          ? undefined
          : new GroupSpread(plan.leaf.aggregate as Aggregate, plan.over.divisor, plan.sampledSlots),
      error:
        plan.modelledSlots === undefined
          ? undefined
          : new GroupError(
              plan.leaf.aggregate as Aggregate,
              plan.over.divisor,
              plan.intervals.count,
              plan.modelledSlots,
              plan.exactCounts
            ),
    };
    this.byLabels.set(identity, group);
    this.groups.set(mapKey, group);
    return group;
  }

  merge(other: LeafAccumulator): void {
    if (this.compare !== undefined && other.compare !== undefined) {
      this.compare.merge(other.compare);
    }
    for (const [identity, theirs] of other.byLabels) {
      let mine = this.byLabels.get(identity);
      if (mine === undefined) {
        mine = { ...theirs, state: this.plan.over?.newState() ?? theirs.state };
        this.byLabels.set(identity, mine);
      }
      mine.state.merge(theirs.state);
    }
    // Values seen on either side lead to the group of their labels.
    for (const [value, theirs] of other.groups) {
      const mine = this.byLabels.get(labelsKey(theirs.labels));
      if (mine !== undefined) {
        this.groups.set(value, mine);
      }
    }
    if (this.exemplarBox !== undefined && other.exemplarBox !== undefined) {
      this.exemplarBox.merge(other.exemplarBox);
    }
  }

  series(): SlotSeries[] {
    return (
      this.compare?.series() ??
      [...this.byLabels.values()].flatMap(({ labels, state, spread, error }) => {
        const series = state.series(labels);
        const sampled = spread === undefined ? series : spread.bound(series);
        return error === undefined ? sampled : error.bound(sampled, state);
      })
    );
  }

  get exemplars(): ExemplarBox | undefined {
    return this.exemplarBox;
  }
}

/** Labels of a group of a function; quantiles and histograms add their own label, so theirs may be none. */
export function labelsFor(aggregate: Aggregate, keys: readonly GroupKey[], values: readonly Value[]): SeriesLabel[] {
  const ownLabel = aggregate.kind === 'quantile_over_time' || aggregate.kind === 'histogram_over_time';
  return ownLabel ? presentLabels(keys, values) : seriesLabels(aggregate.kind, keys, values);
}
