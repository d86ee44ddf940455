/**
 * @file From bins to times: the start and duration of a span from the bins of its fields and positions inside them.
 * Generation uses it with bins it draws; training with the measured bins, so that the network learns from times that
 * are as blurred by binning as those it will see.
 */
import { binOf, binsOf, positionOf, shareBelow, valueAt, valueIn, type QuantileTable } from './quantiser';
import { durationTableOf, gapTableOf, parentEnd, settleDuration, settleGap, startPlay, type RowContext } from './rows';
import type { SpanTable } from './span-table';
import {
  DurationMode,
  inTurn,
  MAX_ROOM,
  RATIO_ONE,
  ROOM_ONE,
  referenceTime,
  remainingTime,
  slackBinsOf,
  TIGHT_PART,
  type TimingSite,
} from './timing';

/** The last bin that can be drawn, and the part of it that can be used. */
export interface BinLimit {
  bin: number;
  share: number;
  /** Bins before `first`, and from `low` up to, but not with, `held` cannot be drawn. */
  first: number;
  low: number;
  held: number;
  /** The part of bin `held` that cannot be drawn either: there a span would be too short for its children. */
  from: number;
}

/** Nothing is limited before the first limit is set. */
export function newBinLimit(): BinLimit {
  return { bin: 0, share: 1, first: 0, low: 0, held: 0, from: 0 };
}

function limitAt(table: QuantileTable, value: number, limit: BinLimit): void {
  const bins = table.codes.length - 1;
  if (value >= (table.edges[bins] as number)) {
    limit.bin = bins - 1;
    limit.share = 1;
  } else {
    limit.bin = binOf(table, value);
    limit.share = shareBelow(table, limit.bin, value);
  }
  limit.first = limit.low = limit.held = limit.from = 0;
}

/** Room in ns that a site gives beyond the parent's end, and that the parent's end has where the span alone reaches it. */
function room(spans: SpanTable, i: number, site: TimingSite, share: number): number {
  const parent = spans.parent[i] as number;
  if (parent < 0) {
    return 0;
  }
  const given = Math.floor((Math.max(0, spans.duration[parent] as number) * share) / ROOM_ONE);
  return given + (inTurn(spans, i, site.reference) ? (spans.play[parent] as number) : 0);
}

/** What lies beyond the parent's end, or before it where later siblings need time and the site never reaches beyond. */
function leaving(spans: SpanTable, i: number, beyond: number): number {
  return beyond > 0 ? beyond : Math.min(beyond, -(spans.laterNeed[i] as number));
}

/** How far the gap of span i may reach. */
export function gapLimit(spans: SpanTable, i: number, site: TimingSite, table: QuantileTable, limit: BinLimit): void {
  // of many that run at once the latest would always be too late
  const need = inTurn(spans, i, site.reference) ? (spans.innerNeed[i] as number) : 0;
  const late = need > 0 ? Math.min(site.late, site.overshoot - need) : site.late;
  const latest = parentEnd(spans, i) + leaving(spans, i, late) + room(spans, i, site, site.startRoom);
  limitAt(table, latest - referenceTime(spans, i, site.reference), limit);
}

/** How far the duration field of span i may reach; its start is known. */
export function durationLimit(
  context: RowContext,
  spans: SpanTable,
  i: number,
  site: TimingSite,
  limit: BinLimit
): void {
  const table = durationTableOf(context, site);
  const remaining = remainingTime(spans, i);
  const beyond = leaving(spans, i, site.overshoot) + room(spans, i, site, site.endRoom);
  let most = remaining + beyond + startPlay(context, spans, i, site);
  if (remaining < Infinity && site.mode === DurationMode.Slack) {
    most = remaining - Math.max(site.minDuration, spans.innerNeed[i] as number);
  } else if (remaining < Infinity && site.mode === DurationMode.Ratio) {
    most = remaining > 0 ? (1 + beyond / remaining) * RATIO_ONE : 0;
  }
  limitAt(table, most, limit);
  const slackBins = slackBinsOf(context.timing, site);
  if (slackBins > 0) {
    limit.bin += slackBins;
    if (limit.share === 0) {
      limit.bin--;
      limit.share = 1;
    }
  }
  if (site.mode !== DurationMode.Slack && site.mode !== DurationMode.Ratio) {
    const need = spans.innerNeed[i] as number;
    limit.low = slackBins;
    if (slackBins > 0 && context.timing.holding) {
      limitSlack(context.timing.tables[site.tightTable] as QuantileTable, remaining, need, limit);
    }
    limitBelow(table, need, slackBins, limit);
  }
}

