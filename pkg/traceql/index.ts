/** @file The door of pkg/traceql: parse, check, print and evaluate TraceQL. */
export * from './results';
export { AnswerBytes } from './answer-bytes';
export * from './ast';
export { TraceqlError } from './syntax-error';
export { formatDuration, parseDuration } from './duration';
export { formatQuery } from './format';
export { INTRINSICS, type Intrinsic, type ValueType } from './intrinsics';
export type { Scope } from './lexer';
export { isMetricsQuery, parseQuery, parseTagName } from './query';
export { printAttribute, printField, printQuery, printStatic, type PrintOptions } from './print';
export { compileSearch, searchTrace, NO_ROOT, type SearchOptions } from './search';
export { hintsOf, type Hints } from './hints';
export {
  countBand,
  type KindError,
  meanBand,
  meanVariance,
  type ModelError,
  QuantileBands,
  type Rates,
  ratesOf,
  type SamplePlace,
  spreadWithin,
} from './confidence';
export { quantileOf } from './histogram';
export { joined } from './bands';
export { Intervals, type MetricsRange } from './intervals';
export { labelsKey, labelsText, sortSeries } from './labels';
export { applySecondStages, compileMetrics, type MetricsAccumulator, type MetricsOptions } from './metrics';
export * from './autocomplete';
export { parseIncomplete } from './incomplete';
export {
  compileSpanPredicate,
  compileTraceFilter,
  compileTracesFilter,
  staticMetrics,
  traceMayMatch,
  type SpanPredicate,
  type StaticMetrics,
} from './push-down';
export { drawnConditions, type DrawnConditions } from './drawn-conditions';
export type { NumberRange, StaticSpan, Tri } from './static-spans';
export {
  compileTagNames,
  compileTagPredicate,
  compileTagValues,
  mentionedAttributes,
  type TagCollector,
  type TagValueCollector,
  type TagValueEntry,
} from './tags';
