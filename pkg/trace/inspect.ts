/** @file Counts what is odd in a trace, without changing it. */
import type { TraceAnomalies } from './anomalies';
import { buildTree, type SpanTree } from './tree';
import type { Span, Trace } from './types';

const NANOS_PER_MILLI = 1_000_000n;

/** Times from here (2000-01-01 UTC, ns) … */
export const PLAUSIBLE_FROM = BigInt(Date.UTC(2000, 0)) * NANOS_PER_MILLI;
/** … to before here (2100-01-01 UTC, ns) are plausible; a clock that was never set gives others. */
export const PLAUSIBLE_TO = BigInt(Date.UTC(2100, 0)) * NANOS_PER_MILLI;

/** Whether the span starts or ends outside the years 2000 to 2099. Such spans are kept, but should not widen a time window. */
export function hasAbsurdTime(span: Span): boolean {
  const { startTimeUnixNano: start, endTimeUnixNano: end } = span;
  return start < PLAUSIBLE_FROM || start >= PLAUSIBLE_TO || end < PLAUSIBLE_FROM || end >= PLAUSIBLE_TO;
}

/**
 * Adds what is odd in a trace to the counters.
 * @param tree - the trace's tree, where it is at hand
 */
export function inspectAnomalies(trace: Trace, counters: TraceAnomalies, tree: SpanTree = buildTree(trace)): void {
  const { spans } = trace;
  counters.orphanSpans += tree.orphans;
  counters.duplicateSpanIds += tree.duplicates;
  counters.parentCycles += tree.cycles;
  let withoutParentId = 0;
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i] as Span;
    if (span.parentSpanId === '') {
      withoutParentId++;
    }
    if (span.endTimeUnixNano < span.startTimeUnixNano) {
      counters.negativeDurations++;
    }
    if (hasAbsurdTime(span)) {
      counters.absurdTimes++;
    }
    const parent = spans[tree.parents[i] as number];
    if (parent !== undefined) {
      if (span.endTimeUnixNano > parent.endTimeUnixNano) {
        counters.childOutlivesParent++;
      }
      if (span.startTimeUnixNano < parent.startTimeUnixNano) {
        counters.childBeforeParent++;
      }
    }
  }
  if (withoutParentId === 0 && spans.length > 0) {
    counters.rootlessTraces++;
  } else if (withoutParentId > 1) {
    counters.multiRootTraces++;
  }
}
