/** @file Learns the timing sites of a batch: which places are sites, what their gaps and durations are measured from. */
import { OUTSIDE } from './layout';
import { binOf, entropyOf, type QuantileTable } from './quantiser';
import { learnTable } from './quantiser-learn';
import type { SpanTable } from './span-table';
import {
  ANY,
  DurationMode,
  GapReference,
  ratioOf,
  RATIO_ONE,
  referenceTime,
  remainingTime,
  SiteIndex,
  type TimingModel,
  type TimingSite,
} from './timing';

/** Spans that a place needs to be a site of its own; with fewer, its parent-and-operation, then its operation serves. */
const MIN_TRIPLE = 150;
const MIN_PAIR = 40;
/** A wrapper: nine spans in ten leave at most this share of their duration to the parent's end. */
const WRAPPER_SHARE = 0.2;
/** Nats a span by which another way to measure must be better than the plain one. */
const MODE_MARGIN = 0.35;
/** A slack is only as exact as the start before it: starts may be blurred by at most this share of the duration. */
const MAX_BLUR = 0.05;
/** Spans in the bin of the remaining time, as a share and at least, for which a table of slacks is worth its bytes. */
const TIGHT_SHARE = 0.1;
const TIGHT_MEMBERS = 60;
const TIGHT_BINS = 16;
/**
 * Bins of gaps, and of durations that are told relative to the parent: both are short beside the durations around them, so
 * the bytes of finer tables are worth more in the network.
 */
const GAP_BINS = 24;
const RELATIVE_BINS = 32;
/** Bins of a table that is used for ranks only. */
const RANK_ONLY_BINS = 32;
const OVERSHOOT_QUANTILE = 0.999;

interface Place {
  parent: number;
  place: number;
  previous: number;
  count: number;
}

function choosePlaces(spans: SpanTable, placeCount: number): Place[] {
  const span = placeCount + 2;
  const triples = new Map<number, Place>();
  const add = (map: Map<number, Place>, parent: number, place: number, previous: number, count: number): void => {
    const key = ((parent + 1) * span + place) * span + previous + 1;
    const known = map.get(key);
    if (known === undefined) {
      map.set(key, { parent, place, previous, count });
    } else {
      known.count += count;
    }
  };
  for (let i = 0; i < spans.size; i++) {
    add(triples, spans.parentPlace[i] as number, spans.place[i] as number, spans.previousPlace[i] as number, 1);
  }
  const pairs = new Map<number, Place>();
  const singles = new Map<number, Place>();
  const chosen: Place[] = [];
  // The first span of a trace has no gap, so it is always kept apart.
  const { root, orphan, none } = OUTSIDE;
  const isFirst = (place: Place): boolean =>
    (place.parent === root || place.parent === orphan) && place.previous === none;
  for (const place of triples.values()) {
    if (place.count >= MIN_TRIPLE || isFirst(place)) {
      chosen.push(place);
    } else {
      add(pairs, place.parent, place.place, ANY, place.count);
    }
  }
  for (const place of pairs.values()) {
    if (place.count >= MIN_PAIR) {
      chosen.push(place);
    } else {
      add(singles, ANY, place.place, ANY, place.count);
    }
  }
  chosen.push(...singles.values());
  return chosen.sort((a, b) => a.place - b.place || a.parent - b.parent || a.previous - b.previous);
}

function quantile(values: Float64Array, q: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
}

/** Learns sites and their tables from the spans of a batch. */
export function learnTiming(spans: SpanTable, placeCount: number, maxBins: number): TimingModel {
  const places = choosePlaces(spans, placeCount);
  const index = new SiteIndex(places, placeCount + 2);
  const members: number[][] = places.map(() => []);
  for (let i = 0; i < spans.size; i++) {
    members[
      index.find(spans.parentPlace[i] as number, spans.place[i] as number, spans.previousPlace[i] as number)
    ]?.push(i);
  }
  const tables: QuantileTable[] = [];
  const byPlace = new Map<number, { sites: number[]; spans: number[] }>();
  const sites = places.map((place, s): TimingSite => learnSite(spans, place, members[s] as number[], tables, maxBins));
  // Durations of one place share a table: the field's where they are absolute, for ranks everywhere.
  sites.forEach((site, s) => {
    const shared = byPlace.get(site.place) ?? { sites: [], spans: [] };
    shared.sites.push(s);
    for (const i of members[s] as number[]) {
      shared.spans.push(i);
    }
    byPlace.set(site.place, shared);
  });
  const rankTable = new Int32Array(sites.length);
  for (const shared of byPlace.values()) {
    const id = tables.length;
    const drawn = shared.sites.some((s) => sites[s]?.mode === DurationMode.Absolute);
    const durations = Float64Array.from(shared.spans, (i) => spans.duration[i] as number);
    tables.push(learnTable(durations, drawn ? maxBins : Math.min(maxBins, RANK_ONLY_BINS)));
    shared.sites.forEach((s) => {
      rankTable[s] = id;
    });
  }
  const finished = sites.map((site, s): TimingSite => {
    const ranks = rankTable[s] as number;
    const plain = site.mode === DurationMode.Absolute;
    return {
      ...site,
      rankTable: ranks,
      durationTable: plain ? ranks : site.durationTable,
      tightTable: plain ? learnTight(spans, members[s] as number[], tables, ranks) : -1,
    };
  });
  return { sites: finished, tables, reserving: true };
}

