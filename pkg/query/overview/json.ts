/** @file Overviews and their requests over HTTP: JSON whose times are ns as text, and the parameters of the questions. */
import { GentError } from '../../common';
import type { AnswerStats, Notice, TimeRange } from '../types';
import type {
  CallOverview,
  Change,
  CompareRequest,
  DurationSummary,
  OperationOverview,
  Overview,
  OverviewRequest,
  Quantile,
  ServiceOverview,
  WindowComparison,
} from './types';

type Json = Record<string, unknown>;

/** Any answer as JSON text; numbers that are not finite become null. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? one.toString() : one));
}

const rangeParams = (range: TimeRange, prefix = ''): Record<string, string> => ({
  [`${prefix}start`]: range.start.toString(),
  [`${prefix}end`]: range.end.toString(),
});

const servicesParam = (services: readonly string[] = []): Record<string, string> =>
  services.length === 0 ? {} : { services: JSON.stringify(services) };

/** Parameters of /api/gent/overview. */
export function overviewParams(request: OverviewRequest): Record<string, string> {
  return {
    ...rangeParams(request.range),
    ...servicesParam(request.services),
    ...(request.durations === false ? { durations: 'false' } : {}),
  };
}

/** Parameters of /api/gent/compare. */
export function compareParams(request: CompareRequest): Record<string, string> {
  return {
    ...rangeParams(request.range),
    ...rangeParams(request.baseline, 'baseline-'),
    ...servicesParam(request.services),
    ...(request.limit === undefined ? {} : { limit: String(request.limit) }),
  };
}

function readRange(params: ReadonlyMap<string, string>, prefix = ''): TimeRange {
  const [start, end] = ['start', 'end'].map((name) => params.get(`${prefix}${name}`) ?? '');
  if (!/^\d{1,20}$/.test(start ?? '') || !/^\d{1,20}$/.test(end ?? '')) {
    throw new GentError('QUERY_BAD_REQUEST', `${prefix}start and ${prefix}end must be ns since 1970`);
  }
  const range = { start: BigInt(start ?? 0), end: BigInt(end ?? 0) };
  if (range.end <= range.start) {
    throw new GentError('QUERY_BAD_REQUEST', `${prefix}end must be after ${prefix}start`);
  }
  return range;
}

/** Names of services as JSON: a name may hold any character. */
function readServices(params: ReadonlyMap<string, string>): { services?: string[] } {
  const text = params.get('services') ?? '';
  if (text === '') {
    return {};
  }
  try {
    const services: unknown = JSON.parse(text);
    if (Array.isArray(services) && services.every((service) => typeof service === 'string')) {
      return { services };
    }
  } catch {
    // Said below.
  }
  throw new GentError('QUERY_BAD_REQUEST', 'services must be a JSON array of names');
}

/** @throws GentError QUERY_BAD_REQUEST that names the parameter */
export function readOverviewParams(params: ReadonlyMap<string, string>): OverviewRequest {
  return { range: readRange(params), ...readServices(params), durations: params.get('durations') !== 'false' };
}

/** @throws GentError QUERY_BAD_REQUEST that names the parameter */
export function readCompareParams(params: ReadonlyMap<string, string>): CompareRequest {
  const limit = params.get('limit') ?? '';
  if (limit !== '' && !/^\d{1,6}$/.test(limit)) {
    throw new GentError('QUERY_BAD_REQUEST', 'limit must be a whole number');
  }
  return {
    range: readRange(params),
    baseline: readRange(params, 'baseline-'),
    ...readServices(params),
    ...(limit === '' ? {} : { limit: Number(limit) }),
  };
}

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(object) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const nanos = (value: unknown): bigint => (/^\d{1,20}$/.test(text(value)) ? BigInt(text(value)) : 0n);
const range = (value: unknown): TimeRange => ({ start: nanos(object(value).start), end: nanos(object(value).end) });

function notices(value: unknown): Notice[] {
  return list(value).map((notice) => ({
    severity: notice.severity === 'warning' || notice.severity === 'error' ? notice.severity : 'info',
    text: text(notice.text),
  }));
}

function stats(value: unknown): AnswerStats {
  const { inspectedTraces, inspectedSpans, models, elapsedMs } = object(value);
  return {
    inspectedTraces: number(inspectedTraces),
    inspectedSpans: number(inspectedSpans),
    models: number(models),
    elapsedMs: number(elapsedMs),
  };
}

function durations(value: unknown): { durations?: DurationSummary } {
  if (value === undefined) {
    return {};
  }
  const { p50, p90, p99, samples, share } = object(value);
  const quantile = (one: unknown): Quantile => {
    const { value: middle, lower, upper } = object(one);
    return {
      value: number(middle),
      ...(typeof lower === 'number' ? { lower } : {}),
      ...(typeof upper === 'number' ? { upper } : {}),
    };
  };
  const [half, most, tail] = [quantile(p50), quantile(p90), quantile(p99)];
  return { durations: { p50: half, p90: most, p99: tail, samples: number(samples), share: number(share) } };
}

const totals = ({ spans, errors, requests, failedRequests }: Json) => ({
  spans: number(spans),
  errors: number(errors),
  requests: number(requests),
  failedRequests: number(failedRequests),
});

const operationName = ({ service, name, kind }: Json) => ({
  service: text(service),
  name: text(name),
  kind: number(kind),
});

/** Reads what {@link writeJson} wrote of an overview. Fields that are missing are empty. */
export function readOverview(answer: Json): Overview {
  return {
    range: range(answer.range),
    services: list(answer.services).map((one): ServiceOverview => ({
      service: text(one.service),
      ...totals(one),
      ...durations(one.durations),
    })),
    calls: list(answer.calls).map(({ client, server, calls, failed }): CallOverview => ({
      client: text(client),
      server: text(server),
      calls: number(calls),
      failed: number(failed),
    })),
    operations: list(answer.operations).map((one): OperationOverview => ({
      ...operationName(one),
      ...totals(one),
      ...durations(one.durations),
    })),
    from: answer.from === 'counts' ? 'counts' : 'raw',
    notices: notices(answer.notices),
    stats: stats(answer.stats),
  };
}

/** Reads what {@link writeJson} wrote of a comparison. */
export function readComparison(answer: Json): WindowComparison {
  return {
    range: range(answer.range),
    baseline: range(answer.baseline),
    traces: number(answer.traces),
    baselineTraces: number(answer.baselineTraces),
    changes: list(answer.changes).map((one): Change => ({
      kind: text(one.kind) as Change['kind'],
      operation: operationName(object(one.operation)),
      before: number(one.before),
      after: number(one.after),
      score: number(one.score),
      evidence: number(one.evidence),
      text: text(one.text),
    })),
    notices: notices(answer.notices),
    stats: stats(answer.stats),
  };
}
