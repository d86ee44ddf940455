/** @file Writing to a stream no faster than the other side reads. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { GentError } from '../common';

/**
 * A function that writes one message and waits for room.
 * @throws GentError CANCELLED when the other side has gone
 */
export function writer<Q, A>(call: ServerWritableStream<Q, A>, signal: AbortSignal): (message: A) => Promise<void> {
  return async (message) => {
    if (signal.aborted) {
      throw new GentError('CANCELLED', 'the caller went away');
    }
    if (call.write(message)) {
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        call.off('drain', done);
        signal.removeEventListener('abort', gone);
        resolve();
      };
      const gone = (): void => {
        call.off('drain', done);
        reject(new GentError('CANCELLED', 'the caller went away'));
      };
      call.once('drain', done);
      signal.addEventListener('abort', gone, { once: true });
    });
  };
}
