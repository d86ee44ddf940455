/**
 * @file From traces to shapes: the canonical order of siblings, and the subtree grammar.
 * A shape is the forest of nodes (operation and status) of a trace. Each distinct subtree is kept once.
 */
import { ORPHAN, type BatchColumns } from './columns';
import type { Run, ShapeGrammar, Subtree } from './shapes';

/** The batch put into the order of its shapes: span i of a trace is node i of its shape. */
export interface OrderedBatch {
  readonly grammar: ShapeGrammar;
  /** Shape of each trace; shapes are numbered by falling frequency. */
  readonly shape: Int32Array;
  /** For each span in the new order, its index in the columns. */
  readonly order: Int32Array;
}

/** Siblings keep their start order unless that multiplies the number of different sequences by more than this. */
const EXPLOSION_RATIO = 1.5;
const EXPLOSION_EXTRA = 4;

/** Mixes two numbers into one below 2^53; used for counting distinct sequences only. */
function mix(a: number, b: number): number {
  let h1 = Math.imul((a | 0) ^ Math.imul(b | 0, 0x9e3779b1), 0x85ebca6b);
  h1 ^= h1 >>> 15;
  let h2 = Math.imul((Math.floor(a / 4294967296) ^ 0x27d4eb2f) + (b | 0), 0xc2b2ae35) ^ h1;
  h2 = Math.imul(h2 ^ (h2 >>> 13), 0x165667b1);
  h2 ^= h2 >>> 16;
  return (h2 & 0x1fffff) * 4294967296 + (h1 >>> 0);
}

/** Children of every span of one trace, and its tops, in order of start. Reused between traces. */
class Family {
  first = new Int32Array(0);
  next = new Int32Array(0);
  tops: number[] = [];
  /** Spans so that parents come before their children. */
  topDown = new Int32Array(0);

  load(batch: BatchColumns, from: number, to: number): void {
    const n = to - from;
    const { parent, start } = batch;
    const byStart = Array.from({ length: n }, (_, i) => i).sort(
      (a, b) => (start[from + a] as number) - (start[from + b] as number) || a - b
    );
    this.first = new Int32Array(n).fill(-1);
    this.next = new Int32Array(n).fill(-1);
    this.tops = [];
    for (let i = n - 1; i >= 0; i--) {
      const span = byStart[i] as number;
      const p = parent[from + span] as number;
      if (p >= 0) {
        this.next[span] = this.first[p] as number;
        this.first[p] = span;
      } else {
        this.tops.push(span);
      }
    }
    this.tops.reverse();
    this.topDown = new Int32Array(n);
    let filled = 0;
    for (const top of this.tops) {
      this.topDown[filled++] = top;
    }
    for (let done = 0; done < filled; done++) {
      for (let c = this.first[this.topDown[done] as number] as number; c >= 0; c = this.next[c] as number) {
        this.topDown[filled++] = c;
      }
    }
  }

  children(span: number): number[] {
    const list: number[] = [];
    for (let c = this.first[span] as number; c >= 0; c = this.next[c] as number) {
      list.push(c);
    }
    return list;
  }
}

/** What is seen of the children of one operation over the batch. */
class ChildOrder {
  private readonly ordered = new Set<number>();
  private readonly unordered = new Set<number>();
  private readonly rankSum = new Map<number, number>();
  private readonly rankCount = new Map<number, number>();

  /** @param hashes - of the subtrees of the children, in order of start; `nodes` their nodes */
  see(hashes: readonly number[], nodes: readonly number[]): void {
    let sequence = hashes.length;
    for (const hash of hashes) {
      sequence = mix(sequence, hash % 4294967296);
    }
    this.ordered.add(sequence);
    this.unordered.add(
      [...hashes].sort((a, b) => a - b).reduce((sum, hash) => mix(sum, hash % 4294967296), hashes.length)
    );
    nodes.forEach((node, i) => {
      this.rankSum.set(node, (this.rankSum.get(node) ?? 0) + i / nodes.length);
      this.rankCount.set(node, (this.rankCount.get(node) ?? 0) + 1);
    });
  }

  get explodes(): boolean {
    return this.ordered.size > EXPLOSION_RATIO * this.unordered.size + EXPLOSION_EXTRA;
  }

  meanRank(node: number): number {
    return (this.rankSum.get(node) ?? 0) / (this.rankCount.get(node) ?? 1);
  }
}

/** Hash of each subtree that does not depend on the order of siblings. */
function unorderedHashes(batch: BatchColumns, from: number, family: Family): Float64Array {
  const { topDown } = family;
  const hashes = new Float64Array(topDown.length);
  for (let i = topDown.length - 1; i >= 0; i--) {
    const span = topDown[i] as number;
    let hash = mix(batch.node[from + span] as number, 1);
    const children = family.children(span);
    if (children.length > 0) {
      for (const child of children.map((c) => hashes[c] as number).sort((a, b) => a - b)) {
        hash = mix(hash, child % 4294967296);
      }
    }
    hashes[span] = hash;
  }
  return hashes;
}

