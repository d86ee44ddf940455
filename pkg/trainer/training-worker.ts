/** @file The worker role `train-batch`: unpacks a batch, trains a model, hands the file back. */
import { parentPort } from 'node:worker_threads';
import { asGentError, makeLogger, type LogFields, type LogLevel, type Progress } from '../common';
import type { Trace } from '../trace';
import { newTrainingBatch, trainOnColumns, type TrainingBatch, type TrainOptions, type TrainResult } from '../train';
import { unpackTraces } from './batch';
import type { Beginning, PreviousModel } from './previous-model';

/** What the worker is started with. */
export interface TrainBatchData {
  readonly pieces: readonly Uint8Array[];
  /** undefined: training's own default. */
  readonly settings: Readonly<
    Record<'seed' | 'epochs' | 'maxBytes' | 'privacyK' | 'width' | 'attributes', number | undefined>
  >;
  /** The model to go on from, or why there is none; undefined where trainings do not go on from one another. */
  readonly previous: PreviousModel | undefined;
}

/** What the worker made of a batch. */
export interface TrainedBatch {
  /** The model file. */
  readonly bytes: Uint8Array;
  readonly began: Beginning;
}

/** What the worker can be told while it trains. It is asked, since ending it inside the native runtime ends the process. */
export type TrainBatchRequest = 'cancel';

/** What the worker tells. The last message is `done` or `failed`. */
export type TrainBatchMessage =
  | { readonly kind: 'step'; readonly step: string; readonly total: number }
  | { readonly kind: 'update'; readonly done: number; readonly note?: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  | ({ readonly kind: 'done' } & TrainedBatch)
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Piece by piece, so that the batch is never in memory as objects as a whole. */
function* unpackAll(pieces: readonly Uint8Array[]): Generator<Trace> {
  for (const piece of pieces) {
    yield* unpackTraces(piece);
  }
}

/** A damaged model is no reason not to have a new one. */
const isDamage = (code: string): boolean => code.startsWith('MODEL_') || code === 'NN_BAD_NETWORK';

async function trainFrom(
  batch: ReturnType<TrainingBatch['finish']>,
  previous: PreviousModel | undefined,
  options: TrainOptions
): Promise<TrainResult> {
  if (previous === undefined) {
    return trainOnColumns(batch, options);
  }
  if ('anew' in previous) {
    return trainOnColumns(batch, { ...options, anew: previous.anew });
  }
  try {
    return await trainOnColumns(batch, { ...options, from: previous.bytes });
  } catch (thrown) {
    const { code, message } = asGentError(thrown);
    if (!isDamage(code)) {
      throw thrown;
    }
    options.logger?.warn('the last model is damaged', { model: previous.id, code, message });
    return trainOnColumns(batch, { ...options, anew: `the last model ${previous.id} is damaged: ${code}` });
  }
}

/** Runs the role. */
export async function trainBatch(data: unknown): Promise<void> {
  const port = parentPort;
  if (port === null) {
    throw new Error('the role train-batch runs in a worker thread only');
  }
  const post = (message: TrainBatchMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const { pieces, settings, previous } = data as TrainBatchData;
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
    const batch = newTrainingBatch();
    for (const trace of unpackAll(pieces)) {
      batch.add(trace);
    }
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    const { bytes, report } = await trainFrom(batch.finish(), previous, {
      ...given,
      progress,
      logger,
      signal: cancelled.signal,
    });
    const { from, takenOver, anew } = report.training;
    const began = {
      ...(from === undefined ? {} : { from }),
      ...(takenOver === undefined ? {} : { takenOver }),
      ...(anew === undefined ? {} : { anew }),
    };
    // A copy of exactly these bytes, so that the transfer takes nothing else with it.
    const file = new Uint8Array(bytes);
    post({ kind: 'done', bytes: file, began }, [file.buffer]);
  } catch (thrown) {
    const error = asGentError(thrown);
    post({ kind: 'failed', code: error.code, message: error.message });
  }
}
