/**
 * @file Spans of many traces side by side, column by column: what rows are made from. In training the columns hold
 * a whole batch and measured times; in generation they hold some traces, and times as they are drawn.
 */
import type { ShapeLayout } from './layout';
import type { TimeNeeds } from './needs';
import { PHASES } from './pace';

/** Columns; index = span, traces one after the other, each in the order of its shape. Times in ns from the anchor's start. */
export interface SpanTable {
  readonly traces: number;
  readonly size: number;
  /** First span of each trace; length traces + 1. */
  readonly offset: Int32Array;
  readonly traceOf: Int32Array;
  /** First span of the span's trace. */
  readonly first: Int32Array;
  readonly operation: Int32Array;
  readonly status: Uint8Array;
  readonly place: Int32Array;
  readonly parentPlace: Int32Array;
  readonly grandPlace: Int32Array;
  readonly previousPlace: Int32Array;
  readonly rootPlace: Int32Array;
  /** Indices into this table; −1 where there is none. */
  readonly parent: Int32Array;
  readonly previous: Int32Array;
  readonly sibling: Int32Array;
  readonly siblingsLeft: Int32Array;
  readonly wave: Int32Array;
  /** 1 for spans without children. */
  readonly leaf: Uint8Array;
  readonly site: Int32Array;
  /** Time in ns that later siblings need at least; 0 in models that know nothing of it. */
  readonly laterNeed: Float64Array;
  /** Time in ns that the children need at least, from the span's start to its end. */
  readonly innerNeed: Float64Array;
  /** What its children usually take: see {@link TimeNeeds}. */
  readonly usual: Uint8Array;
  readonly usualLater: Uint8Array;
  readonly start: Float64Array;
  readonly duration: Float64Array;
  /** Latest end of the span and its siblings before. */
  readonly latestEnd: Float64Array;
  /** How far the end of a span may yet move to hold its children, ns: see `settleEnds`. */
  readonly play: Float64Array;
  /** Time buckets from the first span's start to the span's: the counts of a model know them, see {@link TraceCounts}. */
  readonly shift: Float64Array;
  readonly gapBin: Uint8Array;
  readonly gapLevel: Uint8Array;
  readonly durationBin: Uint8Array;
  readonly durationLevel: Uint8Array;
  /** How slow what came before the span was: a running mean of duration levels along siblings and ancestors. */
  readonly slowness: Uint8Array;
  /** See `SpanInstances`. */
  readonly instance: Uint8Array;
  /** Class of the span's first attribute field plus 1; 0 = none yet. */
  readonly mainClass: Uint8Array;
  /** Class of the attribute field drawn last, plus 1. */
  readonly lastClass: Uint8Array;
  /** Per trace. */
  readonly shape: Int32Array;
  readonly segment: Int32Array;
  /** Time tick, finer than the segment. */
  readonly tick: Int32Array;
  /** How slow it is in each of PHASES phases, from 1 on; 0 = nothing known. See `pacesOf`. */
  readonly pace: Uint8Array;
  /** Most time buckets from the first span's start to another's. */
  readonly reach: Float64Array;
}

/**
 * Lays traces side by side. Times are left at 0.
 * @param shapes - the shape of each trace; `segments` the time segment of each
 * @param sites - the timing site of each node of each shape, where known; `needs` the time that each needs around it
 */
export function spanTable(
  layouts: readonly ShapeLayout[],
  shapes: ArrayLike<number>,
  segments: ArrayLike<number>,
  sites?: readonly Int32Array[],
  needs?: readonly TimeNeeds[]
): SpanTable {
  const traces = shapes.length;
  const offset = new Int32Array(traces + 1);
  for (let t = 0; t < traces; t++) {
    offset[t + 1] = (offset[t] as number) + (layouts[shapes[t] as number] as ShapeLayout).size;
  }
  const size = offset[traces] as number;
  const int32 = (): Int32Array => new Int32Array(size);
  const bytes = (): Uint8Array => new Uint8Array(size);
  const table: SpanTable = {
    traces,
    size,
    offset,
    traceOf: int32(),
    first: int32(),
    operation: int32(),
    status: bytes(),
    place: int32(),
    parentPlace: int32(),
    grandPlace: int32(),
    previousPlace: int32(),
    rootPlace: int32(),
    parent: int32(),
    previous: int32(),
    sibling: int32(),
    siblingsLeft: int32(),
    wave: int32(),
    leaf: bytes(),
    site: int32(),
    laterNeed: new Float64Array(size),
    innerNeed: new Float64Array(size),
    usual: bytes(),
    usualLater: bytes(),
    start: new Float64Array(size),
    duration: new Float64Array(size),
    latestEnd: new Float64Array(size),
    play: new Float64Array(size),
    shift: new Float64Array(size),
    gapBin: bytes(),
    gapLevel: bytes(),
    durationBin: bytes(),
    durationLevel: bytes(),
    slowness: bytes(),
    instance: bytes(),
    mainClass: bytes(),
    lastClass: bytes(),
    shape: Int32Array.from(shapes),
    segment: Int32Array.from(segments),
    tick: new Int32Array(traces),
    pace: new Uint8Array(traces * PHASES),
    reach: new Float64Array(traces),
  };
  for (let t = 0; t < traces; t++) {
    const shape = shapes[t] as number;
    const layout = layouts[shape] as ShapeLayout;
    const from = offset[t] as number;
    const to = offset[t + 1] as number;
    table.traceOf.fill(t, from, to);
    table.first.fill(from, from, to);
    table.place.set(layout.place, from);
    table.rootPlace.fill(layout.rootPlace, from, to);
    table.operation.set(layout.operation, from);
    table.status.set(layout.status, from);
    table.parentPlace.set(layout.parentPlace, from);
    table.grandPlace.set(layout.grandPlace, from);
    table.previousPlace.set(layout.previousPlace, from);
    table.sibling.set(layout.sibling, from);
    table.siblingsLeft.set(layout.siblingsLeft, from);
    table.wave.set(layout.wave, from);
    table.leaf.set(layout.leaf, from);
    if (sites !== undefined) {
      table.site.set(sites[shape] as Int32Array, from);
    }
    const need = needs?.[shape];
    if (need !== undefined) {
      table.laterNeed.set(need.later, from);
      table.innerNeed.set(need.inside, from);
      table.usual.set(need.usual, from);
      table.usualLater.set(need.usualLater, from);
    }
    for (let i = 0; i < layout.size; i++) {
      const parent = layout.parent[i] as number;
      const previous = layout.previous[i] as number;
      table.parent[from + i] = parent >= 0 ? from + parent : -1;
      table.previous[from + i] = previous >= 0 ? from + previous : -1;
    }
  }
  return table;
}
