/** @file Time ranges of queries. */
import { traceBounds, type Trace } from '../trace';
import type { TimeRange } from './types';

const floorTo = (time: bigint, step: bigint) => time - (((time % step) + step) % step);
const ceilTo = (time: bigint, step: bigint) => floorTo(time + step - 1n, step);

/** The range widened to whole multiples of `step`, as Tempo aligns metrics queries. */
export function alignRange(range: TimeRange, step: bigint): TimeRange {
  return step <= 0n ? range : { start: floorTo(range.start, step), end: ceilTo(range.end, step) };
}

/** Whether a span of time [start, end], both included, touches the range. */
export function touches(range: TimeRange | undefined, start: bigint, end: bigint): boolean {
  return range === undefined || (start < range.end && end >= range.start);
}

/** Whether a trace touches the range. */
export function traceTouches(range: TimeRange | undefined, trace: Trace): boolean {
  if (range === undefined) {
    return true;
  }
  const { start, end } = traceBounds(trace);
  return touches(range, start, end);
}

/** Whether `inner` lies within the range. */
export function contains(range: TimeRange | undefined, inner: TimeRange): boolean {
  return range === undefined || (inner.start >= range.start && inner.end < range.end);
}
