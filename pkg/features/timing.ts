/**
 * @file Where spans begin and how long they last, as discrete fields. A site is a place where spans occur: an
 * operation under a parent operation after a sibling's operation; rare places share the site of their operation.
 */
import { limit } from '../common';
import { ByteReader, ByteWriter } from '../model';
import { outsideOf, type ShapeLayout } from './layout';
import type { Dictionary } from './dictionary';
import { binsOf, entropyOf, learnTable, type QuantileTable } from './quantiser';
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
}

/** One site. Times in ns. */
export interface TimingSite {
  /** Operations, see {@link Outside}; −1 = any. */
  readonly parent: number;
  readonly operation: number;
  readonly previous: number;
  readonly reference: GapReference;
  readonly mode: DurationMode;
  /** Indices of quantile tables; −1 where there is no gap to draw (the first span of a trace). */
  readonly gapTable: number;
  readonly durationTable: number;
  /** How far a span's end may lie beyond its parent's end. */
  readonly overshoot: number;
  /** How far before its parent's start, and beyond its parent's end, a span may begin. */
  readonly early: number;
  readonly late: number;
  readonly minDuration: number;
  readonly maxDuration: number;
}

export interface TimingModel {
  readonly sites: readonly TimingSite[];
  readonly tables: readonly QuantileTable[];
}

/** Spans that a place needs to be a site of its own; with fewer, its parent-and-operation, then its operation serves. */
const MIN_TRIPLE = 150;
const MIN_PAIR = 40;
/** A wrapper: nine spans in ten leave at most this share of their duration to the parent's end. */
const WRAPPER_SHARE = 0.2;
const OVERSHOOT_QUANTILE = 0.999;
/** Gaps of fewer observations share bins sparingly. */
const ANY = -1;

/** Finds the site of places. */
export class SiteIndex {
  private readonly ids = new Map<number, number>();

