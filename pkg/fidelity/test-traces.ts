/** @file Traces small enough to work out by hand, for the tests of this room. */
import type { Resource, Scope, Span, Trace } from '../trace';
import { newVocabulary, type SpanTable, spanTable } from './span-table';

const scope: Scope = { name: '', version: '', attributes: [], droppedAttributesCount: 0, schemaUrl: '' };
const resources = new Map<string, Resource>();

function resource(service: string): Resource {
  const own = resources.get(service) ?? {
    attributes: [{ key: 'service.name', value: service }],
    droppedAttributesCount: 0,
    schemaUrl: '',
  };
  resources.set(service, own);
  return own;
}

/** A span: service, id, parent id, start and duration in ms; attribute `code` = duration mod 2. */
export function span(
  traceId: string,
  service: string,
  id: string,
  parent: string,
  start: number,
  duration: number
): Span {
  return {
    traceId,
    spanId: id,
    parentSpanId: parent,
    traceState: '',
    flags: 0,
    name: 'op',
    kind: 1,
    startTimeUnixNano: BigInt(start) * 1_000_000n,
    endTimeUnixNano: BigInt(start + duration) * 1_000_000n,
    attributes: [{ key: 'code', value: BigInt(duration % 2) }],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: resource(service),
    scope,
  };
}

/** A trace of a parent in service a and a child in b; starts 10·i ms, lasts 20 + i ms. */
export function pair(i: number, childDuration = 5 + i): Trace {
  const traceId = `t${i}`;
  return {
    traceId,
    spans: [span(traceId, 'a', '1', '', i * 10, 20 + i), span(traceId, 'b', '2', '1', i * 10 + 1, childDuration)],
  };
}

/** The pairs 0 … count − 1. */
export const pairs = (count: number): Trace[] => Array.from({ length: count }, (_, i) => pair(i));

export async function tables(real: Trace[], other: Trace[]): Promise<[SpanTable, SpanTable]> {
  const vocabulary = newVocabulary();
  return [await spanTable(vocabulary, real), await spanTable(vocabulary, other)];
}
