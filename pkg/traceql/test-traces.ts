/** @file Small traces for the tests of this room. */
import type { AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, SpanLink, Trace } from '../trace';

/** Attributes from an object. */
export function attributes(values: Record<string, AttributeValue>): KeyValue[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

/** What a test says of a span; the rest is empty. Times in ms after second 1000. */
export interface SpanSketch {
  id: string;
  parent?: string;
  name?: string;
  kind?: number;
  status?: number;
  at?: number;
  ms?: number;
  span?: Record<string, AttributeValue>;
  resource?: Record<string, AttributeValue>;
  events?: Array<{ name?: string; attributes?: Record<string, AttributeValue> }>;
  links?: Array<{ traceId?: string; attributes?: Record<string, AttributeValue> }>;
}

const SCOPE: Scope = { name: 'lib', version: '1', attributes: [], droppedAttributesCount: 0, schemaUrl: '' };

/** A trace from sketches of its spans, in the order given. */
export function trace(sketches: readonly SpanSketch[], traceId = '0af7651916cd43dd8448eb211c80319c'): Trace {
  return {
    traceId,
    spans: sketches.map((sketch): Span => {
      const start = 1_000_000_000_000n + BigInt(Math.round((sketch.at ?? 0) * 1e6));
      const resource: Resource = {
        attributes: attributes(sketch.resource ?? { 'service.name': 'shop' }),
        droppedAttributesCount: 0,
        schemaUrl: '',
      };
      return {
        traceId,
        spanId: sketch.id,
        parentSpanId: sketch.parent ?? '',
        traceState: '',
        flags: 0,
        name: sketch.name ?? '',
        kind: sketch.kind ?? 0,
        startTimeUnixNano: start,
        endTimeUnixNano: start + BigInt(Math.round((sketch.ms ?? 1) * 1e6)),
        attributes: attributes(sketch.span ?? {}),
        droppedAttributesCount: 0,
        events: (sketch.events ?? []).map((event): SpanEvent => ({
          timeUnixNano: start,
          name: event.name ?? '',
          attributes: attributes(event.attributes ?? {}),
          droppedAttributesCount: 0,
        })),
        droppedEventsCount: 0,
        links: (sketch.links ?? []).map((link): SpanLink => ({
          traceId: link.traceId ?? '',
          spanId: '',
          traceState: '',
          attributes: attributes(link.attributes ?? {}),
          droppedAttributesCount: 0,
          flags: 0,
        })),
        droppedLinksCount: 0,
        statusCode: sketch.status ?? 0,
        statusMessage: '',
        resource,
        scope: SCOPE,
      };
    }),
  };
}
