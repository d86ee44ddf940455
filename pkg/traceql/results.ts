/** @file What TraceQL queries answer with: spansets of traces, and series of samples. */
import type { AttributeValue, KeyValue } from '../trace';

/** A span of an answer: identity, time, and only the attributes the query mentions or selects. */
export interface MatchedSpan {
  readonly spanId: string;
  /** Present when the query touches the name. */
  readonly name?: string;
  readonly startTimeUnixNano: bigint;
  readonly durationNanos: bigint;
  readonly attributes: readonly KeyValue[];
}

/** One spanset of one trace. */
export interface SpanSet {
  /** At most spans-per-spanset of them. */
  readonly spans: readonly MatchedSpan[];
  /** How many spans matched before that cut. */
  readonly matched: number;
  /** What the pipeline added: `by(…)`, `count()`, `avg(duration)` … */
  readonly attributes: readonly KeyValue[];
}

/** A trace of an answer. */
export interface TraceSummary {
  readonly traceId: string;
  readonly rootServiceName: string;
  readonly rootTraceName: string;
  readonly startTimeUnixNano: bigint;
  readonly durationNanos: bigint;
  readonly spanSets: readonly SpanSet[];
  readonly serviceStats: Readonly<Record<string, { spanCount: number; errorCount: number }>>;
}

/** A label of a series. Values keep their type: int 503 and string "503" are two series. */
export interface SeriesLabel {
  readonly key: string;
  readonly value: AttributeValue;
}

export interface Sample {
  readonly timestampMs: number;
  readonly value: number;
  /** The 95% interval, on estimated answers only. */
  readonly lower?: number;
  readonly upper?: number;
}

export interface Exemplar {
  readonly labels: readonly SeriesLabel[];
  readonly timestampMs: number;
  readonly value: number;
}

/** One time series. An instant query gives one sample a series. */
export interface Series {
  readonly labels: readonly SeriesLabel[];
  readonly samples: readonly Sample[];
  readonly exemplars: readonly Exemplar[];
}
