/**
 * @file Where spans begin and how long they last, as discrete fields. A site is a place where spans occur: an
 * operation under a parent operation after a sibling's operation; rare places share the site of their operation.
 */
import { limit } from '../common';
import { ByteReader, ByteWriter } from '../model';
import type { ShapeLayout } from './layout';
import { binOf, binsOf, type QuantileTable } from './quantiser';
import type { SpanTable } from './span-table';

/** What the start of a span is measured from. */
export enum GapReference {
  ParentStart = 0,
  PreviousStart = 1,
  PreviousEnd = 2,
  /** The latest end among the siblings before. */
  LatestEnd = 3,
}

/** What the duration field holds. */
export enum DurationMode {
  Absolute = 0,
  /** Time from the span's end to its parent's end: for spans that their parent wraps tightly. */
  Slack = 1,
  /** Share of the time that remains of the parent, times {@link RATIO_ONE}; no longer learnt, see docs/adr/0005. */
  Ratio = 2,
  /**
   * Time to the parent's end where that is little of the span, the duration where it is not: for spans that their parent
   * wraps tightly as a rule. The bins of {@link TimingSite.tightTable} come first, then those of the duration table.
   */
  SlackOrDuration = 3,
}

/** A share of 1 in tables of ratios. */
export const RATIO_ONE = 1 << 20;

/** One site. Times in ns. */
export interface TimingSite {
  /** Places, see {@link PlaceTable}; −1 = any. */
  readonly parent: number;
  readonly place: number;
  readonly previous: number;
  readonly reference: GapReference;
  readonly mode: DurationMode;
  /** Indices of quantile tables; −1 where there is no gap to draw (the first span of a trace). */
  readonly gapTable: number;
  readonly durationTable: number;
  /**
   * Table of what spans leave of the parent when their duration falls into the same bin as the time that remains: bins
   * are wide in the tails, and what a tight child leaves is not. −1 where that is rare. Of
   * {@link DurationMode.SlackOrDuration}: what tight spans leave.
   */
  readonly tightTable: number;
  /** Of {@link DurationMode.SlackOrDuration}: spans told by their duration, in 1/255. */
  readonly looseShare: number;
  /** Table of the durations of the operation, in which other durations are ranked. */
  readonly rankTable: number;
  /** How far a span's end may lie beyond its parent's end; negative where it always lies before. */
  readonly overshoot: number;
  /** How far before its parent's start, and beyond its parent's end, a span may begin. */
  readonly early: number;
  readonly late: number;
  /**
   * Further room beyond the parent's end for the start and the end of a span, in 1/1024 of the parent's duration: times
   * before it are only known to a bin, and cutting at an end that is blurred would shorten spans. Only models made before
   * spans left time to their later siblings have room for starts.
   */
  readonly startRoom: number;
  readonly endRoom: number;
  readonly minDuration: number;
  readonly maxDuration: number;
}

/** Units of a parent's duration in which room is given. */
export const ROOM_ONE = 1024;
/** Most room: with more, spans outlast their parents by what people can see. */
export const MAX_ROOM = 64;

export interface TimingModel {
  readonly sites: readonly TimingSite[];
  readonly tables: readonly QuantileTable[];
  /** Whether spans leave their later siblings the time that they need at least, see {@link TimeNeeds}. */
  readonly reserving: boolean;
  /**
   * Whether a start is known to its bin only until the duration is: then it lies as far before where it was drawn, within
   * its bin, as keeps the span within its parent.
   */
  readonly settling: boolean;
  /** Whether spans are drawn long enough to hold what their children need at least, see {@link TimeNeeds}. */
  readonly holding: boolean;
  /** Whether times and attributes fill strata evenly over short times as well, see `locallyStratified`. */
  readonly even: boolean;
  /** Whether the network sees what the children of a span usually take, see {@link TimeNeeds}. */
  readonly foreseeing: boolean;
  /** Whether paces are drawn after the first span, and seen by all that follows: see `pacesOf`. */
  readonly pacing: boolean;
}

