/** @file The door of pkg/nn. */
export * from './types';
