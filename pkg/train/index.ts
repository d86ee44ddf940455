/** @file The door of pkg/train: traces in, a model out. */
export * from './train';
export { newTrainingBatch, type TrainingBatch } from './batch';
