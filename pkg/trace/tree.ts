/** @file The tree of a trace: parents, children, roots. Says how duplicates, orphans and rings are placed; repairs nothing. */
import { SpanKind, type Span, type Trace } from './types';

/**
 * The tree of a trace over the indices of `trace.spans`. Spans themselves stay as received.
 * - An orphan (its parent is not in the trace) is a root.
 * - Of several spans with one id the first is the parent of that id's children, except for the client and server halves that
 *   Zipkin gives one id: there the server half is the client half's child, and the parent of the children.
 * - A ring of parents is cut at the span that starts first (of equal ones the first received), which becomes a root.
 */
export interface SpanTree {
  readonly trace: Trace;
  /** The index of each span's parent; -1 for a root. */
  readonly parents: Int32Array;
  /** Spans without a parent in the tree, in the order received: true roots, orphans, and where rings were cut. */
  readonly roots: readonly number[];
  /** The children of span i are `children[childStart[i]]` to `children[childStart[i + 1] - 1]`, in the order received. */
  readonly childStart: Int32Array;
  readonly children: Int32Array;
  /** Every span once, depth first: parents before their children, siblings in the order received. */
  readonly order: Int32Array;
  /** Spans whose parent is not in the trace. */
  readonly orphans: number;
  /** Spans whose id an earlier span has. */
  readonly duplicates: number;
  /** Rings that were cut. */
  readonly cycles: number;
}

const NO_PARENT = -1;

/** Which index stands for a span id, and what was noticed on the way. */
interface IdIndex {
  byId: Map<string, number>;
  /** Server half → client half of a shared id. */
  sharedWith: Map<number, number> | undefined;
  duplicates: number;
}

function indexIds(spans: readonly Span[]): IdIndex {
  const index: IdIndex = { byId: new Map(), sharedWith: undefined, duplicates: 0 };
  const { byId } = index;
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i] as Span;
    const first = byId.get(span.spanId);
    if (first === undefined) {
      byId.set(span.spanId, i);
      continue;
    }
    index.duplicates++;
    const firstKind = (spans[first] as Span).kind;
    if (index.sharedWith?.has(first) === true) {
      continue;
    }
    if (firstKind === SpanKind.Client && span.kind === SpanKind.Server) {
      index.sharedWith ??= new Map();
      index.sharedWith.set(i, first);
      byId.set(span.spanId, i);
    } else if (firstKind === SpanKind.Server && span.kind === SpanKind.Client) {
      index.sharedWith ??= new Map();
      index.sharedWith.set(first, i);
    }
  }
  return index;
}

/** Cuts every ring among `parents`. @returns how many there were */
function cutRings(spans: readonly Span[], parents: Int32Array): number {
  let cut = 0;
  /** The walk in which a span was met first; 0 for none. */
  const met = new Int32Array(spans.length);
  for (let i = 0; i < spans.length; i++) {
    let at = i;
    while (at !== NO_PARENT && met[at] === 0) {
      met[at] = i + 1;
      at = parents[at] as number;
    }
    if (at === NO_PARENT || met[at] !== i + 1) {
      continue;
    }
    // `at` is on a ring that this walk closed.
    let first = at;
    for (let next = parents[at] as number; next !== at; next = parents[next] as number) {
      const a = (spans[next] as Span).startTimeUnixNano;
      const b = (spans[first] as Span).startTimeUnixNano;
      if (a < b || (a === b && next < first)) {
        first = next;
      }
    }
    parents[first] = NO_PARENT;
    cut++;
  }
  return cut;
}

interface Layout {
  roots: number[];
  childStart: Int32Array;
  children: Int32Array;
  order: Int32Array;
  /** Spans reached from the roots: fewer than all when there is a ring. */
  reached: number;
}

function layOut(parents: Int32Array): Layout {
  const n = parents.length;
  const roots: number[] = [];
  const childStart = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const parent = parents[i] as number;
    if (parent === NO_PARENT) {
      roots.push(i);
    } else {
      childStart[parent + 1] = (childStart[parent + 1] as number) + 1;
    }
  }
  for (let i = 0; i < n; i++) {
    childStart[i + 1] = (childStart[i + 1] as number) + (childStart[i] as number);
  }
  const children = new Int32Array(n - roots.length);
  // Filling from the back keeps the order received, and leaves each start where it belongs.
  const fill = childStart.slice(1);
  for (let i = n - 1; i >= 0; i--) {
    const parent = parents[i] as number;
    if (parent !== NO_PARENT) {
      const at = (fill[parent] as number) - 1;
      fill[parent] = at;
      children[at] = i;
    }
  }
  const order = new Int32Array(n);
  let reached = 0;
  const stack: number[] = [];
  for (let r = roots.length - 1; r >= 0; r--) {
    stack.push(roots[r] as number);
  }
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    order[reached++] = at;
    for (let c = (childStart[at + 1] as number) - 1; c >= (childStart[at] as number); c--) {
      stack.push(children[c] as number);
    }
  }
  return { roots, childStart, children, order, reached };
}

/** Builds the {@link SpanTree} of a trace, in time linear in its spans; never fails. */
export function buildTree(trace: Trace): SpanTree {
  const { spans } = trace;
  const { byId, sharedWith, duplicates } = indexIds(spans);
  const parents = new Int32Array(spans.length);
  let orphans = 0;
  for (let i = 0; i < spans.length; i++) {
    const client = sharedWith?.get(i);
    const id = (spans[i] as Span).parentSpanId;
    if (client !== undefined) {
      parents[i] = client;
    } else if (id === '') {
      parents[i] = NO_PARENT;
    } else {
      const parent = byId.get(id);
      if (parent === undefined) {
        orphans++;
      }
      parents[i] = parent ?? NO_PARENT;
    }
  }
  let layout = layOut(parents);
  let cycles = 0;
  if (layout.reached < spans.length) {
    cycles = cutRings(spans, parents);
    layout = layOut(parents);
  }
  const { roots, childStart, children, order } = layout;
  return { trace, parents, roots, childStart, children, order, orphans, duplicates, cycles };
}

/** The indices of a span's children, in the order received. */
export function childrenOf(tree: SpanTree, index: number): Int32Array {
  return tree.children.subarray(tree.childStart[index], tree.childStart[index + 1]);
}

/**
 * Self-time: the time of a span in which none of its children runs; overlaps count once.
 * @param from - start and `to` end of the span
 * @param children - start and end of each, in the same unit; sorted in place by start
 */
export function selfTime(from: number, to: number, children: Array<readonly [start: number, end: number]>): number {
  children.sort((a, b) => a[0] - b[0]);
  let covered = 0;
  let reach = from;
  for (const [start, end] of children) {
    covered += Math.max(0, Math.min(to, end) - Math.max(start, reach));
    reach = Math.max(reach, Math.min(to, end));
  }
  return Math.max(0, to - from - covered);
}
