/** @file The door of pkg/query: questions about traces, answered from models or from raw traces. */
export * from './types';
export * from './overview';
export { modelEngine, type ModelEngineOptions } from './model-engine';
export { rawEngine } from './raw-engine';
export { searchInParts, stretches } from './partial-search';
