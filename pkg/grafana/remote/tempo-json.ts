/**
 * @file Tempo's JSON answers → answers of an engine. Zero values are left out in that JSON, 64-bit integers are text.
 * Source: Tempo's HTTP API, gogo jsonpb of tempo.proto.
 */
import { type AttributeValue, type KeyValue, KeyValueList } from '../../trace';
import type { Exemplar, MatchedSpan, Sample, Series, SpanSet, TraceSummary } from '../../traceql';

type Json = Record<string, unknown>;

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(object) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const whole = (value: unknown): bigint =>
  /^-?\d+$/.test(String(value)) ? BigInt(String(value)) : BigInt(Math.trunc(Number(value) || 0));

/** A double; jsonpb writes NaN and infinities as text. */
function double(value: unknown): number {
  return value === undefined || value === null ? 0 : Number(value);
}

function attributeValue(value: unknown): AttributeValue {
  const [kind, held] = Object.entries(object(value))[0] ?? [];
  switch (kind) {
    case 'stringValue':
      return text(held);
    case 'boolValue':
      return held === true;
    case 'intValue':
      return whole(held);
    case 'doubleValue':
      return double(held);
    case 'bytesValue':
      return new Uint8Array(Buffer.from(text(held), 'base64'));
    case 'arrayValue':
      return list(object(held).values).map(attributeValue);
    case 'kvlistValue':
      return new KeyValueList(attributes(object(held).values));
    default:
      return null;
  }
}

function attributes(value: unknown): KeyValue[] {
  return list(value).map((one) => ({ key: text(one.key), value: attributeValue(one.value) }));
}

function span(value: Json): MatchedSpan {
  return {
    spanId: text(value.spanID),
    ...(value.name === undefined ? {} : { name: text(value.name) }),
    startTimeUnixNano: whole(value.startTimeUnixNano ?? 0),
    durationNanos: whole(value.durationNanos ?? 0),
    attributes: attributes(value.attributes),
  };
}

function spanSet(value: Json): SpanSet {
  return {
    spans: list(value.spans).map(span),
    matched: double(value.matched),
    attributes: attributes(value.attributes),
  };
}

/** The traces of /api/search. Durations are whole milliseconds there. */
export function tracesOf(answer: Json): TraceSummary[] {
  return list(answer.traces).map((trace) => {
    const sets = list(trace.spanSets);
    return {
      traceId: text(trace.traceID).padStart(32, '0'),
      rootServiceName: text(trace.rootServiceName),
      rootTraceName: text(trace.rootTraceName),
      startTimeUnixNano: whole(trace.startTimeUnixNano ?? 0),
      durationNanos: whole(trace.durationMs ?? 0) * 1_000_000n,
      spanSets: (sets.length > 0 || trace.spanSet === undefined ? sets : [object(trace.spanSet)]).map(spanSet),
      serviceStats: Object.fromEntries(
        Object.entries(object(trace.serviceStats)).map(([service, stats]) => [
          service,
          { spanCount: double(object(stats).spanCount), errorCount: double(object(stats).errorCount) },
        ])
      ),
    };
  });
}

function sample(value: Json): Sample {
  return { timestampMs: Number(whole(value.timestampMs ?? 0)), value: double(value.value) };
}

function exemplar(value: Json): Exemplar {
  return { ...sample(value), labels: attributes(value.labels) };
}

/** The series of /api/metrics/query_range, or of /api/metrics/query, whose one value belongs to `instantMs`. */
export function seriesOf(answer: Json, instantMs?: number): Series[] {
  return list(answer.series).map((series) => ({
    labels: attributes(series.labels),
    samples:
      instantMs === undefined
        ? list(series.samples).map(sample)
        : [{ timestampMs: instantMs, value: double(series.value) }],
    exemplars: list(series.exemplars).map(exemplar),
  }));
}
