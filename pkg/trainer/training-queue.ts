/** @file Trains closed batches one after the other in a worker thread and publishes the models. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asGentError, GentError, startWorker, type Logger } from '../common';
import type { ModelStore, StoredModel } from '../store';
import type { ClosedBatch } from './batch';
import { besideStore, type TrainerConfig } from './config';
import type { BatchQueue } from './intake';
import type { TrainerMetrics } from './metrics';
import { beginningText, previousModel, type Beginning, type PreviousModel } from './previous-model';
import type { TrainBatchData, TrainBatchMessage, TrainBatchRequest, TrainedBatch } from './training-worker';

/** A failed training is tried once more: the cause may have been memory that others held. */
const ATTEMPTS = 2;

/** What is being trained now. */
export interface TrainingNow {
  readonly batch: number;
  readonly traces: number;
  readonly spans: number;
  readonly step: string;
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

export interface TrainingQueueOptions {
  readonly config: TrainerConfig;
  readonly store: ModelStore;
  readonly metrics: TrainerMetrics;
  readonly logger: Logger;
  readonly onPublished?: (model: StoredModel, batch: ClosedBatch) => void;
  /** Called when a batch is published, or kept where it can be trained later. */
  readonly onDone?: (batch: number) => Promise<void>;
}

export class TrainingQueue implements BatchQueue {
  private readonly waiting: ClosedBatch[] = [];
  private running: Promise<void> | undefined;
  private abort: (() => void) | undefined;
  now: TrainingNow | undefined;
  published = 0;
  failed = 0;
  last: StoredModel | undefined;
  /** How the training of the last model began, where trainings go on from one another. */
  began: Beginning | undefined;

  constructor(private readonly options: TrainingQueueOptions) {}

  get length(): number {
    return this.waiting.length;
  }

  get bytes(): number {
    return this.waiting.reduce((sum, batch) => sum + batch.pieces.reduce((bytes, piece) => bytes + piece.length, 0), 0);
  }

  add(batch: ClosedBatch): void {
    this.waiting.push(batch);
    this.running ??= this.work().finally(() => {
      this.running = undefined;
    });
  }

  /** Resolves when nothing waits and nothing is being trained. */
  async idle(): Promise<void> {
    while (this.running !== undefined) {
      await this.running;
    }
  }

  /** Ends the training under way; its batch is kept as a failed one. */
  cancel(): void {
    this.abort?.();
  }

  private async work(): Promise<void> {
    for (let batch = this.waiting.shift(); batch !== undefined; batch = this.waiting.shift()) {
      let safe = true;
      try {
        await this.trainAndPublish(batch);
      } catch (thrown) {
        this.failed++;
        safe = await this.keep(batch, asGentError(thrown));
      }
      if (safe) {
        await this.options.onDone?.(batch.id);
      }
    }
  }

  private async trainAndPublish(batch: ClosedBatch): Promise<void> {
    const { store, metrics, logger, onPublished } = this.options;
    const started = performance.now();
    const { bytes, began } = await this.trainWithRetry(batch);
    const seconds = (performance.now() - started) / 1000;
    metrics.trainingSeconds.observe(seconds);
    const model = await store.publish(bytes);
    metrics.modelBytes.set(bytes.length);
    metrics.publishedBytes.inc(bytes.length);
    this.published++;
    this.last = model;
    if (this.options.config.rolling) {
      this.began = began;
      metrics.rolling.inc({ outcome: began.from === undefined ? 'anew' : 'went_on' });
    }
    logger.info('model published', {
      batch: batch.id,
      model: model.id,
      file: model.file,
      traces: batch.traces,
      spans: batch.spans,
      bytes: bytes.length,
      seconds: seconds.toFixed(1),
      ...(this.options.config.rolling ? { rolling: beginningText(began) } : {}),
    });
    onPublished?.(model, batch);
  }

