/** @file The time that a data source allows a query. */
import { asGentError, GentError } from '../common';

/**
 * Runs `work` with a signal that aborts when the caller leaves or the time is over. Nothing is left behind when it ends:
 * no timer, no listener.
 * @param milliseconds - undefined: only the caller's patience counts
 * @throws GentError QUERY_TIMEOUT when the time was over; else what `work` throws
 */
export async function withDeadline<T>(
  caller: AbortSignal,
  milliseconds: number | undefined,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  if (milliseconds === undefined) {
    return work(caller);
  }
  const abort = new AbortController();
  const leave = (): void => abort.abort();
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      abort.abort();
    },
    Math.max(1, Math.round(milliseconds))
  );
  caller.addEventListener('abort', leave, { once: true });
  if (caller.aborted) {
    abort.abort();
  }
  try {
    return await work(abort.signal);
  } catch (error) {
    if (late && !caller.aborted) {
      const seconds = milliseconds / 1000;
      throw new GentError('QUERY_TIMEOUT', `the query took longer than ${seconds} s`, { cause: error });
    }
    throw asGentError(error);
  } finally {
    clearTimeout(timer);
    caller.removeEventListener('abort', leave);
  }
}
