/**
 * @file The section `exemplars`: real traces, verbatim, column by column. Shapes, operations and frequent values are the
 * model's; ids, times and rare values are here. Empty where a model has none.
 *
 * An exemplar takes the number of one trace of the counts that has its shape, its bucket and its pattern. Reading
 * checks that its spans begin where this says, so counts stay exact.
 */
import { commonUnit, expandPattern, ORPHAN, ROOT, type ModelContent, type ShapeLayout } from '../features';
import { ByteReader, ByteWriter } from '../model';
import type { Resource, Scope, Span, SpanEvent, SpanLink, Trace } from '../trace';
import {
  attributePairs,
  attributesOf,
  countField,
  fieldPairs,
  readTables,
  TableWriter,
  textField,
  type Pair,
  type Tables,
} from './exemplar-tables';
import { buildClasses, fitsClasses } from './span-classes';
import { TraceIndex } from './trace-index';

/** A real trace and the number it takes. Its spans are in the order of its shape. */
export interface Exemplar {
  readonly index: number;
  readonly trace: Trace;
}

const NANOS = 1_000_000_000n;
const MAX_TIME = (1n << 64n) - 1n;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Layout of the section. */
const LAYOUT = 1;

function writeId(writer: ByteWriter, id: string): void {
  for (let at = 0; at < id.length; at += 2) {
    writer.byte(Number.parseInt(id.slice(at, at + 2), 16));
  }
}

function readId(reader: ByteReader, bytes: number): string {
  let id = '';
  for (let i = 0; i < bytes; i++) {
    id += reader.byte().toString(16).padStart(2, '0');
  }
  return id;
}

/** What span i of a layout begins after: the sibling before it, its parent, or the first span. */
function before(layout: ShapeLayout, i: number): number {
  const previous = layout.previous[i] as number;
  return previous >= 0 ? previous : Math.max(0, layout.parent[i] as number);
}

function serviceAt(content: ModelContent, layout: ShapeLayout, i: number): number {
  return content.dictionary.operations[layout.operation[i] as number]?.service ?? 0;
}

/** Writes exemplars; ids must be whole and their spans in the order of their shapes. */
export function writeExemplars(content: ModelContent, index: TraceIndex, exemplars: readonly Exemplar[]): Uint8Array {
  const writer = new ByteWriter();
  if (exemplars.length === 0) {
    return writer.finish();
  }
  const sorted = [...exemplars].sort((a, b) => a.index - b.index);
  const all = sorted.flatMap(({ trace }) => trace.spans);
  const unitOf = (times: readonly bigint[]): number =>
    commonUnit(Float64Array.from(times, (time) => Number(BigInt.asUintN(64, time) % NANOS)));
  const startUnit = unitOf(all.map((span) => span.startTimeUnixNano));
  const durationUnit = unitOf(
    all.map((span) => (span.endTimeUnixNano - span.startTimeUnixNano + (NANOS << 64n)) % NANOS)
  );
  const tables = new TableWriter(content);
  const columns = { time: new ByteWriter(), spans: new ByteWriter(), more: new ByteWriter(), ids: new ByteWriter() };
  for (const { index: number, trace } of sorted) {
    const layout = content.layouts[index.placeOf(number).shape] as ShapeLayout;
    const origin = BigInt(content.counts.bucket[index.rowOf(number)] as number) * BigInt(content.counts.bucketSeconds);
    const seen = new Map<number, number>();
    const resources = trace.spans.map((span, i) => tables.resource(serviceAt(content, layout, i), span.resource));
    const plain = resources.every((id, i) => {
      const service = serviceAt(content, layout, i);
      const first = seen.get(service) ?? id;
      seen.set(service, first);
      return first === id;
    });
    columns.spans.byte(plain ? 1 : 0);
    seen.clear();
    writeId(columns.ids, trace.traceId);
    trace.spans.forEach((span, i) => {
      const from = i === 0 ? origin * NANOS : (trace.spans[before(layout, i)] as Span).startTimeUnixNano;
      columns.time.zigzag(Number(span.startTimeUnixNano - from) / startUnit);
      columns.time.zigzag(Number(span.endTimeUnixNano - span.startTimeUnixNano) / durationUnit);
      writeId(columns.ids, span.spanId);
      if (layout.parent[i] === ORPHAN) {
        writeId(columns.ids, span.parentSpanId);
      }
      if (!plain || !seen.has(serviceAt(content, layout, i))) {
        columns.spans.varint(resources[i] as number);
        seen.set(serviceAt(content, layout, i), 1);
      }
      const { statusMessage, traceState, flags } = span;
      const { droppedAttributesCount, droppedEventsCount, droppedLinksCount } = span;
      const fields = { statusMessage, traceState, flags };
      const dropped = { droppedAttributesCount, droppedEventsCount, droppedLinksCount };
      columns.spans.varint(tables.list([...attributePairs(span.attributes), ...fieldPairs({ ...fields, ...dropped })]));
      writeMore(columns.more, columns.ids, tables, span);
    });
  }
  writer.byte(LAYOUT);
  tables.write(writer);
  writer.deltas(sorted.map((exemplar) => exemplar.index));
  writer.varint(startUnit);
  writer.varint(durationUnit);
  for (const column of [columns.time, columns.spans, columns.more, columns.ids]) {
    writer.bytes(column.finish());
  }
  return writer.finish();
}

