/** @file The door of pkg/train: traces in, a model out. */
export * from './types';
export { DEFAULT_PRIVACY_K, EXEMPLAR_SHARE, trainModel, trainOnColumns } from './train';
export { TRAIN_PARTS, type TrainPart } from './parts';
export { newTrainingBatch, type TrainingBatch } from './batch';