/** Bins of a site's duration field that are told by what is left of the parent and come before those of durations. */
export function slackBinsOf({ tables }: Pick<TimingModel, 'tables'>, { mode, tightTable }: TimingSite): number {
  return mode === DurationMode.SlackOrDuration ? binsOf(tables[tightTable] as QuantileTable) : 0;
}

/** Whether a span's duration follows from what it leaves of its parent. @param bin - of its duration field */
export function isTold(timing: Pick<TimingModel, 'tables'>, site: TimingSite, bin: number): boolean {
  return site.mode === DurationMode.Slack || bin < slackBinsOf(timing, site);
}

/** How much of a longer span may be left to its parent's end for the span to count as wrapped tightly. */
export const TIGHT_PART = 0.2;

/** How much of a longer span the blur of its start may be, if its duration is to follow from what is left of the parent. */
const BLUR_PART = 0.1;

/**
 * Whether a parent wraps a span tightly.
 * @param slack - ns from the span's end to the parent's
 * @param blur - ns within which its start is known
 */
export function isTight(duration: number, slack: number, blur: number): boolean {
  return Math.abs(slack) <= TIGHT_PART * Math.max(1, duration) && blur <= BLUR_PART * Math.max(1, duration);
}

/** Width of a bin of durations, as a share of the durations in it. */
const DURATION_BLUR = 0.04;

/**
 * Within how many ns the start of each span is known, when times are drawn as bins: what bins add up to on the way from
 * the parent's start over the siblings before (root of the sum of squares).
 * @param gapOf - what the start of a span is measured from, and the table of its gaps
 */
export function startBlurs(
  spans: SpanTable,
  gapOf: (i: number) => { readonly reference: GapReference; readonly table: QuantileTable | undefined }
): Float64Array {
  const squares = new Float64Array(spans.size);
  for (let i = 0; i < spans.size; i++) {
    const { reference, table } = gapOf(i);
    const previous = spans.previous[i] as number;
    if (table === undefined) {
      continue;
    }
    const bin = binOf(table, (spans.start[i] as number) - referenceTime(spans, i, reference));
    let square = ((table.edges[bin + 1] as number) - (table.edges[bin] as number)) ** 2;
    if (previous >= 0 && reference !== GapReference.ParentStart) {
      square += squares[previous] as number;
      if (reference !== GapReference.PreviousStart) {
        square += (DURATION_BLUR * (spans.duration[previous] as number)) ** 2;
      }
    }
    squares[i] = square;
  }
  return squares.map(Math.sqrt);
}

/** Weights of the bins of a site's duration field, where the model has them: as many in all as the bins of a table. */
export function durationMassOf(timing: Pick<TimingModel, 'tables'>, site: TimingSite): Float64Array | undefined {
  const { mass } = timing.tables[site.durationTable] as QuantileTable;
  if (site.mode !== DurationMode.SlackOrDuration || mass === undefined) {
    return mass;
  }
  const parts = [(timing.tables[site.tightTable] as QuantileTable).mass as Float64Array, mass];
  const shares = [255 - site.looseShare, site.looseShare];
  return Float64Array.from(
    parts.flatMap((part, p) => {
      const total = part.reduce((sum, n) => sum + n, 0);
      return Array.from(part, (n) => (n * (shares[p] as number) * 4096) / total);
    })
  );
}

/** Bins of a site's duration field. */
export function durationBinsOf(timing: Pick<TimingModel, 'tables'>, site: TimingSite): number {
  return slackBinsOf(timing, site) + binsOf(timing.tables[site.durationTable] as QuantileTable);
}

/** Stands for any operation. */
export const ANY = -1;

/** Finds the site of places. */
export class SiteIndex {
  private readonly ids = new Map<number, number>();

  constructor(
    sites: ReadonlyArray<Pick<TimingSite, 'parent' | 'place' | 'previous'>>,
    private readonly span: number
  ) {
    sites.forEach((site, id) => this.ids.set(this.key(site.parent, site.place, site.previous), id));
  }

  private key(parent: number, operation: number, previous: number): number {
    return ((parent + 1) * this.span + operation) * this.span + previous + 1;
  }

