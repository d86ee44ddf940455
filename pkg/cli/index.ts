/** @file The door of pkg/cli. */
export * from './command';
export * from './run';
