/** @file The door of src/configEditor/links: from a span to logs, metrics and profiles. */
export { TraceToLogs } from './TraceToLogs';
export { TraceToMetrics } from './TraceToMetrics';
export { TraceToProfiles } from './TraceToProfiles';
