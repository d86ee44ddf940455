/**
 * @file How long spans can last, given what is drawn of their trace so far: a span keeps within its site's bounds, and
 * within what is left of its parent as far as its site allows.
 */
import {
  binOf,
  DurationMode,
  durationTableOf,
  gapTableOf,
  GapReference,
  inTurn,
  PLAY_PART,
  RATIO_ONE,
  ROOM_ONE,
  isTold,
  settledMost,
  settledRange,
  shareBelow,
  valueIn,
  type DurationRange,
  type QuantileTable,
  type RowContext,
  type ShapeLayout,
  type TimingSite,
} from '../features';
import type { DurationRanges } from './types';

/** Spans drawn so far, in the order of the layout: start (ns from the anchor) and duration. */
export interface DrawnTimes {
  readonly start: Float64Array;
  readonly duration: Float64Array;
  readonly bin: Uint8Array;
  /** Where the trace begins in the columns. */
  readonly offset: number;
}

/** No value of the table that is drawn below `most` exceeds this. */
function highest(table: QuantileTable, most: number): number {
  const bins = table.codes.length - 1;
  if (most >= (table.edges[bins] as number)) {
    return table.edges[bins] as number;
  }
  const bin = binOf(table, most);
  return valueIn(table, bin, shareBelow(table, bin, most));
}

/** Longest duration of a span whose parent lasts at most `parent` and leaves it at most `remaining`. */
function longest(context: RowContext, site: TimingSite, parent: number, remaining: number): number {
  const table = durationTableOf(context, site);
  const last = table.edges[table.edges.length - 1] as number;
  let most: number;
  switch (site.mode) {
    case DurationMode.Slack:
      most = remaining - (table.edges[0] as number);
      break;
    case DurationMode.Ratio:
      most = (last * Math.max(0, remaining)) / RATIO_ONE;
      break;
    default: {
      // what is told by its duration; where it is told by what is left of the parent, at most that
      const room = Math.floor((Math.max(0, parent) * site.endRoom) / ROOM_ONE);
      most = highest(table, remaining + site.overshoot + room);
      const tight = context.timing.tables[site.tightTable];
      if (tight !== undefined) {
        most = Math.max(most, remaining + Math.max(0, -(tight.edges[0] as number)));
      }
    }
  }
  return Math.max(site.minDuration, Math.min(site.maxDuration, most));
}

/** Computes bounds; keeps its buffers between calls. */
export class BoundsOf {
  private high = new Float64Array(0);
  private low = new Float64Array(0);
  /** Earliest start after the parent's start. */
  private after = new Float64Array(0);
  /** How long the span is, or can be, as drawn; and how far its end may yet move to hold its children, see `SpanTable.play`. */
  private drawn = new Float64Array(0);
  private play = new Float64Array(0);
  private readonly range: DurationRange = { low: 0, high: 0 };

  constructor(private readonly context: RowContext) {}

  /**
   * Bounds of the durations of the spans `wanted` of a layout.
   * @param sites - of the layout's spans
   * @param drawn - times of the spans of waves up to `wave`; undefined: nothing is drawn
   */
  of(
    layout: ShapeLayout,
    sites: Int32Array,
    wanted: Int32Array,
    wave: number,
    drawn: DrawnTimes | undefined,
    into: DurationRanges
  ): void {
    if (this.high.length < layout.size) {
      this.high = new Float64Array(layout.size);
      this.low = new Float64Array(layout.size);
      this.after = new Float64Array(layout.size);
      this.drawn = new Float64Array(layout.size);
      this.play = new Float64Array(layout.size);
    }
    const { high, low, after } = this;
    for (let i = 0; i < layout.size; i++) {
      const parent = layout.parent[i] as number;
      if (drawn !== undefined && (layout.wave[i] as number) <= wave) {
        const at = drawn.offset + i;
        this.settled(layout, sites, i, at, drawn);
        this.drawn[i] = drawn.duration[at] as number;
        this.play[i] = this.playOf(layout, sites, i, drawn.bin[at] as number);
        continue;
      }
      const site = this.context.timing.sites[sites[i] as number] as TimingSite;
      low[i] = site.minDuration;
      if (parent < 0) {
        high[i] = this.drawn[i] = site.maxDuration;
        after[i] = 0;
        this.play[i] = this.playOf(layout, sites, i);
        continue;
      }
      const gap = gapTableOf(this.context, site)?.edges[0] ?? 0;
      const from = this.reference(layout, i, site) + gap;
      // where a start is known to its bin only, it may yet move before where it is drawn
      after[i] = this.context.timing.settling ? from : Math.max(from, -site.early);
      const end = this.endFor(layout, i, site);
      const most = longest(this.context, site, end, end - (after[i] as number));
      this.drawn[i] = most;
      high[i] = this.context.timing.settling ? this.moved(layout, i, site, most) : most;
      this.play[i] = this.playOf(layout, sites, i);
    }
    wanted.forEach((i, k) => {
      into.least[k] = low[i] as number;
      into.most[k] = high[i] as number;
    });
  }