/** Keeps what a span leaves of its parent to what spans that are wrapped tightly leave, see {@link isTight}. */
function limitSlack(slacks: QuantileTable, remaining: number, need: number, limit: BinLimit): void {
  const time = Math.max(0, remaining);
  const most = Math.min((time * TIGHT_PART) / (1 + TIGHT_PART), remaining - need);
  limit.low = binOf(slacks, most) + 1;
  limit.first = Math.min(limit.low - 1, binOf(slacks, (-time * TIGHT_PART) / (1 - TIGHT_PART)));
}

/** Keeps a span long enough for what its children need, as far as it may last. @param before - bins before those of the table */
export function limitBelow(table: QuantileTable, need: number, before: number, limit: BinLimit): void {
  const bin = need > 0 ? before + binOf(table, need) : before;
  limit.held = Math.min(limit.bin, bin);
  limit.from = need > 0 && limit.held === bin ? Math.min(1 - 2 ** -20, shareBelow(table, bin - before, need)) : 0;
}

/** A position that can be drawn in a bin. @param u - a uniform number */
export function positionWithin(limit: BinLimit, bin: number, u: number): number {
  const most = bin === limit.bin ? limit.share : 1;
  const least = bin === limit.held && limit.from < most ? limit.from : 0;
  return least + u * (most - least);
}

/** Moves the start of a span so that it ends within its parent, as far as its bin allows. */
function settleStart(context: RowContext, spans: SpanTable, i: number, site: TimingSite): void {
  const beyond = leaving(spans, i, site.overshoot) + room(spans, i, site, site.endRoom);
  const over = (spans.start[i] as number) + (spans.duration[i] as number) - parentEnd(spans, i) - beyond;
  if (over > 0) {
    spans.start[i] = (spans.start[i] as number) - Math.min(over, Math.floor(startPlay(context, spans, i, site)));
  }
}

/** Sets the start of span i from its gap. */
export function placeGap(context: RowContext, spans: SpanTable, i: number, bin: number, share: number): void {
  const site = context.timing.sites[spans.site[i] as number] as TimingSite;
  const gap = valueIn(gapTableOf(context, site) as QuantileTable, bin, share);
  const parent = spans.parent[i] as number;
  let start = referenceTime(spans, i, site.reference) + gap;
  if (parent >= 0) {
    start = Math.max(start, (spans.start[parent] as number) - site.early);
  }
  spans.start[i] = start;
  settleGap(context, spans, i, bin, gap);
}

