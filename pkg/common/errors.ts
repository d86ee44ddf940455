/** @file Every error the project raises on purpose: one table of codes, one class. */

/** What to do about an error, and the HTTP status that an API answers it with. */
export interface ErrorEntry {
  /** HTTP status when the error reaches an API. */
  status: number;
  /** One sentence that tells a person what to do next. */
  hint: string;
}

/**
 * The table of error codes. A code is ROOM_PROBLEM; the message given at the throw says what and where,
 * the hint here says what to do.
 */
export const ERRORS = {
  USAGE: { status: 400, hint: 'run `gent --help` for the commands and their options' },
  INTERNAL: { status: 500, hint: 'this is a defect in GenT: please report it with the message above' },
  CANCELLED: { status: 499, hint: 'the caller went away; ask again' },
  LIMIT_EXCEEDED: { status: 422, hint: 'narrow the request, or raise the named limit' },
  FILE_NOT_FOUND: { status: 404, hint: 'check the path' },
  FILE_UNREADABLE: { status: 500, hint: 'check the permissions and that the file is whole' },
  STORE_UNAVAILABLE: { status: 503, hint: 'check that the store is there and can be reached and read' },
  STORE_UNSUPPORTED: { status: 400, hint: 'name a directory, or a bucket as s3://BUCKET/PREFIX' },
  STORE_SETTINGS: { status: 400, hint: 'correct the address, region or credentials of the bucket' },
  STORE_NO_BUCKET: { status: 503, hint: 'make the bucket, or correct its name, endpoint or region' },
  STORE_ACCESS_DENIED: {
    status: 503,
    hint: 'allow these credentials to list, get and put objects of the bucket, or give others',
  },
  STORE_CLOCK_SKEW: { status: 503, hint: 'set the clock of this machine: signatures hold for minutes only' },
  STORE_MODEL_GONE: { status: 404, hint: 'the model was removed while it was being used; ask again' },
  STORE_BAD_MODEL: { status: 400, hint: 'publish a whole .gent file under a plain file name' },
  STORE_WRITE_FAILED: { status: 500, hint: 'check free space and permissions of the store' },
  QUERY_TIMEOUT: { status: 504, hint: 'ask for a shorter time range, or raise the limit QUERY_MILLISECONDS' },
  QUERY_TOO_MANY_SPANS: {
    status: 422,
    hint: 'ask for a shorter time range or fewer services, or raise the limit QUERY_SPANS',
  },
  QUERY_MEMORY: { status: 422, hint: 'ask for fewer traces, spans or series, or raise the limit QUERY_ANSWER_BYTES' },
  SERVE_UNAUTHORIZED: { status: 401, hint: 'send the token of --token-file as Authorization: Bearer TOKEN' },
  QUERY_BAD_REQUEST: { status: 400, hint: 'correct the request' },
  NN_BAD_SPEC: { status: 400, hint: 'check the sizes of the network against the limits NN_*' },
  NN_BAD_ROWS: { status: 400, hint: 'check that every column has a value within its vocabulary for each row' },
  NN_BAD_NETWORK: { status: 422, hint: 'the network is damaged or not one that GenT wrote: restore the file' },
  NN_TRAINING_FAILED: { status: 500, hint: 'train again; with a smaller learning rate if the loss was not finite' },
  NN_RUNTIME_MISSING: { status: 500, hint: 'install onnxruntime-node (or onnxruntime-web for the WASM runtime)' },
  FILE_UNWRITABLE: { status: 500, hint: 'check the directory, its permissions and the free space' },
  TRACE_DOCUMENT_INVALID: { status: 400, hint: 'send traces as OTLP, Jaeger or Zipkin prescribe them' },
  TRACE_FORMAT_UNKNOWN: { status: 415, hint: 'name the format with --format otlp, jaeger or zipkin' },
  TRACE_GZIP_CORRUPT: { status: 400, hint: 'the file is cut short or damaged: copy it again' },
  TRACE_LINE_INVALID: { status: 400, hint: 'repair the line, or read without --strict to leave it out' },
  TRACE_NONE_FOUND: { status: 422, hint: 'check that the input holds traces in OTLP, Jaeger or Zipkin form' },
  MODEL_NOT_GENT: { status: 422, hint: 'check that the file is a .gent model' },
  MODEL_VERSION: { status: 422, hint: 'open the model with a newer build of GenT' },
  MODEL_CORRUPT: { status: 422, hint: 'the file is damaged: restore it from a copy, or train again' },
  MODEL_TOO_LARGE: { status: 422, hint: 'check the file; raise the named limit if it is meant to be this large' },
  TRAINER_LISTEN: { status: 500, hint: 'choose a free address with --listen HOST:PORT (port 0 takes any free one)' },
  TRAINER_LOG: {
    status: 503,
    hint: 'check free space and permissions of the directory of --wal, and that no other trainer uses it',
  },
  TRAINER_TRAINING_FAILED: {
    status: 500,
    hint: 'the batch is kept in the store under .failed: train it with `gent train --traces`',
  },
  TRAINER_SEND_FAILED: { status: 502, hint: 'check that the trainer runs at that address and has room' },
  FIDELITY_DRIVER: {
    status: 500,
    hint: 'a driver reads OTLP/JSON, one trace a line, from {in} and writes the same to {out}; try its command by hand',
  },
  JAEGER_UNREACHABLE: { status: 502, hint: 'check --url: the query service of Jaeger, usually on port 16686' },
  JAEGER_REFUSED: { status: 502, hint: 'check --url and --token-file; `--resume` goes on with what was downloaded' },
  JAEGER_ANSWER: { status: 502, hint: 'check that --url is the query service of Jaeger' },
  JAEGER_EMPTY: { status: 404, hint: 'check --url, or name services with --service' },
  PANDORA_TOO_FEW: { status: 422, hint: 'record more traces, or ask for fewer or for another share' },
  TRAIN_EMPTY: { status: 400, hint: 'give at least one trace with one span' },
  TRAIN_TOO_LARGE: { status: 422, hint: 'train on smaller batches, or raise the named limit' },
  TRAIN_MAX_BYTES: { status: 422, hint: 'allow more bytes, or train on fewer traces' },
  GENERATE_BAD_INDEX: { status: 400, hint: 'trace indices run from 0 to the number of traces minus one' },
  PLUGIN_HANDSHAKE: {
    status: 500,
    hint: 'this program is a Grafana plugin: install it in Grafana and let Grafana start it',
  },
  PLUGIN_SETTINGS: { status: 400, hint: 'open the settings of the data source, correct them, and press Save & test' },
  PLUGIN_QUERY: { status: 400, hint: 'correct the query' },
  PLUGIN_TRACE_NOT_FOUND: {
    status: 404,
    hint: 'search for similar ones with TraceQL, for example by service and span name',
  },
  PLUGIN_NO_STORE: { status: 400, hint: 'ask where the models are, or use a data source with a directory or bucket' },
  PLUGIN_MODEL_NOT_FOUND: { status: 404, hint: 'take the id of a model from the list of models' },
  PLUGIN_FORBIDDEN: { status: 403, hint: 'ask someone with the role Editor or Admin' },
  PLUGIN_STREAM: { status: 400, hint: 'ask again without streaming' },
  PLUGIN_RESOURCE: {
    status: 404,
    hint: 'the resources are tags, tag-values, models, models/{id}/download, models/upload, import, check, language and health',
  },
  PLUGIN_METHOD: { status: 405, hint: 'use GET; only models/upload and import take POST' },
  TRACEQL_SYNTAX: { status: 400, hint: 'correct the query at that position' },
  TRACEQL_INVALID: { status: 400, hint: 'correct the types or values at that position' },
  TRACEQL_UNSUPPORTED: { status: 400, hint: 'write the query without that part' },
  TRACEQL_RUNTIME: {
    status: 400,
    hint: 'guard the expression, for example `{ .y != 0 && .x / .y > 2 }`, or use coalesce()',
  },
  REMOTE_UNREACHABLE: { status: 502, hint: 'check the address, and that gent serve runs there' },
  REMOTE_REFUSED: { status: 400, hint: 'correct the query' },
  REMOTE_UNAUTHORIZED: { status: 401, hint: 'check the token, user or headers in the settings of the data source' },
  REMOTE_UNSUPPORTED: {
    status: 501,
    hint: 'ask a `gent serve` of this version; other servers with Tempo’s API answer TraceQL only',
  },
  REMOTE_FAILED: { status: 502, hint: 'look into the log of gent serve at that address' },
  TRACE_NOT_FOUND: { status: 404, hint: 'search for similar ones: gent query, or TraceQL in Grafana' },
} as const satisfies Record<string, ErrorEntry>;

/** A code of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** An error a person can act on: code, what happened and where, and what to do. */
export class GentError extends Error {
  readonly code: ErrorCode;

  /**
   * @param code - a key of {@link ERRORS}
   * @param message - what happened and where (file, line, section, position)
   * @param options - `cause`: the error underneath
   */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GentError';
    this.code = code;
  }

  /** HTTP status that an API answers this error with. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** What a person can do about it. */
  get hint(): string {
    return ERRORS[this.code].hint;
  }

  /** The line that the command prints: `CODE: what, where; what to do`. */
  toLine(): string {
    return `${this.code}: ${this.message}; ${this.hint}`;
  }
}

/** Turns anything thrown into a {@link GentError}, keeping one that is already coded. */
export function asGentError(error: unknown): GentError {
  if (error instanceof GentError) {
    return error;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return new GentError('CANCELLED', 'the request was cancelled', { cause: error });
  }
  return new GentError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}