  /** The site of a place; −1 when the operation has none at all. */
  find(parent: number, operation: number, previous: number): number {
    return (
      this.ids.get(this.key(parent, operation, previous)) ??
      this.ids.get(this.key(parent, operation, ANY)) ??
      this.ids.get(this.key(ANY, operation, ANY)) ??
      -1
    );
  }
}

/** @param places - number of places */
export function siteIndex(sites: readonly TimingSite[], places: number): SiteIndex {
  return new SiteIndex(sites, places + 2);
}

/** Site of each node of a shape. */
export function sitesOfShape(layout: ShapeLayout, index: SiteIndex): Int32Array {
  return Int32Array.from(layout.place, (place, i) =>
    index.find(layout.parentPlace[i] as number, place, layout.previousPlace[i] as number)
  );
}

/** Start of what the gap is measured from, relative to the trace's anchor. */
export function referenceTime(spans: SpanTable, i: number, reference: GapReference): number {
  const previous = spans.previous[i] as number;
  if (previous < 0 || reference === GapReference.ParentStart) {
    const parent = spans.parent[i] as number;
    return parent >= 0 ? (spans.start[parent] as number) : 0;
  }
  switch (reference) {
    case GapReference.PreviousStart:
      return spans.start[previous] as number;
    case GapReference.PreviousEnd:
      return (spans.start[previous] as number) + (spans.duration[previous] as number);
    default:
      return spans.latestEnd[previous] as number;
  }
}

/** Time from a span's start to its parent's end; +∞ without a parent. */
export function remainingTime(spans: SpanTable, i: number): number {
  const parent = spans.parent[i] as number;
  return parent < 0
    ? Infinity
    : (spans.start[parent] as number) + (spans.duration[parent] as number) - (spans.start[i] as number);
}

/** Whether a span begins when its siblings have ended: of many that run at once, the latest would always be too late. */
export function inTurn(
  spans: Pick<SpanTable, 'previous' | 'siblingsLeft'>,
  i: number,
  reference: GapReference
): boolean {
  return (spans.previous[i] as number) < 0
    ? spans.siblingsLeft[i] === 0
    : reference === GapReference.PreviousEnd || reference === GapReference.LatestEnd;
}

/** What models look after, each besides all before it: {@link CARE} for each is added to how a site is measured. */
const CARES = ['reserving', 'settling', 'holding', 'even', 'foreseeing'] as const;
const CARE = 16;
/** Added besides in models whose traces have a pace, which are even: more than foreseeing alone adds. */
const PACING = 2 * CARE;
const LEAST_PACING = CARE * (1 + CARES.indexOf('even')) + PACING;

/** What is added for a model. */
function careOf(model: Omit<TimingModel, 'sites' | 'tables'>): number {
  return CARE * CARES.filter((care) => model[care]).length + (model.pacing ? PACING : 0);
}

/** The other way round. @param least - the least way of measuring of a model's sites */
function caresOf(least: number): Omit<TimingModel, 'sites' | 'tables'> {
  const pacing = least >= LEAST_PACING;
  const cares = Math.floor((least - (pacing ? PACING : 0)) / CARE);
  const entries = CARES.map((care, i) => [care, i < cares] as const);
  return { ...(Object.fromEntries(entries) as Record<(typeof CARES)[number], boolean>), pacing };
}

/** Writes the sites column by column; bounds as points of the quantile scale. */
export function writeSites(
  writer: ByteWriter,
  { sites, ...model }: Omit<TimingModel, 'tables'>,
  encode: (ns: number) => number
): void {
  writer.varint(sites.length);
  for (const column of ['place', 'parent', 'previous'] as const) {
    writer.deltas(sites.map((site) => site[column]));
  }
  const care = careOf(model);
  for (const site of sites) {
    writer.byte(care + site.reference * 4 + site.mode);
  }
  writer.deltas(sites.map((site) => site.gapTable));
  writer.deltas(sites.map((site) => site.durationTable));
  writer.deltas(sites.map((site) => site.rankTable));
  writer.deltas(sites.map((site) => site.tightTable));
  for (const column of ['startRoom', 'endRoom'] as const) {
    sites.forEach((site) => writer.byte(site[column]));
  }
  for (const site of sites) {
    if (site.mode === DurationMode.SlackOrDuration) {
      writer.byte(site.looseShare);
    }
  }
  for (const column of ['overshoot', 'early', 'late', 'minDuration', 'maxDuration'] as const) {
    for (const site of sites) {
      writer.zigzag(encode(site[column]));
    }
  }
}

