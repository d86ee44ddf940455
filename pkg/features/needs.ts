/**
 * @file Time that spans need at least, for what is inside them and for what comes after them: from the tables of the
 * sites of a shape alone, so it is known before anything is drawn, and costs nothing in the file.
 */
import type { ShapeLayout } from './layout';
import { levelOf, type QuantileTable } from './quantiser';
import type { SpanTable } from './span-table';
import { GapReference, type TimingModel, type TimingSite } from './timing';

/** What the nodes of a shape need, ns. */
export interface TimeNeeds {
  /** The later siblings of each, see {@link needsOf}. */
  readonly later: Float64Array;
  /** The children of each, from its start to its end. */
  readonly inside: Float64Array;
  /** Where what the children of each usually take lies among durations like its own, 0 … 255; 0 without children. */
  readonly usual: Uint8Array;
  /** The same of its later siblings that begin when others have ended, with what is between them. */
  readonly usualLater: Uint8Array;
}

/** Share of the bins below what is usual. */
const USUAL_SHARE = 0.5;
/** Share of the bins of a table below what a span is thought to need at least. */
const LEAST_SHARE = 0.08;

/**
 * Shapes of fewer traces are rare: the network learns little from their number. Where the spans of such shapes are this
 * share of all, it sees what is yet to come instead; elsewhere it knows that by the shape, and the inputs are worth no noise.
 */
const RARE_SHAPE_TRACES = 20;
const RARE_SHAPES_SHARE = 0.05;

/** Whether rare shapes are many enough for the network to see what is yet to come of a trace. */
export function shapesAreRare({
  shape,
  offset,
  traces,
  size,
}: Pick<SpanTable, 'shape' | 'offset' | 'traces' | 'size'>): boolean {
  const count = new Map<number, number>();
  shape.forEach((s) => count.set(s, (count.get(s) ?? 0) + 1));
  let rare = 0;
  for (let t = 0; t < traces; t++) {
    if ((count.get(shape[t] as number) as number) < RARE_SHAPE_TRACES) {
      rare += (offset[t + 1] as number) - (offset[t] as number);
    }
  }
  return rare >= RARE_SHAPES_SHARE * size;
}

/** How long a span lasts, by what spans like it last and by what its children take. */
type Lasts = (own: number, inside: number) => number;

const atLeast: Lasts = (own, inside) => Math.max(own, inside);
/** One with few children lasts less than others like it, though not only as long as they do. */
const usually: Lasts = (own, inside) => (inside > 0 && inside < own ? (own + inside) / 2 : Math.max(own, inside));

/** What a span of a site usually lasts, ns. */
export function usualTime({ tables }: Pick<TimingModel, 'tables'>, { rankTable }: TimingSite): number {
  return edgeOf(tables[rankTable], USUAL_SHARE);
}

/** @param times - see {@link usualNeeds} */
function timesOf(times: Float64Array | undefined, i: number): number {
  const own = times?.[i] ?? 1;
  return Number.isNaN(own) ? 1 : own;
}

function edgeOf(table: QuantileTable | undefined, share: number): number {
  return table === undefined ? 0 : (table.edges[Math.floor(share * (table.codes.length - 1))] as number);
}

/**
 * What the nodes of a shape need at least. Children: the shortest gaps and durations there are, one after another as
 * their sites say; a parent that is drawn shorter cannot hold them, however they are drawn. Later siblings: of those that
 * begin when others have ended, a short gap and a short duration, or what their own children need. Calls one after another
 * share their parent's time; what the first ones take, the last ones lack. In models that foresee, also what both usually take.
 * @param sites - of the nodes
 */
export function needsOf(
  layout: ShapeLayout,
  sites: Int32Array,
  { sites: all, tables, holding, foreseeing }: Pick<TimingModel, 'sites' | 'tables' | 'holding' | 'foreseeing'>
): TimeNeeds {
  const siteOf = (i: number): TimingSite => all[sites[i] as number] as TimingSite;
  const inside = holding ? insideNeeds(layout, siteOf, tables, 0, atLeast) : new Float64Array(layout.size);
  const later = laterNeeds(layout, siteOf, tables, LEAST_SHARE, atLeast, inside);
  const none = { usual: new Uint8Array(layout.size), usualLater: new Uint8Array(layout.size) };
  return { later, inside, ...(foreseeing ? usualNeeds(layout, sites, { sites: all, tables }) : none) };
}

