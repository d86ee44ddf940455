/** @file The door of pkg/generate. */
export * from './types';
