/** @file Everything a model knows but the network: learnt from a batch, written to sections, read back and checked. */
import { ByteReader, ByteWriter } from '../model';
import {
  attributeFields,
  learnAttributes,
  readAttributeModel,
  writeAttributeModel,
  type AttributeField,
  type AttributeModel,
  type EncodedAttributes,
} from './attributes';
import type { BatchColumns } from './columns';
import { countTraces, readCounts, writeCounts, type TraceCounts } from './counts';
import { readDictionary, writeDictionary, type Dictionary } from './dictionary';
import { orderBatch } from './forest';
import { layoutShapes, type ShapeLayout } from './layout';
import {
  binOf,
  binsOf,
  commonUnit,
  decodeScale,
  encodeScale,
  MAX_BINS,
  readTables,
  writeTables,
  type QuantileTable,
} from './quantiser';
import { withGeneralNames } from './names';
import { learnResources, readResources, writeResources, type ServiceResources } from './resources';
import {
  rowContext,
  settleDuration,
  settleGap,
  gapTableOf,
  durationTableOf,
  parentEnd,
  type EmbeddingSizes,
  type RowContext,
} from './rows';
import { learnFailures } from './instance-failures';
import { InstanceForesight } from './instance-foresight';
import { slownessOf } from './instance-slowness';
import { needsOf, shapesAreRare, type TimeNeeds } from './needs';
import { pacesOf } from './pace';
import { segmentsOf, ticksOf } from './segments';
import { instancesDiffer, SpanInstances } from './span-instances';
import { readShapes, shapeSizes, writeShapes, type ShapeGrammar } from './shapes';
import { spanTable, type SpanTable } from './span-table';
import {
  checkSites,
  DurationMode,
  durationBinsOf,
  isTight,
  readSites,
  referenceTime,
  siteIndex,
  sitesOfShape,
  startBlurs,
  writeSites,
  type TimingModel,
  type TimingSite,
} from './timing';
import { learnTiming } from './timing-learn';
import { withRoom } from './timing-values';
import { vocabularyOf } from './vocabulary';

/** Bounds of the batch, ns. No generated span begins outside [minStart, maxStart]. */
export interface BatchWindow {
  readonly minStart: bigint;
  readonly maxStart: bigint;
  readonly maxEnd: bigint;
  /** What all starts are whole multiples of. */
  readonly unit: number;
}

export interface ModelContent {
  readonly dictionary: Dictionary;
  readonly grammar: ShapeGrammar;
  readonly layouts: readonly ShapeLayout[];
  /** Number of places, see {@link PlaceTable}. */
  readonly places: number;
  readonly counts: TraceCounts;
  readonly window: BatchWindow;
  /** Time segment of each row of the counts. */
  readonly segments: { readonly row: Int32Array; readonly count: number };
  /** Tick of each row of the counts: finer than segments. */
  readonly ticks: { readonly row: Int32Array; readonly count: number };
  readonly timing: TimingModel;
  /** Timing site of each node of each shape. */
  readonly sites: readonly Int32Array[];
  /** What the nodes of each shape need around them; undefined in models that leave them nothing. */
  readonly needs: readonly TimeNeeds[] | undefined;
  readonly attributes: AttributeModel;
  readonly fields: readonly AttributeField[];
  readonly resources: readonly ServiceResources[];
}

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

