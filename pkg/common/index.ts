/** @file The door of what every room shares: errors, limits, logs, progress, workers, the version. */
export * from './errors';
export * from './limits';
export * from './log';
export * from './progress';
export * from './version';
export * from './workers';