  /** How far its end may move to hold its children: its own, or as its parent's where it keeps to that. @param bin - where it is drawn */
  private playOf(layout: ShapeLayout, sites: Int32Array, i: number, bin?: number): number {
    const { timing } = this.context;
    const site = timing.sites[sites[i] as number] as TimingSite;
    const parent = layout.parent[i] as number;
    const above = parent < 0 ? 0 : (this.play[parent] as number);
    const own = Math.floor(PLAY_PART * Math.max(0, this.drawn[i] as number));
    if (!timing.settling) {
      return 0;
    }
    if (bin === undefined) {
      return site.mode === DurationMode.Slack ? above : Math.max(above, own);
    }
    return isTold(timing, site, bin) ? above : own;
  }

  /** Where the parent ends at the latest when span i is drawn, from its start. */
  private endFor(layout: ShapeLayout, i: number, { reference }: TimingSite): number {
    const parent = layout.parent[i] as number;
    const settled = this.high[parent] as number;
    return inTurn(layout, i, reference)
      ? Math.max(settled, (this.drawn[parent] as number) + (this.play[parent] as number))
      : settled;
  }

  /** How long a span can be once it is settled that was drawn with at most `most`. */
  private moved(layout: ShapeLayout, i: number, site: TimingSite, most: number): number {
    const inner = layout.leaf[i] === 0 ? settledMost(site, most) : most;
    if (site.mode !== DurationMode.Slack && site.mode !== DurationMode.SlackOrDuration) {
      return inner;
    }
    // what is told by what it leaves of its parent moves as that does, also from the least that a span can last
    const parent = layout.parent[i] as number;
    const moves = (this.high[parent] as number) - (this.low[parent] as number);
    return Math.max(inner, Math.min(site.maxDuration, site.minDuration + moves));
  }

  /** Earliest time after the parent's start from which the gap of span i is measured. */
  private reference(layout: ShapeLayout, i: number, site: TimingSite): number {
    const previous = layout.previous[i] as number;
    if (previous < 0 || site.reference === GapReference.ParentStart) {
      return 0;
    }
    const before = this.after[previous] as number;
    return site.reference === GapReference.PreviousStart ? before : before + (this.low[previous] as number);
  }

  /** Bounds of a span that is drawn: where settling may leave it. */
  private settled(layout: ShapeLayout, sites: Int32Array, i: number, at: number, drawn: DrawnTimes): void {
    const { high, low, after, range, context } = this;
    const parent = layout.parent[i] as number;
    const duration = drawn.duration[at] as number;
    const above = drawn.offset + parent;
    high[i] = low[i] = duration;
    after[i] = parent < 0 ? 0 : (drawn.start[at] as number) - (drawn.start[above] as number);
    if (!context.timing.settling) {
      return;
    }
    const site = context.timing.sites[sites[i] as number] as TimingSite;
    const over = parent < 0 ? 0 : (drawn.duration[above] as number);
    const moves = {
      low: parent < 0 ? 0 : (low[parent] as number) - over,
      high: parent < 0 ? 0 : (high[parent] as number) - over,
    };
    if (layout.leaf[i] === 0 || isTold(context.timing, site, drawn.bin[at] as number)) {
      settledRange(context, site, drawn.bin[at] as number, duration, moves, range);
      low[i] = range.low;
      high[i] = range.high;
    }
    const previous = layout.previous[i] as number;
    if (previous >= 0 && site.reference !== GapReference.ParentStart) {
      // siblings before may yet move, and it with them
      const from = drawn.offset + previous;
      const moved = (after[previous] as number) - ((drawn.start[from] as number) - (drawn.start[above] as number));
      const shorter =
        site.reference === GapReference.PreviousStart
          ? 0
          : (low[previous] as number) - (drawn.duration[from] as number);
      after[i] = (after[i] as number) + moved + shorter;
    }
  }
}
