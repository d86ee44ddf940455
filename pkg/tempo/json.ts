/**
 * @file Answers of an engine as Tempo's API writes them: gogo jsonpb of tempo.proto. camelCase, 64-bit integers as text,
 * fields with zero values left out, ids of searches in hex without leading zeros.
 */
import type { AnswerStats, MetricsResult, SearchResult, TagScope, TagValue } from '../query';
import type { Exemplar, MatchedSpan, Sample, Series, SeriesLabel, SpanSet } from '../traceql';
import { type AttributeValue, type KeyValue, KeyValueList } from '../trace';

type Json = Record<string, unknown>;

/** The fields whose value is not the zero of its type. */
function nonZero(fields: Json): Json {
  const isZero = (value: unknown) =>
    value === undefined ||
    value === '' ||
    value === 0 ||
    value === '0' ||
    value === false ||
    (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isZero(value)));
}

function double(value: number): number | string {
  return Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

function anyValue(value: AttributeValue): Json {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'bigint':
      return { intValue: value.toString() };
    case 'number':
      return { doubleValue: double(value) };
    default:
  }
  if (value === null) {
    return {};
  }
  if (value instanceof Uint8Array) {
    return { bytesValue: Buffer.from(value).toString('base64') };
  }
  if (value instanceof KeyValueList) {
    return { kvlistValue: nonZero({ values: value.entries.map(keyValue) }) };
  }
  return { arrayValue: nonZero({ values: (value as readonly AttributeValue[]).map(anyValue) }) };
}

function keyValue({ key, value }: KeyValue | SeriesLabel): Json {
  return { key, value: anyValue(value) };
}

function spanJson(span: MatchedSpan): Json {
  return nonZero({
    spanID: span.spanId,
    name: span.name,
    startTimeUnixNano: span.startTimeUnixNano.toString(),
    durationNanos: span.durationNanos.toString(),
    attributes: span.attributes.map(keyValue),
  });
}

function spanSetJson(set: SpanSet): Json {
  return nonZero({ spans: set.spans.map(spanJson), matched: set.matched, attributes: set.attributes.map(keyValue) });
}

function statsJson(stats: AnswerStats): Json {
  return nonZero({ inspectedTraces: stats.inspectedTraces, inspectedSpans: String(stats.inspectedSpans) });
}

/** /api/search. @param byTags - the older search, whose answers have neither spansets nor counts of services */
export function searchJson(result: SearchResult, byTags = false): Json {
  return {
    traces: result.traces.map((trace) =>
      nonZero({
        traceID: trace.traceId.replace(/^0+(?=.)/, ''),
        rootServiceName: trace.rootServiceName,
        rootTraceName: trace.rootTraceName,
        startTimeUnixNano: trace.startTimeUnixNano.toString(),
        durationMs: Number(trace.durationNanos / 1_000_000n),
        ...(byTags
          ? {}
          : {
              // Grafana shows `spanSet` when it is there, so groups of by() show only without it.
              ...(trace.spanSets.length === 1 && trace.spanSets[0] !== undefined
                ? { spanSet: spanSetJson(trace.spanSets[0]) }
                : {}),
              spanSets: trace.spanSets.map(spanSetJson),
              serviceStats: Object.fromEntries(
                Object.entries(trace.serviceStats).map(([service, stats]) => [service, nonZero({ ...stats })])
              ),
            }),
      })
    ),
    metrics: statsJson(result.stats),
  };
}

function sampleJson(sample: Sample): Json {
  return nonZero({ timestampMs: String(sample.timestampMs), value: double(sample.value) });
}

function exemplarJson(exemplar: Exemplar): Json {
  return nonZero({
    labels: exemplar.labels.map(keyValue),
    value: double(exemplar.value),
    timestampMs: String(exemplar.timestampMs),
  });
}

/** /api/metrics/query_range. */
export function rangeJson(result: MetricsResult): Json {
  return {
    series: result.series.map((series: Series) =>
      nonZero({
        labels: series.labels.map(keyValue),
        samples: series.samples.map(sampleJson),
        exemplars: series.exemplars.map(exemplarJson),
      })
    ),
    metrics: statsJson(result.stats),
  };
}

/** /api/metrics/query. */
export function instantJson(result: MetricsResult): Json {
  return {
    series: result.series.map((series) =>
      nonZero({ labels: series.labels.map(keyValue), value: double(series.samples[0]?.value ?? 0) })
    ),
    metrics: statsJson(result.stats),
  };
}

/** /api/v2/search/tags. */
export function scopesJson(names: Partial<Record<TagScope, string[]>>): Json {
  return { scopes: Object.entries(names).map(([name, tags]) => nonZero({ name, tags })), metrics: {} };
}

/** /api/search/tags: all scopes in one list; intrinsics only when they are asked for. */
export function tagNamesJson(names: Partial<Record<TagScope, string[]>>, scope: string | undefined): Json {
  const lists = Object.entries(names).filter(([name]) => name !== 'intrinsic' || scope === 'intrinsic');
  return { tagNames: [...new Set(lists.flatMap(([, tags]) => tags))].sort(), metrics: {} };
}

/** /api/v2/search/tag/{tag}/values. */
export function tagValuesJson(values: readonly TagValue[]): Json {
  return { tagValues: values.map(({ type, value }) => (value === '' ? { type } : { type, value })), metrics: {} };
}

/** /api/search/tag/{tag}/values: values as text. */
export function plainTagValuesJson(values: readonly TagValue[]): Json {
  return { tagValues: [...new Set(values.map((value) => value.value))].sort(), metrics: {} };
}
