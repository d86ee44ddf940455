/**
 * @file Rows for the network: what is known of a span when one of its fields is drawn, as small integers.
 * Training and generation fill rows with this same code, so the network sees in both what it learnt.
 */
import { PACES, PHASES } from './pace';
import { levelOf, type QuantileTable } from './quantiser';
import type { SpanTable } from './span-table';
import {
  durationBinsOf,
  GapReference,
  isTold,
  referenceTime,
  slackBinsOf,
  type TimingModel,
  type TimingSite,
} from './timing';

/** An embedding of the network: its size and the length of its vectors. */
export interface RowEmbedding {
  readonly name: string;
  readonly vocabulary: number;
  readonly dimension: number;
}

/** Rows as pkg/nn takes them. */
export interface RowColumns {
  readonly indices: Int32Array[];
  readonly levels: Uint8Array;
}

export const LEVELS = 12;
const RANK_BINS = 32;
const MAX_SHAPES = 255;
const CLASSES = 65;

/** What a row needs to know of the model. */
export interface RowContext {
  readonly timing: TimingModel;
  readonly embeddings: readonly RowEmbedding[];
  /** Field number of gap and duration by site; −1 where there is one bin only, and nothing to draw. */
  readonly gapField: Int32Array;
  readonly durationField: Int32Array;
  /** Field number of each attribute field. */
  readonly attributeField: Int32Array;
  /** Field numbers of the paces of a trace, by phase; none in models without. */
  readonly paceFields: readonly number[];
  readonly fields: number;
  /** Whether gaps see the instance of the parent: see `SpanInstances.differ`. */
  readonly instancesDiffer: boolean;
}

/** How long vectors are, by how much there is to learn. */
export interface EmbeddingSizes {
  readonly field: number;
  readonly operation: number;
  readonly rank: number;
}

/**
 * Numbers the fields and sizes the embeddings.
 * @param attributeClasses - classes of each attribute field
 * @param differ - see {@link RowContext.instancesDiffer}
 */
export function rowContext(
  timing: TimingModel,
  counts: { readonly shapes: number; readonly segments: number; readonly places: number },
  attributeClasses: ArrayLike<number>,
  sizes: EmbeddingSizes,
  differ: boolean
): RowContext {
  let fields = 0;
  const number = (bins: number): number => (bins > 1 ? fields++ : -1);
  const binsAt = (table: number): number => (table < 0 ? 0 : (timing.tables[table] as QuantileTable).codes.length - 1);
  const gapField = Int32Array.from(timing.sites, (site) => number(binsAt(site.gapTable)));
  const durationField = Int32Array.from(timing.sites, (site) => number(durationBinsOf(timing, site)));
  const attributeField = Int32Array.from(attributeClasses, (classes) => number(classes));
  const paceFields = Array.from({ length: timing.pacing ? PHASES : 0 }, () => fields++);
  const operations = counts.places;
  const half = Math.max(2, sizes.operation >> 1);
  return {
    timing,
    gapField,
    durationField,
    attributeField,
    paceFields,
    fields,
    instancesDiffer: differ,
    embeddings: [
      { name: 'field', vocabulary: Math.max(1, fields), dimension: sizes.field },
      { name: 'operation', vocabulary: operations, dimension: sizes.operation },
      { name: 'parent', vocabulary: operations, dimension: half },
      { name: 'grandparent', vocabulary: operations, dimension: half },
      { name: 'root', vocabulary: operations, dimension: half },
      { name: 'shape', vocabulary: Math.min(counts.shapes, MAX_SHAPES) + 1, dimension: sizes.operation },
      { name: 'segment', vocabulary: counts.segments, dimension: sizes.operation },
      { name: 'status', vocabulary: 3, dimension: 2 },
      { name: 'parent-rank', vocabulary: RANK_BINS + 1, dimension: sizes.rank },
      { name: 'remaining-rank', vocabulary: RANK_BINS + 1, dimension: sizes.rank },
      { name: 'previous-rank', vocabulary: RANK_BINS + 1, dimension: sizes.rank >> 1 },
      { name: 'root-rank', vocabulary: RANK_BINS + 1, dimension: sizes.rank >> 1 },
      { name: 'gap-bin', vocabulary: CLASSES, dimension: sizes.rank },
      { name: 'duration-bin', vocabulary: CLASSES, dimension: sizes.rank },
      { name: 'last-class', vocabulary: CLASSES, dimension: sizes.rank },
      { name: 'parent-class', vocabulary: CLASSES, dimension: sizes.rank >> 1 },
      ...paceFields.map((_, phase) => ({ name: `pace-${phase}`, vocabulary: PACES + 1, dimension: sizes.rank })),
    ],
  };
}

