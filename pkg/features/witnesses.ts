/**
 * @file Witnesses: the children whose durations say what the attributes of a span are. A flag, a tenant or a region on the first
 * span of a trace makes one call below it slow and the others not; how long the span itself lasts hardly tells. All times are
 * drawn before any attribute, so rows of attributes can see a few of those that matter.
 */
import type { ShapeLayout } from './layout';
import type { SpanTable } from './span-table';

/** Witnesses of one field at most: there are inputs for so many. */
export const MOST_WITNESSES = 2;
/** Places of children that are tried, those with most spans first, and how many spans they have at least. */
const MOST_PLACES = 12;
const LEAST_SPANS = 100;
/** Classes of durations, evenly filled; one more for spans that have no such child. */
const CLASSES = 8;

/** Durations of the children at one place, by their parents. */
export interface ChildTimes {
  readonly place: number;
  /** By position among the spans of the parents' operation: a class of duration, or {@link NO_CHILD}. */
  readonly classes: Uint8Array;
}

/** The class of spans without a child at the place. */
export const NO_CHILD = CLASSES;

/** Spans by the operation of their parents. */
export function childrenByOperation(spans: SpanTable, operations: number): number[][] {
  const lists = Array.from({ length: operations }, (): number[] => []);
  for (let i = 0; i < spans.size; i++) {
    const parent = spans.parent[i] as number;
    if (parent >= 0) {
      lists[spans.operation[parent] as number]?.push(i);
    }
  }
  return lists;
}

/**
 * What may bear witness to the attributes of some spans.
 * @param members - spans of one operation
 * @param children - of all of these
 */
export function childTimes(spans: SpanTable, members: Int32Array, children: readonly number[]): ChildTimes[] {
  const sizes = new Map<number, number>();
  children.forEach((i) => sizes.set(spans.place[i] as number, (sizes.get(spans.place[i] as number) ?? 0) + 1));
  const tried = [...sizes]
    .filter(([, size]) => size >= LEAST_SPANS)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, MOST_PLACES);
  const position = new Map(Array.from(members, (span, m) => [span, m]));
  return tried.map(([place]): ChildTimes => {
    // the first of a span's children at the place
    const durations = new Map<number, number>();
    for (const i of children) {
      const m = position.get(spans.parent[i] as number) as number;
      if (spans.place[i] === place && !durations.has(m)) {
        durations.set(m, spans.duration[i] as number);
      }
    }
    const sorted = Float64Array.from(durations.values()).sort();
    const edges = Array.from(
      { length: CLASSES - 1 },
      (_, q) => sorted[Math.floor(((q + 1) * sorted.length) / CLASSES)]!
    );
    const classes = new Uint8Array(members.length).fill(NO_CHILD);
    durations.forEach((duration, m) => (classes[m] = edges.filter((edge) => duration >= edge).length));
    return { place, classes };
  });
}

/** How much classes say of something within cells, nats beyond what chance gives; 0 where that is not enough. */
export type Information = (cellOf: (m: number) => number, classOf: (m: number) => number) => number;

/**
 * The children that say most, each besides those before it.
 * @param cellOf - what is known already, as a number
 */
export function chooseWitnesses(
  candidates: readonly ChildTimes[],
  cellOf: (m: number) => number,
  information: Information
): ChildTimes[] {
  const chosen: ChildTimes[] = [];
  let known = cellOf;
  while (chosen.length < MOST_WITNESSES) {
    let best: ChildTimes | undefined;
    let most = 0;
    for (const candidate of candidates.filter((one) => !chosen.includes(one))) {
      const { classes } = candidate;
      const before = known;
      // whether there is such a child the shape says
      const cell = (m: number): number => before(m) * 2 + (classes[m] === NO_CHILD ? 0 : 1);
      const says = information(cell, (m) => classes[m] as number);
      if (says > most) {
        best = candidate;
        most = says;
      }
    }
    if (best === undefined) {
      break;
    }
    chosen.push(best);
    const { classes } = best;
    const before = known;
    known = (m) => before(m) * (CLASSES + 1) + (classes[m] as number);
  }
  return chosen;
}

/** Where the witnesses of a span are in its shape. */
export class WitnessNodes {
  private readonly children: Array<Map<number, Map<number, number>> | undefined> = [];

  constructor(private readonly layouts: readonly ShapeLayout[]) {}

  /** The first child of a node at a place; −1 = none. */
  of(shape: number, node: number, place: number): number {
    return (this.children[shape] ??= this.childrenOf(shape)).get(node)?.get(place) ?? -1;
  }

  private childrenOf(shape: number): Map<number, Map<number, number>> {
    const { size, parent, place } = this.layouts[shape] as ShapeLayout;
    const found = new Map<number, Map<number, number>>();
    for (let node = 1; node < size; node++) {
      const above = parent[node] as number;
      const own = found.get(above) ?? new Map<number, number>();
      found.set(above, own);
      if (!own.has(place[node] as number)) {
        own.set(place[node] as number, node);
      }
    }
    return found;
  }
}
