/** @file Finds out which slots repeat a value from elsewhere in the trace: the origin that saves most bits, if any. */
import type { BatchColumns } from './columns';
import type { OrderedBatch } from './forest';
import { entropyBits } from './groups';
import type { ShapeLayout } from './layout';
import {
  instanceId,
  isInstanceOrigin,
  isResourceOrigin,
  OriginKind,
  sourceNode,
  type Carriers,
  type Origin,
} from './origins';
import type { SpanTable } from './span-table';
import { valueKey } from './values';

/** What an origin gives: a number of a value, that it has none, or that the shape has no such place. */
export const ABSENT = -1;
export const NO_SOURCE = -2;

/** Spans that cost a look each when an origin is chosen. */
const MOST_SCORED = 3000;
/** Spans looked at for values that are under another key elsewhere. */
const MOST_SEARCHED = 240;
const MAX_FOUND = 6;
const SEARCHED_ANCESTORS = 6;
/** What an origin has to save, in bits: by span, and in all (it is itself a few bytes). */
const MIN_SAVED = 0.02;
const MIN_SAVED_TOTAL = 20;
/** What a line of a table by instance costs, in bits. */
const BITS_AN_INSTANCE = 24;
/** What no value is: an instance that the table does not have. */
const UNKNOWN = -3;
/** Keys of fewer values must nearly always repeat: what is left is told apart by the network, which does not see the origin. */
const FEW_VALUES = 40;
export const MIN_SHARE_OF_FEW = 0.8;

/** Where values stand in the traces of a batch. */
export class TraceSources {
  /** Number of the value of each pair, whatever its key. */
  readonly valueOf: Int32Array;
  private readonly carriers: Carriers;

  constructor(
    private readonly batch: BatchColumns,
    private readonly ordered: OrderedBatch,
    private readonly spans: SpanTable,
    private readonly layouts: readonly ShapeLayout[],
    /** Instance of each resource among those of its service; −1 = none of them. */
    private readonly instanceOf: Int32Array
  ) {
    const ids = new Map<string, number>();
    this.valueOf = Int32Array.from(batch.pairs, ({ value }) => {
      const key = valueKey(value);
      let id = ids.get(key);
      if (id === undefined) {
        id = ids.size;
        ids.set(key, id);
      }
      return id;
    });
    const { dictionary } = batch;
    const spanKeys = dictionary.operations.map(() => new Set<number>());
    for (let i = 0; i < batch.spans; i++) {
      const keys = spanKeys[dictionary.nodes[batch.node[i] as number]?.operation ?? 0] as Set<number>;
      this.eachPair(i, (key) => keys.add(key));
    }
    const resourceKeys = dictionary.services.map(() => new Set<number>());
    for (const resource of batch.resources) {
      resource.pairs.forEach((pair) => resourceKeys[resource.service]?.add(batch.pairs[pair]?.key ?? 0));
    }
    this.carriers = {
      spanHas: (operation, key) => spanKeys[operation]?.has(key) ?? false,
      resourceHas: (service, key) => resourceKeys[service]?.has(key) ?? false,
      serviceOf: (operation) => dictionary.operations[operation]?.service ?? 0,
    };
  }

  /** Pairs of a span in the batch's own order. */
  private eachPair(old: number, visit: (key: number, pair: number) => void): void {
    const { offset, pool } = this.batch.attributes;
    for (let p = offset[old] as number; p < (offset[old + 1] as number); p++) {
      const pair = pool[p] as number;
      visit(this.batch.pairs[pair]?.key ?? 0, pair);
    }
  }

  private resourcePairs(old: number): readonly number[] {
    return this.batch.resources[this.batch.resource[old] as number]?.pairs ?? [];
  }

  private layoutOf(span: number): { layout: ShapeLayout; from: number } {
    const trace = this.spans.traceOf[span] as number;
    return {
      layout: this.layouts[this.spans.shape[trace] as number] as ShapeLayout,
      from: this.spans.offset[trace] as number,
    };
  }

  /** What the origin gives to a span (in the new order). */
  state(origin: Origin, span: number): number {
    const { layout, from } = this.layoutOf(span);
    const node = sourceNode(origin, layout, span - from, this.carriers);
    if (node < 0) {
      return NO_SOURCE;
    }
    const old = this.ordered.order[from + node] as number;
    let found = ABSENT;
    if (isResourceOrigin(origin.kind)) {
      for (const pair of this.resourcePairs(old)) {
        if (this.batch.pairs[pair]?.key === origin.key) {
          return this.valueOf[pair] as number;
        }
      }
      return ABSENT;
    }
    this.eachPair(old, (key, pair) => {
      if (key === origin.key && found === ABSENT) {
        found = this.valueOf[pair] as number;
      }
    });
    return found;
  }

