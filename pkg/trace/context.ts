/** @file What the readers of one input share: interned objects and the counters of odd data. */
import { newAnomalies, type TraceAnomalies } from './anomalies';
import { Interner } from './intern';
import { isZeroId, readId, SPAN_ID_DIGITS, TRACE_ID_DIGITS } from './ids';

/** Shared by the readers of one input. */
export interface ReadContext {
  readonly intern: Interner;
  readonly anomalies: TraceAnomalies;
}

/** A context of its own: fresh counters (or the given ones), nothing interned. */
export function newReadContext(anomalies: TraceAnomalies = newAnomalies()): ReadContext {
  return { intern: new Interner(), anomalies };
}

/** Ids of a span as read; undefined when the span has none that can be used. */
export interface SpanIds {
  traceId: string;
  spanId: string;
  parentSpanId: string;
}

/**
 * Checks the ids of a span: a span without a usable trace or span id is dropped (undefined), a parent id that is all zeros
 * or no hex is read as none. Both are counted.
 */
export function checkSpanIds(
  traceId: string,
  spanId: string,
  parentSpanId: string,
  anomalies: TraceAnomalies
): SpanIds | undefined {
  const trace = readId(traceId, TRACE_ID_DIGITS);
  const span = readId(spanId, SPAN_ID_DIGITS);
  if (
    trace === undefined ||
    span === undefined ||
    trace.length !== TRACE_ID_DIGITS ||
    span.length !== SPAN_ID_DIGITS ||
    isZeroId(trace) ||
    isZeroId(span)
  ) {
    anomalies.invalidIds++;
    return undefined;
  }
  let parent = '';
  if (parentSpanId !== '') {
    parent = readId(parentSpanId, SPAN_ID_DIGITS) ?? '';
    if (parent === '' || isZeroId(parent)) {
      anomalies.invalidParentIds++;
      parent = '';
    }
  }
  return { traceId: trace, spanId: span, parentSpanId: parent };
}
