/** @file Learns the timing sites of a batch: which places are sites, what their gaps and durations are measured from. */
import { OUTSIDE } from './layout';
import { binOf, entropyOf, type QuantileTable } from './quantiser';
import { learnTable } from './quantiser-learn';
import type { SpanTable } from './span-table';
import {
  ANY,
  DurationMode,
  GapReference,
  inTurn,
  isTight,
  referenceTime,
  remainingTime,
  SiteIndex,
  startBlurs,
  type TimingModel,
  type TimingSite,
} from './timing';

/** Spans that a place needs to be a site of its own; with fewer, its parent-and-operation, then its operation serves. */
const MIN_TRIPLE = 150;
const MIN_PAIR = 40;
/** Spans are told by what they leave of the parent where no more of them than this are not wrapped tightly. */
const MOST_LOOSE = 0.25;
/** Spans in the bin of the remaining time, as a share and at least, for which a table of slacks is worth its bytes. */
const TIGHT_SHARE = 0.1;
const TIGHT_MEMBERS = 60;
const TIGHT_BINS = 16;
/** The last span of its parent ends with it where it leaves at most this share of the parent. */
const REST_PART = 0.1;
/**
 * Bins of gaps, and of durations that are told relative to the parent: both are short beside the durations around them, so
 * the bytes of finer tables are worth more in the network.
 */
const GAP_BINS = 24;
const RELATIVE_BINS = 32;
/** Bins of a table that is used for ranks only. */
const RANK_ONLY_BINS = 32;
/** Bins of the durations of spans that are wrapped tightly as a rule but are not; their share and number to be worth it. */
const LOOSE_BINS = 24;
const LOOSE_SHARE = 0.002;
const LOOSE_SPANS = 10;
const OVERSHOOT_QUANTILE = 0.999;
const OUTLASTING_QUANTILE = 0.99;

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

/** Learns sites and their tables from the spans of a batch. @param foreseeing - whether the network is to see what is yet to come */
export function learnTiming(spans: SpanTable, placeCount: number, maxBins: number, foreseeing: boolean): TimingModel {
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
  const gaps = members.map((list) => learnGap(spans, list, tables, maxBins));
  const siteOf = new Int32Array(spans.size);
  members.forEach((list, s) => list.forEach((i) => (siteOf[i] = s)));
  const blurs = startBlurs(spans, (i) => {
    const { reference, gapTable } = gaps[siteOf[i] as number] as LearntGap;
    return { reference, table: tables[gapTable] };
  });
  const sites = places.map((place, s): TimingSite => {
    return learnSite(spans, place, members[s] as number[], gaps[s] as LearntGap, blurs, tables, maxBins);
  });
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
    const ranked = { rankTable: ranks };
    return site.mode === DurationMode.Absolute
      ? {
          ...site,
          ...ranked,
          durationTable: ranks,
          tightTable: learnTight(spans, members[s] as number[], site.reference, tables, ranks),
        }
      : { ...site, ...ranked };
  });
  return {
    sites: finished,
    tables,
    reserving: true,
    settling: true,
    holding: true,
    even: true,
    foreseeing,
    pacing: false,
  };
}

