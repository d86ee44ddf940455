/**
 * @file The query parameters of Tempo's HTTP API: names, defaults, limits and messages as Tempo has them
 * (pkg/api of grafana/tempo, observed from its answers).
 */
import { GentError, limit } from '../common';
import type { TagScope, TimeRange } from '../query';
import { formatGoDuration, parseGoDuration, parseUint } from './go-values';
import { tagsToTraceql } from './logfmt';

/** Parameters of one request; the first value where one is repeated. */
export type Params = ReadonlyMap<string, string>;

const SECOND = 1_000_000_000n;
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 262_144;
const DEFAULT_SPSS = 3;
const MAX_SPSS = 100;
const MAX_QUERY_BYTES = 131_072;

function bad(message: string): GentError {
  return new GentError('QUERY_BAD_REQUEST', message);
}

/** A parameter; '' counts as absent, as in Tempo. */
function given(params: Params, name: string): string | undefined {
  const value = params.get(name);
  return value === undefined || value === '' ? undefined : value;
}

/** @throws GentError when the text is larger than Tempo takes */
function checkQuerySize(query: string): string {
  if (Buffer.byteLength(query) > MAX_QUERY_BYTES) {
    throw bad(
      `TraceQL expression exceeds the configured maximum size of ${MAX_QUERY_BYTES} bytes, reduce the query expression size or contact your system administrator`
    );
  }
  return query;
}

/** `start` and `end` in whole Unix seconds: both or neither. */
export function rangeOf(params: Params): TimeRange | undefined {
  const startText = given(params, 'start');
  const endText = given(params, 'end');
  if (startText === undefined && endText === undefined) {
    return undefined;
  }
  const start = startText === undefined ? 0n : parseUint('start', startText);
  const end = endText === undefined ? 0n : parseUint('end', endText);
  if (start === 0n && end === 0n) {
    return undefined;
  }
  if (end <= start) {
    throw bad(`http parameter start must be before end. received start=${start} end=${end}`);
  }
  return { start: start * SECOND, end: end * SECOND };
}

export interface SearchParams {
  readonly query: string;
  /** The older search by tags: answers carry no spansets. */
  readonly byTags: boolean;
  readonly limit: number;
  readonly spansPerSpanSet: number;
  readonly range?: TimeRange;
}

function positive(name: string, text: string): number {
  const value = parseUint(name, text);
  if (value === 0n) {
    throw bad(`invalid ${name}: must be a positive number`);
  }
  return Number(value);
}

function durationOf(params: Params, name: string): bigint | undefined {
  const text = given(params, name);
  if (text === undefined) {
    return undefined;
  }
  try {
    return parseGoDuration(text);
  } catch (error) {
    throw bad(`invalid ${name}: ${(error as Error).message}`);
  }
}

/** Parameters of /api/search. */
export function searchParams(params: Params): SearchParams {
  const range = rangeOf(params);
  const tags = given(params, 'tags');
  const q = given(params, 'q');
  if (tags !== undefined && q !== undefined) {
    throw bad("invalid request: can't specify tags and q in the same query");
  }
  checkQuerySize(q ?? '');
  const minDuration = durationOf(params, 'minDuration');
  const maxDuration = durationOf(params, 'maxDuration');
  if (minDuration !== undefined && maxDuration !== undefined && maxDuration <= minDuration) {
    throw bad('invalid maxDuration: must be greater than minDuration');
  }
  const limitText = given(params, 'limit');
  const traces = limitText === undefined ? DEFAULT_LIMIT : positive('limit', limitText);
  if (traces > MAX_LIMIT) {
    throw bad(`limit ${traces} exceeds max limit ${MAX_LIMIT}`);
  }
  const spssText = given(params, 'spss');
  const spansPerSpanSet = spssText === undefined ? DEFAULT_SPSS : Number(parseUint('spss', spssText));
  if (spansPerSpanSet > MAX_SPSS) {
    throw bad(`spans per span set exceeds ${MAX_SPSS}. received ${spansPerSpanSet}`);
  }
  const most = BigInt(limit('TEMPO_SEARCH_RANGE_SECONDS'));
  if (range !== undefined && range.end - range.start > most * SECOND) {
    throw bad(
      `range specified by start and end exceeds ${formatGoDuration(most * SECOND)}. received start=${range.start / SECOND} end=${range.end / SECOND}`
    );
  }
  const byTags = q === undefined;
  return {
    query: q ?? tagsToTraceql(tags ?? '', minDuration, maxDuration),
    byTags,
    limit: traces,
    spansPerSpanSet: spansPerSpanSet === 0 ? Number.MAX_SAFE_INTEGER : spansPerSpanSet,
    ...(range === undefined ? {} : { range }),
  };
}

const SCOPES: ReadonlySet<string> = new Set([
  'none',
  'resource',
  'span',
  'intrinsic',
  'event',
  'link',
  'instrumentation',
]);

export interface TagParams {
  readonly scope?: TagScope | 'none';
  readonly query?: string;
  readonly limit?: number;
  readonly range?: TimeRange;
}

