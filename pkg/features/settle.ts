/**
 * @file Settles durations from the leaves up. Times are drawn from the first span down, each as a bin: what a parent's
 * children add up to then misses its end by what bins are wide, and that falls to the time the parent spends by itself,
 * which is often shorter still. Here a parent ends when its last child has ended and what that leaves of it is over, if
 * that is near enough to what was drawn; siblings move along. How far durations can move is known before, see
 * {@link settledRange}, so what is known of a trace of which a part is drawn holds for the whole trace.
 */
import type { QuantileTable } from './quantiser';
import { durationTableOf, gapTableOf, type RowContext } from './rows';
import type { SpanTable } from './span-table';
import { DurationMode, GapReference, inTurn, isTold, referenceTime, slackBinsOf, type TimingSite } from './timing';

/** A duration may move by so many bins of its table, and by so much of itself. */
const BINS = 4;
const PART = 0.3;

/** Where a duration may lie, ns. */
export interface DurationRange {
  low: number;
  high: number;
}

/**
 * Where the duration of a span with children may lie once it is settled.
 * @param drawn - its duration as drawn, from `bin`
 * @param moves - how far its parent may become shorter (`low`, at most 0) and longer (`high`)
 */
export function settledRange(
  context: RowContext,
  site: TimingSite,
  bin: number,
  drawn: number,
  moves: Readonly<DurationRange>,
  into: DurationRange
): void {
  into.low = into.high = drawn;
  if (isTold(context.timing, site, bin)) {
    // what it leaves of its parent is what was drawn: it moves as its parent does
    into.low += moves.low;
    into.high += moves.high;
  } else if (site.mode !== DurationMode.Ratio) {
    const { edges } = durationTableOf(context, site);
    const at = bin - slackBinsOf(context.timing, site);
    const most = Math.floor(PART * Math.max(0, drawn));
    into.low = Math.max(drawn - most, edges[Math.max(0, at - BINS)] as number);
    into.high = Math.min(drawn + most, edges[Math.min(edges.length - 1, at + 1 + BINS)] as number);
  }
  into.low = Math.min(drawn, Math.max(site.minDuration, into.low));
  into.high = Math.max(drawn, Math.min(site.maxDuration, into.high));
}

/** The longest that a span with children can be that was drawn with at most `most`. */
export function settledMost(site: TimingSite, most: number): number {
  return Math.min(Math.max(site.maxDuration, most), most + Math.floor(PART * Math.max(0, most)));
}

/** Moves the ends of spans, and what follows them, in place. */
class Settler {
  private readonly firstChild: Int32Array;
  private readonly next: Int32Array;
  /** As drawn: from what it is measured from to the start of each span, and from its end to its parent's. */
  private readonly gap: Float64Array;
  private readonly slack: Float64Array;
  private readonly low: Float64Array;
  private readonly high: Float64Array;
  /** From the parent's start to each span's, as settled. */
  private readonly after: Float64Array;
  /** 1 for spans that end as their parent does, less what was drawn: nothing inside them or after them says when. */
  private readonly follows: Uint8Array;

  constructor(
    private readonly context: RowContext,
    private readonly spans: SpanTable,
    private readonly restOf: (i: number, table: QuantileTable) => number
  ) {
    const { size } = spans;
    this.firstChild = new Int32Array(size).fill(-1);
    this.next = new Int32Array(size).fill(-1);
    this.gap = new Float64Array(size);
    this.slack = new Float64Array(size);
    this.low = new Float64Array(size);
    this.high = new Float64Array(size);
    this.after = new Float64Array(size);
    this.follows = new Uint8Array(size);
  }

  run(): void {
    const { spans, after, follows, low, high, slack } = this;
    const { size, parent, start, duration } = spans;
    this.takeStock();
    // a span's descendants come after it
    for (let p = size - 1; p >= 0; p--) {
      this.settle(p);
    }
    for (let i = 0; i < size; i++) {
      const p = parent[i] as number;
      if (p >= 0) {
        start[i] = (start[p] as number) + (after[i] as number);
        if (follows[i] === 1) {
          const left = (duration[p] as number) - (after[i] as number) - (slack[i] as number);
          duration[i] = Math.max(low[i] as number, Math.min(high[i] as number, left));
        }
      }
    }
  }

  private siteOf(i: number): TimingSite {
    return this.context.timing.sites[this.spans.site[i] as number] as TimingSite;
  }

