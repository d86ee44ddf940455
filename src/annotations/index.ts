/** @file The door of src/annotations: marks on graphs from queries. */
export { annotationFrame } from './annotationFrame';
export { annotationSupport } from './annotationSupport';
