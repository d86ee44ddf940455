/** @file Writes OTLP protobuf with the messages generated from OpenTelemetry's proto. */
import { create, toBinary } from '@bufbuild/protobuf';
import { otlpCommon, otlpResource, otlpTrace } from '../proto';
import { groupByResource, type ResourceGroup } from './group';
import {
  type AttributeValue,
  type KeyValue,
  KeyValueList,
  type Resource,
  type Scope,
  type Span,
  type Trace,
} from './types';

function idBytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function anyValue(value: AttributeValue): otlpCommon.AnyValue {
  const message = create(otlpCommon.AnyValueSchema);
  message.value = oneOf(value);
  return message;
}

function oneOf(value: AttributeValue): otlpCommon.AnyValue['value'] {
  switch (typeof value) {
    case 'string':
      return { case: 'stringValue', value };
    case 'boolean':
      return { case: 'boolValue', value };
    case 'bigint':
      return { case: 'intValue', value };
    case 'number':
      return { case: 'doubleValue', value };
    default:
  }
  if (value === null) {
    return { case: undefined };
  }
  if (value instanceof Uint8Array) {
    return { case: 'bytesValue', value: Uint8Array.from(value) };
  }
  if (value instanceof KeyValueList) {
    const list = create(otlpCommon.KeyValueListSchema);
    list.values = keyValues(value.entries);
    return { case: 'kvlistValue', value: list };
  }
  const array = create(otlpCommon.ArrayValueSchema);
  array.values = value.map(anyValue);
  return { case: 'arrayValue', value: array };
}

function keyValues(attributes: readonly KeyValue[]): otlpCommon.KeyValue[] {
  return attributes.map(({ key, value }) => {
    const message = create(otlpCommon.KeyValueSchema);
    message.key = key;
    message.value = anyValue(value);
    return message;
  });
}

function resourceMessage(resource: Resource): otlpResource.Resource {
  const message = create(otlpResource.ResourceSchema);
  message.attributes = keyValues(resource.attributes);
  message.droppedAttributesCount = resource.droppedAttributesCount;
  message.entityRefs = (resource.entityRefs ?? []).map((ref) =>
    create(otlpCommon.EntityRefSchema, {
      schemaUrl: ref.schemaUrl,
      type: ref.type,
      idKeys: [...ref.idKeys],
      descriptionKeys: [...ref.descriptionKeys],
    })
  );
  return message;
}

/** Undefined for a scope that says nothing, which the proto holds equal to none. */
function scopeMessage(scope: Scope): otlpCommon.InstrumentationScope | undefined {
  const { name, version, attributes, droppedAttributesCount } = scope;
  if (name === '' && version === '' && attributes.length === 0 && droppedAttributesCount === 0) {
    return undefined;
  }
  const message = create(otlpCommon.InstrumentationScopeSchema, { name, version, droppedAttributesCount });
  message.attributes = keyValues(attributes);
  return message;
}

function spanMessage(span: Span): otlpTrace.Span {
  const message = create(otlpTrace.SpanSchema);
  message.traceId = idBytes(span.traceId);
  message.spanId = idBytes(span.spanId);
  message.traceState = span.traceState;
  message.parentSpanId = idBytes(span.parentSpanId);
  message.flags = span.flags;
  message.name = span.name;
  message.kind = span.kind;
  message.startTimeUnixNano = span.startTimeUnixNano;
  message.endTimeUnixNano = span.endTimeUnixNano;
  message.attributes = keyValues(span.attributes);
  message.droppedAttributesCount = span.droppedAttributesCount;
  message.events = span.events.map((event) => {
    const { timeUnixNano, name, droppedAttributesCount } = event;
    const read = create(otlpTrace.Span_EventSchema, { timeUnixNano, name, droppedAttributesCount });
    read.attributes = keyValues(event.attributes);
    return read;
  });
  message.droppedEventsCount = span.droppedEventsCount;
  message.links = span.links.map((link) => {
    const { traceState, droppedAttributesCount, flags } = link;
    const read = create(otlpTrace.Span_LinkSchema, { traceState, droppedAttributesCount, flags });
    read.traceId = idBytes(link.traceId);
    read.spanId = idBytes(link.spanId);
    read.attributes = keyValues(link.attributes);
    return read;
  });
  message.droppedLinksCount = span.droppedLinksCount;
  if (span.statusCode !== 0 || span.statusMessage !== '') {
    message.status = create(otlpTrace.StatusSchema, { code: span.statusCode, message: span.statusMessage });
  }
  return message;
}

function resourceSpansMessage({ resource, scopes }: ResourceGroup): otlpTrace.ResourceSpans {
  const message = create(otlpTrace.ResourceSpansSchema, { schemaUrl: resource.schemaUrl });
  message.resource = resourceMessage(resource);
  message.scopeSpans = scopes.map(({ scope, spans }) => {
    const group = create(otlpTrace.ScopeSpansSchema, { schemaUrl: scope.schemaUrl });
    group.scope = scopeMessage(scope);
    group.spans = spans.map(spanMessage);
    return group;
  });
  return message;
}

/** These traces as ResourceSpans messages: for OTLP, and for Tempo's messages that hold them. */
export function resourceSpansMessages(traces: Iterable<Trace>): otlpTrace.ResourceSpans[] {
  return groupByResource(traces).map(resourceSpansMessage);
}

/** These traces as the bytes of a TracesData, which an ExportTraceServiceRequest equals on the wire. */
export function otlpProtobuf(traces: Iterable<Trace>): Uint8Array {
  const message = create(otlpTrace.TracesDataSchema);
  message.resourceSpans = resourceSpansMessages(traces);
  return toBinary(otlpTrace.TracesDataSchema, message);
}
