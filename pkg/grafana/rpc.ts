/** @file Handlers of gRPC calls from async functions: cancelling, errors, and the trace a call belongs to. */
import { type Metadata, type sendUnaryData, type ServerUnaryCall, status as GrpcStatus } from '@grpc/grpc-js';
import { asGentError, type Logger } from '../common';
import { contextOf, withTraceContext } from './trace-context';

interface Cancellable {
  on(event: 'cancelled', listener: () => void): unknown;
  readonly cancelled: boolean;
}

/** A signal that aborts when the caller goes away. */
export function signalOf(call: Cancellable): AbortSignal {
  const abort = new AbortController();
  call.on('cancelled', () => abort.abort());
  if (call.cancelled) {
    abort.abort();
  }
  return abort.signal;
}

/** Runs the work of a call within the trace that its metadata names. */
export function inTraceOf<T>(call: { readonly metadata: Metadata }, work: () => T): T {
  return withTraceContext(contextOf(call.metadata), work);
}

/** A unary handler from an async function; what it throws becomes a gRPC error with our text. */
export function unary<Q, A>(log: Logger, answer: (request: Q, signal: AbortSignal) => Promise<A>) {
  return (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>): void => {
    inTraceOf(call, () => {
      answer(call.request, signalOf(call)).then(
        (result) => callback(null, result),
        (thrown: unknown) => {
          const error = asGentError(thrown);
          log.error('request failed', { path: call.getPath(), error: error.toLine() });
          const code = error.code === 'CANCELLED' ? GrpcStatus.CANCELLED : GrpcStatus.INTERNAL;
          callback({ code, details: error.toLine() });
        }
      );
    });
  };
}
