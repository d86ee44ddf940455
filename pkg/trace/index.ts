/** @file The door of pkg/trace: traces in memory, their codecs, and assembly. */
export * from './types';
export * from './access';
export * from './anomalies';
export * from './assemble';
export { newReadContext, type ReadContext } from './context';
export { sniffDocument, spansFromJson, TRACE_FORMATS, type TraceFormat } from './documents';
export { isSpanId, isTraceId, isZeroId, padId, readId, SPAN_ID_DIGITS, TRACE_ID_DIGITS } from './ids';
export { Interner, NO_ATTRIBUTES, resourceKey, scopeKey } from './intern';
export { spansFromJaeger } from './jaeger-read';
export { parseOtlpJson, spansFromOtlpJson } from './otlp-json-read';
export { parseOtlpProtobuf, spansFromResourceSpans } from './otlp-proto-read';
export * from './read';
export { spansFromZipkin } from './zipkin-read';
