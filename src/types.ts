/** @file What a query, the settings and the secrets of the data source hold. The backend reads the same JSON. */
import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

/**
 * `traceql`: query text, or a trace id when it is hex only. `search`: the same, made by the search builder.
 * `traceId`: one trace. `serviceGraph`: services and their calls. `models`: what the store holds.
 * `compareWindows`: what changed between two windows of time. `import`: a trace of a file, in Explore.
 */
export type GenTQueryType = 'traceql' | 'search' | 'traceId' | 'serviceGraph' | 'models' | 'compareWindows' | 'import';

/** How search results are laid out. */
export type TableType = 'traces' | 'spans' | 'raw';

/** Where the search builder looks for an attribute. `unscoped`: span, then resource. */
export type FilterScope = 'span' | 'resource' | 'event' | 'link' | 'instrumentation' | 'intrinsic' | 'unscoped';

export type FilterOperator = '=' | '!=' | '=~' | '!~' | '>' | '>=' | '<' | '<=';

export type FilterValueType = 'string' | 'int' | 'float' | 'bool' | 'duration' | 'keyword';

/** One condition of the search builder. Several values mean any of them (`=`) or none of them (`!=`). */
export interface TraceFilter {
  id: string;
  scope?: FilterScope;
  /** Name without its scope, e.g. `service.name`, or an intrinsic, e.g. `status`. */
  tag: string;
  operator: FilterOperator;
  value: string | string[];
  /** How a value is written; left out: read from the text. */
  valueType?: FilterValueType;
}

/** What a query of type `models` shows. `operations`: the operations of one model. */
export type ModelsView = 'table' | 'timeline' | 'operations';

/** How the rows of an answer become annotations. Templates: `{{field}}` stands for the row's value of that field. */
export interface AnnotationOptions {
  title?: string;
  text?: string;
  /** Separated by commas. */
  tags?: string;
}

export interface GenTQuery extends DataQuery {
  queryType?: GenTQueryType;
  /** TraceQL, or a trace id. */
  query: string;
  /** The search builder's conditions; `query` holds the TraceQL they make. */
  filters?: TraceFilter[];
  /** Traces at most. */
  limit?: number;
  /** Spans at most in each spanset. */
  spss?: number;
  tableType?: TableType;
  /** Step of a metrics query, as a Go duration ("30s"); empty follows the panel. */
  step?: string;
  metricsQueryType?: 'range' | 'instant';
  /** Exemplars at most. */
  exemplars?: number;
  /** How a metrics query may be answered when counts do not suffice. */
  mode?: 'auto' | 'full' | 'estimate';
  /** Metrics: false leaves out the bounds of the 95% intervals. */
  intervals?: boolean;
  /** Service graph: only this service and its neighbours (several: separated by `|`); empty = all. */
  service?: string;
  modelsView?: ModelsView;
  /** Model whose operations are shown. */
  modelId?: string;
  /** Compare windows: how long before the panel's range the other one lies, as a duration ("1h", "24h", "7d"). */
  baselineShift?: string;
  /** Import: which file, among those that were opened in this tab of the browser. */
  importId?: string;
  /** Import: the file's name. `query` holds the id of the trace that is shown. */
  fileName?: string;
  /** A search or a metrics query over a range may be answered in parts over Grafana Live. */
  streaming?: boolean;
  /** Set where the query marks a graph: the browser turns its rows into annotations. */
  annotation?: AnnotationOptions;
}

/** Limits of one query. Empty fields mean the backend's defaults. */
export interface GenTLimits {
  /** Seconds a query may take. */
  timeoutSeconds?: number;
  /** Spans a query may generate. */
  maxSpans?: number;
  /** Megabytes of generated traces kept for the next query. */
  cacheMegabytes?: number;
}

