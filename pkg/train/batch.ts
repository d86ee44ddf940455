/** @file A batch that takes traces one by one and keeps columns only, so that the objects can be let go. */
import { TraceCollector, type BatchColumns } from '../features';
import type { Trace } from '../trace';

export interface TrainingBatch {
  readonly traces: number;
  readonly spans: number;
  /** @throws GentError TRAIN_TOO_LARGE */
  add(trace: Trace): void;
  /** @throws GentError TRAIN_EMPTY */
  finish(): BatchColumns;
}

export function newTrainingBatch(): TrainingBatch {
  return new TraceCollector();
}
