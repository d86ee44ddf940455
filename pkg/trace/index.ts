/** @file The door of pkg/trace: traces in memory, their codecs, and assembly. */
export * from './types';
export * from './access';