/** Learns what tight children leave of their parent; −1 where there are few. */
function learnTight(
  spans: SpanTable,
  members: readonly number[],
  tables: QuantileTable[],
  durationTable: number
): number {
  const table = tables[durationTable] as QuantileTable;
  const slack: number[] = [];
  for (const i of members) {
    const remaining = remainingTime(spans, i);
    const duration = spans.duration[i] as number;
    if (remaining < Infinity && duration <= remaining && binOf(table, duration) === binOf(table, remaining)) {
      slack.push(remaining - duration);
    }
  }
  if (slack.length < TIGHT_MEMBERS || slack.length < TIGHT_SHARE * members.length) {
    return -1;
  }
  return tables.push(learnTable(Float64Array.from(slack), TIGHT_BINS)) - 1;
}

/** Groups of members of about equal size, by rising `by`. */
function groupsBy(members: readonly number[], by: Float64Array): number[][] {
  const order = Array.from(members.keys()).sort((a, b) => (by[a] as number) - (by[b] as number));
  const count = Math.max(1, Math.min(20, Math.floor(members.length / 100)));
  return Array.from({ length: count }, (_, g) =>
    order.slice(Math.floor((g * order.length) / count), Math.floor(((g + 1) * order.length) / count))
  );
}

/** Mean entropy of values within groups: what remains to be learnt once the grouping quantity is known. */
function entropyWithin(values: Float64Array, groups: readonly number[][]): number {
  return groups.reduce((sum, group) => {
    const table = learnTable(
      Float64Array.from(group, (m) => values[m] as number),
      32
    );
    return sum + (entropyOf(table) * group.length) / values.length;
  }, 0);
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
    let best: { reference: GapReference; gaps: Float64Array; entropy: number } | undefined;
    const durationOf = (list: Int32Array) => Float64Array.from(members, (i) => spans.duration[list[i] as number] ?? 0);
    const groupings = [groupsBy(members, durationOf(spans.parent)), groupsBy(members, durationOf(spans.previous))];
    const candidates = hasPrevious
      ? [GapReference.PreviousStart, GapReference.LatestEnd, GapReference.PreviousEnd, GapReference.ParentStart]
      : [GapReference.ParentStart];
    for (const candidate of candidates) {
      const gaps = Float64Array.from(members, (i) => (spans.start[i] as number) - referenceTime(spans, i, candidate));
      const entropy = candidates.length === 1 ? 0 : Math.min(...groupings.map((groups) => entropyWithin(gaps, groups)));
      if (best === undefined || entropy < best.entropy - 1e-6) {
        best = { reference: candidate, gaps, entropy };
      }
    }
    if (best !== undefined) {
      reference = best.reference;
      gapTable = tables.length;
      tables.push(learnTable(best.gaps, Math.min(maxBins, GAP_BINS)));
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
    const chosen = chooseMode(
      durations,
      slack,
      Float64Array.from(members, (i) => (spans.start[i] as number) - (spans.start[spans.parent[i] as number] as number))
    );
    mode = chosen.mode;
    if (mode !== DurationMode.Absolute) {
      durationTable = tables.length;
      tables.push(learnTable(chosen.values, Math.min(maxBins, RELATIVE_BINS)));
    }
    // Both may be negative: a span that others follow leaves room for them.
    overshoot = quantile(
      slack.map((value) => -value),
      OVERSHOOT_QUANTILE
    );
    late = quantile(
      Float64Array.from(members, (i) => (spans.start[i] as number) - parentEnd(i)),
      OVERSHOOT_QUANTILE
    );
    early = Math.max(
      0,
      ...reduceMax(members, (i) => (spans.start[spans.parent[i] as number] as number) - (spans.start[i] as number))
    );
  }
  return {
    parent: place.parent,
    place: place.place,
    previous: place.previous,
    reference,
    mode,
    gapTable,
    durationTable,
    rankTable: -1,
    tightTable: -1,
    overshoot: Math.round(overshoot),
    early: Math.round(early),
    late: Math.round(late),
    startRoom: 0,
    endRoom: 0,
    minDuration: Math.min(...reduceMax(members, (i) => -(spans.duration[i] as number)).map((value) => -value)),
    maxDuration: Math.max(...reduceMax(members, (i) => spans.duration[i] as number)),
  };
}

/** How the durations of a site are best told: plainly, by what they leave of the parent, or as a share of what remains. */
function chooseMode(
  durations: Float64Array,
  slack: Float64Array,
  offsets: Float64Array
): { mode: DurationMode; values: Float64Array } {
  const share = slack.map((value, k) => Math.abs(value) / Math.max(1, durations[k] as number));
  const starts = learnTable(offsets);
  const blur = offsets.map((offset, k) => {
    const bin = binOf(starts, offset);
    return ((starts.edges[bin + 1] as number) - (starts.edges[bin] as number)) / Math.max(1, durations[k] as number);
  });
  const exact = quantile(blur, 0.5) < MAX_BLUR;
  if (exact && quantile(share, 0.9) < WRAPPER_SHARE) {
    return { mode: DurationMode.Slack, values: slack };
  }
  const remaining = slack.map((value, k) => value + (durations[k] as number));
  const plain = { mode: DurationMode.Absolute, values: durations };
  if (!exact || durations.length < 200 || quantile(remaining, 0) <= 0) {
    return plain;
  }
  const ratio = durations.map((duration, k) => ratioOf(duration, remaining[k] as number));
  const groups = groupsBy(Array.from(durations.keys()), remaining);
  const logScale = remaining.reduce((sum, time) => sum + Math.log(time / RATIO_ONE), 0) / remaining.length;
  const gain = entropyWithin(durations, groups) - entropyWithin(ratio, groups) - logScale;
  return gain > MODE_MARGIN ? { mode: DurationMode.Ratio, values: ratio } : plain;
}

/** The largest value, as a list of one (spreading a long list would overflow the stack). */
function reduceMax(members: readonly number[], value: (i: number) => number): number[] {
  return [members.reduce((most, i) => Math.max(most, value(i)), -Infinity)];
}
