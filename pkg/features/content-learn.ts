/** @file Everything a model knows but the network, learnt from a batch. */
import { attributeFields, learnAttributes, type EncodedAttributes } from './attributes';
import type { BatchColumns } from './columns';
import { countTraces, type TraceCounts } from './counts';
import { orderBatch } from './forest';
import { layoutShapes, type ShapeLayout } from './layout';
import { commonUnit } from './quantiser';
import { withGeneralNames } from './names';
import { InstanceForesight } from './instance-foresight';
import { learnInstances } from './instances-learn';
import { needsOf, shapesAreRare, type TimeNeeds } from './needs';
import { pacesOf } from './pace';
import { segmentsOf, ticksOf } from './segments';
import { SpanInstances } from './span-instances';
import { shapeSizes } from './shapes';
import { spanTable, type SpanTable } from './span-table';
import { siteIndex, sitesOfShape } from './timing';
import { learnTiming } from './timing-learn';
import { withRoom } from './timing-values';
import { vocabularyOf } from './vocabulary';
import { contextOf, copyOfTimes, seededNumbers, settleMeasured, type ModelContent } from './content';

/** A batch in the model's terms: what the network learns from. */
export interface LearntBatch {
  readonly content: ModelContent;
  /** Measured times, bins and levels. */
  readonly spans: SpanTable;
  readonly encoded: EncodedAttributes;
  /** Span of the batch that each span of the table is. */
  readonly order: Int32Array;
}

export interface LearnOptions {
  /** A value seen in fewer traces is not kept. */
  readonly k: number;
  /** Most bins of a quantile table. */
  readonly maxBins: number;
  /** Width of the buckets of the counts; the finest that stays cheap when left out. */
  readonly bucketSeconds?: number;
  /** What is not learnt, to measure what it is worth. */
  readonly without?: ReadonlySet<ContentPart>;
}

/**
 * Parts of the content that can be left out: where values repeat from; what goes together within a span; what is yet to come; how slow
 * a trace is as a whole; what attributes see of the times of children.
 */
export const CONTENT_PARTS = ['origins', 'attribute-groups', 'foresight', 'pace', 'child-times'] as const;
export type ContentPart = (typeof CONTENT_PARTS)[number];

/** Learns everything but the network. */
export function learnContent(source: BatchColumns, options: LearnOptions): LearntBatch {
  const batch = withGeneralNames(withoutRareScopes(source, options.k), options.k, vocabularyOf(source, options.k));
  const { dictionary } = batch;
  const ordered = orderBatch(batch);
  const { grammar } = ordered;
  const { layouts, places } = layoutShapes(dictionary, grammar, shapeSizes(grammar));
  const counts = countTraces(batch, ordered, options.bucketSeconds);
  const segments = segmentsOf(counts);
  const segment = traceSegments(batch, ordered.order, counts, segments.row);
  const ticks = ticksOf(counts);
  const spans = spanTable(layouts, ordered.shape, segment);
  spans.tick.set(traceSegments(batch, ordered.order, counts, ticks.row));
  setShifts(batch, ordered.order, counts.bucketSeconds, spans);
  for (let i = 0; i < spans.size; i++) {
    const old = ordered.order[i] as number;
    spans.start[i] =
      (batch.start[old] as number) - (batch.start[ordered.order[spans.first[i] as number] as number] as number);
    spans.duration[i] = batch.duration[old] as number;
    const previous = spans.previous[i] as number;
    const end = (spans.start[i] as number) + (spans.duration[i] as number);
    spans.latestEnd[i] = previous < 0 ? end : Math.max(end, spans.latestEnd[previous] as number);
  }
  const foreseeing = options.without?.has('foresight') !== true && shapesAreRare(spans);
  const measured = learnTiming(spans, places, options.maxBins, foreseeing);
  const index = siteIndex(measured.sites, places);
  const sites = layouts.map((layout) => sitesOfShape(layout, index));
  for (let t = 0; t < spans.traces; t++) {
    spans.site.set(sites[spans.shape[t] as number] as Int32Array, spans.offset[t] as number);
  }
  const paces = options.without?.has('pace') === true ? undefined : pacesOf(spans, layouts);
  spans.pace.set(paces ?? []);
  const { resources, instanceOf } = learnInstances(
    { batch, ordered, layouts, segment, segments: segments.count, k: options.k },
    { spans, timing: measured, withSlowness: options.without?.has('foresight') !== true }
  );
  const seen = new SpanInstances(dictionary, resources, segments.count);
  const timing = { ...measured, foreseeing: measured.foreseeing || seen.differ };
  const needs = layouts.map((layout, shape) => needsOf(layout, sites[shape] as Int32Array, timing));
  const instanceAt = (i: number): number => instanceOf[batch.resource[ordered.order[i] as number] as number] as number;
  setForesight(
    spans,
    { layouts, needs, seen, foresight: new InstanceForesight(layouts, sites, timing, seen) },
    instanceAt
  );
  const { model: attributes, encoded } = learnAttributes(
    batch,
    ordered,
    spans,
    layouts,
    instanceOf,
    options.k,
    options.without
  );
  const unit = Math.min(
    commonUnit(Float64Array.from(batch.base, (base) => Number(base % 1_000_000_000n))),
    commonUnit(batch.start)
  );
  const without: ModelContent = {
    dictionary,
    grammar,
    layouts,
    places,
    counts,
    window: { minStart: batch.minStart, maxStart: batch.maxStart, maxEnd: batch.maxEnd, unit },
    segments,
    ticks,
    timing: { ...timing, pacing: paces !== undefined },
    sites,
    needs,
    attributes,
    fields: attributeFields(attributes),
    resources,
  };
  const context = contextOf(without, { field: 1, operation: 2, rank: 2 });
  settleMeasured(context, spans);
  const room = withRoom(context, copyOfTimes(spans), unit, seededNumbers(1));
  return { content: { ...without, timing: { ...without.timing, sites: room } }, spans, encoded, order: ordered.order };
}

