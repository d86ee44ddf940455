/** @file Answers as Grafana data frames, and frames as Arrow. */
export * from './arrow';
export * from './frame';
export * from './metrics-frames';
export * from './models-frame';
export * from './search-frames';
export * from './trace-frame';
