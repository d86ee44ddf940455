/** @file The query as Grafana sends it (JSON of GenTQuery in the browser half) → what is asked, checked. */
import { GentError } from '../common';
import type { TimeRange } from '../query';
import { parseDuration } from '../traceql';
import type { TableType } from './frames';

/** The part of Grafana's DataQuery message that is read here. */
export interface RawQuery {
  readonly refId: string;
  readonly queryType: string;
  readonly json: Uint8Array;
  readonly intervalMS: bigint;
  readonly maxDataPoints: bigint;
  readonly timeRange?: { readonly fromEpochMS: bigint; readonly toEpochMS: bigint };
}

interface Asked {
  readonly range: TimeRange;
}

/** What a query of models shows. */
export type ModelsView = 'table' | 'timeline' | 'operations';

/** What one query asks. `traceql` may still be a search or a metrics query: parsing decides. */
export type PluginQuery =
  | { readonly kind: 'nothing' }
  | (Asked & { readonly kind: 'models'; readonly view: ModelsView; readonly modelId: string })
  | (Asked & { readonly kind: 'serviceGraph'; readonly services: readonly string[] })
  | (Asked & {
      readonly kind: 'compareWindows';
      readonly baseline: TimeRange;
      readonly services: readonly string[];
      readonly limit: number;
    })
  | { readonly kind: 'trace'; readonly traceId: string }
  | (Asked & {
      readonly kind: 'traceql';
      readonly text: string;
      readonly limit: number;
      readonly spansPerSpanSet: number;
      readonly table: TableType;
      readonly stepNanos: bigint;
      readonly instant: boolean;
      readonly exemplars: number;
      readonly mode: 'auto' | 'full' | 'estimate';
      /** Whether estimates come with the bounds of their intervals. */
      readonly intervals: boolean;
    });

const TRACE_ID = /^[0-9a-fA-F]{1,32}$/;
const TRACEQL_TYPES = new Set(['', 'traceql', 'search', 'traceqlSearch', 'nativeSearch', 'traceId']);
const TYPES = ['traceql', 'search', 'traceId', 'serviceGraph', 'models', 'compareWindows'];
const DEFAULT_CHANGES = 100;
const DEFAULT_SHIFT = '1h';
const DAY = 86_400_000_000_000n;
const DEFAULT_LIMIT = 20;
const DEFAULT_SPSS = 3;
const DEFAULT_EXEMPLARS = 100;
/** Points of a graph when Grafana gives neither an interval nor a number of points. */
const DEFAULT_POINTS = 300n;

type JsonObject = Record<string, unknown>;

function parseJson(raw: RawQuery): JsonObject {
  if (raw.json.length === 0) {
    return {};
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw.json));
  } catch (error) {
    throw new GentError('PLUGIN_QUERY', `query ${raw.refId} is not JSON`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GentError('PLUGIN_QUERY', `query ${raw.refId} is not a JSON object`);
  }
  return value as JsonObject;
}

function text(object: JsonObject, key: string): string {
  const value = object[key] ?? '';
  if (typeof value !== 'string') {
    throw new GentError('PLUGIN_QUERY', `${key} must be text`);
  }
  return value.trim();
}

function count(object: JsonObject, key: string, fallback: number): number {
  const value = object[key];
  if (value === undefined || value === null || value === '') {
    return fallback;
  }
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0) {
    throw new GentError('PLUGIN_QUERY', `${key} must be a whole number, not ${JSON.stringify(value)}`);
  }
  return number;
}

function choice<T extends string>(object: JsonObject, key: string, choices: readonly T[]): T {
  const value = text(object, key) || choices[0];
  const found = choices.find((one) => one === value);
  if (found === undefined) {
    throw new GentError('PLUGIN_QUERY', `${key} is ${JSON.stringify(value)}, not one of ${choices.join(', ')}`);
  }
  return found;
}

function rangeOf(raw: RawQuery): TimeRange {
  const from = raw.timeRange?.fromEpochMS ?? 0n;
  const to = raw.timeRange?.toEpochMS ?? 0n;
  if (to <= from) {
    throw new GentError('PLUGIN_QUERY', `the time range of query ${raw.refId} is empty (${from} to ${to})`);
  }
  return { start: from * 1_000_000n, end: to * 1_000_000n };
}

