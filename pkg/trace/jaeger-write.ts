/**
 * @file Writes Jaeger JSON as its query API answers it.
 * Source: OpenTelemetry specification, "OpenTelemetry to Jaeger Transformation". Times are cut to microseconds, which is
 * all the form holds.
 */
import { serviceName } from './access';
import { resourceKey } from './intern';
import { kindName, TAG } from './jaeger-values';
import {
  type AttributeValue,
  type KeyValue,
  KeyValueList,
  type Resource,
  type Span,
  StatusCode,
  type Trace,
} from './types';

const NANOS_PER_MICRO = 1000n;

/** A tag, as Jaeger types it. An int64 beyond 2^53 is a decimal string, so that it stays exact. */
export interface JaegerTag {
  key: string;
  type: 'string' | 'bool' | 'int64' | 'float64' | 'binary';
  value: string | boolean | number;
}

export interface JaegerSpan {
  traceID: string;
  spanID: string;
  flags: number;
  operationName: string;
  references: Array<{ refType: 'CHILD_OF' | 'FOLLOWS_FROM'; traceID: string; spanID: string }>;
  /** µs since the Unix epoch. */
  startTime: number;
  /** µs. */
  duration: number;
  tags: JaegerTag[];
  logs: Array<{ timestamp: number; fields: JaegerTag[] }>;
  processID: string;
  warnings: null;
}

export interface JaegerTrace {
  traceID: string;
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string; tags: JaegerTag[] }>;
  warnings: null;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** An array or map as plain JSON: Jaeger has no type for it, so the specification asks for its JSON text. */
function plain(value: AttributeValue): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (typeof value === 'number') {
    return Number.isFinite(value) ? value : String(value);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (value instanceof Uint8Array) {
    return base64(value);
  }
  if (value instanceof KeyValueList) {
    return Object.fromEntries(value.entries.map((entry) => [entry.key, plain(entry.value)]));
  }
  return value.map(plain);
}

function tag(key: string, value: AttributeValue): JaegerTag {
  switch (typeof value) {
    case 'string':
      return { key, type: 'string', value };
    case 'boolean':
      return { key, type: 'bool', value };
    case 'bigint':
      return { key, type: 'int64', value: plain(value) as string | number };
    case 'number':
      return { key, type: 'float64', value: plain(value) as string | number };
    default:
  }
  if (value instanceof Uint8Array) {
    return { key, type: 'binary', value: base64(value) };
  }
  return { key, type: 'string', value: value === null ? '' : JSON.stringify(plain(value)) };
}

function tags(attributes: readonly KeyValue[]): JaegerTag[] {
  return attributes.map(({ key, value }) => tag(key, value));
}

/** Whole microseconds; what a JSON number cannot hold exactly (after the year 2255) is cut to what it can. */
const micros = (nanos: bigint): number => Math.min(Number(nanos / NANOS_PER_MICRO), Number.MAX_SAFE_INTEGER);

function spanTags(span: Span): JaegerTag[] {
  const all = tags(span.attributes);
  const text = (key: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') {
      all.push(tag(key, value));
    }
  };
  const count = (key: string, value: number): void => {
    if (value !== 0) {
      all.push(tag(key, BigInt(value)));
    }
  };
  text(TAG.kind, kindName(span.kind));
  text(TAG.scopeName, span.scope.name);
  text(TAG.scopeVersion, span.scope.version);
  text(TAG.traceState, span.traceState);
  if (span.statusCode === StatusCode.Ok || span.statusCode === StatusCode.Error) {
    text(TAG.statusCode, span.statusCode === StatusCode.Ok ? 'OK' : 'ERROR');
  }
  if (span.statusCode === StatusCode.Error) {
    all.push(tag(TAG.error, true));
  }
  text(TAG.statusDescription, span.statusMessage);
  count(TAG.droppedAttributes, span.droppedAttributesCount);
  count(TAG.droppedEvents, span.droppedEventsCount);
  count(TAG.droppedLinks, span.droppedLinksCount);
  return all;
}

function references(span: Span): JaegerSpan['references'] {
  const all: JaegerSpan['references'] = [];
  if (span.parentSpanId !== '') {
    all.push({ refType: 'CHILD_OF', traceID: span.traceId, spanID: span.parentSpanId });
  }
  for (const link of span.links) {
    const childOf = link.attributes.some(({ key, value }) => key === TAG.refType && value === 'child_of');
    all.push({ refType: childOf ? 'CHILD_OF' : 'FOLLOWS_FROM', traceID: link.traceId, spanID: link.spanId });
  }
  return all;
}

function jaegerSpan(span: Span, processID: string): JaegerSpan {
  const startTime = micros(span.startTimeUnixNano);
  return {
    traceID: span.traceId,
    spanID: span.spanId,
    flags: span.flags & 0xff,
    operationName: span.name,
    references: references(span),
    startTime,
    // Jaeger's durations are unsigned: a span that ends before it starts lasts 0.
    duration: Math.max(0, micros(span.endTimeUnixNano) - startTime),
    tags: spanTags(span),
    logs: span.events.map(({ timeUnixNano, name, attributes }) => ({
      timestamp: micros(timeUnixNano),
      fields: [...(name === '' ? [] : [tag('event', name)]), ...tags(attributes)],
    })),
    processID,
    warnings: null,
  };
}

/** One trace as Jaeger's query API writes it. */
export function jaegerTrace(trace: Trace): JaegerTrace {
  const processes: JaegerTrace['processes'] = {};
  const ids = new Map<Resource, string>();
  const idsByContent = new Map<string, string>();
  const spans = trace.spans.map((span) => {
    let id = ids.get(span.resource);
    if (id === undefined) {
      const key = resourceKey(span.resource);
      id = idsByContent.get(key);
      if (id === undefined) {
        id = `p${idsByContent.size + 1}`;
        const others = span.resource.attributes.filter(({ key: name }) => name !== 'service.name');
        processes[id] = { serviceName: serviceName(span.resource), tags: tags(others) };
        idsByContent.set(key, id);
      }
      ids.set(span.resource, id);
    }
    return jaegerSpan(span, id);
  });
  return { traceID: trace.traceId, spans, processes, warnings: null };
}

/** Traces as the answer of Jaeger's query API: `{"data":[…]}`. */
export function jaegerJson(traces: Iterable<Trace>): string {
  const data = Array.from(traces, jaegerTrace);
  return JSON.stringify({ data, total: 0, limit: 0, offset: 0, errors: null });
}
