/** @file The door of src/imports: traces of files that a person opened in Explore. */
export { answerImport } from './answer';
export { type ImportedTrace, Imports, type TraceImport } from './imports';
