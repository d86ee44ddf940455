/** @file Small builders of spans for tests. */
import type { Resource, Scope, Span } from './types';

export const RESOURCE: Resource = {
  attributes: [{ key: 'service.name', value: 'shop' }],
  droppedAttributesCount: 0,
  schemaUrl: '',
};
export const SCOPE: Scope = { name: '', version: '', attributes: [], droppedAttributesCount: 0, schemaUrl: '' };

/** 2023-11-14, in ns. */
export const T0 = 1_700_000_000_000_000_000n;

/** A trace id from a small number. */
export const traceId = (n: number): string => n.toString(16).padStart(32, '0');
/** A span id from a small number; '' for 0. */
export const spanId = (n: number): string => (n === 0 ? '' : n.toString(16).padStart(16, '0'));

/** Span `id` of trace 1 below span `parent` (0: a root), 1 µs long, with these fields changed. */
export function makeSpan(id: number, parent: number, fields: Partial<Span> = {}): Span {
  return {
    traceId: traceId(1),
    spanId: spanId(id),
    parentSpanId: spanId(parent),
    traceState: '',
    flags: 0,
    name: `operation ${id}`,
    kind: 0,
    startTimeUnixNano: T0,
    endTimeUnixNano: T0 + 1000n,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: RESOURCE,
    scope: SCOPE,
    ...fields,
  };
}