/** Rows for `capacity` spans. */
export function makeRows(context: RowContext, capacity: number): RowColumns {
  return {
    indices: context.embeddings.map(() => new Int32Array(capacity)),
    levels: new Uint8Array(capacity * LEVELS),
  };
}

/** End of the parent; +∞ for a span without one. */
export function parentEnd(spans: SpanTable, i: number): number {
  const parent = spans.parent[i] as number;
  return parent < 0 ? Infinity : (spans.start[parent] as number) + (spans.duration[parent] as number);
}

function siteOf(context: RowContext, spans: SpanTable, i: number): TimingSite {
  return context.timing.sites[spans.site[i] as number] as TimingSite;
}

const enum Column {
  Field,
  Operation,
  Parent,
  Grandparent,
  Root,
  Shape,
  Segment,
  Status,
  ParentRank,
  RemainingRank,
  PreviousRank,
  RootRank,
  GapBin,
  DurationBin,
  LastClass,
  ParentClass,
  /** Of the first phase; those of later phases follow. */
  Pace,
}

/** Fills row r with what every field of span i sees; `time` is what remains of the parent. */
function fill(
  context: RowContext,
  spans: SpanTable,
  i: number,
  rows: RowColumns,
  r: number,
  field: number,
  table: QuantileTable | undefined,
  time: number
): void {
  const columns = rows.indices;
  const parent = spans.parent[i] as number;
  const previous = spans.previous[i] as number;
  const first = spans.first[i] as number;
  const trace = spans.traceOf[i] as number;
  const set = (column: Column, value: number): void => {
    (columns[column] as Int32Array)[r] = value;
  };
  set(Column.Field, field);
  set(Column.Operation, spans.place[i] as number);
  set(Column.Parent, spans.parentPlace[i] as number);
  set(Column.Grandparent, spans.grandPlace[i] as number);
  set(Column.Root, spans.rootPlace[i] as number);
  set(Column.Shape, Math.min(spans.shape[trace] as number, MAX_SHAPES));
  set(Column.Segment, spans.segment[trace] as number);
  set(Column.Status, spans.status[i] as number);
  const parentLevel = parent < 0 || table === undefined ? 255 : levelOf(table, spans.duration[parent] as number);
  const timeLevel = parent < 0 || table === undefined ? 255 : levelOf(table, time);
  const previousLevel = previous < 0 ? 0 : (spans.durationLevel[previous] as number);
  const rootLevel = i === first ? 0 : (spans.durationLevel[first] as number);
  set(Column.ParentRank, parent < 0 ? RANK_BINS : parentLevel >> 3);
  set(Column.RemainingRank, parent < 0 ? RANK_BINS : timeLevel >> 3);
  set(Column.PreviousRank, previous < 0 ? RANK_BINS : previousLevel >> 3);
  set(Column.RootRank, i === first ? RANK_BINS : rootLevel >> 3);
  set(Column.GapBin, 0);
  set(Column.DurationBin, 0);
  set(Column.LastClass, 0);
  set(Column.ParentClass, parent < 0 ? 0 : (spans.mainClass[parent] as number));
  for (let phase = 0; phase < context.paceFields.length; phase++) {
    // drawn after the first wave, so unknown to it
    const pace = spans.wave[i] === 0 ? 0 : (spans.pace[trace * PHASES + phase] as number);
    (columns[Column.Pace + phase] as Int32Array)[r] = pace;
  }
  const before = previous >= 0 ? previous : parent;
  const at = r * LEVELS;
  const { levels } = rows;
  levels[at] = parentLevel;
  levels[at + 1] = timeLevel;
  levels[at + 2] = previousLevel;
  levels[at + 3] = rootLevel;
  levels[at + 4] = parent < 0 ? 0 : (spans.durationLevel[parent] as number);
  levels[at + 5] = before < 0 ? 128 : (spans.slowness[before] as number);
  levels[at + 6] = 0;
  levels[at + 7] = spans.usual[i] as number;
  levels[at + 8] = Math.min(255, (spans.sibling[i] as number) * 16);
  // what comes after a span says more than how many spans do, where they wait for it
  const later = spans.usualLater[i] as number;
  levels[at + 9] = later > 0 ? later : Math.min(255, (spans.siblingsLeft[i] as number) * 16);
  levels[at + 10] = previous < 0 ? 0 : (spans.gapLevel[previous] as number);
  levels[at + 11] = parent < 0 ? 0 : (spans.gapLevel[parent] as number);
}

