/** @file The door of pkg/query. */
export * from './types';
