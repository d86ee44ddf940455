/** @file The door of pkg/nn: train a network, load one, evaluate it without a runtime. */
export * from './types';
export { DEFAULT_WEIGHT_BITS } from './integer';
export { packRows, type PackedRows } from './pack';
export { trainNetwork } from './train';
export { loadNetwork, type LoadOptions } from './load';
export { parseNetwork } from './parse-network';
export { evaluateReference } from './reference';
export { runShard } from './shard';
