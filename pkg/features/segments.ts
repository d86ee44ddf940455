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

/** Traces that make a tick at least, and how many ticks there are at most, but for those that end at a pause. */
const TRACES_PER_TICK = 20;
const MOST_TICKS = 192;
/** Seconds without a trace after which another tick may begin with half as many. */
const PAUSE_SECONDS = 60;

/**
 * Ticks: the window cut finer than segments, at pauses sooner than elsewhere, so that what lasts a minute can be told from
 * the minutes around it.
 */
export function ticksOf(counts: TraceCounts): { readonly row: Int32Array; readonly count: number } {
  const row = new Int32Array(counts.bucket.length);
  const total = counts.count.reduce((sum, n) => sum + n, 0);
  const enough = Math.max(TRACES_PER_TICK, total / MOST_TICKS);
  let seen = 0;
  let tick = 0;
  for (let i = 0; i < row.length; i++) {
    const pause =
      i === 0 ? 0 : ((counts.bucket[i] as number) - (counts.bucket[i - 1] as number)) * counts.bucketSeconds;
    if (pause > 0 && (seen >= enough || (pause >= PAUSE_SECONDS && 2 * seen >= enough))) {
      tick++;
      seen = 0;
    }
    row[i] = tick;
    seen += counts.count[i] as number;
  }
  return { row, count: tick + 1 };
}
