/**
 * @file Which traces are worth keeping verbatim. A trace is a set of things it shows: its shape, its kinds of errors,
 * spans that are slow for their operation. A thing that n of N traces show is worth log2(N / n) bits, half as much each
 * time it has been shown; traces are taken greedily by bits a byte (submodular maximisation under a budget: Leskovec et
 * al. 2007, with lazy evaluation).
 */
import type { LearntBatch } from '../features';
import type { IdentifiedBatch } from './batch';

/** Attributes that tell kinds of errors apart (OpenTelemetry semantic conventions), and the status message. */
const ERROR_KEYS: ReadonlySet<string> = new Set([
  'error.type',
  'exception.type',
  'http.response.status_code',
  'http.status_code',
  'rpc.grpc.status_code',
  'rpc.response.status_code',
  'db.response.status_code',
  'statusMessage',
]);
/** Slow for an operation: beyond these quantiles, where there are spans enough to say. */
const TAILS = [0.99, 0.999] as const;
const TAIL_MEMBERS = 5;
/** What is shown by more than this share of the traces is nothing rare. */
const RARE_SHARE = 0.02;
/** Weight of slowness: an operation has two levels of it, and operations are often slow together. */
const TAIL_WEIGHT = 0.5;
/** Stored bytes of a trace, of a span (id, times) and of what it refers to. */
const TRACE_BYTES = 22;
const SPAN_BYTES = 13;
const PAIR_BYTES = 1;
const ERROR_STATUS = 2;

/** Durations beyond which a span is slow, by operation; +∞ where nothing can be said. */
function tailsOf({ content, spans }: LearntBatch): Float64Array[] {
  const durations: number[][] = content.dictionary.operations.map(() => []);
  for (let i = 0; i < spans.size; i++) {
    durations[spans.operation[i] as number]?.push(spans.duration[i] as number);
  }
  return TAILS.map((q) =>
    Float64Array.from(durations, (list) => {
      if ((1 - q) * list.length < TAIL_MEMBERS) {
        return Infinity;
      }
      return Float64Array.from(list).sort()[Math.floor(q * list.length)] as number;
    })
  );
}

/** Things by number, and which of them each trace shows. */
interface Shown {
  readonly ofTrace: ReadonlyArray<readonly number[]>;
  readonly bits: Float64Array;
}

function whatTracesShow(learnt: LearntBatch, batch: IdentifiedBatch): Shown {
  const { spans, order } = learnt;
  const ids = new Map<string, number>();
  const traces: number[] = [];
  const weights: number[] = [];
  const tails = tailsOf(learnt);
  const isErrorKey = batch.keys.map((key) => ERROR_KEYS.has(key.key));
  const ofTrace = Array.from({ length: spans.traces }, (_, t) => {
    const own = new Set<number>();
    const show = (key: string, weight: number): void => {
      let id = ids.get(key);
      if (id === undefined) {
        id = ids.size;
        ids.set(key, id);
        traces.push(0);
        weights.push(weight);
      }
      own.add(id);
    };
    show(`s${spans.shape[t]}`, 1);
    for (let i = spans.offset[t] as number; i < (spans.offset[t + 1] as number); i++) {
      const operation = spans.operation[i] as number;
      tails.forEach((tail, level) => {
        if ((spans.duration[i] as number) >= (tail[operation] as number)) {
          show(`d${operation}|${level}`, TAIL_WEIGHT);
        }
      });
      if (spans.status[i] === ERROR_STATUS) {
        const at = order[i] as number;
        show(`e${operation}`, 1);
        for (const pair of errorPairs(batch, at)) {
          if (isErrorKey[batch.pairs[pair]?.key ?? -1] === true) {
            show(`e${operation}|${pair}`, 1);
          }
        }
      }
    }
    own.forEach((id) => {
      traces[id] = (traces[id] as number) + 1;
    });
    return [...own];
  });
  const bits = Float64Array.from(traces, (n, id) =>
    n > Math.max(1, RARE_SHARE * spans.traces) ? 0 : (weights[id] as number) * Math.log2(spans.traces / n)
  );
  return { ofTrace, bits };
}

/** Attributes of a span and of its events. */
function* errorPairs(batch: IdentifiedBatch, span: number): Generator<number> {
  const { attributes, eventOffset, eventAttributes } = batch;
  yield* attributes.pool.subarray(attributes.offset[span] as number, attributes.offset[span + 1] as number);
  yield* eventAttributes.pool.subarray(
    eventAttributes.offset[eventOffset[span] as number] as number,
    eventAttributes.offset[eventOffset[span + 1] as number] as number
  );
}

/** Bytes that a trace will take, about. */
function costOf({ spans, order }: LearntBatch, batch: IdentifiedBatch, t: number): number {
  let bytes = TRACE_BYTES;
  const lists = [batch.attributes, batch.eventAttributes] as const;
  for (let i = spans.offset[t] as number; i < (spans.offset[t + 1] as number); i++) {
    bytes += SPAN_BYTES;
    const at = order[i] as number;
    const events = [batch.eventOffset[at] as number, batch.eventOffset[at + 1] as number] as const;
    const ranges = [[at, at + 1] as const, events];
    lists.forEach((list, l) => {
      const [from, to] = ranges[l] as readonly [number, number];
      for (let p = list.offset[from] as number; p < (list.offset[to] as number); p++) {
        const pair = list.pool[p] as number;
        // a value of one trace has to be written out
        const { value } = batch.pairs[pair] as { value: unknown };
        const rare = (batch.pairTraces[pair] as number) <= 2;
        bytes += PAIR_BYTES + (rare ? (typeof value === 'string' ? 0.6 * value.length : 4) : 0);
      }
    });
  }
  return bytes;
}

/**
 * Traces worth keeping, best first.
 * @param eligible - whether trace t can be kept
 * @param bytes - where to stop, by estimate
 */
export function rankTraces(
  learnt: LearntBatch,
  batch: IdentifiedBatch,
  eligible: (t: number) => boolean,
  bytes: number
): number[] {
  const { ofTrace, bits } = whatTracesShow(learnt, batch);
  const left = bits.slice();
  const worth = (t: number): number => (ofTrace[t] ?? []).reduce((sum, id) => sum + (left[id] as number), 0);
  const queue = ofTrace
    .flatMap((_, t) => (worth(t) > 0 && eligible(t) ? [{ t, cost: costOf(learnt, batch, t), ratio: 0 }] : []))
    .map((entry) => ({ ...entry, ratio: worth(entry.t) / entry.cost }))
    .sort((a, b) => b.ratio - a.ratio || a.t - b.t);
  const ranked: number[] = [];
  let spent = 0;
  // Lazy greedy: worth only falls, so an entry that stays on top after a fresh look is the best.
  while (queue.length > 0 && spent < bytes) {
    const top = queue.shift() as (typeof queue)[number];
    const ratio = worth(top.t) / top.cost;
    const next = queue[0];
    if (next !== undefined && ratio < next.ratio) {
      insert(queue, { ...top, ratio });
      continue;
    }
    if (ratio <= 0) {
      break;
    }
    ranked.push(top.t);
    spent += top.cost;
    for (const id of ofTrace[top.t] ?? []) {
      left[id] = (left[id] as number) / 2;
    }
  }
  return ranked;
}

function insert<T extends { readonly ratio: number; readonly t: number }>(queue: T[], entry: T): void {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queue[middle] as T;
    if (other.ratio > entry.ratio || (other.ratio === entry.ratio && other.t < entry.t)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  queue.splice(low, 0, entry);
}