/** What is known of spans before anything is drawn: what they need, what is yet to come of them, the instance that they wait in. */
function setForesight(
  spans: SpanTable,
  from: {
    readonly layouts: readonly ShapeLayout[];
    readonly needs: readonly TimeNeeds[];
    readonly seen: SpanInstances;
    readonly foresight: InstanceForesight;
  },
  instanceAt: (i: number) => number
): void {
  const { layouts, needs, seen, foresight } = from;
  for (let t = 0; t < spans.traces; t++) {
    const shape = spans.shape[t] as number;
    const offset = spans.offset[t] as number;
    const layout = layouts[shape] as ShapeLayout;
    const instance = (node: number): number => instanceAt(offset + node);
    const { later, inside } = needs[shape] as TimeNeeds;
    const { usual, usualLater } = seen.differ
      ? foresight.of(shape, spans.segment[t] as number, instance)
      : (needs[shape] as TimeNeeds);
    spans.laterNeed.set(later, offset);
    spans.innerNeed.set(inside, offset);
    spans.usual.set(usual, offset);
    spans.usualLater.set(usualLater, offset);
    for (let node = 0; seen.matter && node < layout.size; node++) {
      spans.instance[offset + node] = seen.of(layout, node, instance);
    }
  }
}

/** Time buckets from the first span of each trace to its others. */
function setShifts(batch: BatchColumns, order: Int32Array, width: number, spans: SpanTable): void {
  const bucketOf = (i: number): number => Math.floor((batch.second[order[i] as number] as number) / width);
  for (let i = 0; i < spans.size; i++) {
    const shift = Math.max(0, bucketOf(i) - bucketOf(spans.first[i] as number));
    const t = spans.traceOf[i] as number;
    spans.shift[i] = shift;
    spans.reach[t] = Math.max(spans.reach[t] as number, shift);
  }
}

/** Scope attributes are kept where enough traces have the scope. */
function withoutRareScopes(batch: BatchColumns, k: number): BatchColumns {
  const { dictionary } = batch;
  const traces = new Int32Array(dictionary.scopes.length);
  const last = new Int32Array(dictionary.scopes.length).fill(-1);
  for (let t = 0; t < batch.traces; t++) {
    for (let i = batch.spanOffset[t] as number; i < (batch.spanOffset[t + 1] as number); i++) {
      const operation = dictionary.nodes[batch.node[i] as number]?.operation ?? 0;
      const scope = dictionary.operations[operation]?.scope ?? 0;
      if (last[scope] !== t) {
        last[scope] = t;
        traces[scope] = (traces[scope] as number) + 1;
      }
    }
  }
  const scopes = dictionary.scopes.map((scope, i) =>
    (traces[i] as number) >= k ? scope : { ...scope, attributes: [] }
  );
  return { ...batch, dictionary: { ...dictionary, scopes } };
}

function traceSegments(batch: BatchColumns, order: Int32Array, counts: TraceCounts, rows: Int32Array): Int32Array {
  const ofBucket = new Map<number, number>();
  counts.bucket.forEach((bucket, row) => ofBucket.set(bucket, rows[row] as number));
  return Int32Array.from({ length: batch.traces }, (_, t) => {
    const second = batch.second[order[batch.spanOffset[t] as number] as number] as number;
    return ofBucket.get(Math.floor(second / counts.bucketSeconds)) as number;
  });
}
