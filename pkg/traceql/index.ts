/** @file The door of pkg/traceql. */
export * from './results';
