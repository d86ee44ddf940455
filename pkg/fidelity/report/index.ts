/** @file A comparison as one HTML page. */
export { reportHtml } from './html';
export { type EvaluationReport, keptBytes } from './types';
