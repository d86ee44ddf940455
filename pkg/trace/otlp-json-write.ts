/**
 * @file Writes OTLP/JSON as text, straight from spans (building objects for JSON.stringify takes twice as long).
 * Fields with default values are left out, as ProtoJSON does.
 */
import { groupByResource, type ResourceGroup } from './group';
import {
  type AttributeValue,
  type EntityRef,
  type KeyValue,
  KeyValueList,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanLink,
  type Trace,
} from './types';

/**
 * `otlp`: ids as hex, enums as numbers (the OTLP specification). `tempo`: ids as base64, enums by name, as Tempo's API
 * answers traces.
 */
export type OtlpJsonStyle = 'otlp' | 'tempo';

const KIND_NAMES = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((n) => `SPAN_KIND_${n}`);
const STATUS_NAMES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

const quote = JSON.stringify as (text: string) => string;
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A JSON string; most texts need no escape. */
function string(text: string): string {
  return text.length < 64 && PLAIN.test(text) ? `"${text}"` : quote(text);
}

/** A double as ProtoJSON: NaN and infinities as strings; −0, which JSON.stringify loses, kept. */
function double(value: number): string {
  if (Number.isFinite(value)) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  return `"${value}"`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** A value as the text of an OTLP/JSON AnyValue. */
export function attributeText(value: AttributeValue): string {
  return anyValue(value);
}

function anyValue(value: AttributeValue): string {
  switch (typeof value) {
    case 'string':
      return `{"stringValue":${string(value)}}`;
    case 'boolean':
      return `{"boolValue":${value}}`;
    case 'bigint':
      return `{"intValue":"${value}"}`;
    case 'number':
      return `{"doubleValue":${double(value)}}`;
    default:
  }
  if (value === null) {
    return '{}';
  }
  if (value instanceof Uint8Array) {
    return `{"bytesValue":"${base64(value)}"}`;
  }
  if (value instanceof KeyValueList) {
    return `{"kvlistValue":{"values":${keyValues(value.entries)}}}`;
  }
  return `{"arrayValue":{"values":[${value.map(anyValue).join(',')}]}}`;
}

function keyValues(attributes: readonly KeyValue[]): string {
  return `[${attributes.map(({ key, value }) => `{"key":${string(key)},"value":${anyValue(value)}}`).join(',')}]`;
}

/** `,"attributes":…,"droppedAttributesCount":…`, each only where there is something to say. */
function attributeFields(attributes: readonly KeyValue[], dropped: number): string {
  const written = attributes.length === 0 ? '' : `,"attributes":${keyValues(attributes)}`;
  return dropped === 0 ? written : `${written},"droppedAttributesCount":${dropped}`;
}

function entityRef(ref: EntityRef): string {
  const { schemaUrl, type, idKeys, descriptionKeys } = ref;
  return JSON.stringify({
    ...(schemaUrl === '' ? {} : { schemaUrl }),
    ...(type === '' ? {} : { type }),
    ...(idKeys.length === 0 ? {} : { idKeys }),
    ...(descriptionKeys.length === 0 ? {} : { descriptionKeys }),
  });
}

/** An object from fields that each begin with a comma. */
function object(fields: string): string {
  return `{${fields.slice(1)}}`;
}

function resourceJson({ attributes, droppedAttributesCount, entityRefs }: Resource): string {
  const refs = entityRefs ?? [];
  const entities = refs.length === 0 ? '' : `,"entityRefs":[${refs.map(entityRef).join(',')}]`;
  return object(`${attributeFields(attributes, droppedAttributesCount)}${entities}`);
}

function scopeJson({ name, version, attributes, droppedAttributesCount }: Scope): string {
  const names = `${name === '' ? '' : `,"name":${string(name)}`}${version === '' ? '' : `,"version":${string(version)}`}`;
  return object(`${names}${attributeFields(attributes, droppedAttributesCount)}`);
}

class SpanWriter {
  constructor(private readonly style: OtlpJsonStyle) {}

  span(span: Span): string {
    let text = `{"traceId":${this.id(span.traceId)},"spanId":${this.id(span.spanId)}`;
    if (span.traceState !== '') {
      text += `,"traceState":${string(span.traceState)}`;
    }
    if (span.parentSpanId !== '') {
      text += `,"parentSpanId":${this.id(span.parentSpanId)}`;
    }
    if (span.flags !== 0) {
      text += `,"flags":${span.flags}`;
    }
    if (span.name !== '') {
      text += `,"name":${string(span.name)}`;
    }
    if (span.kind !== 0) {
      text += `,"kind":${this.enumeration(span.kind, KIND_NAMES)}`;
    }
    text += `,"startTimeUnixNano":"${span.startTimeUnixNano}","endTimeUnixNano":"${span.endTimeUnixNano}"`;
    text += attributeFields(span.attributes, span.droppedAttributesCount);
    if (span.events.length > 0) {
      text += `,"events":[${span.events.map((event) => this.event(event)).join(',')}]`;
    }
    if (span.droppedEventsCount !== 0) {
      text += `,"droppedEventsCount":${span.droppedEventsCount}`;
    }
    if (span.links.length > 0) {
      text += `,"links":[${span.links.map((link) => this.link(link)).join(',')}]`;
    }
    if (span.droppedLinksCount !== 0) {
      text += `,"droppedLinksCount":${span.droppedLinksCount}`;
    }
    if (span.statusCode !== 0 || span.statusMessage !== '') {
      const message = span.statusMessage === '' ? '' : `,"message":${string(span.statusMessage)}`;
      const code = span.statusCode === 0 ? '' : `,"code":${this.enumeration(span.statusCode, STATUS_NAMES)}`;
      text += `,"status":${object(message + code)}`;
    }
    return `${text}}`;
  }

  private id(hex: string): string {
    return this.style === 'otlp' ? `"${hex}"` : `"${Buffer.from(hex, 'hex').toString('base64')}"`;
  }

  private enumeration(value: number, names: readonly string[]): string {
    const name = this.style === 'tempo' ? names[value] : undefined;
    return name === undefined ? String(value) : `"${name}"`;
  }

  private event({ timeUnixNano, name, attributes, droppedAttributesCount }: SpanEvent): string {
    const named = name === '' ? '' : `,"name":${string(name)}`;
    return `{"timeUnixNano":"${timeUnixNano}"${named}${attributeFields(attributes, droppedAttributesCount)}}`;
  }

  private link(link: SpanLink): string {
    let fields = '';
    if (link.traceId !== '') {
      fields += `,"traceId":${this.id(link.traceId)}`;
    }
    if (link.spanId !== '') {
      fields += `,"spanId":${this.id(link.spanId)}`;
    }
    if (link.traceState !== '') {
      fields += `,"traceState":${string(link.traceState)}`;
    }
    fields += attributeFields(link.attributes, link.droppedAttributesCount);
    return object(link.flags === 0 ? fields : `${fields},"flags":${link.flags}`);
  }
}

const urlField = (schemaUrl: string): string => (schemaUrl === '' ? '' : `,"schemaUrl":${string(schemaUrl)}`);

function resourceGroupJson(group: ResourceGroup, writer: SpanWriter): string {
  const scopes = group.scopes.map(({ scope, spans }) => {
    const scopeText = scopeJson(scope);
    const named = scopeText === '{}' ? '' : `"scope":${scopeText},`;
    return `{${named}"spans":[${spans.map((span) => writer.span(span)).join(',')}]${urlField(scope.schemaUrl)}}`;
  });
  const { resource } = group;
  return `{"resource":${resourceJson(resource)},"scopeSpans":[${scopes.join(',')}]${urlField(resource.schemaUrl)}}`;
}

/** The array of ResourceSpans of these traces as JSON text: for wrappers other than OTLP's, such as Tempo's answers. */
export function resourceSpansJson(traces: Iterable<Trace>, style: OtlpJsonStyle = 'otlp'): string {
  const writer = new SpanWriter(style);
  return `[${groupByResource(traces)
    .map((group) => resourceGroupJson(group, writer))
    .join(',')}]`;
}

/** These traces as one OTLP/JSON document, `{"resourceSpans":[…]}`, without line breaks. */
export function otlpJson(traces: Iterable<Trace>): string {
  return `{"resourceSpans":${resourceSpansJson(traces)}}`;
}