/** Parameters of the tag name and tag value endpoints. */
export function tagParams(params: Params): TagParams {
  const scope = given(params, 'scope');
  if (scope !== undefined && !SCOPES.has(scope)) {
    throw bad(`invalid scope: ${scope}`);
  }
  const query = given(params, 'q');
  const limitText = given(params, 'limit');
  const range = rangeOf(params);
  return {
    ...(scope === undefined ? {} : { scope: scope as TagScope | 'none' }),
    ...(query === undefined ? {} : { query: checkQuerySize(query) }),
    ...(limitText === undefined ? {} : { limit: Number(parseUint('limit', limitText)) }),
    ...(range === undefined ? {} : { range }),
  };
}

/** A moment: Unix seconds (also with a fraction), Unix ns, or RFC 3339. */
function parseTime(name: string, text: string): bigint {
  if (text.includes('.')) {
    const [whole = '', fraction = ''] = text.split('.');
    if (/^\d+$/.test(whole) && /^\d*$/.test(fraction)) {
      return BigInt(whole) * SECOND + BigInt(fraction.padEnd(9, '0').slice(0, 9));
    }
  }
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text);
    return text.replace('-', '').length <= 10 ? value * SECOND : value;
  }
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const millis = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (match === null || Number.isNaN(millis)) {
    throw bad(`could not parse '${name}' parameter: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return BigInt(millis) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

/** Steps that Tempo chooses from when none is given, in s: the smallest that keeps a range within about 240 points. */
const STEP_GRID = [1n, 5n, 15n, 60n, 300n, 3600n];

function defaultStep(range: bigint): bigint {
  const wanted = range / 240n;
  const step = STEP_GRID.find((seconds) => seconds * SECOND >= wanted);
  return (step ?? (wanted / (3600n * SECOND) + 1n) * 3600n) * SECOND;
}

const PROMETHEUS_UNITS: Record<string, bigint> = {
  y: 365n * 86_400n * 1000n,
  w: 7n * 86_400n * 1000n,
  d: 86_400n * 1000n,
  h: 3_600_000n,
  m: 60_000n,
  s: 1000n,
  ms: 1n,
};

/** A step: seconds as a number, or a duration in Prometheus' or Go's form. */
function parseStep(text: string): bigint {
  let nanos: bigint | undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) {
    nanos = BigInt(Math.round(Number(text) * 1e9));
  } else if (/^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/.test(text)) {
    nanos = 0n;
    for (const [, number, unit] of text.matchAll(/(\d+)(ms|[ywdhms])/g)) {
      nanos += BigInt(number as string) * (PROMETHEUS_UNITS[unit as string] as bigint) * 1_000_000n;
    }
  } else {
    try {
      nanos = parseGoDuration(text);
    } catch {
      throw bad(`cannot parse ${JSON.stringify(text)} to a valid duration`);
    }
  }
  if (nanos < 0n) {
    throw bad(`cannot parse ${JSON.stringify(text)}: step must be positive`);
  }
  return nanos;
}

export interface MetricsParams {
  readonly query: string;
  readonly range: TimeRange;
  readonly stepNanos: bigint;
  readonly exemplars: number;
}

const DEFAULT_SINCE = 3600n * SECOND;
const MAX_POINTS = 10_000n;
const MAX_EXEMPLARS = 100;

/**
 * Parameters of /api/metrics/query_range and /api/metrics/query.
 * @param now - ns since the Unix epoch
 */
export function metricsParams(params: Params, now: bigint, instant: boolean): MetricsParams {
  const query = checkQuerySize(given(params, 'q') ?? given(params, 'query') ?? '');
  const endText = given(params, 'end');
  const end = endText === undefined ? now : parseTime('end', endText);
  const startText = given(params, 'start');
  const sinceText = given(params, 'since');
  let start: bigint;
  if (startText !== undefined) {
    start = parseTime('start', startText);
  } else if (sinceText !== undefined) {
    start = end - parseStep(sinceText);
  } else {
    start = end - DEFAULT_SINCE;
  }
  const stepText = given(params, 'step');
  const step = stepText === undefined ? defaultStep(end - start) : parseStep(stepText);
  const exemplarsText = given(params, 'exemplars');
  const exemplars = exemplarsText === undefined ? MAX_EXEMPLARS : Number(parseUint('exemplars', exemplarsText));
  if (query === '') {
    throw bad('parse error : syntax error: unexpected $end');
  }
  if (end <= start) {
    throw bad('end must be greater than start');
  }
  const most = BigInt(limit('TEMPO_METRICS_RANGE_SECONDS')) * SECOND;
  if (end - start > most) {
    throw bad(`metrics query time range exceeds the maximum allowed duration of ${formatGoDuration(most)}`);
  }
  if (!instant) {
    const least = (end - start) / MAX_POINTS;
    if (step === 0n || step < least) {
      throw bad(
        `step of ${formatGoDuration(step)} is too small, minimum step for given range is ${formatGoDuration(least)}`
      );
    }
  }
  return { query, range: { start, end }, stepNanos: step, exemplars: Math.min(exemplars, MAX_EXEMPLARS) };
}

/**
 * A trace id of a path: up to 32 hex digits.
 * @throws GentError QUERY_BAD_REQUEST
 */
export function traceIdParam(text: string): string {
  const wrong = /[^0-9a-fA-F]/.exec(text);
  if (wrong !== null) {
    throw bad(
      `trace IDs can only contain hex characters: invalid character '${wrong[0]}' at position ${wrong.index + 1}`
    );
  }
  if (text.length > 32 || text.length === 0) {
    throw bad("trace IDs can't be larger than 128 bits");
  }
  return text.toLowerCase();
}