  constructor(
    sites: ReadonlyArray<Pick<TimingSite, 'parent' | 'operation' | 'previous'>>,
    private readonly span: number
  ) {
    sites.forEach((site, id) => this.ids.set(this.key(site.parent, site.operation, site.previous), id));
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

export function siteIndex(sites: readonly TimingSite[], dictionary: Dictionary): SiteIndex {
  return new SiteIndex(sites, outsideOf(dictionary).size + 2);
}

/** Site of each node of a shape. */
export function sitesOfShape(layout: ShapeLayout, index: SiteIndex): Int32Array {
  return Int32Array.from(layout.operation, (operation, i) =>
    index.find(layout.parentOperation[i] as number, operation, layout.previousOperation[i] as number)
  );
}

interface Place {
  parent: number;
  operation: number;
  previous: number;
  count: number;
}

function choosePlaces(spans: SpanTable, dictionary: Dictionary): Place[] {
  const span = outsideOf(dictionary).size + 2;
  const triples = new Map<number, Place>();
  const add = (map: Map<number, Place>, parent: number, operation: number, previous: number, count: number): void => {
    const key = ((parent + 1) * span + operation) * span + previous + 1;
    const place = map.get(key);
    if (place === undefined) {
      map.set(key, { parent, operation, previous, count });
    } else {
      place.count += count;
    }
  };
  for (let i = 0; i < spans.size; i++) {
    add(
      triples,
      spans.parentOperation[i] as number,
      spans.operation[i] as number,
      spans.previousOperation[i] as number,
      1
    );
  }
  const pairs = new Map<number, Place>();
  const singles = new Map<number, Place>();
  const chosen: Place[] = [];
  // The first span of a trace has no gap, so it is always kept apart.
  const { root, orphan, none } = outsideOf(dictionary);
  const isFirst = (place: Place): boolean =>
    (place.parent === root || place.parent === orphan) && place.previous === none;
  for (const place of triples.values()) {
    if (place.count >= MIN_TRIPLE || isFirst(place)) {
      chosen.push(place);
    } else {
      add(pairs, place.parent, place.operation, ANY, place.count);
    }
  }
  for (const place of pairs.values()) {
    if (place.count >= MIN_PAIR) {
      chosen.push(place);
    } else {
      add(singles, ANY, place.operation, ANY, place.count);
    }
  }
  chosen.push(...singles.values());
  return chosen.sort((a, b) => a.operation - b.operation || a.parent - b.parent || a.previous - b.previous);
}

function quantile(values: Float64Array, q: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
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

/** Learns sites and their tables from the spans of a batch. */
export function learnTiming(spans: SpanTable, dictionary: Dictionary, maxBins: number): TimingModel {
  const places = choosePlaces(spans, dictionary);
  const index = new SiteIndex(places, outsideOf(dictionary).size + 2);
  const members: number[][] = places.map(() => []);
  for (let i = 0; i < spans.size; i++) {
    members[
      index.find(spans.parentOperation[i] as number, spans.operation[i] as number, spans.previousOperation[i] as number)
    ]?.push(i);
  }
  const tables: QuantileTable[] = [];
  const byOperation = new Map<number, { sites: number[]; spans: number[] }>();
  const sites = places.map((place, s): TimingSite => learnSite(spans, place, members[s] as number[], tables, maxBins));
  // Durations of one operation share a table where they are absolute.
  sites.forEach((site, s) => {
    if (site.mode === DurationMode.Absolute) {
      const shared = byOperation.get(site.operation) ?? { sites: [], spans: [] };
      shared.sites.push(s);
      for (const i of members[s] as number[]) {
        shared.spans.push(i);
      }
      byOperation.set(site.operation, shared);
    }
  });
  const durationTable = sites.map((site) => site.durationTable);
  for (const shared of byOperation.values()) {
    const id = tables.length;
    tables.push(
      learnTable(
        Float64Array.from(shared.spans, (i) => spans.duration[i] as number),
        maxBins
      )
    );
    shared.sites.forEach((s) => {
      durationTable[s] = id;
    });
  }
  return { sites: sites.map((site, s) => ({ ...site, durationTable: durationTable[s] as number })), tables };
}

function learnSite(
  spans: SpanTable,
  place: Place,
  members: readonly number[],
  tables: QuantileTable[],
  maxBins: number
): TimingSite {
  const durations = Float64Array.from(members, (i) => spans.duration[i] as number);
  const hasParent = members.some((i) => (spans.parent[i] as number) >= 0);
  const isAnchor = members.every((i) => spans.first[i] === i);
  const hasPrevious = members.some((i) => (spans.previous[i] as number) >= 0);
  let reference = GapReference.ParentStart;
  let gapTable = -1;
  if (!isAnchor) {
    let best: { reference: GapReference; table: QuantileTable; entropy: number } | undefined;
    const candidates = hasPrevious
      ? [GapReference.PreviousStart, GapReference.LatestEnd, GapReference.PreviousEnd, GapReference.ParentStart]
      : [GapReference.ParentStart];
    for (const candidate of candidates) {
      const gaps = Float64Array.from(members, (i) => (spans.start[i] as number) - referenceTime(spans, i, candidate));
      const table = learnTable(gaps, maxBins);
      const entropy = entropyOf(table);
      if (best === undefined || entropy < best.entropy - 1e-6) {
        best = { reference: candidate, table, entropy };
      }
    }
    if (best !== undefined) {
      reference = best.reference;
      gapTable = tables.length;
      tables.push(best.table);
    }
  }
  let mode = DurationMode.Absolute;
  let durationTable = -1;
  let overshoot = 0;
  let early = 0;
  let late = 0;
  const children = members.filter((i) => (spans.parent[i] as number) >= 0);
  if (hasParent && children.length === members.length) {
    const parentEnd = (i: number): number => {
      const parent = spans.parent[i] as number;
      return (spans.start[parent] as number) + (spans.duration[parent] as number);
    };
    const slack = Float64Array.from(
      members,
      (i) => parentEnd(i) - (spans.start[i] as number) - (spans.duration[i] as number)
    );
    const share = slack.map((value, k) => Math.abs(value) / Math.max(1, durations[k] as number));
    if (quantile(share, 0.9) < WRAPPER_SHARE) {
      mode = DurationMode.Slack;
      durationTable = tables.length;
      tables.push(learnTable(slack, maxBins));
    }
    overshoot = Math.max(
      0,
      quantile(
        slack.map((value) => -value),
        OVERSHOOT_QUANTILE
      )
    );
    early = Math.max(
      0,
      ...reduceMax(members, (i) => (spans.start[spans.parent[i] as number] as number) - (spans.start[i] as number))
    );
    late = Math.max(
      0,
      quantile(
        Float64Array.from(members, (i) => (spans.start[i] as number) - parentEnd(i)),
        OVERSHOOT_QUANTILE
      )
    );
  }
  return {
    parent: place.parent,
    operation: place.operation,
    previous: place.previous,
    reference,
    mode,
    gapTable,
    durationTable,
    overshoot: Math.round(overshoot),
    early: Math.round(early),
    late: Math.round(late),
    minDuration: Math.min(...reduceMax(members, (i) => -(spans.duration[i] as number)).map((value) => -value)),
    maxDuration: Math.max(...reduceMax(members, (i) => spans.duration[i] as number)),
  };
}

/** The largest value, as a list of one (spreading a long list would overflow the stack). */
function reduceMax(members: readonly number[], value: (i: number) => number): number[] {
  return [members.reduce((most, i) => Math.max(most, value(i)), -Infinity)];
}

/** Bins of both fields of a site. */
export function binsOfSite(model: TimingModel, site: TimingSite): { gap: number; duration: number } {
  return {
    gap: site.gapTable < 0 ? 0 : binsOf(model.tables[site.gapTable] as QuantileTable),
    duration: binsOf(model.tables[site.durationTable] as QuantileTable),
  };
}

/** Writes the sites column by column; bounds as points of the quantile scale. */
export function writeSites(writer: ByteWriter, sites: readonly TimingSite[], encode: (ns: number) => number): void {
  writer.varint(sites.length);
  for (const column of ['operation', 'parent', 'previous'] as const) {
    writer.deltas(sites.map((site) => site[column]));
  }
  for (const site of sites) {
    writer.byte(site.reference * 4 + site.mode);
  }
  writer.deltas(sites.map((site) => site.gapTable));
  writer.deltas(sites.map((site) => site.durationTable));
  for (const column of ['overshoot', 'early', 'late', 'minDuration', 'maxDuration'] as const) {
    for (const site of sites) {
      writer.zigzag(encode(site[column]));
    }
  }
}

/** Reads the sites and checks what they refer to. */
export function readSites(
  reader: ByteReader,
  dictionary: Dictionary,
  tables: number,
  decode: (code: number) => number
): TimingSite[] {
  const count = reader.count(8);
  const outside = outsideOf(dictionary);
  const column = (min: number, max: number): Float64Array => {
    const values = reader.deltas();
    if (values.length !== count || values.some((value) => value < min || value > max)) {
      reader.fail('a column of sites has a wrong length or value');
    }
    return values;
  };
  const operation = column(0, dictionary.operations.length - 1);
  const parent = column(ANY, outside.size - 1);
  const previous = column(ANY, outside.size - 1);
  const modes = Array.from({ length: count }, () => reader.byte());
  if (modes.some((mode) => mode > 15 || (mode & 3) > 1)) {
    reader.fail('unknown way of measuring');
  }
  const gapTable = column(-1, tables - 1);
  const durationTable = column(0, tables - 1);
  const times = ['overshoot', 'early', 'late', 'minDuration', 'maxDuration'].map(() =>
    Array.from({ length: count }, () => {
      const code = reader.zigzag();
      return Math.abs(code) > 20_000 ? reader.fail('a bound is out of range') : decode(code);
    })
  );
  return Array.from({ length: count }, (_, s) => ({
    parent: parent[s] as number,
    operation: operation[s] as number,
    previous: previous[s] as number,
    reference: (modes[s] as number) >> 2,
    mode: (modes[s] as number) & 3,
    gapTable: gapTable[s] as number,
    durationTable: durationTable[s] as number,
    overshoot: times[0]?.[s] as number,
    early: times[1]?.[s] as number,
    late: times[2]?.[s] as number,
    minDuration: times[3]?.[s] as number,
    maxDuration: times[4]?.[s] as number,
  }));
}

/** A site for every place of every shape, or an error: what a reader must know before generating. */
export function checkSites(
  layouts: readonly ShapeLayout[],
  sites: readonly TimingSite[],
  dictionary: Dictionary,
  reader: ByteReader
): Int32Array[] {
  const index = siteIndex(sites, dictionary);
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