  private isTold(i: number): boolean {
    return isTold(this.context.timing, this.siteOf(i), this.spans.durationBin[i] as number);
  }

  private takeStock(): void {
    const { context, spans, low, high } = this;
    const { parent, previous, start, duration } = spans;
    const range = { low: 0, high: 0 };
    const moves = { low: 0, high: 0 };
    for (let i = 0; i < spans.size; i++) {
      const site = this.siteOf(i);
      const p = parent[i] as number;
      const before = previous[i] as number;
      if (before >= 0) {
        this.next[before] = i;
      } else if (p >= 0) {
        this.firstChild[p] = i;
      }
      const begin = start[i] as number;
      const drawn = duration[i] as number;
      this.gap[i] = gapTableOf(context, site) === undefined ? 0 : begin - referenceTime(spans, i, site.reference);
      const above = p < 0 ? 0 : (duration[p] as number);
      this.slack[i] = p < 0 ? 0 : (start[p] as number) + above - begin - drawn;
      moves.low = p < 0 ? 0 : (low[p] as number) - above;
      moves.high = p < 0 ? 0 : (high[p] as number) - above;
      settledRange(context, site, spans.durationBin[i] as number, drawn, moves, range);
      low[i] = range.low;
      high[i] = range.high;
    }
  }

  /** Places the children of span p, whose durations are settled, and settles its own. */
  private settle(p: number): void {
    const { after, follows, next } = this;
    const { duration, previous } = this.spans;
    let latest = -Infinity;
    let latestSpan = -1;
    let end = -Infinity;
    let last = -1;
    for (let c = this.firstChild[p] as number; c >= 0; c = next[c] as number) {
      const before = previous[c] as number;
      after[c] = (before < 0 ? 0 : this.reference(this.siteOf(c).reference, before, latest)) + (this.gap[c] as number);
      const ends = (after[c] as number) + (duration[c] as number);
      if (ends > latest) {
        latest = ends;
        latestSpan = c;
      }
      if (follows[c] === 0 && ends > end) {
        end = ends;
        last = c;
      }
    }
    const rest = last < 0 ? undefined : this.restAfter(last);
    const wanted = end + (rest ?? 0);
    if (rest !== undefined && wanted >= (this.low[p] as number) && wanted <= (this.high[p] as number)) {
      duration[p] = wanted;
    } else if (this.isTold(p)) {
      follows[p] = this.isFree(p) ? 1 : 0;
    } else if (latest > (duration[p] as number)) {
      // siblings that moved must not push it further out of its parent than spans of its place reach
      const needed = latest - Math.max(0, this.siteOf(latestSpan).overshoot);
      duration[p] = Math.max(duration[p] as number, Math.min(this.high[p] as number, needed));
    }
  }

  /** Start of what the gap after sibling `before` is measured from, from the parent's start. */
  private reference(reference: GapReference, before: number, latest: number): number {
    switch (reference) {
      case GapReference.ParentStart:
        return 0;
      case GapReference.PreviousStart:
        return this.after[before] as number;
      case GapReference.PreviousEnd:
        return (this.after[before] as number) + (this.spans.duration[before] as number);
      default:
        return latest;
    }
  }

  /** Whether no sibling's start is measured from the end of span i. */
  private isFree(i: number): boolean {
    const then = this.next[i] as number;
    const reference = then < 0 ? GapReference.ParentStart : this.siteOf(then).reference;
    return reference === GapReference.ParentStart || reference === GapReference.PreviousStart;
  }

  /** What the child that ends last leaves of its parent; undefined where nothing is known of it. */
  private restAfter(c: number): number | undefined {
    if (this.isTold(c)) {
      return this.slack[c];
    }
    const site = this.siteOf(c);
    const known = site.mode === DurationMode.Absolute && inTurn(this.spans, c, site.reference);
    const table = known ? this.context.timing.tables[site.tightTable] : undefined;
    return table === undefined ? undefined : this.restOf(c, table);
  }
}

/**
 * Settles whole traces whose times are drawn.
 * @param restOf - what span i leaves of its parent when it ends last, ns, drawn from this table
 */
export function settleEnds(
  context: RowContext,
  spans: SpanTable,
  restOf: (i: number, table: QuantileTable) => number
): void {
  new Settler(context, spans, restOf).run();
}
