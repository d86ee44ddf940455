import { GentError } from '../common';
import { withDeadline } from './deadline';

/** Ends when its signal aborts, as an engine does. */
const patient = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = () => reject(new GentError('CANCELLED', 'the query was cancelled'));
    signal.addEventListener('abort', end);
    if (signal.aborted) {
      end();
    }
  });

test('work that ends in time is left alone', async () => {
  const caller = new AbortController();
  expect(await withDeadline(caller.signal, 10_000, async () => 5)).toBe(5);
  expect(await withDeadline(caller.signal, undefined, async (signal) => signal)).toBe(caller.signal);
});

test('work that takes too long is a time-out', async () => {
  await expect(withDeadline(new AbortController().signal, 1, patient)).rejects.toMatchObject({
    code: 'QUERY_TIMEOUT',
    message: 'the query took longer than 0.001 s',
  });
});

test('a caller who leaves is no time-out, whether before or during the work', async () => {
  await expect(withDeadline(AbortSignal.abort(), 10_000, patient)).rejects.toMatchObject({ code: 'CANCELLED' });
  const caller = new AbortController();
  const work = withDeadline(caller.signal, 10_000, patient);
  caller.abort();
  await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('errors of the work are its own', async () => {
  const fail = async () => {
    throw new GentError('PLUGIN_QUERY', 'no');
  };
  await expect(withDeadline(new AbortController().signal, 1000, fail)).rejects.toMatchObject({ code: 'PLUGIN_QUERY' });
});
