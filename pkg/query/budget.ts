/** @file What one query may cost: time, spans, and the caller's patience. */
import { GentError, limit } from '../common';
import type { Trace } from '../trace';
import type { AnswerStats } from './types';

/** Counts the work of one query and says when it is too much. */
export class Budget {
  private readonly begin = performance.now();
  private readonly most = limit('QUERY_SPANS');
  private readonly milliseconds = limit('QUERY_MILLISECONDS');
  traces = 0;
  spans = 0;
  models = 0;

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** @throws GentError CANCELLED or QUERY_TIMEOUT */
  check(): void {
    if (this.signal?.aborted) {
      throw new GentError('CANCELLED', 'the query was cancelled');
    }
    if (performance.now() - this.begin > this.milliseconds) {
      throw new GentError('QUERY_TIMEOUT', `the query took longer than ${this.milliseconds} ms`);
    }
  }

  /** Whether no more traces may be looked at. The same query always stops at the same trace. */
  get spent(): boolean {
    return this.spans >= this.most;
  }

  /** Counts traces that were looked at. */
  add(traces: readonly Trace[]): void {
    this.traces += traces.length;
    for (const trace of traces) {
      this.spans += trace.spans.length;
    }
  }

  stats(): AnswerStats {
    return {
      inspectedTraces: this.traces,
      inspectedSpans: this.spans,
      models: this.models,
      elapsedMs: performance.now() - this.begin,
    };
  }
}
