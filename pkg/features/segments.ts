/** @file Time segments: the window cut into a few parts of about equally many traces, so that what changes can be learnt. */
import type { TraceCounts } from './counts';

const MAX_SEGMENTS = 64;
const TRACES_PER_SEGMENT = 30;

/** Segment of each row of the counts; follows from the counts alone, so it costs nothing in the file. */
export function segmentsOf(counts: TraceCounts): { readonly row: Int32Array; readonly count: number } {
  const row = new Int32Array(counts.bucket.length);
  const total = counts.count.reduce((sum, n) => sum + n, 0);
  const wanted = Math.max(1, Math.min(MAX_SEGMENTS, Math.floor(total / TRACES_PER_SEGMENT)));
  let seen = 0;
  let segment = 0;
  for (let i = 0; i < row.length; i++) {
    if (i > 0 && counts.bucket[i] !== counts.bucket[i - 1] && seen >= ((segment + 1) * total) / wanted) {
      segment++;
    }
    row[i] = segment;
    seen += counts.count[i] as number;
  }
  return { row, count: segment + 1 };
}