/** Reads the sites and checks what they refer to. */
export function readSites(
  reader: ByteReader,
  places: number,
  tables: number,
  decode: (code: number) => number
): Omit<TimingModel, 'tables'> {
  const count = reader.count(8);
  const column = (min: number, max: number): Float64Array => {
    const values = reader.deltas();
    if (values.length !== count || values.some((value) => value < min || value > max)) {
      reader.fail('a column of sites has a wrong length or value');
    }
    return values;
  };
  const place = column(0, places - 1);
  const parent = column(ANY, places - 1);
  const previous = column(ANY, places - 1);
  const bytes = Array.from({ length: count }, () => reader.byte());
  const least = bytes.reduce((min, byte) => Math.min(min, byte), bytes[0] ?? 0);
  const model = caresOf(least);
  const care = careOf(model);
  const modes = bytes.map((byte) => byte - care);
  if (modes.some((mode) => mode > 15)) {
    reader.fail('unknown way of measuring');
  }
  const gapTable = column(-1, tables - 1);
  const durationTable = column(0, tables - 1);
  const rankTable = column(0, tables - 1);
  const tightTable = column(-1, tables - 1);
  const startRoom = Array.from({ length: count }, () => reader.byte());
  const endRoom = Array.from({ length: count }, () => reader.byte());
  const looseShare = modes.map((mode) => ((mode & 3) === DurationMode.SlackOrDuration ? reader.byte() : 0));
  const times = ['overshoot', 'early', 'late', 'minDuration', 'maxDuration'].map(() =>
    Array.from({ length: count }, () => {
      const code = reader.zigzag();
      return Math.abs(code) > 600_000 ? reader.fail('a bound is out of range') : decode(code);
    })
  );
  const told = modes.findIndex(
    (mode, s) => (mode & 3) === DurationMode.SlackOrDuration && (tightTable[s] as number) < 0
  );
  if (told >= 0) {
    reader.fail('a site has no table of what its spans leave');
  }
  const sites = Array.from({ length: count }, (_, s) => ({
    parent: parent[s] as number,
    place: place[s] as number,
    previous: previous[s] as number,
    reference: (modes[s] as number) >> 2,
    mode: (modes[s] as number) & 3,
    gapTable: gapTable[s] as number,
    durationTable: durationTable[s] as number,
    rankTable: rankTable[s] as number,
    tightTable: tightTable[s] as number,
    looseShare: looseShare[s] as number,
    overshoot: times[0]?.[s] as number,
    early: times[1]?.[s] as number,
    late: times[2]?.[s] as number,
    startRoom: startRoom[s] as number,
    endRoom: endRoom[s] as number,
    minDuration: times[3]?.[s] as number,
    maxDuration: times[4]?.[s] as number,
  }));
  return { sites, ...model };
}

/** A site for every place of every shape, or an error: what a reader must know before generating. */
export function checkSites(
  layouts: readonly ShapeLayout[],
  sites: readonly TimingSite[],
  places: number,
  reader: ByteReader
): Int32Array[] {
  const index = siteIndex(sites, places);
  let left = limit('MODEL_SPANS');
  return layouts.map((layout) => {
    left -= layout.size;
    const found = sitesOfShape(layout, index);
    if (left < 0 || found.includes(-1)) {
      reader.fail('a place of a shape has no site');
    }
    found.forEach((site, i) => {
      if (i > 0 && (sites[site] as TimingSite).gapTable < 0) {
        reader.fail('a span that is not the first has no gap');
      }
    });
    return found;
  });
}