/** Events and links of a span. */
function writeMore(more: ByteWriter, ids: ByteWriter, tables: TableWriter, span: Span): void {
  more.varint(span.events.length);
  for (const event of span.events) {
    const { name, droppedAttributesCount } = event;
    more.zigzag(Number(event.timeUnixNano - span.startTimeUnixNano));
    more.varint(
      tables.list([...attributePairs(event.attributes), ...fieldPairs({ 'event.name': name, droppedAttributesCount })])
    );
  }
  more.varint(span.links.length);
  for (const link of span.links) {
    const { traceState, flags, droppedAttributesCount } = link;
    const same = link.traceId === span.traceId;
    more.byte(same ? 1 : 0);
    if (!same) {
      writeId(ids, link.traceId);
    }
    writeId(ids, link.spanId);
    more.varint(
      tables.list([...attributePairs(link.attributes), ...fieldPairs({ traceState, flags, droppedAttributesCount })])
    );
  }
}

/**
 * Reads exemplars.
 * @returns real traces by the number they take
 * @throws GentError MODEL_CORRUPT where the section is damaged or does not fit the counts
 */
export function readExemplars(
  content: ModelContent,
  index: TraceIndex,
  modelId: string,
  data: Uint8Array
): Map<number, Trace> {
  const exemplars = new Map<number, Trace>();
  if (data.length === 0) {
    return exemplars;
  }
  const reader = new ByteReader(data, 'exemplars');
  if (reader.byte() !== LAYOUT) {
    reader.fail('unknown layout');
  }
  const tables = readTables(reader, content, modelId);
  const indices = reader.deltas();
  const units = [reader.varint(1_000_000), reader.varint(1_000_000)] as const;
  const columns = {
    time: new ByteReader(reader.bytes(), 'exemplars'),
    spans: new ByteReader(reader.bytes(), 'exemplars'),
    more: new ByteReader(reader.bytes(), 'exemplars'),
    ids: new ByteReader(reader.bytes(), 'exemplars'),
  };
  reader.end();
  const ids = new Set<string>();
  const scopes = content.dictionary.scopes.map((scope): Scope => ({ ...scope }));
  let last = -1;
  for (const number of indices) {
    if (number <= last || number >= index.traceCount) {
      reader.fail(`trace ${number} of ${index.traceCount}, after ${last}`);
    }
    last = number;
    const trace = readTrace(content, index, number, units, columns, tables, scopes);
    if (ids.has(trace.traceId)) {
      reader.fail('two exemplars have one id');
    }
    ids.add(trace.traceId);
    exemplars.set(number, trace);
  }
  Object.values(columns).forEach((column) => column.end());
  return exemplars;
}

type Columns = Record<'time' | 'spans' | 'more' | 'ids', ByteReader>;

