/** @file The door of pkg/pandora: applications in virtual time whose traces are known to be right, and how to send them. */
export { sendLive, type LiveOptions } from './live';
export { mergeTraffic, movedTrace, type MergedTrace, type MergeOptions } from './merge';
export { RECORDABLE, recordTraffic, type RecordOptions } from './record';
export { TraceSender, type SendOptions, type SendReport } from './send';
export * from './shop';