function stepOf(object: JsonObject, raw: RawQuery, range: TimeRange): bigint {
  const asked = text(object, 'step');
  if (asked !== '') {
    const step = parseDuration(asked);
    if (step === undefined || step <= 0n) {
      throw new GentError('PLUGIN_QUERY', `step ${JSON.stringify(asked)} is no duration such as 30s or 1m30s`);
    }
    return step;
  }
  if (raw.intervalMS > 0n) {
    return raw.intervalMS * 1_000_000n;
  }
  const step = (range.end - range.start) / (raw.maxDataPoints > 0n ? raw.maxDataPoints : DEFAULT_POINTS);
  return step > 1_000_000n ? step : 1_000_000n;
}

/** Services, several separated by `|` as Grafana joins the values of a variable. */
function servicesOf(object: JsonObject): string[] {
  const names = text(object, 'service').split('|');
  return names.map((name) => name.trim()).filter((name) => name !== '' && name !== '$__all');
}

/** A Go duration, or days and weeks before it: `7d`, `1w2d`, `1d12h`. @returns ns; undefined when it is none */
function parseShift(written: string): bigint | undefined {
  const match = /^(?:(\d{1,4})w)?(?:(\d{1,5})d)?(.*)$/.exec(written);
  const [weeks, days, rest] = [match?.[1], match?.[2], match?.[3] ?? ''];
  const whole = BigInt(weeks ?? 0) * 7n * DAY + BigInt(days ?? 0) * DAY;
  const more = rest === '' && whole > 0n ? 0n : parseDuration(rest);
  return more === undefined ? undefined : whole + more;
}

/** The range with which `range` is compared. */
function baselineOf(object: JsonObject, range: TimeRange): TimeRange {
  const written = text(object, 'baselineShift') || DEFAULT_SHIFT;
  const shift = parseShift(written);
  if (shift === undefined || shift <= 0n || shift > range.start) {
    throw new GentError(
      'PLUGIN_QUERY',
      `baselineShift ${JSON.stringify(written)} is no time before the range, such as 1h, 24h or 7d`
    );
  }
  return { start: range.start - shift, end: range.end - shift };
}

/**
 * Reads one query. A missing query type means TraceQL, and a text of hex digits only is a trace id whatever the type
 * says, so that links from other data sources work.
 * @throws GentError PLUGIN_QUERY that names the field
 */
export function parseQueryModel(raw: RawQuery): PluginQuery {
  const json = parseJson(raw);
  const type = text(json, 'queryType') || raw.queryType;
  switch (type) {
    case 'models':
      return {
        kind: 'models',
        range: rangeOf(raw),
        view: choice(json, 'modelsView', ['table', 'timeline', 'operations']),
        // What a variable of models stands for when all of them are chosen.
        modelId: text(json, 'modelId').replace(/^all$/, ''),
      };
    case 'serviceGraph':
      return { kind: 'serviceGraph', range: rangeOf(raw), services: servicesOf(json) };
    case 'compareWindows': {
      const range = rangeOf(raw);
      const limit = count(json, 'limit', DEFAULT_CHANGES) || DEFAULT_CHANGES;
      return { kind: 'compareWindows', range, baseline: baselineOf(json, range), services: servicesOf(json), limit };
    }
  }
  if (!TRACEQL_TYPES.has(type)) {
    throw new GentError('PLUGIN_QUERY', `queryType ${JSON.stringify(type)} is not one of ${TYPES.join(', ')}`);
  }
  const query = text(json, 'query');
  if (query === '') {
    return { kind: 'nothing' };
  }
  if (TRACE_ID.test(query)) {
    return { kind: 'trace', traceId: query };
  }
  if (type === 'traceId') {
    throw new GentError('PLUGIN_QUERY', `${JSON.stringify(query)} is no trace id: up to 32 hex digits`);
  }
  const range = rangeOf(raw);
  return {
    kind: 'traceql',
    text: query,
    range,
    limit: count(json, 'limit', DEFAULT_LIMIT),
    spansPerSpanSet: count(json, 'spss', DEFAULT_SPSS),
    table: choice(json, 'tableType', ['traces', 'spans', 'raw']),
    stepNanos: stepOf(json, raw, range),
    instant: choice(json, 'metricsQueryType', ['range', 'instant']) === 'instant',
    exemplars: count(json, 'exemplars', DEFAULT_EXEMPLARS),
    mode: choice(json, 'mode', ['auto', 'full', 'estimate']),
    intervals: json.intervals !== false,
  };
}
