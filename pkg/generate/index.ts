/** @file The door of pkg/generate: a model in, traces out. */
export * from './types';
export { openModel, type OpenedModel, type OpenOptions } from './open';
export { readNetworkSection, writeNetworkSection, type NetworkSection } from './network-section';
export { exemplarTools, type Exemplar, type ExemplarTools } from './exemplar-section';
export { mayHoldExemplar } from '../model';
export { type DrawnBinsInput } from './drawn-bins';
export { openDrawnBins, runDrawnBins, type DrawnBins } from './drawn-bins-threads';
