/** @file Overviews of traffic: services, calls between them, operations, and what differs between two windows. */
import type { AnswerStats, Notice, TimeRange } from '../types';

/** What is asked of an overview. */
export interface OverviewRequest {
  readonly range: TimeRange;
  /** Only these services, those they call and those that call them; absent or empty = all. */
  readonly services?: readonly string[];
  /** Whether durations are wanted: they need traces, counts do not. Default true. */
  readonly durations?: boolean;
  readonly signal?: AbortSignal;
}

/** An operation: what a span is called, where it runs, and its OpenTelemetry kind. */
export interface OperationName {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
}

/** Counts of spans. All are exact. A request is a span without a parent in its own service. */
export interface SpanTotals {
  readonly spans: number;
  readonly errors: number;
  readonly requests: number;
  readonly failedRequests: number;
}

/** A quantile of durations in ns, with its 95% interval where a part of the spans was looked at. */
export interface Quantile {
  readonly value: number;
  readonly lower?: number;
  readonly upper?: number;
}

/** Quantiles of durations. */
export interface DurationSummary {
  readonly p50: Quantile;
  readonly p90: Quantile;
  readonly p99: Quantile;
  /** Spans that were looked at. */
  readonly samples: number;
  /** Which part of all such spans that is, 0 … 1; 1 = every span. */
  readonly share: number;
}

/** A service: the counts are of its spans, the durations of its requests. */
export interface ServiceOverview extends SpanTotals {
  readonly service: string;
  readonly durations?: DurationSummary;
}

/** Spans of `server` whose parent is a span of `client`. */
export interface CallOverview {
  readonly client: string;
  readonly server: string;
  readonly calls: number;
  /** Calls whose span in `server` has the status error. */
  readonly failed: number;
}

/** An operation: the counts and durations are of its spans. */
export interface OperationOverview extends OperationName, SpanTotals {
  readonly durations?: DurationSummary;
}

/** The traffic of a time range. */
export interface Overview {
  /** What was answered: the range asked for, widened to whole time buckets where counts are kept by bucket. */
  readonly range: TimeRange;
  /** Sorted by name. */
  readonly services: readonly ServiceOverview[];
  /** Sorted by client, then server. */
  readonly calls: readonly CallOverview[];
  /** Sorted by service, name, kind. */
  readonly operations: readonly OperationOverview[];
  /** Where counts came from. */
  readonly from: 'counts' | 'raw';
  readonly notices: readonly Notice[];
  readonly stats: AnswerStats;
}

/** Two windows to compare; they may overlap or differ in length. */
export interface CompareRequest {
  readonly range: TimeRange;
  readonly baseline: TimeRange;
  /** Only changes in these services; absent or empty = all. */
  readonly services?: readonly string[];
  /** Changes at most; default 100. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export type ChangeKind =
  'rate' | 'errors' | 'p50' | 'p99' | 'new operation' | 'gone operation' | 'new shape' | 'gone shape';

/** One thing that differs between two windows. */
export interface Change {
  readonly kind: ChangeKind;
  readonly operation: OperationName;
  /**
   * Rates: spans a second. Errors: share of spans, 0 … 1. p50 and p99: ns. Shapes: traces a second.
   */
  readonly before: number;
  readonly after: number;
  /** How sure it is that it began here, see {@link WindowComparison.changes}; 0 = explained by what it calls. */
  readonly score: number;
  /** How sure it is that there is a difference at all, wherever it began; on the same scale. */
  readonly evidence: number;
  /** What a person should know about the change, e.g. which calls a new shape makes. */
  readonly text: string;
}

/** What differs between two windows. */
export interface WindowComparison {
  readonly range: TimeRange;
  readonly baseline: TimeRange;
  readonly traces: number;
  readonly baselineTraces: number;
  /**
   * Highest score first. The score is the log-likelihood ratio G of "two different windows" against "the same
   * traffic", less what chance gives on average: the evidence in half nats, with a trace as the unit. A score of 20
   * means that the data are e^10 times likelier when the windows differ. Differences that chance gives once in 10,000
   * are left out, and durations that differ by less than 5%.
   */
  readonly changes: readonly Change[];
  readonly notices: readonly Notice[];
  readonly stats: AnswerStats;
}

/** What an engine knows of traffic as a whole. All methods throw GentError, and CANCELLED when `signal` aborts. */
export interface OverviewEngine {
  /** Services, calls between them and operations. */
  overview(request: OverviewRequest): Promise<Overview>;
  /** What differs between two windows, the surest first. */
  compareWindows(request: CompareRequest): Promise<WindowComparison>;
}