/** Sets the duration of span i; its start is known. @param unit - what durations are whole multiples of */
export function placeDuration(
  context: RowContext,
  spans: SpanTable,
  i: number,
  bin: number,
  share: number,
  unit: number
): void {
  const site = context.timing.sites[spans.site[i] as number] as TimingSite;
  const table = durationTableOf(context, site);
  const remaining = remainingTime(spans, i);
  let duration: number;
  if (site.mode === DurationMode.SlackOrDuration) {
    const slacks = context.timing.tables[site.tightTable] as QuantileTable;
    const bins = binsOf(slacks);
    duration = bin < bins ? remaining - valueIn(slacks, bin, share) : valueIn(table, bin - bins, share);
  } else if (remaining === Infinity || site.mode === DurationMode.Absolute) {
    duration = valueIn(table, bin, share);
    const tight = context.timing.tables[site.tightTable];
    if (tight !== undefined && remaining < Infinity && bin === binOf(table, remaining)) {
      // the bin that ends with the parent: what is left to the parent's end says where in it
      const before = remaining - (table.edges[bin] as number);
      duration = remaining - Math.min(before, valueAt(tight, share * positionOf(tight, before)));
    }
  } else if (site.mode === DurationMode.Slack) {
    duration = remaining - valueIn(table, bin, share);
  } else {
    duration = Math.floor((valueIn(table, bin, share) * Math.max(0, remaining)) / RATIO_ONE);
    duration -= duration % unit;
  }
  spans.duration[i] = Math.max(site.minDuration, Math.min(site.maxDuration, duration));
  if (remaining < Infinity && context.timing.settling) {
    settleStart(context, spans, i, site);
  }
  settleDuration(context, spans, i, bin);
}

/**
 * Replaces measured times by what generation would make of their bins, with positions inside bins drawn anew. Bins stay
 * what they were.
 
 * @param random - the next number in [0, 1)
 * @param limited - keep positions within the limits that generation keeps
 */
export function blurTimes(
  context: RowContext,
  spans: SpanTable,
  unit: number,
  random: () => number,
  limited = true
): void {
  const limit = newBinLimit();
  const within = (bin: number): number =>
    !limited ? random() : bin <= limit.bin ? positionWithin(limit, bin, random()) : 0;
  for (let i = 0; i < spans.size; i++) {
    const site = context.timing.sites[spans.site[i] as number] as TimingSite;
    const gapTable = gapTableOf(context, site);
    if (gapTable !== undefined) {
      gapLimit(spans, i, site, gapTable, limit);
      const bin = spans.gapBin[i] as number;
      placeGap(context, spans, i, bin, within(bin));
    }
    durationLimit(context, spans, i, site, limit);
    const bin = spans.durationBin[i] as number;
    placeDuration(context, spans, i, bin, within(bin), unit);
  }
}

/** Share of spans that the room of a site is meant to hold. */
const ROOM_QUANTILE = 0.9;
/**
 * Room is given where blur is at least this share of what spans last: there a cut would take most of them away. Elsewhere
 * it takes little, and spans that end with their parent matter more.
 */
const ROOM_SHARE = 0.5;
/** Fewer spans say nothing about blur. */
const ROOM_MEMBERS = 20;

/**
 * Sites with the room that blur asks for: how far ends lie beyond where they may, once times are those of bins. The table
 * is left blurred.
 */
export function withRoom(context: RowContext, spans: SpanTable, unit: number, random: () => number): TimingSite[] {
  blurTimes(context, spans, unit, random, false);
  const { sites } = context.timing;
  const ends: number[][] = sites.map(() => []);
  const shares: number[][] = sites.map(() => []);
  for (let i = 0; i < spans.size; i++) {
    const parent = spans.parent[i] as number;
    if (parent >= 0) {
      const s = spans.site[i] as number;
      const scale = ROOM_ONE / Math.max(1, spans.duration[parent] as number);
      const end = (spans.start[i] as number) + (spans.duration[i] as number) - parentEnd(spans, i);
      ends[s]?.push((end - (sites[s] as TimingSite).overshoot) * scale);
      shares[s]?.push((spans.duration[i] as number) * scale);
    }
  }
  const at = (list: number[], q: number): number => list.sort((a, b) => a - b)[Math.floor(q * list.length)] ?? 0;
  return sites.map((site, s) => {
    const over = at(ends[s] as number[], ROOM_QUANTILE);
    const needed =
      (ends[s] as number[]).length >= ROOM_MEMBERS && over > 0 && over >= ROOM_SHARE * at(shares[s] as number[], 0.5);
    return { ...site, endRoom: needed ? Math.min(MAX_ROOM, Math.ceil(over)) : 0 };
  });
}
