/** @file Every limit of the Node half, by name: its default, its unit, and how to change it. */
import { GentError } from './errors';

/** One limit: the default, its unit, and what it protects. */
export interface LimitEntry {
  value: number;
  unit: string;
  what: string;
}

/** The table of limits. Each can be changed with the environment variable GENT_LIMIT_<NAME> or {@link setLimit}. */
export const LIMITS = {
  JSON_LINE_BYTES: { value: 256 * 1024 * 1024, unit: 'bytes', what: 'one line of an NDJSON file' },
  STORE_FILES: { value: 100_000, unit: 'files', what: 'one store' },
  STORE_MODEL_BYTES: { value: 1024 * 1024 * 1024, unit: 'bytes', what: 'one model file' },
  STORE_CACHE_BYTES: { value: 1024 * 1024 * 1024, unit: 'bytes', what: 'models of a bucket kept on local disk' },
  STORE_LIST_BYTES: { value: 16 * 1024 * 1024, unit: 'bytes', what: 'one page of the listing of a bucket' },
  STORE_REQUEST_MILLISECONDS: { value: 30_000, unit: 'ms', what: 'one try of one request to a bucket' },
  STORE_REQUEST_TRIES: { value: 4, unit: 'tries', what: 'how often a request to a bucket is made before it fails' },
  STORE_RETRY_MILLISECONDS: { value: 100, unit: 'ms', what: 'the wait before a second try; doubled for each further' },
  QUERY_MILLISECONDS: { value: 60_000, unit: 'ms', what: 'the time one query may take' },
  QUERY_SPANS: { value: 20_000_000, unit: 'spans', what: 'the spans one query may generate or read' },
  QUERY_ANSWER_BYTES: {
    value: 256 * 1024 * 1024,
    unit: 'bytes',
    what: 'one answer while it is made: traces, series, tags',
  },
  QUERY_FULL_SPANS: {
    value: 300_000,
    unit: 'spans',
    what: 'what a metrics query generates before it estimates instead',
  },
  QUERY_ESTIMATE_SPANS: { value: 150_000, unit: 'spans', what: 'the part that a metrics query is estimated from' },
  QUERY_DURATION_BREAKS: {
    value: 64,
    unit: 'durations',
    what: 'the durations a query compares with while traces are drawn in part; with more of them all are drawn whole',
  },
  QUERY_TAG_MODELS: {
    value: 1000,
    unit: 'models',
    what: 'the models whose lists of values are read for one tag, newest first',
  },
  QUERY_TAG_SPANS: {
    value: 30_000,
    unit: 'spans',
    what: 'the part of a model that tag names and values are read from',
  },
  QUERY_OVERVIEW_SPANS: {
    value: 60_000,
    unit: 'spans',
    what: 'the part of a time range that durations of a service graph or comparison are read from',
  },
  QUERY_OVERVIEW_MILLISECONDS: {
    value: 10_000,
    unit: 'ms',
    what: 'reading durations for one window of a service graph or comparison; counts are exact in any case',
  },
  QUERY_OVERVIEW_CACHE_BYTES: { value: 16 * 1024 * 1024, unit: 'bytes', what: 'service graphs and comparisons kept' },
  QUERY_MODEL_CACHE_BYTES: { value: 512 * 1024 * 1024, unit: 'bytes', what: 'models kept open for queries' },
  QUERY_VERDICT_CACHE_BYTES: { value: 32 * 1024 * 1024, unit: 'bytes', what: 'which traces match which searches' },
  QUERY_TRACE_CACHE_BYTES: { value: 128 * 1024 * 1024, unit: 'bytes', what: 'generated traces kept for queries' },
  NN_PARAMETERS: { value: 4_000_000, unit: 'parameters', what: 'weights of one network' },
  NN_ROWS: { value: 50_000_000, unit: 'rows', what: 'rows of one training' },
  NN_BYTES: { value: 32 * 1024 * 1024, unit: 'bytes', what: 'ONNX bytes of one network' },
  ATTRIBUTE_DEPTH: { value: 64, unit: 'levels', what: 'arrays and maps within an attribute value' },
  TRACE_FILE_BYTES: { value: 512 * 1024 * 1024, unit: 'bytes', what: 'a trace file that is not NDJSON, read whole' },
  TRACE_WINDOW_SPANS: { value: 50_000, unit: 'spans', what: 'how far apart in a file the spans of one trace may lie' },
  TRACE_SPANS: { value: 200_000, unit: 'spans', what: 'one trace under assembly; a larger one leaves in pieces' },
  TRACES_HELD: { value: 200_000, unit: 'traces', what: 'traces under assembly' },
  TRACES_HELD_BYTES: { value: 512 * 1024 * 1024, unit: 'bytes', what: 'traces under assembly, estimated' },
  MODEL_FILE_BYTES: { value: 512 * 1024 * 1024, unit: 'bytes', what: 'one .gent file' },
  MODEL_SECTION_BYTES: { value: 1024 * 1024 * 1024, unit: 'bytes', what: 'one section of a .gent file, inflated' },
  MODEL_MIXED_BYTES: {
    value: 1024 * 1024,
    unit: 'bytes',
    what: 'one section of a .gent file with the codec that takes time, inflated',
  },
  MODEL_SECTIONS: { value: 64, unit: 'sections', what: 'one .gent file' },
  MODEL_TRACE_SPANS: { value: 1_000_000, unit: 'spans', what: 'one trace of a model' },
  MODEL_SPANS: { value: 1_000_000_000, unit: 'spans', what: 'all traces of one model' },
  TRAIN_SPANS: { value: 20_000_000, unit: 'spans', what: 'one batch to train on' },
  FIDELITY_CARD_SPANS: { value: 500_000, unit: 'spans', what: 'each side of a fidelity card; more are thinned evenly' },
  FIDELITY_DRIVER_MILLISECONDS: { value: 600_000, unit: 'ms', what: 'the time one run of an external driver may take' },
  FIDELITY_DRIVER_BYTES: { value: 2 * 1024 * 1024 * 1024, unit: 'bytes', what: 'what an external driver may write' },
  PLUGIN_MESSAGE_BYTES: { value: 64 * 1024 * 1024, unit: 'bytes', what: 'one gRPC request from Grafana' },
  PLUGIN_UPLOAD_BYTES: {
    value: 48 * 1024 * 1024,
    unit: 'bytes',
    what: 'one model or trace file uploaded through Grafana',
  },
  PLUGIN_IMPORT_TRACES: { value: 100, unit: 'traces', what: 'traces shown of an imported file; the rest is left out' },
  PLUGIN_IMPORT_SPANS: { value: 50_000, unit: 'spans', what: 'spans shown of an imported file of several traces' },
  PLUGIN_PART_MILLISECONDS: {
    value: 300,
    unit: 'ms',
    what: 'between parts of a metrics answer at least; what takes no longer comes whole',
  },
  PLUGIN_STREAMS: { value: 50, unit: 'streams', what: 'queries that are answered in parts at a time' },
  PLUGIN_STREAM_SECONDS: { value: 300, unit: 's', what: 'how long one stream stays open' },
  PLUGIN_QUERIES: { value: 200, unit: 'queries', what: 'queries of one QueryData request' },
  TRACEQL_QUERY_CHARACTERS: { value: 128 * 1024, unit: 'characters', what: 'the text of one TraceQL query' },
  TRACEQL_NESTING: {
    value: 200,
    unit: 'levels',
    what: 'parentheses and unary operators within each other in one query',
  },
  TRACEQL_OPERATORS: { value: 2000, unit: 'operators', what: 'operators within each other in one query' },
  TRACEQL_REGEX_CHARACTERS: { value: 4000, unit: 'characters', what: 'one regular expression' },
  TRACEQL_REGEX_CACHE: { value: 1000, unit: 'entries', what: 'compiled expressions, and answers kept for each' },
  TRACEQL_EVENT_PAIRS: {
    value: 10_000,
    unit: 'pairs',
    what: 'pairs of an event and a link that are tried for one span',
  },
  TRACEQL_COMPARE_VALUES: { value: 10_000, unit: 'values', what: 'distinct values of one attribute in compare()' },
  TRACEQL_TAG_VALUES: {
    value: 10_000,
    unit: 'values',
    what: 'values of one tag, or names of one scope, that are listed',
  },
  TRACEQL_SERIES: { value: 100_000, unit: 'series', what: 'series of one metrics query' },
  TRACEQL_SAMPLES: { value: 50_000_000, unit: 'numbers', what: 'samples and histogram buckets of one metrics query' },
  OTLP_BODY_BYTES: { value: 20 * 1024 * 1024, unit: 'bytes', what: 'the body of one OTLP request as sent' },
  OTLP_INFLATED_BYTES: { value: 20 * 1024 * 1024, unit: 'bytes', what: 'the body of one OTLP request after unzipping' },
  OTLP_IN_FLIGHT_BYTES: {
    value: 64 * 1024 * 1024,
    unit: 'bytes',
    what: 'bodies of OTLP requests being read at a time',
  },
  TRAINER_HELD_BYTES: {
    value: 256 * 1024 * 1024,
    unit: 'bytes',
    what: 'what the trainer holds in memory before it refuses',
  },
  TRAINER_LOG_BYTES: {
    value: 4 * 1024 * 1024 * 1024,
    unit: 'bytes',
    what: 'the write-ahead log of the trainer on disk before it refuses',
  },
  TRAINER_BATCH_SPANS: { value: 2_000_000, unit: 'spans', what: 'one batch of the trainer' },
  REMOTE_ANSWER_BYTES: { value: 256 * 1024 * 1024, unit: 'bytes', what: 'one answer of a gent serve' },
  TEMPO_SEARCH_RANGE_SECONDS: {
    value: 168 * 3600,
    unit: 's',
    what: 'the time range of a search through the Tempo API',
  },
  TEMPO_STREAM_MESSAGE_BYTES: {
    value: 1024 * 1024,
    unit: 'bytes',
    what: 'one message of a streamed answer; a trace or series that is larger goes alone',
  },
  TEMPO_SHUTDOWN_MILLISECONDS: { value: 10_000, unit: 'ms', what: 'what requests under way get when gent serve ends' },
  TEMPO_METRICS_RANGE_SECONDS: {
    value: 24 * 3600,
    unit: 's',
    what: 'the time range of a metrics query through the Tempo API',
  },
} satisfies Record<string, LimitEntry>;

/** A name in {@link LIMITS}. */
export type LimitName = keyof typeof LIMITS;

const overrides = new Map<LimitName, number>();

/**
 * The value of a limit in force: an override, else the environment, else the default.
 * @throws GentError USAGE when the environment variable is not a non-negative number
 */
export function limit(name: LimitName): number {
  const override = overrides.get(name);
  if (override !== undefined) {
    return override;
  }
  const text = process.env[`GENT_LIMIT_${name}`];
  if (text === undefined || text === '') {
    return LIMITS[name].value;
  }
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) {
    throw new GentError('USAGE', `GENT_LIMIT_${name}=${text} is not a number of ${LIMITS[name].unit}`);
  }
  return value;
}

/** Overrides a limit for this process; `undefined` takes the override back. */
export function setLimit(name: LimitName, value: number | undefined): void {
  if (value === undefined) {
    overrides.delete(name);
  } else {
    overrides.set(name, value);
  }
}
