/** @file Reads the fixtures of the cases, and turns answers into the form in which the cases expect them. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  KeyValueList,
  type AttributeValue,
  type KeyValue,
  type Resource,
  type Scope,
  type Span,
  type Trace,
} from '../../pkg/trace';

/** Cases of this project. */
export const OURS = __dirname;
/** Cases taken from Tempo's tests: run where they are, never copied. */
export const DERIVED = path.resolve(__dirname, '../../../shared/conformance/tempo-derived');

/** Runs the block where the derived cases are present; says so in the title where they are not. */
export function describeDerived(title: string, block: () => void): void {
  if (existsSync(DERIVED)) {
    describe(`${title} (derived from Tempo's tests)`, block);
  } else {
    describe.skip(`${title} (derived from Tempo's tests: not present, skipped)`, block);
  }
}

export function readCases<T>(dir: string, file: string): T {
  return JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as T;
}

interface JsonValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number;
  bytesValue?: string;
  arrayValue?: { values?: JsonValue[] };
  kvlistValue?: { values?: JsonKeyValue[] };
}
interface JsonKeyValue {
  key: string;
  value?: JsonValue;
}
interface JsonSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name?: string;
  kind?: number;
  startTimeUnixNano?: string;
  endTimeUnixNano?: string;
  attributes?: JsonKeyValue[];
  events?: Array<{ timeUnixNano?: string; name?: string; attributes?: JsonKeyValue[] }>;
  links?: Array<{ traceId?: string; spanId?: string; attributes?: JsonKeyValue[] }>;
  status?: { code?: number; message?: string };
}
interface JsonTrace {
  resourceSpans: Array<{
    resource?: { attributes?: JsonKeyValue[] };
    scopeSpans?: Array<{
      scope?: { name?: string; version?: string; attributes?: JsonKeyValue[] };
      spans?: JsonSpan[];
    }>;
  }>;
}

function toValue(value: JsonValue | undefined): AttributeValue {
  if (value === undefined) {
    return null;
  }
  if (value.intValue !== undefined) {
    return BigInt(value.intValue);
  }
  if (value.bytesValue !== undefined) {
    return new Uint8Array(Buffer.from(value.bytesValue, 'base64'));
  }
  if (value.arrayValue !== undefined) {
    return (value.arrayValue.values ?? []).map(toValue);
  }
  if (value.kvlistValue !== undefined) {
    return new KeyValueList(toAttributes(value.kvlistValue.values));
  }
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? null;
}

function toAttributes(attributes: JsonKeyValue[] | undefined): KeyValue[] {
  return (attributes ?? []).map(({ key, value }) => ({ key, value: toValue(value) }));
}

function toSpan(json: JsonSpan, resource: Resource, scope: Scope): Span {
  const none = { droppedAttributesCount: 0 };
  return {
    traceId: json.traceId,
    spanId: json.spanId,
    parentSpanId: json.parentSpanId ?? '',
    traceState: '',
    flags: 0,
    name: json.name ?? '',
    kind: json.kind ?? 0,
    startTimeUnixNano: BigInt(json.startTimeUnixNano ?? 0),
    endTimeUnixNano: BigInt(json.endTimeUnixNano ?? 0),
    attributes: toAttributes(json.attributes),
    ...none,
    events: (json.events ?? []).map((event) => ({
      timeUnixNano: BigInt(event.timeUnixNano ?? 0),
      name: event.name ?? '',
      attributes: toAttributes(event.attributes),
      ...none,
    })),
    droppedEventsCount: 0,
    links: (json.links ?? []).map((link) => ({
      traceId: link.traceId ?? '',
      spanId: link.spanId ?? '',
      traceState: '',
      attributes: toAttributes(link.attributes),
      flags: 0,
      ...none,
    })),
    droppedLinksCount: 0,
    statusCode: json.status?.code ?? 0,
    statusMessage: json.status?.message ?? '',
    resource,
    scope,
  };
}

/** The traces of a fixture file: plain OTLP/JSON, one document a trace. */
export function readFixture(dir: string, name: string): Trace[] {
  const file = readCases<{ traces: JsonTrace[] }>(path.join(dir, 'fixtures'), `${name}.json`);
  return file.traces.map((trace) => {
    const spans = trace.resourceSpans.flatMap((group) => {
      const resource: Resource = {
        attributes: toAttributes(group.resource?.attributes),
        droppedAttributesCount: 0,
        schemaUrl: '',
      };
      return (group.scopeSpans ?? []).flatMap((inner) => {
        const scope: Scope = {
          name: inner.scope?.name ?? '',
          version: inner.scope?.version ?? '',
          attributes: toAttributes(inner.scope?.attributes),
          droppedAttributesCount: 0,
          schemaUrl: '',
        };
        return (inner.spans ?? []).map((span) => toSpan(span, resource, scope));
      });
    });
    return { traceId: spans[0]?.traceId ?? '', spans };
  });
}

/** A value as OTLP/JSON writes it, which is how the cases write labels and attributes. */
export function toAnyValue(value: AttributeValue): unknown {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'bigint':
      return { intValue: value.toString() };
    case 'number':
      return { doubleValue: value };
    default:
      return Array.isArray(value) ? { arrayValue: { values: (value as AttributeValue[]).map(toAnyValue) } } : {};
  }
}
