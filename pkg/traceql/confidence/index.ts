/** @file 95% intervals of what is estimated from a sample of whole traces. Spans of a trace are not independent: traces are what is counted. */
export type { Bounds } from './bounds';
export { Contributions, type Contribution, type SamplePlace } from './contributions';
export { MeanConfidence } from './mean';
export { QuantileConfidence } from './quantile';
export { TotalConfidence } from './total';