/** Learns what tight children leave of their parent; −1 where there are few. */
function learnTight(
  spans: SpanTable,
  members: readonly number[],
  reference: GapReference,
  tables: QuantileTable[],
  durationTable: number
): number {
  const table = tables[durationTable] as QuantileTable;
  const slack: number[] = [];
  for (const i of members) {
    const remaining = remainingTime(spans, i);
    const duration = spans.duration[i] as number;
    if (remaining === Infinity) {
      continue;
    }
    const whole = spans.duration[spans.parent[i] as number] as number;
    const last = spans.siblingsLeft[i] === 0 && inTurn(spans, i, reference);
    const ends = last && Math.abs(remaining - duration) <= REST_PART * whole;
    if (ends || (duration <= remaining && binOf(table, duration) === binOf(table, remaining))) {
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

/** What the starts of a site's spans are measured from. */
interface LearntGap {
  readonly reference: GapReference;
  readonly gapTable: number;
}

function learnGap(spans: SpanTable, members: readonly number[], tables: QuantileTable[], maxBins: number): LearntGap {
  if (members.every((i) => spans.first[i] === i)) {
    return { reference: GapReference.ParentStart, gapTable: -1 };
  }
  const durationOf = (list: Int32Array) => Float64Array.from(members, (i) => spans.duration[list[i] as number] ?? 0);
  const groupings = [groupsBy(members, durationOf(spans.parent)), groupsBy(members, durationOf(spans.previous))];
  const candidates = members.some((i) => (spans.previous[i] as number) >= 0)
    ? [GapReference.PreviousStart, GapReference.LatestEnd, GapReference.PreviousEnd, GapReference.ParentStart]
    : [GapReference.ParentStart];
  let best = { reference: GapReference.ParentStart, gaps: new Float64Array(0), entropy: Infinity };
  for (const reference of candidates) {
    const gaps = Float64Array.from(members, (i) => (spans.start[i] as number) - referenceTime(spans, i, reference));
    const entropy = candidates.length === 1 ? 0 : Math.min(...groupings.map((groups) => entropyWithin(gaps, groups)));
    if (entropy < best.entropy - 1e-6) {
      best = { reference, gaps, entropy };
    }
  }
  const gapTable = tables.push(learnTable(best.gaps, Math.min(maxBins, GAP_BINS))) - 1;
  return { reference: best.reference, gapTable };
}

function learnSite(
  spans: SpanTable,
  place: Place,
  members: readonly number[],
  { reference, gapTable }: LearntGap,
  blurs: Float64Array,
  tables: QuantileTable[],
  maxBins: number
): TimingSite {
  const durations = Float64Array.from(members, (i) => spans.duration[i] as number);
  let mode = DurationMode.Absolute;
  let durationTable = -1;
  let tightTable = -1;
  let looseShare = 0;
  let overshoot = 0;
  let early = 0;
  let late = 0;
  if (members.length > 0 && members.every((i) => (spans.parent[i] as number) >= 0)) {
    const parentEnd = (i: number): number => {
      const parent = spans.parent[i] as number;
      return (spans.start[parent] as number) + (spans.duration[parent] as number);
    };
    const slack = Float64Array.from(
      members,
      (i) => parentEnd(i) - (spans.start[i] as number) - (spans.duration[i] as number)
    );
    const blur = Float64Array.from(members, (i) => blurs[i] as number);
    mode = chooseMode(durations, slack, blur);
    if (mode === DurationMode.SlackOrDuration) {
      const isLoose = (k: number): boolean => !isTight(durations[k] as number, slack[k] as number, blur[k] as number);
      const loose = durations.filter((_, k) => isLoose(k));
      const tight = slack.filter((_, k) => !isLoose(k));
      looseShare = Math.max(1, Math.round((255 * loose.length) / durations.length));
      tightTable = tables.push(learnTable(tight, Math.min(maxBins, RELATIVE_BINS))) - 1;
      durationTable = tables.push(learnTable(loose, Math.min(maxBins, LOOSE_BINS))) - 1;
    } else if (mode !== DurationMode.Absolute) {
      durationTable = tables.push(learnTable(slack, Math.min(maxBins, RELATIVE_BINS))) - 1;
    }
    // Both may be negative: a span that others follow leaves room for them.
    const beyond = slack.map((value) => -value);
    overshoot = quantile(beyond, OVERSHOOT_QUANTILE);
    if (overshoot > 0) {
      // a few that are late by far say nothing of the others
      overshoot = Math.max(0, quantile(beyond, OUTLASTING_QUANTILE));
    }
    late = quantile(
      Float64Array.from(members, (i) => (spans.start[i] as number) - parentEnd(i)),
      OVERSHOOT_QUANTILE
    );
    early = members.reduce(
      (most, i) => Math.max(most, (spans.start[spans.parent[i] as number] as number) - (spans.start[i] as number)),
      0
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
    tightTable,
    looseShare,
    overshoot: Math.round(overshoot),
    early: Math.round(early),
    late: Math.round(late),
    startRoom: 0,
    endRoom: 0,
    minDuration: durations.reduce((least, duration) => Math.min(least, duration), Infinity),
    maxDuration: durations.reduce((most, duration) => Math.max(most, duration), -Infinity),
  };
}

/** How the durations of a site are best told: plainly, or by what they leave of the parent. */
function chooseMode(durations: Float64Array, slack: Float64Array, blur: Float64Array): DurationMode {
  const loose = durations.filter((duration, k) => !isTight(duration, slack[k] as number, blur[k] as number)).length;
  if (loose > MOST_LOOSE * durations.length) {
    return DurationMode.Absolute;
  }
  const told = loose >= LOOSE_SPANS && loose >= LOOSE_SHARE * durations.length;
  return told ? DurationMode.SlackOrDuration : DurationMode.Slack;
}
