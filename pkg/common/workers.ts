/** @file Starts worker threads: one bundled entry (`worker.cjs`), many roles, known by name. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { GentError } from './errors';

declare const __GENT_BUNDLED__: boolean | undefined;

/** Where `worker.cjs` lies: beside the bundle, or in build/ of a checkout. */
export function workerFile(): string {
  const bundled = typeof __GENT_BUNDLED__ !== 'undefined' && __GENT_BUNDLED__;
  const file = bundled ? path.join(__dirname, 'worker.cjs') : path.resolve(__dirname, '../../build/worker.cjs');
  if (!existsSync(file)) {
    throw new GentError('FILE_NOT_FOUND', `the worker bundle ${file} is missing: run \`npm run build:node\``);
  }
  return file;
}

/**
 * Starts a worker thread in a role (see pkg/worker). `data` reaches it as `workerData.data`.
 * The worker keeps the process alive unless `unref` is called on it.
 */
export function startWorker(role: string, data: unknown, options: WorkerOptions = {}): Worker {
  return new Worker(workerFile(), { ...options, workerData: { role, data } });
}