/** One entry of a child-order table per operation; −1 stands for the tops of a trace. */
function learnOrders(batch: BatchColumns): Map<number, ChildOrder> {
  const orders = new Map<number, ChildOrder>();
  const family = new Family();
  const { nodes } = batch.dictionary;
  for (let t = 0; t < batch.traces; t++) {
    const from = batch.spanOffset[t] as number;
    family.load(batch, from, batch.spanOffset[t + 1] as number);
    const hashes = unorderedHashes(batch, from, family);
    const see = (operation: number, children: number[]): void => {
      if (children.length < 2) {
        return;
      }
      let order = orders.get(operation);
      if (order === undefined) {
        order = new ChildOrder();
        orders.set(operation, order);
      }
      order.see(
        children.map((c) => hashes[c] as number),
        children.map((c) => batch.node[from + c] as number)
      );
    };
    see(-1, family.tops);
    for (const span of family.topDown) {
      see(nodes[batch.node[from + span] as number]?.operation ?? -1, family.children(span));
    }
  }
  return orders;
}

/** Consecutive equal values as runs. */
function runsOf(values: readonly number[]): Run[] {
  const runs: Array<{ subtree: number; times: number }> = [];
  for (const subtree of values) {
    const last = runs[runs.length - 1];
    if (last !== undefined && last.subtree === subtree) {
      last.times++;
    } else {
      runs.push({ subtree, times: 1 });
    }
  }
  return runs;
}

/** Numbers subtrees and shapes as they are met. */
class GrammarBuilder {
  readonly subtrees: Subtree[] = [];
  private readonly subtreeIds = new Map<string, number>();
  readonly shapes: Run[][] = [];
  private readonly shapeIds = new Map<string, number>();

  subtree(node: number, children: readonly number[]): number {
    const runs = runsOf(children);
    const key = `${node}:${runs.map((run) => `${run.subtree}x${run.times}`).join(',')}`;
    let id = this.subtreeIds.get(key);
    if (id === undefined) {
      id = this.subtrees.length;
      this.subtreeIds.set(key, id);
      this.subtrees.push({ node, children: runs });
    }
    return id;
  }

  /** @param tops - subtree · 2 + 1 where the parent is missing */
  shape(tops: readonly number[]): number {
    const runs = runsOf(tops);
    const key = runs.map((run) => `${run.subtree}x${run.times}`).join(',');
    let id = this.shapeIds.get(key);
    if (id === undefined) {
      id = this.shapes.length;
      this.shapeIds.set(key, id);
      this.shapes.push(runs);
    }
    return id;
  }
}

/** Finds the canonical order of each trace and the grammar of all shapes. Linear in spans, but for sorting siblings. */
export function orderBatch(batch: BatchColumns): OrderedBatch {
  const orders = learnOrders(batch);
  const builder = new GrammarBuilder();
  const family = new Family();
  const { nodes } = batch.dictionary;
  const shape = new Int32Array(batch.traces);
  const order = new Int32Array(batch.spans);
  for (let t = 0; t < batch.traces; t++) {
    const from = batch.spanOffset[t] as number;
    family.load(batch, from, batch.spanOffset[t + 1] as number);
    const subtree = new Int32Array(family.topDown.length);
    const sorted = new Map<number, number[]>();
    const arrange = (operation: number, children: number[]): number[] => {
      const rule = orders.get(operation);
      if (children.length > 1 && rule?.explodes) {
        const rank = (span: number): number => rule.meanRank(batch.node[from + span] as number);
        children.sort(
          (a, b) =>
            rank(a) - rank(b) ||
            (batch.node[from + a] as number) - (batch.node[from + b] as number) ||
            (subtree[a] as number) - (subtree[b] as number) ||
            (batch.start[from + a] as number) - (batch.start[from + b] as number) ||
            a - b
        );
      }
      return children;
    };
    for (let i = family.topDown.length - 1; i >= 0; i--) {
      const span = family.topDown[i] as number;
      const node = batch.node[from + span] as number;
      const children = arrange(nodes[node]?.operation ?? -1, family.children(span));
      if (children.length > 0) {
        sorted.set(span, children);
      }
      subtree[span] = builder.subtree(
        node,
        children.map((c) => subtree[c] as number)
      );
    }
    const tops = arrange(-1, family.tops);
    shape[t] = builder.shape(
      tops.map((top) => (subtree[top] as number) * 2 + (batch.parent[from + top] === ORPHAN ? 1 : 0))
    );
    let filled = from;
    const stack = [...tops].reverse();
    for (let span = stack.pop(); span !== undefined; span = stack.pop()) {
      order[filled++] = from + span;
      const children = sorted.get(span);
      if (children !== undefined) {
        for (let c = children.length - 1; c >= 0; c--) {
          stack.push(children[c] as number);
        }
      }
    }
  }
  return renumber(builder, shape, order, batch);
}

/** Numbers shapes by falling frequency, and subtrees in the order in which shapes need them. */
function renumber(builder: GrammarBuilder, shape: Int32Array, order: Int32Array, batch: BatchColumns): OrderedBatch {
  const frequency = new Float64Array(builder.shapes.length);
  for (const s of shape) {
    frequency[s] = (frequency[s] as number) + 1;
  }
  const bySize = Array.from(frequency.keys()).sort(
    (a, b) => (frequency[b] as number) - (frequency[a] as number) || a - b
  );
  const newShape = new Int32Array(builder.shapes.length);
  bySize.forEach((old, i) => {
    newShape[old] = i;
  });
  return {
    grammar: {
      nodes: batch.dictionary.nodes.length,
      subtrees: builder.subtrees,
      shapes: bySize.map((old) => builder.shapes[old] as Run[]),
    },
    shape: shape.map((s) => newShape[s] as number),
    order,
  };
}