/** The table of a site's gaps; undefined for the first span of a trace. */
export function gapTableOf(context: RowContext, site: TimingSite): QuantileTable | undefined {
  return context.timing.tables[site.gapTable];
}

export function durationTableOf(context: RowContext, site: TimingSite): QuantileTable {
  return context.timing.tables[site.durationTable] as QuantileTable;
}

/** The table in which durations are ranked when a span of the site is drawn. */
export function rankTableOf(context: RowContext, site: TimingSite): QuantileTable {
  return context.timing.tables[site.rankTable] as QuantileTable;
}

/** How far before where it was drawn span i may begin, see {@link TimingModel.settling}. */
export function startPlay(context: RowContext, spans: SpanTable, i: number, site: TimingSite): number {
  const table = gapTableOf(context, site);
  if (!context.timing.settling || table === undefined) {
    return 0;
  }
  const gap = (spans.start[i] as number) - referenceTime(spans, i, site.reference);
  return Math.max(0, gap - (table.edges[spans.gapBin[i] as number] as number));
}

const FEW_BUCKETS = 24;
const BUCKET_CLASSES_A_DOUBLING = 4;

/** Classes of numbers of time buckets. */
export const BUCKET_CLASSES = CLASSES;

/** Class of a number of time buckets: each by itself where they are few. Whole numbers only: the same on every machine. */
export function bucketClass(buckets: number): number {
  if (buckets <= FEW_BUCKETS) {
    return Math.max(0, buckets);
  }
  let base = FEW_BUCKETS;
  let above = 0;
  while (buckets >= 2 * base) {
    base *= 2;
    above += BUCKET_CLASSES_A_DOUBLING;
  }
  above += Math.floor(((buckets - base) * BUCKET_CLASSES_A_DOUBLING) / base);
  return Math.min(CLASSES - 1, FEW_BUCKETS + above);
}

/**
 * Time buckets from the span that the gap of span i is measured from to span i: the counts know them before anything is
 * drawn, so times are drawn to agree with them.
 */
function bucketsFromReference(spans: SpanTable, i: number, { reference }: TimingSite): number {
  const previous = spans.previous[i] as number;
  const from = previous >= 0 && reference !== GapReference.ParentStart ? previous : (spans.parent[i] as number);
  return (spans.shift[i] as number) - (from < 0 ? 0 : (spans.shift[from] as number));
}

/** Row of the gap of span i: its parent and the siblings before it are known. */
export function fillGapRow(context: RowContext, spans: SpanTable, i: number, rows: RowColumns, r: number): void {
  const site = siteOf(context, spans, i);
  const time = parentEnd(spans, i) - referenceTime(spans, i, site.reference as GapReference);
  fill(
    context,
    spans,
    i,
    rows,
    r,
    context.gapField[spans.site[i] as number] as number,
    gapTableOf(context, site),
    time
  );
  if (context.timing.foreseeing && (spans.parent[i] as number) >= 0) {
    // of the time that is left, how much it is beside what the span and those after it last
    rows.levels[r * LEVELS + 6] = levelOf(rankTableOf(context, site), time);
  }
  if (context.timing.settling) {
    // no gap is drawn yet, so the column is free
    (rows.indices[Column.GapBin] as Int32Array)[r] = bucketClass(bucketsFromReference(spans, i, site));
  }
  const parent = spans.parent[i] as number;
  if (context.instancesDiffer && parent >= 0) {
    // what is between spans is work of their parent, and no attribute is drawn yet
    (rows.indices[Column.LastClass] as Int32Array)[r] = spans.instance[parent] as number;
  }
}

/** Row of the duration of span i: its start is known too. */
export function fillDurationRow(context: RowContext, spans: SpanTable, i: number, rows: RowColumns, r: number): void {
  const site = siteOf(context, spans, i);
  const field = context.durationField[spans.site[i] as number] as number;
  const time = parentEnd(spans, i) - (spans.start[i] as number) + startPlay(context, spans, i, site);
  fill(context, spans, i, rows, r, field, rankTableOf(context, site), time);
  const reach = context.timing.settling ? bucketClass(spans.reach[spans.traceOf[i] as number] as number) : 0;
  (rows.indices[Column.GapBin] as Int32Array)[r] = site.gapTable < 0 ? reach : (spans.gapBin[i] as number) + 1;
  // no attribute is drawn before a duration, so the column is free for the instance
  (rows.indices[Column.LastClass] as Int32Array)[r] = spans.instance[i] as number;
  rows.levels[r * LEVELS + 6] = spans.gapLevel[i] as number;
}

