/** @file A trace of a batch as it came, from the columns: its spans in the order of its shape. */
import { ORPHAN, type LearntBatch, type PairLists, type ShapeLayout } from '../features';
import type { AttributeValue, KeyValue, Resource, Scope, Span, Trace } from '../trace';
import type { BatchIds, IdentifiedBatch } from './batch';

/** Times beyond this many ns from the first span are not told exactly by a double. */
const LARGEST_TIME = 2 ** 51;

interface Read {
  readonly attributes: readonly KeyValue[];
  readonly fields: ReadonlyMap<string, AttributeValue>;
}

function pairsOf(batch: IdentifiedBatch, numbers: Iterable<number>): Read {
  const attributes: KeyValue[] = [];
  const fields = new Map<string, AttributeValue>();
  for (const number of numbers) {
    const pair = batch.pairs[number];
    const key = batch.keys[pair?.key ?? -1];
    if (pair !== undefined && key?.role === 'attribute') {
      attributes.push({ key: key.key, value: pair.value });
    } else if (pair !== undefined && key !== undefined) {
      fields.set(key.key, pair.value);
    }
  }
  return { attributes, fields };
}

function listOf(batch: IdentifiedBatch, lists: PairLists, i: number): Read {
  return pairsOf(batch, lists.pool.subarray(lists.offset[i] as number, lists.offset[i + 1] as number));
}

function text({ fields }: Read, key: string): string {
  const value = fields.get(key);
  return typeof value === 'string' ? value : '';
}

function count({ fields }: Read, key: string): number {
  const value = fields.get(key);
  return typeof value === 'bigint' ? Number(value) : 0;
}

/** @returns undefined where the columns do not tell the whole trace exactly */
export function traceOfColumns(
  learnt: LearntBatch,
  batch: IdentifiedBatch,
  ids: BatchIds,
  t: number
): Trace | undefined {
  const { content, spans: table, order } = learnt;
  const { dictionary } = content;
  const layout = content.layouts[table.shape[t] as number] as ShapeLayout;
  const offset = table.offset[t] as number;
  const base = batch.base[t] as bigint;
  const traceId = ids.trace(t);
  const resources = new Map<number, Resource>();
  const spans: Span[] = [];
  for (let i = 0; i < layout.size; i++) {
    const at = order[offset + i] as number;
    const start = batch.start[at] as number;
    const duration = batch.duration[at] as number;
    const operation = layout.operation[i] as number;
    const entry = dictionary.operations[operation] as { name: string; kind: number; scope: number };
    const scope = dictionary.scopes[entry.scope] as Scope;
    const source = batch.dictionary.operations[batch.dictionary.nodes[batch.node[at] as number]?.operation ?? -1];
    const whole =
      batch.dictionary.scopes[entry.scope]?.attributes.length === scope.attributes.length &&
      source?.name === entry.name;
    if (Math.abs(start) > LARGEST_TIME || Math.abs(duration) > LARGEST_TIME || !whole) {
      return undefined;
    }
    const startTimeUnixNano = base + BigInt(start);
    const own = listOf(batch, batch.attributes, at);
    const parent = layout.parent[i] as number;
    spans.push({
      traceId,
      spanId: ids.span(at),
      parentSpanId: parent >= 0 ? (spans[parent] as Span).spanId : parent === ORPHAN ? ids.orphanParent(at) : '',
      traceState: text(own, 'traceState'),
      flags: count(own, 'flags'),
      name: entry.name,
      kind: entry.kind,
      startTimeUnixNano,
      endTimeUnixNano: startTimeUnixNano + BigInt(duration),
      attributes: own.attributes,
      droppedAttributesCount: count(own, 'droppedAttributesCount'),
      events: eventsOf(batch, at, startTimeUnixNano),
      droppedEventsCount: count(own, 'droppedEventsCount'),
      links: linksOf(batch, ids, at),
      droppedLinksCount: count(own, 'droppedLinksCount'),
      statusCode: dictionary.nodes[layout.node[i] as number]?.status ?? 0,
      statusMessage: text(own, 'statusMessage'),
      resource: resourceOf(batch, batch.resource[at] as number, resources),
      scope,
    });
  }
  return { traceId, spans };
}

function resourceOf(batch: IdentifiedBatch, id: number, known: Map<number, Resource>): Resource {
  let resource = known.get(id);
  if (resource === undefined) {
    const entry = batch.resources[id];
    resource = {
      attributes: pairsOf(batch, entry?.pairs ?? []).attributes,
      droppedAttributesCount: entry?.droppedAttributesCount ?? 0,
      schemaUrl: entry?.schemaUrl ?? '',
    };
    known.set(id, resource);
  }
  return resource;
}

function range(offsets: Int32Array, i: number): number[] {
  const from = offsets[i] as number;
  return Array.from({ length: (offsets[i + 1] as number) - from }, (_, n) => from + n);
}

function eventsOf(batch: IdentifiedBatch, span: number, start: bigint): Span['events'] {
  return range(batch.eventOffset, span).map((e) => {
    const own = listOf(batch, batch.eventAttributes, e);
    return {
      timeUnixNano: start + BigInt(batch.eventTime[e] as number),
      name: batch.eventNames[batch.eventName[e] as number] as string,
      attributes: own.attributes,
      droppedAttributesCount: count(own, 'droppedAttributesCount'),
    };
  });
}

function linksOf(batch: IdentifiedBatch, ids: BatchIds, span: number): Span['links'] {
  return range(batch.linkOffset, span).map((l) => {
    const own = listOf(batch, batch.linkAttributes, l);
    return {
      ...ids.link(l),
      traceState: text(own, 'traceState'),
      attributes: own.attributes,
      droppedAttributesCount: count(own, 'droppedAttributesCount'),
      flags: count(own, 'flags'),
    };
  });
}
