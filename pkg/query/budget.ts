/** @file What one query may cost: time, spans, and the caller's patience. */
import { GentError, limit } from '../common';
import type { Trace } from '../trace';
import type { AnswerStats } from './types';

/** Counts the work of one query and says when it is too much. */
export class Budget {
  private readonly begin = performance.now();
  private readonly milliseconds = limit('QUERY_MILLISECONDS');
  traces = 0;
  spans = 0;
  models = 0;
  /** Spans of traces that were not written for this query, but count as looked at. */
  private known = 0;

  /** @param most - spans that may be looked at */
  constructor(
    private readonly signal: AbortSignal | undefined,
    private readonly most = limit('QUERY_SPANS')
  ) {}

  /** @throws GentError CANCELLED or QUERY_TIMEOUT */
  check(): void {
    if (this.signal?.aborted) {
      throw new GentError('CANCELLED', 'the query was cancelled');
    }
    if (performance.now() - this.begin > this.milliseconds) {
      throw new GentError('QUERY_TIMEOUT', `the query took longer than ${this.milliseconds} ms`);
    }
  }

  /** Whether no more traces may be looked at; what is known from earlier counts as looked at. */
  get spent(): boolean {
    return this.spans + this.known >= this.most;
  }

  /**
   * For answers that must see everything.
   * @throws GentError QUERY_TOO_MANY_SPANS when `spans` more would be too many
   */
  reserve(spans: number): void {
    if (this.spans + spans > this.most) {
      throw new GentError(
        'QUERY_TOO_MANY_SPANS',
        `the query needs ${(this.spans + spans).toLocaleString('en-US')} spans, QUERY_SPANS is ${this.most.toLocaleString('en-US')}`
      );
    }
  }

  /**
   * Counts spans of traces that are not written: those of traces looked at for earlier queries, and one for each trace
   * that was left out after drawing a part of it.
   */
  skip(spans: number): void {
    this.known += spans;
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