/**
 * Row of an attribute field of span i: its times and the attribute fields before are known.
 * @param witnesses - the children whose durations the field sees, in the table; −1 where the span has none
 */
export function fillAttributeRow(
  context: RowContext,
  spans: SpanTable,
  i: number,
  attributeField: number,
  rows: RowColumns,
  r: number,
  witnesses: readonly number[]
): void {
  fillDurationRow(context, spans, i, rows, r);
  (rows.indices[Column.Field] as Int32Array)[r] = context.attributeField[attributeField] as number;
  (rows.indices[Column.DurationBin] as Int32Array)[r] = (spans.durationBin[i] as number) + 1;
  (rows.indices[Column.LastClass] as Int32Array)[r] = spans.lastClass[i] as number;
  rows.levels[r * LEVELS + 7] = spans.durationLevel[i] as number;
  witnesses.forEach((child, w) => {
    // in place of what says least of a span with children: the sibling before, and what is left of the parent
    const level = child < 0 ? 0 : (spans.durationLevel[child] as number);
    const column = w === 0 ? Column.PreviousRank : Column.RemainingRank;
    (rows.indices[column] as Int32Array)[r] = child < 0 ? RANK_BINS : level >> 3;
    rows.levels[r * LEVELS + (w === 0 ? 2 : 1)] = level;
  });
}

/** Row of a pace of a trace: its first span i and the paces of the phases before are known. */
export function fillPaceRow(
  context: RowContext,
  spans: SpanTable,
  i: number,
  phase: number,
  rows: RowColumns,
  r: number
): void {
  fillDurationRow(context, spans, i, rows, r);
  const set = (column: Column, value: number): void => {
    (rows.indices[column] as Int32Array)[r] = value;
  };
  set(Column.Field, context.paceFields[phase] as number);
  set(Column.DurationBin, (spans.durationBin[i] as number) + 1);
  rows.levels[r * LEVELS + 7] = spans.durationLevel[i] as number;
  for (let before = 0; before < phase; before++) {
    set(Column.Pace + before, spans.pace[(spans.traceOf[i] as number) * PHASES + before] as number);
  }
}

/** Records what follows from the start of span i once it is known. */
export function settleGap(context: RowContext, spans: SpanTable, i: number, bin: number, gap: number): void {
  const table = gapTableOf(context, siteOf(context, spans, i));
  spans.gapBin[i] = bin;
  spans.gapLevel[i] = table === undefined ? 0 : levelOf(table, gap);
}

/** Of itself, how far the end of a span may move beyond what was drawn to hold its children. */
export const PLAY_PART = 0.15;

/** How far the end of a span may move: into the next bin, or as its parent's where it keeps to that. */
function playOf(context: RowContext, spans: SpanTable, i: number, site: TimingSite, bin: number): number {
  if (isTold(context.timing, site, bin)) {
    const parent = spans.parent[i] as number;
    return parent < 0 ? 0 : (spans.play[parent] as number);
  }
  const duration = Math.max(0, spans.duration[i] as number);
  const { edges } = durationTableOf(context, site);
  const next = edges[Math.min(edges.length - 1, bin - slackBinsOf(context.timing, site) + 2)] as number;
  return Math.max(0, Math.min(next - duration, site.maxDuration - duration, Math.floor(PLAY_PART * duration)));
}

/** Records what follows from the duration of span i once it is known. */
export function settleDuration(context: RowContext, spans: SpanTable, i: number, bin: number): void {
  const site = siteOf(context, spans, i);
  const parent = spans.parent[i] as number;
  const previous = spans.previous[i] as number;
  const duration = spans.duration[i] as number;
  const end = (spans.start[i] as number) + duration;
  spans.latestEnd[i] = previous < 0 ? end : Math.max(end, spans.latestEnd[previous] as number);
  spans.durationBin[i] = bin;
  if (context.timing.settling) {
    spans.play[i] = playOf(context, spans, i, site, bin);
  }
  const level = levelOf(rankTableOf(context, site), duration);
  spans.durationLevel[i] = level;
  const before = previous >= 0 ? previous : parent;
  spans.slowness[i] = before < 0 ? level : ((spans.slowness[before] as number) * 3 + level + 2) >> 2;
}