function readTrace(
  content: ModelContent,
  index: TraceIndex,
  number: number,
  [startUnit, durationUnit]: readonly [number, number],
  columns: Columns,
  tables: Tables,
  scopes: readonly Scope[]
): Trace {
  const { counts, dictionary } = content;
  const place = index.placeOf(number);
  const layout = content.layouts[place.shape] as ShapeLayout;
  // what a span takes at least: bounded by what is there before anything is made of it
  if (layout.size * SPAN_ID_BYTES > columns.ids.remaining) {
    columns.ids.fail(`a trace of ${layout.size} spans does not fit`);
  }
  const width = BigInt(counts.bucketSeconds) * NANOS;
  const bucket = BigInt(counts.bucket[place.row] as number);
  const shifts = expandPattern(counts.patterns[counts.pattern[place.row] as number] ?? [], layout.size);
  const plain = columns.spans.byte() === 1;
  const traceId = readId(columns.ids, TRACE_ID_BYTES);
  const resources = new Map<number, number>();
  const spans: Span[] = [];
  for (let i = 0; i < layout.size; i++) {
    const from = i === 0 ? bucket * width : (spans[before(layout, i)] as Span).startTimeUnixNano;
    const start = from + BigInt(columns.time.zigzag()) * BigInt(startUnit);
    const end = start + BigInt(columns.time.zigzag()) * BigInt(durationUnit);
    if (start < 0n || end < 0n || end > MAX_TIME || start / width !== bucket + BigInt(shifts?.[i] ?? 0)) {
      columns.time.fail('a span does not begin in its bucket, or its times are no times');
    }
    const spanId = readId(columns.ids, SPAN_ID_BYTES);
    const parent = layout.parent[i] as number;
    const parentSpanId =
      parent === ROOT ? '' : parent === ORPHAN ? readId(columns.ids, SPAN_ID_BYTES) : (spans[parent] as Span).spanId;
    const service = serviceAt(content, layout, i);
    const resource = resourceAt(columns.spans, tables, plain, resources, service);
    const pairs = tables.lists[columns.spans.varint(tables.lists.length - 1)] as readonly Pair[];
    const entry = dictionary.operations[layout.operation[i] as number] as { name: string; kind: number; scope: number };
    spans.push({
      traceId,
      spanId,
      parentSpanId,
      traceState: textField(pairs, 'traceState'),
      flags: countField(pairs, 'flags'),
      name: entry.name,
      kind: entry.kind,
      startTimeUnixNano: start,
      endTimeUnixNano: end,
      attributes: attributesOf(pairs),
      droppedAttributesCount: countField(pairs, 'droppedAttributesCount'),
      events: readEvents(columns, tables, start),
      droppedEventsCount: countField(pairs, 'droppedEventsCount'),
      links: readLinks(columns, tables, traceId),
      droppedLinksCount: countField(pairs, 'droppedLinksCount'),
      statusCode: dictionary.nodes[layout.node[i] as number]?.status ?? 0,
      statusMessage: textField(pairs, 'statusMessage'),
      resource,
      scope: scopes[entry.scope] as Scope,
    });
  }
  return { traceId, spans };
}

/** The resource of the next span: said for each span, or once for each service of the trace. */
function resourceAt(
  reader: ByteReader,
  tables: Tables,
  plain: boolean,
  seen: Map<number, number>,
  service: number
): Resource {
  const id = (plain ? seen.get(service) : undefined) ?? reader.varint(Math.max(0, tables.resources.length - 1));
  seen.set(service, id);
  const found = tables.resources[id];
  return found?.service === service ? found.resource : reader.fail('a span of one service in a process of another');
}

function readEvents({ more }: Columns, tables: Tables, start: bigint): SpanEvent[] {
  return Array.from({ length: more.count(2) }, (): SpanEvent => {
    const time = start + BigInt(more.zigzag());
    const pairs = tables.lists[more.varint(tables.lists.length - 1)] as readonly Pair[];
    return {
      timeUnixNano: time >= 0n && time <= MAX_TIME ? time : more.fail('the time of an event is no time'),
      name: textField(pairs, 'event.name'),
      attributes: attributesOf(pairs),
      droppedAttributesCount: countField(pairs, 'droppedAttributesCount'),
    };
  });
}

function readLinks({ more, ids }: Columns, tables: Tables, traceId: string): SpanLink[] {
  return Array.from({ length: more.count(2) }, (): SpanLink => {
    const linked = more.byte() === 1 ? traceId : readId(ids, TRACE_ID_BYTES);
    const spanId = readId(ids, SPAN_ID_BYTES);
    const pairs = tables.lists[more.varint(tables.lists.length - 1)] as readonly Pair[];
    return {
      traceId: linked,
      spanId,
      traceState: textField(pairs, 'traceState'),
      attributes: attributesOf(pairs),
      droppedAttributesCount: countField(pairs, 'droppedAttributesCount'),
      flags: countField(pairs, 'flags'),
    };
  });
}

/** What training needs to write exemplars. */
export interface ExemplarTools {
  /** Whether a real trace is what the model says of the spans of its shape. */
  fits(shape: number, trace: Trace): boolean;
  write(exemplars: readonly Exemplar[]): Uint8Array;
}

/** Tools for a model whose content is known and whose id is not yet. */
export function exemplarTools(content: ModelContent): ExemplarTools {
  const index = new TraceIndex(content, '0'.repeat(32));
  const classes = buildClasses(content, '', true);
  return {
    fits: (shape, trace) => fitsClasses(classes, shape, trace),
    write: (exemplars) => writeExemplars(content, index, exemplars),
  };
}