/**
 * What the children and the later siblings of the nodes of a shape usually take.
 * @param sites - of the nodes
 * @param times - how many times as long as usual each lasts, NaN where nothing is known of it; by default all last as usual.
 * Where it is known, spans without children have what they take themselves in its place
 */
export function usualNeeds(
  layout: ShapeLayout,
  sites: Int32Array,
  { sites: all, tables }: Pick<TimingModel, 'sites' | 'tables'>,
  times?: Float64Array
): Pick<TimeNeeds, 'usual' | 'usualLater'> {
  const siteOf = (i: number): TimingSite => all[sites[i] as number] as TimingSite;
  const level = (time: number, i: number): number =>
    time > 0 ? levelOf(tables[siteOf(i).rankTable] as QuantileTable, time) : 0;
  const inside = insideNeeds(layout, siteOf, tables, USUAL_SHARE, usually, times);
  const usualLater = laterNeeds(layout, siteOf, tables, USUAL_SHARE, usually, inside, times);
  const usual = inside.map((need, i) =>
    need > 0 || times === undefined || Number.isNaN(times[i])
      ? need
      : usualTime({ tables }, siteOf(i)) * (times[i] as number)
  );
  return { usual: Uint8Array.from(usual, level), usualLater: Uint8Array.from(usualLater, level) };
}

/**
 * Time that the later siblings of each node take.
 * @param share - of the bins of their tables that lie below; `inside`: of each; `times`: how many times as long as usual each lasts
 */
function laterNeeds(
  layout: ShapeLayout,
  siteOf: (i: number) => TimingSite,
  tables: readonly QuantileTable[],
  share: number,
  lasts: Lasts,
  inside: Float64Array,
  times?: Float64Array
): Float64Array {
  const later = new Float64Array(layout.size);
  for (let i = layout.size - 1; i >= 0; i--) {
    const previous = layout.previous[i] as number;
    if (previous >= 0) {
      const { reference, gapTable, rankTable } = siteOf(i);
      const after = reference === GapReference.PreviousEnd || reference === GapReference.LatestEnd;
      const own = lasts(edgeOf(tables[rankTable], share) * timesOf(times, i), inside[i] as number);
      const need = after ? Math.max(0, edgeOf(tables[gapTable], share)) + own : 0;
      later[previous] = (later[i] as number) + need;
    }
  }
  return later;
}

/**
 * Time that the children of each node take.
 * @param share - of the bins of their tables that lie below their gaps and durations; `times`: see {@link laterNeeds}
 */
function insideNeeds(
  layout: ShapeLayout,
  siteOf: (i: number) => TimingSite,
  tables: readonly QuantileTable[],
  share: number,
  lasts: Lasts,
  times?: Float64Array
): Float64Array {
  const { size, parent, previous } = layout;
  const inside = new Float64Array(size);
  const children: number[][] = Array.from({ length: size }, () => []);
  for (let i = 0; i < size; i++) {
    children[parent[i] as number]?.push(i);
  }
  /** Of each node, from its parent's start: its earliest start and end, and the latest end so far. */
  const start = new Float64Array(size);
  const end = new Float64Array(size);
  const latest = new Float64Array(size);
  const from = (c: number, reference: GapReference): number => {
    const before = previous[c] as number;
    if (before < 0 || reference === GapReference.ParentStart) {
      return 0;
    }
    const times =
      reference === GapReference.PreviousStart ? start : reference === GapReference.PreviousEnd ? end : latest;
    return times[before] as number;
  };
  // a node's descendants come after it
  for (let p = size - 1; p >= 0; p--) {
    let need = 0;
    for (const c of children[p] as number[]) {
      const { reference, gapTable, rankTable, overshoot, early } = siteOf(c);
      const before = previous[c] as number;
      start[c] = Math.max(-early, from(c, reference) + edgeOf(tables[gapTable], share));
      end[c] = (start[c] as number) + lasts(edgeOf(tables[rankTable], share) * timesOf(times, c), inside[c] as number);
      latest[c] = before < 0 ? (end[c] as number) : Math.max(end[c] as number, latest[before] as number);
      need = Math.max(need, (end[c] as number) - overshoot);
    }
    inside[p] = need;
  }
  return inside;
}
