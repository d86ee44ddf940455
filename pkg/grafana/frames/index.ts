/** @file Answers as Grafana data frames, and frames as Arrow. */
export * from './arrow';
export * from './frame';
export * from './frame-json';
export * from './compare-frame';
export * from './metrics-frames';
export * from './models-frame';
export * from './operations-frame';
export * from './search-frames';
export * from './service-graph-frames';
export * from './timeline-frame';
export * from './trace-frame';
