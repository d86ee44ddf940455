/**
 * @file The trace that a request of Grafana belongs to: taken from gRPC metadata, written into log lines, sent on to a
 * remote `gent serve`. Source: W3C Trace Context, level 1.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Metadata } from '@grpc/grpc-js';

/** What goes on to others. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/;
/** Longest state that is passed on; the recommendation asks for 512 characters at least. */
const LONGEST_STATE = 2048;

const storage = new AsyncLocalStorage<TraceContext>();

/** The context in gRPC metadata; undefined when there is none or it is not valid. */
export function contextOf(metadata: Pick<Metadata, 'get'>): TraceContext | undefined {
  const traceparent = metadata.get('traceparent')[0]?.toString() ?? '';
  if (!TRACEPARENT.test(traceparent)) {
    return undefined;
  }
  const tracestate = metadata.get('tracestate').join(',');
  return tracestate === '' || tracestate.length > LONGEST_STATE || /[^\x20-\x7e]/.test(tracestate)
    ? { traceparent }
    : { traceparent, tracestate };
}

/** Runs `work`, and everything it begins, within a context. */
export function withTraceContext<T>(context: TraceContext | undefined, work: () => T): T {
  return context === undefined ? work() : storage.run(context, work);
}

/** Headers that carry the context of the running request; none when it has none. */
export function traceHeaders(): Record<string, string> {
  return { ...storage.getStore() };
}

/** Fields of a log line that name the trace and span of the running request. */
export function traceLogFields(): Record<string, string> {
  const match = TRACEPARENT.exec(storage.getStore()?.traceparent ?? '');
  return match?.[1] === undefined || match[2] === undefined ? {} : { traceID: match[1], spanID: match[2] };
}