/** The sections that hold the content, by name. */
export type ContentSections = Record<'dictionary' | 'shapes' | 'counts' | 'quantisers', Uint8Array>;

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
  const { services, instanceOf } = learnResources(batch, ordered, layouts, segment, segments.count, options.k);
  const instanceAt = (i: number): number => instanceOf[batch.resource[ordered.order[i] as number] as number] as number;
  const slowness =
    options.without?.has('foresight') === true
      ? []
      : slownessOf(
          spans,
          segments.count,
          layouts,
          measured,
          services,
          new SpanInstances(dictionary, services, segments.count, true),
          instanceAt
        );
  const failures = learnFailures(
    batch,
    ordered,
    layouts,
    services.map(({ instances }) => instances.length),
    instanceOf
  );
  const resources = services.map((service, s) => ({
    ...service,
    ...(slowness[s] && { slowness: slowness[s] }),
    ...(failures[s] && { failures: failures[s] }),
  }));
  const spanInstances = new SpanInstances(dictionary, resources, segments.count);
  const timing = { ...measured, foreseeing: measured.foreseeing || spanInstances.differ };
  const needs = layouts.map((layout, shape) => needsOf(layout, sites[shape] as Int32Array, timing));
  const foresight = new InstanceForesight(layouts, sites, timing, spanInstances);
  for (let t = 0; t < spans.traces; t++) {
    const shape = spans.shape[t] as number;
    const offset = spans.offset[t] as number;
    const layout = layouts[shape] as ShapeLayout;
    const instance = (node: number): number => instanceAt(offset + node);
    const { later, inside } = needs[shape] as TimeNeeds;
    const { usual, usualLater } = spanInstances.differ
      ? foresight.of(shape, spans.segment[t] as number, instance)
      : (needs[shape] as TimeNeeds);
    spans.laterNeed.set(later, offset);
    spans.innerNeed.set(inside, offset);
    spans.usual.set(usual, offset);
    spans.usualLater.set(usualLater, offset);
    for (let node = 0; spanInstances.matter && node < layout.size; node++) {
      spans.instance[offset + node] = spanInstances.of(layout, node, instance);
    }
  }
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

/** The table with times of its own. */
export function copyOfTimes(spans: SpanTable): SpanTable {
  return {
    ...spans,
    start: spans.start.slice(),
    duration: spans.duration.slice(),
    latestEnd: spans.latestEnd.slice(),
    play: spans.play.slice(),
    gapLevel: spans.gapLevel.slice(),
    durationLevel: spans.durationLevel.slice(),
    slowness: spans.slowness.slice(),
  };
}

