/** @file 95% intervals of what is estimated from a sample of whole traces. Spans of a trace are not independent: traces are what is counted. */
export type { Bounds } from './bounds';
export { Contributions, type Contribution, type SamplePlace } from './contributions';
export { MeanConfidence } from './mean';
export { countBand, type KindError, meanBand, meanVariance, type ModelError, spreadWithin, TAIL } from './model-error';
export { type BucketCounts, QuantileBands } from './model-quantile';
export { QuantileConfidence } from './quantile';
export { type Rates, ratesOf } from './rates';
export { TotalConfidence } from './total';