  private async trainWithRetry(batch: ClosedBatch): Promise<TrainedBatch> {
    const { config, store, metrics, logger } = this.options;
    let previous = config.rolling ? await previousModel(store, this.last, logger) : undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        const trained = await this.train(batch, previous);
        metrics.trainings.inc({ outcome: 'ok' });
        return trained;
      } catch (thrown) {
        const error = asGentError(thrown);
        const last = attempt === ATTEMPTS || error.code === 'CANCELLED';
        metrics.trainings.inc({ outcome: error.code === 'CANCELLED' ? 'cancelled' : 'failed' });
        logger.warn('training failed', {
          batch: batch.id,
          attempt,
          code: error.code,
          message: error.message,
          again: !last,
        });
        if (last) {
          throw error;
        }
        // The model to go on from may be the cause.
        if (previous !== undefined && 'id' in previous) {
          previous = { anew: `going on from ${previous.id} failed` };
        }
      } finally {
        this.now = undefined;
      }
    }
  }

  private async train(batch: ClosedBatch, previous: PreviousModel | undefined): Promise<TrainedBatch> {
    const { seed, epochs, maxBytes, privacyK, width, attributes } = this.options.config;
    const settings = { seed, epochs, maxBytes, privacyK, width, attributes };
    const data: TrainBatchData = { pieces: batch.pieces, settings, previous };
    const about = { batch: batch.id, traces: batch.traces, spans: batch.spans };
    this.now = { ...about, step: 'unpack', done: 0, total: 0, note: '' };
    const worker = startWorker('train-batch', data);
    try {
      return await new Promise<TrainedBatch>((resolve, reject) => {
        this.abort = () => worker.postMessage('cancel' satisfies TrainBatchRequest);
        worker.on('message', (message: TrainBatchMessage) => {
          switch (message.kind) {
            case 'step':
              this.now = { ...about, step: message.step, done: 0, total: message.total, note: '' };
              break;
            case 'update':
              this.now = this.now && { ...this.now, done: message.done, note: message.note ?? this.now.note };
              break;
            case 'log':
              this.options.logger[message.level](message.message, { ...message.fields, batch: batch.id });
              break;
            case 'done':
              resolve(message);
              break;
            case 'failed':
              reject(
                message.code === 'CANCELLED'
                  ? new GentError('CANCELLED', `training of batch ${batch.id} was cancelled`)
                  : new GentError('TRAINER_TRAINING_FAILED', `batch ${batch.id}: ${message.code}: ${message.message}`)
              );
              break;
          }
        });
        worker.on('error', (error) =>
          reject(new GentError('TRAINER_TRAINING_FAILED', `batch ${batch.id}: ${error.message}`, { cause: error }))
        );
        worker.on('exit', (code) =>
          reject(new GentError('TRAINER_TRAINING_FAILED', `batch ${batch.id}: the worker ended with code ${code}`))
        );
      });
    } finally {
      this.abort = undefined;
      await worker.terminate();
    }
  }

  /** Writes a batch that gave no model where `gent train --traces` can read it. @returns whether that worked */
  private async keep(batch: ClosedBatch, error: GentError): Promise<boolean> {
    const { config, logger } = this.options;
    const directory = besideStore(config, config.failed, '.failed');
    const name = `batch-${new Date().toISOString().replaceAll(':', '-')}-${randomBytes(3).toString('hex')}.otlp.pb.gz`;
    const file = path.join(directory, name);
    try {
      await mkdir(directory, { recursive: true });
      await writeFile(`${file}.tmp`, Buffer.concat(batch.pieces), { flush: true });
      await rename(`${file}.tmp`, file);
      logger.error('batch kept untrained', { batch: batch.id, file, code: error.code, message: error.message });
      return true;
    } catch (thrown) {
      logger.error('batch neither trained nor kept: it is in the log alone, if there is one', {
        batch: batch.id,
        traces: batch.traces,
        code: error.code,
        message: error.message,
        also: (thrown as Error).message,
      });
      return false;
    }
  }
}