/** An S3-compatible bucket of models. The keys are secrets: {@link GenTSecureOptions}. */
export interface S3Options {
  /** Address of the service, e.g. https://s3.eu-central-1.amazonaws.com. */
  endpoint?: string;
  bucket?: string;
  /** Path inside the bucket, without a leading slash. */
  prefix?: string;
  region?: string;
  /** The bucket is part of the path, not of the host name (MinIO and most others). */
  pathStyle?: boolean;
}

/** An attribute and the name it has in the other data source. */
export interface TagMapping {
  key: string;
  value?: string;
}

// The settings below have the keys and the shapes of Grafana's Tempo data source: its trace view reads them by name.

export interface TraceToLogsOptions {
  datasourceUid?: string;
  tags?: TagMapping[];
  /** Shift of the start, e.g. `-1h`. */
  spanStartTimeShift?: string;
  spanEndTimeShift?: string;
  filterByTraceID?: boolean;
  filterBySpanID?: boolean;
  customQuery: boolean;
  query?: string;
}

export interface TraceToMetricQuery {
  name?: string;
  query?: string;
}

export interface TraceToMetricsOptions {
  datasourceUid?: string;
  tags?: TagMapping[];
  queries: TraceToMetricQuery[];
  spanStartTimeShift?: string;
  spanEndTimeShift?: string;
}

export interface TraceToProfilesOptions {
  datasourceUid?: string;
  tags?: TagMapping[];
  profileTypeId?: string;
  customQuery: boolean;
  query?: string;
}

/** What is written beside the name of a span. */
export interface SpanBarOptions {
  type?: 'None' | 'Duration' | 'Tag';
  tag?: string;
}

/** Settings that are not secret (jsonData). One of `store`, `s3` and `address`. */
export interface GenTOptions extends DataSourceJsonData {
  /** Directory of .gent models, as the Grafana server sees it. */
  store?: string;
  s3?: S3Options;
  /** Address of a `gent serve`, e.g. http://gent:3200. */
  address?: string;
  /** What the certificate of `address` must be issued for, where that is not its host. */
  serverName?: string;
  /** The secret `tlsCACert` vouches for `address`. */
  tlsAuthWithCACert?: boolean;
  /** The secrets `tlsClientCert` and `tlsClientKey` are presented to `address`. */
  tlsAuth?: boolean;
  tlsSkipVerify?: boolean;
  // `httpHeaderName<number>`, names of headers for `address`, is stored here, too: see configEditor/headers.ts.
  limits?: GenTLimits;
  tracesToLogsV2?: TraceToLogsOptions;
  tracesToMetrics?: TraceToMetricsOptions;
  tracesToProfiles?: TraceToProfilesOptions;
  spanBar?: SpanBarOptions;
  nodeGraph?: { enabled?: boolean };
  /** Conditions that the search builder always shows, and whether it is offered. */
  search?: { hide?: boolean; filters?: TraceFilter[] };
  /** Attribute names or values at most that an editor asks for. */
  tagLimit?: number;
  /** The step of a graph whose query names none is at least this long, e.g. `1m`. */
  timeInterval?: string;
  /** Whether answers come in parts where a query does not say. */
  streamingEnabled?: { search?: boolean; metrics?: boolean };
}

/** Settings that never reach the browser (secureJsonData). */
export interface GenTSecureOptions {
  /** Bearer token sent to `address`. */
  token?: string;
  /** Goes with the `basicAuthUser` of the data source. */
  basicAuthPassword?: string;
  /** PEM. */
  tlsCACert?: string;
  tlsClientCert?: string;
  tlsClientKey?: string;
  /** The value of the header that `httpHeaderName<number>` of the settings names. */
  [header: `httpHeaderValue${number}`]: string | undefined;
  s3AccessKey?: string;
  s3SecretKey?: string;
}

export const DEFAULT_LIMIT = 20;
export const DEFAULT_SPSS = 3;

export const DEFAULT_QUERY: Partial<GenTQuery> = {
  queryType: 'traceql',
  query: '{ }',
  limit: DEFAULT_LIMIT,
  spss: DEFAULT_SPSS,
  tableType: 'traces',
  metricsQueryType: 'range',
};