  /** The instance that the origin means for a span, see {@link instanceId}; −1 where there is none. */
  instance(kind: OriginKind, span: number): number {
    const { layout, from } = this.layoutOf(span);
    const node = sourceNode({ kind, key: 0 }, layout, span - from, this.carriers);
    if (node < 0) {
      return -1;
    }
    const resource = this.batch.resource[this.ordered.order[from + node] as number] as number;
    const instance = this.instanceOf[resource] as number;
    return instance < 0 ? -1 : instanceId(this.batch.resources[resource]?.service ?? 0, instance);
  }

  /** Whether enough traces have a pair for it to be kept. */
  mayKeep(pair: number, k: number): boolean {
    return (this.batch.pairTraces[pair] as number) >= k;
  }

  /** Calls `visit` for every value near a span that an origin could mean. */
  near(span: number, ofOwner: boolean, visit: (kind: OriginKind, key: number, value: number) => void): void {
    const { layout, from } = this.layoutOf(span);
    const old = (node: number): number => this.ordered.order[from + node] as number;
    const pairsAt = (node: number, kind: OriginKind): void =>
      this.eachPair(old(node), (key, pair) => visit(kind, key, this.valueOf[pair] as number));
    const resourceAt = (node: number, kind: OriginKind): void => {
      for (const pair of this.resourcePairs(old(node))) {
        visit(kind, this.batch.pairs[pair]?.key ?? 0, this.valueOf[pair] as number);
      }
    };
    const node = span - from;
    resourceAt(node, OriginKind.Resource);
    if (ofOwner) {
      pairsAt(node, OriginKind.Owner);
      return;
    }
    let at = layout.parent[node] as number;
    if (at >= 0) {
      resourceAt(at, OriginKind.ParentResource);
    }
    for (let hops = 0; at >= 0 && hops < SEARCHED_ANCESTORS; hops++) {
      pairsAt(at, OriginKind.Ancestor);
      at = layout.parent[at] as number;
    }
    if (node > 0) {
      pairsAt(0, OriginKind.Root);
      pairsAt(node - 1, OriginKind.Trace);
    }
    if ((layout.previous[node] as number) >= 0) {
      pairsAt(layout.previous[node] as number, OriginKind.Previous);
    }
    if (node + 1 < layout.size && layout.parent[node + 1] === node) {
      resourceAt(node + 1, OriginKind.CalleeResource);
    }
  }
}

/** What a slot is chosen an origin for: its states, and those of the slots before it. */
export interface OriginQuestion {
  readonly key: number;
  readonly count: number;
  /** Pair of observation i; −1 = absent. */
  pair(i: number): number;
  /** Number of the value of observation i, or ABSENT. */
  state(i: number): number;
  /** The span (in the new order) that observation i is, or is on. */
  span(i: number): number;
  /** Keys and states of the slots before. */
  readonly before: ReadonlyArray<{ readonly key: number; readonly state: (i: number) => number }>;
  /** True for events and links. */
  readonly ofOwner: boolean;
}

/** An origin, and for each observation: 0 = the shape has no source there, 1 = another value, 2 = the value is repeated. */
export interface ChosenOrigin {
  readonly origin: Origin;
  readonly repeats: Uint8Array;
  /** Whether the slot has few values. */
  readonly few: boolean;
}

const NEAR_KINDS = [
  OriginKind.Ancestor,
  OriginKind.Previous,
  OriginKind.Service,
  OriginKind.Trace,
  OriginKind.Root,
] as const;

function stateOf(sources: TraceSources, question: OriginQuestion, origin: Origin, i: number): number {
  if (origin.kind === OriginKind.Own) {
    return question.before.find((slot) => slot.key === origin.key)?.state(i) ?? NO_SOURCE;
  }
  if (isInstanceOrigin(origin.kind)) {
    const instance = sources.instance(origin.kind, question.span(i));
    const pair = origin.byInstance?.get(instance);
    return instance < 0
      ? NO_SOURCE
      : pair === undefined
        ? UNKNOWN
        : pair < 0
          ? ABSENT
          : (sources.valueOf[pair] as number);
  }
  return sources.state(origin, question.span(i));
}

const INSTANCE_KINDS = [OriginKind.OwnInstance, OriginKind.ParentInstance, OriginKind.CalleeInstance] as const;

/** Tables of what mostly goes with each instance, where that differs between instances. */
function instanceTables(sources: TraceSources, question: OriginQuestion, k: number): Origin[] {
  const kinds = question.ofOwner ? [OriginKind.OwnInstance] : INSTANCE_KINDS;
  return kinds.flatMap((kind): Origin[] => {
    const tallies = new Map<number, Map<number, number>>();
    for (let i = 0; i < question.count; i++) {
      const instance = sources.instance(kind, question.span(i));
      if (instance >= 0) {
        let tally = tallies.get(instance);
        if (tally === undefined) {
          tally = new Map();
          tallies.set(instance, tally);
        }
        const pair = question.pair(i);
        tally.set(pair, (tally.get(pair) ?? 0) + 1);
      }
    }
    const byInstance = new Map<number, number>();
    for (const [instance, tally] of tallies) {
      const [pair, count] = [...tally].reduce((a, b) => (b[1] > a[1] ? b : a));
      const total = [...tally.values()].reduce((sum, n) => sum + n, 0);
      if (count >= Math.max(k, total / 2) && (pair < 0 || sources.mayKeep(pair, k))) {
        byInstance.set(instance, pair);
      }
    }
    return new Set(byInstance.values()).size < 2 ? [] : [{ kind, key: 0, byInstance }];
  });
}

