/**
 * @file What can be asked of traces. One interface, two engines behind it: a store of models
 * (generated traces) and raw traces. The Tempo API, the Grafana backend and the command all speak to this.
 */
import type { AttributeValue, Trace } from '../trace';
import type { Series, TraceSummary } from '../traceql';
import type { OverviewEngine } from './overview';

/** Times are ns since the Unix epoch; [start, end). */
export interface TimeRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Something a person should know about an answer. */
export interface Notice {
  readonly severity: 'info' | 'warning' | 'error';
  readonly text: string;
}

/** What answering cost, and where the answer came from. */
export interface AnswerStats {
  readonly inspectedTraces: number;
  readonly inspectedSpans: number;
  readonly models: number;
  readonly elapsedMs: number;
}

export interface SearchRequest {
  /** A TraceQL query; '' means `{ }`. */
  readonly query: string;
  /** Both or neither; without it, everything held. */
  readonly range?: TimeRange;
  /** Traces at most; default 20. */
  readonly limit?: number;
  /** Spans at most in each spanset; default 3. */
  readonly spansPerSpanSet?: number;
  readonly signal?: AbortSignal;
}

/** Where a trace came from. */
export interface TraceProvenance {
  /** true: written by a model; false: a real trace (an exemplar, or raw traces). */
  readonly generated: boolean;
  /** Id of the model, where one was asked. */
  readonly model?: string;
}

export interface SearchResult {
  /** Newest first (start, then trace id). */
  readonly traces: ReadonlyArray<TraceSummary & { provenance: TraceProvenance }>;
  readonly notices: readonly Notice[];
  readonly stats: AnswerStats;
}

export interface TraceResult {
  /** undefined: this store does not keep that trace. */
  readonly trace: Trace | undefined;
  readonly provenance?: TraceProvenance;
  readonly notices: readonly Notice[];
}

export type TagScope = 'resource' | 'span' | 'intrinsic' | 'event' | 'link' | 'instrumentation';

export interface TagNamesRequest {
  readonly scope?: TagScope | 'none';
  readonly query?: string;
  readonly range?: TimeRange;
  /** Names at most in each scope; 0 or absent = no limit. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface TagValuesRequest {
  /** A TraceQL attribute or intrinsic: `.a`, `span.a`, `resource.a`, `name`, `span:name`, `status` … */
  readonly tag: string;
  /** A query, which may be incomplete, that the spans with the value must match. */
  readonly query?: string;
  readonly range?: TimeRange;
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface TagValue {
  readonly type: 'string' | 'int' | 'float' | 'bool' | 'duration' | 'keyword';
  readonly value: string;
}

/**
 * What is certain of a metrics answer while it is made: the samples before a moment, whose values no
 * other model can change; the bounds of estimates may still move a little.
 */
export interface MetricsPart {
  /** The series up to that moment. Takes as long as the series of the answer take, and nothing where it is not called. */
  series(): readonly Series[];
}

export interface MetricsRequest {
  /** A TraceQL metrics query. */
  readonly query: string;
  readonly range: TimeRange;
  /** ns between samples; ignored by an instant query. */
  readonly stepNanos: bigint;
  /** Exemplars at most; 0 = none. */
  readonly exemplars?: number;
  /**
   * auto: exact from counts where counts suffice, else estimated from a part when generating everything would take
   * too long; full: generate everything; estimate: from a part.
   */
  readonly mode?: 'auto' | 'full' | 'estimate';
  /**
   * What 95% intervals hold. whole (default): the real value, where the models were measured in training; sampling: the
   * value of all generated traces, so that answers from all of them have none.
   */
  readonly intervals?: 'whole' | 'sampling';
  /** Told what is certain whenever that is more, and waited for. An engine may know nothing before the whole answer. */
  readonly onPart?: (part: MetricsPart) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface MetricsResult {
  /** Sorted by labels. */
  readonly series: readonly Series[];
  /** How the numbers came to be. */
  readonly from: 'counts' | 'generated' | 'estimated' | 'raw';
  /** Where there are intervals: whether they hold the real values or those of all generated traces. */
  readonly intervals?: 'whole' | 'sampling';
  readonly notices: readonly Notice[];
  readonly stats: AnswerStats;
}

/** One model of a store, for lists of models and for the catalogue. */
export interface ModelSummary {
  readonly id: string;
  readonly file: string;
  readonly window: TimeRange;
  readonly traces: number;
  readonly spans: number;
  readonly bytes: number;
  readonly services: readonly string[];
  /** Real traces kept verbatim. */
  readonly exemplars?: number;
  /** Measures of how close the model is to its batch, see docs/fidelity.md; absent where they were not taken. */
  readonly fidelity?: Readonly<Record<string, number | null>>;
  readonly createdUnixMs: number;
}

/** A file of the store that could not be used, and why. */
export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

/** What an engine holds; what health checks show. */
export interface EngineDescription {
  readonly kind: 'models' | 'traces';
  /** Directory, file or address. */
  readonly location: string;
  readonly window?: TimeRange;
  readonly models: readonly ModelSummary[];
  readonly skipped: readonly SkippedFile[];
  readonly traces: number;
  readonly spans: number;
}

/** Answers TraceQL questions. All methods throw GentError, and CANCELLED when `signal` aborts. */
export interface TracesEngine extends OverviewEngine {
  search(request: SearchRequest): Promise<SearchResult>;
  /** @param traceId - hex, any case, leading zeros optional */
  traceById(traceId: string, options?: { range?: TimeRange; signal?: AbortSignal }): Promise<TraceResult>;
  tagNames(request: TagNamesRequest): Promise<Partial<Record<TagScope, string[]>>>;
  tagValues(request: TagValuesRequest): Promise<TagValue[]>;
  metricsRange(request: MetricsRequest): Promise<MetricsResult>;
  metricsInstant(request: Omit<MetricsRequest, 'stepNanos'>): Promise<MetricsResult>;
  describe(): Promise<EngineDescription>;
  close(): Promise<void>;
}

export type { AttributeValue };
