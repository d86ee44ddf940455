/** @file Reads OTLP protobuf: the messages generated from OpenTelemetry's proto, into traces in memory. */
import { fromBinary } from '@bufbuild/protobuf';
import { GentError, limit } from '../common';
import { otlpTrace, type otlpCommon, type otlpResource } from '../proto';
import { checkSpanIds, type ReadContext } from './context';
import { NO_ATTRIBUTES } from './intern';
import {
  type AttributeValue,
  type KeyValue,
  KeyValueList,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanLink,
} from './types';

const NO_EVENTS: readonly SpanEvent[] = [];
const NO_LINKS: readonly SpanLink[] = [];

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

class OtlpProtoReader {
  private readonly maxDepth = limit('ATTRIBUTE_DEPTH');

  constructor(private readonly context: ReadContext) {}

  resourceSpans(group: otlpTrace.ResourceSpans, spans: Span[]): void {
    const resource = this.context.intern.resource(this.resource(group.resource, group.schemaUrl));
    for (const scopeGroup of group.scopeSpans) {
      const scope = this.context.intern.scope(this.scope(scopeGroup.scope, scopeGroup.schemaUrl));
      for (const message of scopeGroup.spans) {
        const span = this.span(message, resource, scope);
        if (span !== undefined) {
          spans.push(span);
        }
      }
    }
  }

  private resource(message: otlpResource.Resource | undefined, schemaUrl: string): Resource {
    const resource = {
      attributes: this.attributes(message?.attributes ?? [], 0),
      droppedAttributesCount: message?.droppedAttributesCount ?? 0,
      schemaUrl,
    };
    const refs = message?.entityRefs ?? [];
    return refs.length === 0
      ? resource
      : {
          ...resource,
          entityRefs: refs.map(({ schemaUrl, type, idKeys, descriptionKeys }) => ({
            schemaUrl,
            type,
            idKeys,
            descriptionKeys,
          })),
        };
  }

  private scope(message: otlpCommon.InstrumentationScope | undefined, schemaUrl: string): Scope {
    return {
      name: message?.name ?? '',
      version: message?.version ?? '',
      attributes: this.attributes(message?.attributes ?? [], 0),
      droppedAttributesCount: message?.droppedAttributesCount ?? 0,
      schemaUrl,
    };
  }

  private span(message: otlpTrace.Span, resource: Resource, scope: Scope): Span | undefined {
    const { intern, anomalies } = this.context;
    const ids = checkSpanIds(hex(message.traceId), hex(message.spanId), hex(message.parentSpanId), anomalies);
    if (ids === undefined) {
      return undefined;
    }
    return {
      traceId: ids.traceId,
      spanId: ids.spanId,
      parentSpanId: ids.parentSpanId,
      traceState: message.traceState,
      flags: message.flags,
      name: intern.key(message.name),
      kind: message.kind,
      startTimeUnixNano: message.startTimeUnixNano,
      endTimeUnixNano: message.endTimeUnixNano,
      attributes: this.attributes(message.attributes, 0),
      droppedAttributesCount: message.droppedAttributesCount,
      events: message.events.length === 0 ? NO_EVENTS : message.events.map((event) => this.event(event)),
      droppedEventsCount: message.droppedEventsCount,
      links: message.links.length === 0 ? NO_LINKS : message.links.map((link) => this.link(link)),
      droppedLinksCount: message.droppedLinksCount,
      statusCode: message.status?.code ?? 0,
      statusMessage: intern.value(message.status?.message ?? ''),
      resource,
      scope,
    };
  }

  private event(message: otlpTrace.Span_Event): SpanEvent {
    return {
      timeUnixNano: message.timeUnixNano,
      name: this.context.intern.key(message.name),
      attributes: this.attributes(message.attributes, 0),
      droppedAttributesCount: message.droppedAttributesCount,
    };
  }

  private link(message: otlpTrace.Span_Link): SpanLink {
    return {
      traceId: hex(message.traceId),
      spanId: hex(message.spanId),
      traceState: message.traceState,
      attributes: this.attributes(message.attributes, 0),
      droppedAttributesCount: message.droppedAttributesCount,
      flags: message.flags,
    };
  }

  private attributes(messages: readonly otlpCommon.KeyValue[], depth: number): readonly KeyValue[] {
    if (messages.length === 0) {
      return NO_ATTRIBUTES;
    }
    return messages.map((message) => {
      if (message.keyStrindex !== 0) {
        this.context.anomalies.profileReferences++;
      }
      return { key: this.context.intern.key(message.key), value: this.value(message.value, depth) };
    });
  }

  private value(message: otlpCommon.AnyValue | undefined, depth: number): AttributeValue {
    const any = message?.value;
    switch (any?.case) {
      case undefined:
        return null;
      case 'stringValue':
        return this.context.intern.value(any.value);
      case 'boolValue':
      case 'intValue':
      case 'doubleValue':
        return any.value;
      case 'bytesValue':
        // A copy: the message's bytes are a view that would keep the whole input alive.
        return Uint8Array.from(any.value);
      case 'arrayValue': {
        const below = this.deeper(depth);
        return any.value.values.map((item) => this.value(item, below));
      }
      case 'kvlistValue':
        return new KeyValueList(this.attributes(any.value.values, this.deeper(depth)));
      case 'stringValueStrindex':
        this.context.anomalies.profileReferences++;
        return null;
    }
  }

  private deeper(depth: number): number {
    if (depth >= this.maxDepth) {
      throw new GentError(
        'LIMIT_EXCEEDED',
        `an attribute value is nested deeper than ATTRIBUTE_DEPTH (${this.maxDepth})`
      );
    }
    return depth + 1;
  }
}

/** The spans of decoded ResourceSpans messages, in their order. */
export function spansFromResourceSpans(groups: readonly otlpTrace.ResourceSpans[], context: ReadContext): Span[] {
  const reader = new OtlpProtoReader(context);
  const spans: Span[] = [];
  for (const group of groups) {
    reader.resourceSpans(group, spans);
  }
  return spans;
}

/**
 * The spans of an OTLP/protobuf message: TracesData, or ExportTraceServiceRequest, which has the same form.
 * @throws GentError TRACE_DOCUMENT_INVALID, LIMIT_EXCEEDED
 */
export function parseOtlpProtobuf(bytes: Uint8Array, context: ReadContext): Span[] {
  let message: otlpTrace.TracesData;
  try {
    message = fromBinary(otlpTrace.TracesDataSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw new GentError('TRACE_DOCUMENT_INVALID', `no OTLP protobuf: ${(error as Error).message}`, { cause: error });
  }
  return spansFromResourceSpans(message.resourceSpans, context);
}