/** Bits saved by saying "as there" where it holds, against a code of the values alone; the share of spans that repeat. */
function scoreOf(
  sources: TraceSources,
  question: OriginQuestion,
  sample: readonly number[],
  origin: Origin
): { saved: number; share: number } {
  const plain = new Map<number, number>();
  const others = new Map<number, number>();
  let repeats = 0;
  let available = 0;
  for (const i of sample) {
    const there = stateOf(sources, question, origin, i);
    if (there === NO_SOURCE) {
      continue;
    }
    available++;
    const own = question.state(i);
    plain.set(own, (plain.get(own) ?? 0) + 1);
    if (own === there) {
      repeats++;
    } else {
      others.set(own, (others.get(own) ?? 0) + 1);
    }
  }
  if (repeats === 0) {
    return { saved: 0, share: 0 };
  }
  return {
    saved: entropyBits(plain.values()) - entropyBits([repeats, ...others.values()]),
    share: repeats / available,
  };
}

/** Origins worth scoring: the same key at every place, and the keys under which the value was seen elsewhere. */
function candidates(
  sources: TraceSources,
  question: OriginQuestion,
  sample: readonly number[],
  few: boolean
): Origin[] {
  const hits = new Map<number, number>();
  const step = Math.max(1, Math.floor(sample.length / MOST_SEARCHED));
  const seen = new Set<number>();
  for (let s = 0; s < sample.length; s += step) {
    const i = sample[s] as number;
    const own = question.state(i);
    if (own === ABSENT) {
      continue;
    }
    seen.clear();
    const hit = (kind: OriginKind, key: number, value: number): void => {
      const id = key * 16 + kind;
      if (value === own && !seen.has(id)) {
        seen.add(id);
        hits.set(id, (hits.get(id) ?? 0) + 1);
      }
    };
    sources.near(question.span(i), question.ofOwner, hit);
    if (!few) {
      question.before.forEach((slot) => hit(OriginKind.Own, slot.key, slot.state(i)));
    }
  }
  const same = question.ofOwner ? [] : NEAR_KINDS.map((kind): Origin => ({ kind, key: question.key }));
  const found = [...hits]
    .map(([id, count]) => ({ origin: { kind: (id & 15) as OriginKind, key: id >> 4 }, count }))
    .filter(({ origin }) => !same.some((other) => other.kind === origin.kind && other.key === origin.key))
    .sort((a, b) => b.count - a.count || a.origin.kind - b.origin.kind || a.origin.key - b.origin.key);
  return [...same, ...found.slice(0, MAX_FOUND).map(({ origin }) => origin)];
}

/** The origin that saves most, if it saves enough. @param k - a table by instance keeps values of so many traces */
export function chooseOrigin(sources: TraceSources, question: OriginQuestion, k: number): ChosenOrigin | undefined {
  const step = Math.max(1, Math.floor(question.count / MOST_SCORED));
  const sample: number[] = [];
  const states = new Set<number>();
  for (let first = 0; first < question.count; first += step) {
    // spread within its stretch: spans of one kind stand at even distances
    const i = Math.min(question.count - 1, first + ((Math.imul(first + 1, 0x9e3779b1) >>> 8) % step));
    sample.push(i);
    states.add(question.state(i));
  }
  if (states.size < 2) {
    return undefined;
  }
  const few = states.size <= FEW_VALUES;
  let best: { origin: Origin; saved: number } | undefined;
  for (const origin of [...candidates(sources, question, sample, few), ...instanceTables(sources, question, k)]) {
    const score = scoreOf(sources, question, sample, origin);
    const { share } = score;
    const saved = score.saved - BITS_AN_INSTANCE * (origin.byInstance?.size ?? 0);
    if (
      saved > Math.max(MIN_SAVED_TOTAL, MIN_SAVED * sample.length) &&
      (!few || share >= MIN_SHARE_OF_FEW) &&
      saved > (best?.saved ?? 0)
    ) {
      best = { origin, saved };
    }
  }
  if (best === undefined) {
    return undefined;
  }
  const { origin } = best;
  return {
    origin,
    few,
    repeats: Uint8Array.from({ length: question.count }, (_, i) => {
      const there = stateOf(sources, question, origin, i);
      return there === NO_SOURCE ? 0 : there === question.state(i) ? 2 : 1;
    }),
  };
}
