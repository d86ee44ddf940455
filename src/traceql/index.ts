/** @file The door of src/traceql: TraceQL as text, as far as the browser needs it. */
export { addAdHocFilters, adHocCondition } from './adHoc';
export { attributeText, DURATION_TAGS, isIntrinsic, KEYWORD_TAGS, splitAttribute } from './attribute';
export { filterCondition, filtersFromTraceql, traceqlFromFilters, valuesOf } from './filters';
export { situationAt, type Situation } from './situation';
export { interpolateValue, isMetricsText, isTraceId, quote, REGEX_SPECIAL } from './text';
export { tokenize, unquote, type Token } from './tokens';
