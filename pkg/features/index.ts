/** @file The door of pkg/features: traces to shapes, counts and rows of discrete fields. */
export * from './attributes';
export * from './collect';
export * from './content';
export * from './counts';
export * from './dictionary';
export * from './layout';
export * from './patterns';
export * from './quantiser';
export * from './resources';
export * from './rows';
export * from './segments';
export * from './shapes';
export * from './slots';
export * from './span-table';
export * from './timing';
export type { ValueList } from './bag-codec';
export { orderBatch, type OrderedBatch } from './forest';
export { attributesKey, readValue, valueKey, writeValue } from './values';
