/** @file A shape with everything about its nodes that does not vary, and many traces of shapes side by side. */
import { ORPHAN } from './columns';
import type { Dictionary } from './dictionary';
import { flattenShape, type FlatShape, type ShapeGrammar } from './shapes';

/** Numbers that stand for "no place" in columns of places: above a trace's top, above an orphan, before a first child. */
export const OUTSIDE = { root: 0, orphan: 1, none: 2 } as const;
const FIRST_PLACE = 3;

/**
 * Places: an operation and, where its first child runs in another service, that child's operation. Client spans are often
 * called the same (`GET`) whatever they call; what they call tells them apart. Numbered as shapes are laid out, so the
 * numbers follow from dictionary and grammar.
 */
export class PlaceTable {
  private readonly ids = new Map<string, number>();

  /** @param callee - operation of the first child in another service, −1 for none */
  id(operation: number, callee: number): number {
    const key = `${operation}|${callee}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = FIRST_PLACE + this.ids.size;
      this.ids.set(key, id);
    }
    return id;
  }

  /** Places and the numbers of {@link OUTSIDE}. */
  get size(): number {
    return FIRST_PLACE + this.ids.size;
  }
}

/** Columns of one shape, one entry a node. Places are those of {@link PlaceTable}. */
export interface ShapeLayout extends FlatShape {
  readonly operation: Int32Array;
  readonly status: Uint8Array;
  readonly place: Int32Array;
  readonly parentPlace: Int32Array;
  readonly grandPlace: Int32Array;
  readonly previousPlace: Int32Array;
  readonly rootPlace: number;
  /** Index among siblings, and siblings that follow. */
  readonly sibling: Int32Array;
  readonly siblingsLeft: Int32Array;
  /** 1 for spans without children. */
  readonly leaf: Uint8Array;
  /** First span of the process the node runs in: itself, or the nearest ancestor it shares a process with. */
  readonly process: Int32Array;
}

const CLIENT = 3;
const SERVER = 2;

/** Lays out a shape. */
export function layoutShape(
  dictionary: Dictionary,
  grammar: ShapeGrammar,
  shape: number,
  size: number,
  places: PlaceTable
): ShapeLayout {
  const flat = flattenShape(grammar, shape, size);
  const operation = new Int32Array(size);
  const status = new Uint8Array(size);
  const place = new Int32Array(size);
  const parentPlace = new Int32Array(size);
  const grandPlace = new Int32Array(size);
  const previousPlace = new Int32Array(size);
  const sibling = new Int32Array(size);
  const siblingsLeft = new Int32Array(size);
  const process = new Int32Array(size);
  const leaf = new Uint8Array(size).fill(1);
  for (let i = 0; i < size; i++) {
    const node = dictionary.nodes[flat.node[i] as number] as { operation: number; status: number };
    operation[i] = node.operation;
    status[i] = Math.min(2, node.status);
    const parent = flat.parent[i] as number;
    const previous = flat.previous[i] as number;
    sibling[i] = previous >= 0 ? (sibling[previous] as number) + 1 : 0;
    process[i] = i;
    if (parent >= 0) {
      leaf[parent] = 0;
      const own = dictionary.operations[node.operation];
      const above = dictionary.operations[operation[parent] as number];
      if (own?.service === above?.service && !(above?.kind === CLIENT && own?.kind === SERVER)) {
        process[i] = process[parent] as number;
      }
    }
  }
  for (let i = 0; i < size; i++) {
    const parent = flat.parent[i] as number;
    const previous = flat.previous[i] as number;
    const own = operation[i] as number;
    // in preorder a first child comes right after its parent
    const child = i + 1 < size && flat.parent[i + 1] === i ? (operation[i + 1] as number) : -1;
    const remote = child >= 0 && dictionary.operations[child]?.service !== dictionary.operations[own]?.service;
    place[i] = places.id(own, remote ? child : -1);
    parentPlace[i] = parent >= 0 ? (place[parent] as number) : parent === ORPHAN ? OUTSIDE.orphan : OUTSIDE.root;
    grandPlace[i] = parent >= 0 ? (parentPlace[parent] as number) : OUTSIDE.none;
    previousPlace[i] = previous >= 0 ? (place[previous] as number) : OUTSIDE.none;
  }
  for (let i = size - 1; i >= 0; i--) {
    const previous = flat.previous[i] as number;
    if (previous >= 0) {
      siblingsLeft[previous] = (siblingsLeft[i] as number) + 1;
    }
  }
  return {
    ...flat,
    operation,
    status,
    place,
    parentPlace,
    grandPlace,
    previousPlace,
    rootPlace: place[0] as number,
    sibling,
    siblingsLeft,
    leaf,
    process,
  };
}

/** Lays out every shape. @returns the layouts, and the number of places (see {@link PlaceTable}) */
export function layoutShapes(
  dictionary: Dictionary,
  grammar: ShapeGrammar,
  sizes: Float64Array
): { layouts: ShapeLayout[]; places: number } {
  const places = new PlaceTable();
  const layouts = Array.from(sizes, (size, shape) => layoutShape(dictionary, grammar, shape, size, places));
  return { layouts, places: places.size };
}
