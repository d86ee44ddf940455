/** @file The newest traces of a search: by start, then trace id, so that the same question has the same answer. */
import { GentError, limit } from '../common';
import type { TraceSummary } from '../traceql';

/** Whether `a` stands before `b` in an answer. */
export function isBefore(a: TraceSummary, b: TraceSummary): boolean {
  return a.startTimeUnixNano === b.startTimeUnixNano
    ? a.traceId < b.traceId
    : a.startTimeUnixNano > b.startTimeUnixNano;
}

/** Memory of a summary, of a span in it, and of an attribute; roughly. */
const BYTES_A_TRACE = 400;
const BYTES_A_SPAN = 200;
const BYTES_AN_ATTRIBUTE = 80;

function bytesOf({ spanSets }: TraceSummary): number {
  let bytes = BYTES_A_TRACE;
  for (const { spans, attributes } of spanSets) {
    bytes += attributes.length * BYTES_AN_ATTRIBUTE;
    for (const span of spans) {
      bytes += BYTES_A_SPAN + span.attributes.length * BYTES_AN_ATTRIBUTE;
    }
  }
  return bytes;
}

/** Keeps the newest `most` of what is offered. */
export class Newest<T extends TraceSummary> {
  /** Sorted, newest first. */
  private readonly kept: T[] = [];
  private bytes = 0;
  private readonly mostBytes = limit('QUERY_ANSWER_BYTES');

  constructor(readonly most: number) {}

  /** @throws GentError QUERY_MEMORY when what is kept would take more than QUERY_ANSWER_BYTES */
  offer(summary: T): void {
    const last = this.kept[this.kept.length - 1];
    if (this.full && last !== undefined && !isBefore(summary, last)) {
      return;
    }
    let low = 0;
    let high = this.kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(this.kept[middle] as T, summary)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    this.kept.splice(low, 0, summary);
    this.bytes += bytesOf(summary);
    if (this.kept.length > this.most) {
      const dropped = this.kept.pop();
      this.bytes -= dropped === undefined ? 0 : bytesOf(dropped);
    }
    if (this.bytes > this.mostBytes) {
      throw new GentError(
        'QUERY_MEMORY',
        `the answer takes more than QUERY_ANSWER_BYTES=${this.mostBytes} after ${this.kept.length} traces`
      );
    }
  }

  private get full(): boolean {
    return this.kept.length >= this.most;
  }

  /** A trace that starts before this (ns) cannot be in the answer any more; undefined while there is room. */
  get threshold(): bigint | undefined {
    return this.full ? (this.kept[this.kept.length - 1]?.startTimeUnixNano ?? 0n) : undefined;
  }

  list(): readonly T[] {
    return this.kept;
  }
}
