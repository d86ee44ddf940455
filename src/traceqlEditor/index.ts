/** @file The door of src/traceqlEditor: the field for TraceQL. */
export type { CompletionSource } from './completion';
export { TraceQLEditor } from './TraceQLEditor';
export { type CheckState, useQueryCheck } from './useQueryCheck';
