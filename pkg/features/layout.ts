/** @file A shape with everything about its nodes that does not vary, and many traces of shapes side by side. */
import { ORPHAN } from './columns';
import type { Dictionary } from './dictionary';
import { flattenShape, type FlatShape, type ShapeGrammar } from './shapes';

/** Numbers that stand for "no operation" in columns of operations: a trace's top, an orphan's parent, no sibling. */
export interface Outside {
  readonly root: number;
  readonly orphan: number;
  readonly none: number;
  /** Operations plus these. */
  readonly size: number;
}

export function outsideOf(dictionary: Dictionary): Outside {
  const n = dictionary.operations.length;
  return { root: n, orphan: n + 1, none: n + 2, size: n + 3 };
}

/** Columns of one shape, one entry a node. Operations are dictionary numbers or those of {@link Outside}. */
export interface ShapeLayout extends FlatShape {
  readonly operation: Int32Array;
  readonly status: Uint8Array;
  readonly parentOperation: Int32Array;
  readonly grandOperation: Int32Array;
  readonly previousOperation: Int32Array;
  readonly rootOperation: number;
  /** Index among siblings, and siblings that follow. */
  readonly sibling: Int32Array;
  readonly siblingsLeft: Int32Array;
  /** First span of the process the node runs in: itself, or the nearest ancestor it shares a process with. */
  readonly process: Int32Array;
}

const CLIENT = 3;
const SERVER = 2;

/** Lays out a shape. */
export function layoutShape(dictionary: Dictionary, grammar: ShapeGrammar, shape: number, size: number): ShapeLayout {
  const flat = flattenShape(grammar, shape, size);
  const outside = outsideOf(dictionary);
  const operation = new Int32Array(size);
  const status = new Uint8Array(size);
  const parentOperation = new Int32Array(size);
  const grandOperation = new Int32Array(size);
  const previousOperation = new Int32Array(size);
  const sibling = new Int32Array(size);
  const siblingsLeft = new Int32Array(size);
  const process = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const node = dictionary.nodes[flat.node[i] as number] as { operation: number; status: number };
    operation[i] = node.operation;
    status[i] = Math.min(2, node.status);
    const parent = flat.parent[i] as number;
    const previous = flat.previous[i] as number;
    parentOperation[i] =
      parent >= 0 ? (operation[parent] as number) : parent === ORPHAN ? outside.orphan : outside.root;
    grandOperation[i] = parent >= 0 ? (parentOperation[parent] as number) : outside.none;
    previousOperation[i] = previous >= 0 ? (operation[previous] as number) : outside.none;
    sibling[i] = previous >= 0 ? (sibling[previous] as number) + 1 : 0;
    process[i] = i;
    if (parent >= 0) {
      const own = dictionary.operations[node.operation];
      const above = dictionary.operations[operation[parent] as number];
      if (own?.service === above?.service && !(above?.kind === CLIENT && own?.kind === SERVER)) {
        process[i] = process[parent] as number;
      }
    }
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
    parentOperation,
    grandOperation,
    previousOperation,
    rootOperation: operation[0] as number,
    sibling,
    siblingsLeft,
    process,
  };
}

/** Lays out every shape. */
export function layoutShapes(dictionary: Dictionary, grammar: ShapeGrammar, sizes: Float64Array): ShapeLayout[] {
  return Array.from(sizes, (size, shape) => layoutShape(dictionary, grammar, shape, size));
}
