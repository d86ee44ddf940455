/** @file The door of overviews: service graph, rates, errors and durations, and what differs between two windows. */
export { ALL_TRACES, compareFacts, type WindowFacts } from './compare';
export { ModelOverviews } from './model-overview';
export { RawOverviews } from './raw-overview';
export {
  compareParams,
  overviewParams,
  readCompareParams,
  readComparison,
  readOverview,
  readOverviewParams,
  writeJson,
} from './json';
export * from './types';
