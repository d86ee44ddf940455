/** @file The worker role `train-batch`: unpacks a batch, trains a model, hands the file back. */
import { parentPort } from 'node:worker_threads';
import { asGentError, makeLogger, type LogFields, type LogLevel, type Progress } from '../common';
import type { Trace } from '../trace';
import { trainModel } from '../train';
import { unpackTraces } from './batch';

/** What the worker is started with. */
export interface TrainBatchData {
  readonly pieces: readonly Uint8Array[];
  readonly seed: number;
  readonly epochs: number | undefined;
  readonly maxBytes: number | undefined;
  readonly privacyK: number | undefined;
}

/** What the worker can be told while it trains. It is asked, since ending it inside the native runtime ends the process. */
export type TrainBatchRequest = 'cancel';

/** What the worker tells. The last message is `done` or `failed`. */
export type TrainBatchMessage =
  | { readonly kind: 'step'; readonly step: string; readonly total: number }
  | { readonly kind: 'update'; readonly done: number; readonly note?: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  | { readonly kind: 'done'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Piece by piece, so that the batch is never in memory as objects as a whole. */
function* unpackAll(pieces: readonly Uint8Array[]): Generator<Trace> {
  for (const piece of pieces) {
    yield* unpackTraces(piece);
  }
}

/** Runs the role. */
export async function trainBatch(data: unknown): Promise<void> {
  const port = parentPort;
  if (port === null) {
    throw new Error('the role train-batch runs in a worker thread only');
  }
  const post = (message: TrainBatchMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const { pieces, seed, epochs, maxBytes, privacyK } = data as TrainBatchData;
  const cancelled = new AbortController();
  port.once('message', (_request: TrainBatchRequest) => cancelled.abort());
  // Listening must not keep a worker that has done its work.
  port.unref();
  const progress: Progress = {
    start: (step, total) => post({ kind: 'step', step, total }),
    update: (done, note) => post({ kind: 'update', done, ...(note === undefined ? {} : { note }) }),
    stop: () => undefined,
  };
  // What training tells a person at a terminal is said by the trainer in its own words: here it is detail.
  const logger = makeLogger((level, message, fields) =>
    post({ kind: 'log', level: level === 'info' ? 'debug' : level, message, fields })
  );
  try {
    const { bytes } = await trainModel(unpackAll(pieces), {
      seed,
      progress,
      logger,
      signal: cancelled.signal,
      ...(epochs === undefined ? {} : { epochs }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
      ...(privacyK === undefined ? {} : { privacyK }),
    });
    // A copy of exactly these bytes, so that the transfer takes nothing else with it.
    const file = new Uint8Array(bytes);
    post({ kind: 'done', bytes: file }, [file.buffer]);
  } catch (thrown) {
    const error = asGentError(thrown);
    post({ kind: 'failed', code: error.code, message: error.message });
  }
}
