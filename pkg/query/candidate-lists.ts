/** @file Which traces of each model a metrics query can need, and in which of its slots. */
import type { TraceGenerator } from '../generate';
import type { StoredModel } from '../store';
import type { Query } from '../traceql';
import { type CandidateRuns, Candidates } from './candidates';
import type { Slots } from './counts';
import type { CandidateTraces } from './sample-plan';

const NANOS = 1_000_000_000n;

/** The traces of one model that can matter. */
export interface CandidateList extends CandidateTraces, CandidateRuns {
  readonly model: StoredModel;
  /** Of its counts. */
  readonly bucketSeconds: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Slot of the query that the bucket of each run lies in. */
  readonly slot: Int32Array;
  /** Slots before and after that one in which spans of the same trace can begin. */
  readonly before: number;
  readonly after: number;
}

/** Lists the traces of an opened model that can matter to a query. */
export function candidateList(
  generator: TraceGenerator,
  query: Query,
  model: StoredModel,
  slots: Slots
): CandidateList {
  // Spans that start at the very end of the range count.
  const range = { start: slots.start, end: slots.end + 1n };
  const runs = new Candidates(generator, query, range, model.window).runs();
  const seconds = Number(slots.instant === true ? slots.end - slots.start : slots.step) / 1e9;
  const start = Number(slots.start) / 1e9;
  const { buckets, shapes, bucketSeconds } = generator.rows;
  const { before, after } = reachOf(generator);
  return {
    ...runs,
    model,
    bucketSeconds,
    // By the middle of the bucket.
    slot: runs.row.map((row) =>
      Math.max(0, Math.floor((((buckets[row] as number) + 0.5) * bucketSeconds - start) / seconds))
    ),
    shape: runs.row.map((row) => shapes[row] as number),
    before: Math.ceil(before / seconds) + 1,
    after: Math.ceil(after / seconds) + 1,
  };
}

/** Which of `count` slots can hold spans of any of the traces. */
export function occupiedSlots(lists: readonly CandidateList[], count: number): Uint8Array {
  const occupied = new Uint8Array(count);
  for (const { slot, before, after } of lists) {
    for (const own of slot) {
      occupied.fill(1, Math.max(0, Math.min(count, own - before)), Math.min(count, own + after + 1));
    }
  }
  return occupied;
}

interface Reach {
  readonly before: number;
  readonly after: number;
}

const reaches = new WeakMap<TraceGenerator, Reach>();

/** Seconds by which traces of a model begin before the bucket of their first span, and end after its beginning; at most. */
function reachOf(generator: TraceGenerator): Reach {
  const known = reaches.get(generator);
  if (known !== undefined) {
    return known;
  }
  const { buckets, counts, bucketSeconds } = generator.rows;
  let before = 0;
  let after = 0;
  const take = (index: number, bucket: number): void => {
    const { start, end } = generator.boundsOf(index);
    const own = bucket * bucketSeconds;
    before = Math.max(before, own - Number(start / NANOS));
    after = Math.max(after, Number(end / NANOS) + 1 - own);
  };
  const { exemplars } = generator;
  let next = 0;
  let first = 0;
  for (let row = 0; row < counts.length; row++) {
    const bucket = buckets[row] as number;
    take(first, bucket);
    first += counts[row] as number;
    for (; next < exemplars.length && (exemplars[next] as number) < first; next++) {
      take(exemplars[next] as number, bucket);
    }
  }
  const reach = { before, after };
  reaches.set(generator, reach);
  return reach;
}
