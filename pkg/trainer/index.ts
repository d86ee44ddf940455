/** @file The door of pkg/trainer: receives spans, batches traces, trains models, publishes them. */
export {
  DEFAULT_TRAINER_CONFIG,
  parseDuration,
  parseListen,
  TRAINER_SETTINGS,
  trainerConfig,
  type TrainerConfig,
} from './config';
export type { Admission, Receiver, SpanSink } from './receiver';
export type { TrainerStatus } from './status-page';
export { Trainer, type TrainerOptions } from './trainer';
export { trainBatch } from './training-worker';
