/** @file The newest traces of a search: by start, then trace id, so that the same question has the same answer. */
import type { TraceSummary } from '../traceql';

/** Whether `a` stands before `b` in an answer. */
export function isBefore(a: TraceSummary, b: TraceSummary): boolean {
  return a.startTimeUnixNano === b.startTimeUnixNano
    ? a.traceId < b.traceId
    : a.startTimeUnixNano > b.startTimeUnixNano;
}

/** Keeps the newest `most` of what is offered. */
export class Newest<T extends TraceSummary> {
  /** Sorted, newest first. */
  private readonly kept: T[] = [];

  constructor(readonly most: number) {}

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
    if (this.kept.length > this.most) {
      this.kept.pop();
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
