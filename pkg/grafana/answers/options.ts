/** @file What answers of every kind are asked with. */
import type { PluginQuery } from '../query-model';

/** How a request came, as far as answers differ by it. */
export interface AnswerOptions {
  readonly signal: AbortSignal;
  /** An alert rule or a server-side expression reads the answer: only values, no bounds and no exemplars. */
  readonly valuesOnly: boolean;
}

/** A query of one kind. */
export type QueryOf<K extends PluginQuery['kind']> = Extract<PluginQuery, { kind: K }>;

export type TraceqlQuery = QueryOf<'traceql'>;
