/** @file The door of pkg/model: the `.gent` file. */
export * from './bytes';
export * from './container';
export * from './exemplar-ids';
export * from './file';
export * from './head';
export * from './manifest';
