/** @file What a query, the settings and the secrets of the data source hold. The backend reads the same JSON. */
import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

/** `traceql`: query text, or a trace id when it is hex only. `models`: the list of models. */
export type GenTQueryType = 'traceql' | 'models';

/** How search results are laid out. */
export type TableType = 'traces' | 'spans' | 'raw';

export interface GenTQuery extends DataQuery {
  queryType?: GenTQueryType;
  /** TraceQL, or a trace id. */
  query: string;
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

/** Settings that are not secret (jsonData). Either `store` or `address`. */
export interface GenTOptions extends DataSourceJsonData {
  /** Directory of .gent models, as the Grafana server sees it. */
  store?: string;
  /** Address of a `gent serve`, e.g. http://gent:3200. */
  address?: string;
  limits?: GenTLimits;
}

/** Settings that never reach the browser (secureJsonData). */
export interface GenTSecureOptions {
  /** Bearer token sent to `address`. */
  token?: string;
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