/** Numbers in [0, 1) from a seed: a linear congruential generator (Knuth, TAOCP 2, 3.3.4). */
export function seededNumbers(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
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

/** The row context of a model. */
export function contextOf(content: ModelContent, sizes: EmbeddingSizes): RowContext {
  return rowContext(
    content.timing,
    { shapes: content.layouts.length, segments: content.segments.count, places: content.places },
    content.fields.map((field) => (field.tabled ? 1 : field.classes)),
    sizes,
    instancesDiffer(content.resources)
  );
}

/** Bin of the duration field of a span. @param remaining - time from its start to its parent's end */
function durationBin(context: RowContext, site: TimingSite, duration: number, remaining: number, blur: number): number {
  const table = durationTableOf(context, site);
  switch (site.mode) {
    case DurationMode.Slack:
      return binOf(table, remaining - duration);
    case DurationMode.SlackOrDuration: {
      const slacks = context.timing.tables[site.tightTable] as QuantileTable;
      return isTight(duration, remaining - duration, blur)
        ? binOf(slacks, remaining - duration)
        : binsOf(slacks) + binOf(table, duration);
    }
    default:
      return binOf(table, duration);
  }
}

/** Computes bins and levels of measured spans, in the order in which generation would. */
export function settleMeasured(context: RowContext, spans: SpanTable): void {
  const blurs = startBlurs(spans, (i) => {
    const site = context.timing.sites[spans.site[i] as number] as TimingSite;
    return { reference: site.reference, table: gapTableOf(context, site) };
  });
  for (let i = 0; i < spans.size; i++) {
    const site = context.timing.sites[spans.site[i] as number] as TimingSite;
    const table = gapTableOf(context, site);
    if (table !== undefined) {
      const gap = (spans.start[i] as number) - referenceTime(spans, i, site.reference);
      settleGap(context, spans, i, binOf(table, gap), gap);
    }
    const duration = spans.duration[i] as number;
    const remaining = parentEnd(spans, i) - (spans.start[i] as number);
    settleDuration(context, spans, i, durationBin(context, site, duration, remaining, blurs[i] as number));
  }
}

/** Writes the sections. @param withMass - keep weights of bins, for a model without a network */
export function writeContent(content: ModelContent, withMass: boolean): ContentSections {
  const dictionary = new ByteWriter();
  writeDictionary(dictionary, content.dictionary);
  const shapes = new ByteWriter();
  writeShapes(shapes, content.grammar);
  const counts = new ByteWriter();
  const { window } = content;
  counts.int64(window.minStart);
  counts.int64(window.maxStart);
  counts.int64(window.maxEnd);
  counts.varint(window.unit);
  writeCounts(counts, content.counts);
  const quantisers = new ByteWriter();
  writeTables(quantisers, content.timing.tables, withMass);
  writeSites(quantisers, content.timing, encodeScale);
  writeAttributeModel(dictionary, quantisers, content.attributes);
  writeResources(dictionary, content.resources, content.segments.count);
  return {
    dictionary: dictionary.finish(),
    shapes: shapes.finish(),
    counts: counts.finish(),
    quantisers: quantisers.finish(),
  };
}

/**
 * Reads the sections.
 * @throws GentError MODEL_CORRUPT naming the section
 */
export function readContent(section: (name: keyof ContentSections) => Uint8Array): ModelContent {
  const dictionaryReader = new ByteReader(section('dictionary'), 'dictionary');
  const dictionary = readDictionary(dictionaryReader);
  const shapesReader = new ByteReader(section('shapes'), 'shapes');
  const grammar = readShapes(shapesReader, dictionary.nodes.length);
  shapesReader.end();
  const sizes = shapeSizes(grammar);
  const countsReader = new ByteReader(section('counts'), 'counts');
  const window = {
    minStart: BigInt.asUintN(64, countsReader.int64()),
    maxStart: BigInt.asUintN(64, countsReader.int64()),
    maxEnd: BigInt.asUintN(64, countsReader.int64()),
    unit: countsReader.varint(1_000_000),
  };
  const counts = readCounts(countsReader, sizes);
  countsReader.end();
  if (window.unit === 0 || window.minStart > window.maxStart || counts.bucket.length === 0) {
    countsReader.fail('an empty or reversed window');
  }
  const segments = segmentsOf(counts);
  const ticks = ticksOf(counts);
  const quantisersReader = new ByteReader(section('quantisers'), 'quantisers');
  const tables = readTables(quantisersReader);
  const { layouts, places } = layoutWithin(shapesReader, dictionary, grammar, sizes);
  const timing: TimingModel = { ...readSites(quantisersReader, places, tables.length, decodeScale), tables };
  if (timing.sites.some((site) => durationBinsOf(timing, site) > MAX_BINS)) {
    quantisersReader.fail('a site has too many bins');
  }
  const sites = checkSites(layouts, timing.sites, places, quantisersReader);
  const needs = timing.reserving
    ? layouts.map((layout, shape) => needsOf(layout, sites[shape] as Int32Array, timing))
    : undefined;
  const attributes = readAttributeModel(dictionaryReader, quantisersReader, {
    operations: dictionary.operations.length,
    places,
  });
  quantisersReader.end();
  const resources = readResources(dictionaryReader, dictionary.services.length, segments.count);
  dictionaryReader.end();
  return {
    dictionary,
    grammar,
    layouts,
    places,
    counts,
    window,
    segments,
    ticks,
    timing,
    sites,
    needs,
    attributes,
    fields: attributeFields(attributes),
    resources,
  };
}

/** Nodes of all distinct shapes together: a hostile grammar must not unfold without bound. */
const MAX_LAYOUT_NODES = 8_000_000;

function layoutWithin(
  reader: ByteReader,
  dictionary: Dictionary,
  grammar: ShapeGrammar,
  sizes: Float64Array
): ReturnType<typeof layoutShapes> {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > MAX_LAYOUT_NODES) {
    reader.fail(`${total} nodes in all shapes, the limit is ${MAX_LAYOUT_NODES}`);
  }
  return layoutShapes(dictionary, grammar, sizes);
}
