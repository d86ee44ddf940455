/** @file The door of pkg/train: traces in, a model out. */
export * from './train';
export { TRAIN_PARTS, type TrainPart } from './parts';
export { newTrainingBatch, type TrainingBatch } from './batch';
