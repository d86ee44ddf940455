/** @file Time buckets: the range of the real span starts in equal parts. */
import type { SpanTable } from './span-table';

export const TIME_BUCKETS = 60;

/** Bucket 1 … parts of a start time; 0 before the real range, parts + 1 after it. */
export interface Clock {
  readonly from: number;
  readonly to: number;
  bucket(start: number, parts?: number): number;
}

/** The clock of the real side. */
export function clockOf(real: SpanTable): Clock {
  let from = Infinity;
  let to = -Infinity;
  for (const start of real.start) {
    from = Math.min(from, start);
    to = Math.max(to, start);
  }
  return {
    from,
    to,
    bucket(start, parts = TIME_BUCKETS) {
      if (start < from) {
        return 0;
      }
      if (start > to) {
        return parts + 1;
      }
      return to > from ? 1 + Math.min(parts - 1, Math.floor(((start - from) / (to - from)) * parts)) : 1;
    },
  };
}
