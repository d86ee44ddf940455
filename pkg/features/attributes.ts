/** @file Attributes, events and links of every operation, learnt as bags; and their bytes. */
import { ByteReader, ByteWriter } from '../model';
import { codeStandIns } from './code-values';
import type { BatchColumns, PairEntry } from './columns';
import type { OrderedBatch } from './forest';
import { binOf, readTables, writeTables, type QuantileTable } from './quantiser';
import { learnTable } from './quantiser-learn';
import { readBag, readValueList, ValueListWriter, writeBag, writeValueList, type ValueList } from './bag-codec';
import type { ShapeLayout } from './layout';
import { TraceSources } from './origins-learn';
import { learnBag, type Encoded, type Observations } from './slot-learn';
import type { Bag } from './slots';
import type { SpanTable } from './span-table';
import { causesOf, withTables } from './tuple-tables';
import { vocabularyOf } from './vocabulary';
import { childrenByOperation, childTimes, MOST_WITNESSES } from './witnesses';

/** Events of one name on spans of one operation. */
export interface EventModel {
  readonly name: string;
  /** When they happen: share of the span's duration, in millionths. */
  readonly time: QuantileTable;
  readonly bag: Bag;
}

/** What spans of one operation carry. */
export interface OperationAttributes {
  /** Attributes, and the fields statusMessage, traceState, flags, dropped*Count, `events` (names) and `links` (how many). */
  readonly spans: Bag;
  readonly events: readonly EventModel[];
  readonly links: Bag | undefined;
}

export interface AttributeModel {
  readonly list: ValueList;
  readonly operations: readonly OperationAttributes[];
  /** 0: without origins. 1: with them, and forms told apart by letters. 2: with witnesses. */
  readonly format: number;
  /** Places of the children whose durations each field sees, see `chooseWitnesses`; in the order of {@link attributeFields}. */
  readonly witnesses: ReadonlyArray<readonly number[]>;
}

/** The format that is written where there are no witnesses; reading knows those before. */
export const ATTRIBUTE_FORMAT = 1;
const WITNESS_FORMAT = 2;

/** One thing the network draws: a group of slots, or the number of a slot. */
export interface AttributeField {
  readonly operation: number;
  /** Index of the group, or −1. */
  readonly group: number;
  /** Index of the slot whose number it is, or −1. */
  readonly slot: number;
  readonly classes: number;
  /** Drawn from a table by time: not a field of the network. */
  readonly tabled: boolean;
  /** Places of the children whose durations its rows see. */
  readonly witnesses: readonly number[];
}

const NO_WITNESSES: readonly number[] = [];

/** The fields of all operations, those of one operation in the order in which they are drawn. */
export function attributeFields(model: Pick<AttributeModel, 'operations' | 'witnesses'>): AttributeField[] {
  const fields: AttributeField[] = [];
  const witnesses = (): readonly number[] => model.witnesses[fields.length] ?? NO_WITNESSES;
  model.operations.forEach(({ spans }, operation) => {
    spans.groups.forEach((group, g) =>
      fields.push({
        operation,
        group: g,
        slot: -1,
        classes: group.tuples.length,
        tabled: group.tabled,
        witnesses: witnesses(),
      })
    );
    spans.slots.forEach((slot, s) => {
      if (slot.table !== undefined) {
        const classes = slot.table.codes.length - 1;
        fields.push({ operation, group: -1, slot: s, classes, tabled: false, witnesses: witnesses() });
      }
    });
  });
  return fields;
}

/** Classes of the spans of the batch. */
export interface EncodedAttributes {
  /** Spans (in the new order) of each operation. */
  readonly members: readonly Int32Array[];
  readonly encoded: readonly Encoded[];
}

const EVENT_TIME_SCALE = 1_000_000;
const MAX_EVENTS = 64;
const MAX_LINKS = 16;

/** The batch with the names of each span's events and the number of its links as if they were attributes. */
function withEventPairs(
  batch: BatchColumns,
  k: number
): { batch: BatchColumns; eventPair: Int32Array; linkPair: Int32Array } {
  const keys = [...batch.keys];
  const pairs: PairEntry[] = [...batch.pairs];
  const extra: number[] = [];
  const ids = new Map<string, number>();
  const eventKey = keys.push({ role: 'field', key: 'events' }) - 1;
  const linkKey = keys.push({ role: 'field', key: 'links' }) - 1;
  const pairOf = (id: string, make: () => PairEntry): number => {
    let pair = ids.get(id);
    if (pair === undefined) {
      pair = pairs.push(make()) - 1;
      extra.push(0x7fffffff);
      ids.set(id, pair);
    }
    return pair;
  };
  const eventPair = new Int32Array(batch.spans).fill(-1);
  const linkPair = new Int32Array(batch.spans).fill(-1);
  for (let i = 0; i < batch.spans; i++) {
    const names: number[] = [];
    for (
      let e = batch.eventOffset[i] as number;
      e < (batch.eventOffset[i + 1] as number) && names.length < MAX_EVENTS;
      e++
    ) {
      if ((batch.eventNameTraces[batch.eventName[e] as number] as number) >= k) {
        names.push(batch.eventName[e] as number);
      }
    }
    if (names.length > 0) {
      eventPair[i] = pairOf(`e${names.join()}`, () => ({
        key: eventKey,
        value: names.map((name) => batch.eventNames[name] as string),
      }));
    }
    const links = Math.min(MAX_LINKS, (batch.linkOffset[i + 1] as number) - (batch.linkOffset[i] as number));
    if (links > 0) {
      linkPair[i] = pairOf(`l${links}`, () => ({ key: linkKey, value: BigInt(links) }));
    }
  }
  const pairTraces = new Int32Array(pairs.length);
  pairTraces.set(batch.pairTraces);
  pairTraces.set(extra, batch.pairTraces.length);
  return { batch: { ...batch, keys, pairs, pairTraces }, eventPair, linkPair };
}

/** Observations of what `members` point at: spans in the batch's order, events or links. */
function observe(
  lists: { offset: Int32Array; pool: Int32Array },
  members: ArrayLike<number>,
  of: Pick<
    Observations,
    'trace' | 'status' | 'span' | 'ofOwner' | 'sources' | 'standIn' | 'vocabulary' | 'owner' | 'apart'
  >,
  extras: readonly Int32Array[] = []
): Observations {
  return {
    ...of,
    count: members.length,
    pairs(i, into) {
      const at = members[i] as number;
      for (let p = lists.offset[at] as number; p < (lists.offset[at + 1] as number); p++) {
        into.push(lists.pool[p] as number);
      }
      for (const extra of extras) {
        if ((extra[at] as number) >= 0) {
          into.push(extra[at] as number);
        }
      }
    },
  };
}

function groupBy(count: number, keyOf: (i: number) => number, groups: number): Int32Array[] {
  const sizes = new Int32Array(groups);
  for (let i = 0; i < count; i++) {
    const key = keyOf(i);
    sizes[key] = (sizes[key] as number) + 1;
  }
  const lists = Array.from(sizes, (size) => new Int32Array(size));
  sizes.fill(0);
  for (let i = 0; i < count; i++) {
    const key = keyOf(i);
    (lists[key] as Int32Array)[sizes[key] as number] = i;
    sizes[key] = (sizes[key] as number) + 1;
  }
  return lists;
}

/**
 * Learns attributes, events and links.
 * @param spans - the batch in the order of its shapes
 * @param instanceOf - instance of each resource among those of its service
 * @param k - values, and names of events, seen in fewer traces are not kept
 * @param without - see `LearnOptions.without`
 */
export function learnAttributes(
  source: BatchColumns,
  ordered: OrderedBatch,
  spans: SpanTable,
  layouts: readonly ShapeLayout[],
  instanceOf: Int32Array,
  k: number,
  without?: ReadonlySet<string>
): { model: AttributeModel; encoded: EncodedAttributes } {
  const { batch, eventPair, linkPair } = withEventPairs(source, k);
  const sources = without?.has('origins') ? undefined : new TraceSources(batch, ordered, spans, layouts, instanceOf);
  const vocabulary = vocabularyOf(batch, k);
  const standIn = codeStandIns(batch, k);
  const operations = batch.dictionary.operations.length;
  const members = groupBy(batch.spans, (i) => spans.operation[i] as number, operations);
  const writer = new ValueListWriter(batch);
  const encoded: Encoded[] = [];
  const of = (owners: ArrayLike<number>, ofOwner: boolean): Parameters<typeof observe>[2] => ({
    trace: (i) => spans.traceOf[owners[i] as number] as number,
    status: (i) => (ofOwner ? 0 : (spans.status[owners[i] as number] as number)),
    span: (i) => owners[i] as number,
    ofOwner,
    sources,
    standIn,
    vocabulary,
    apart: without?.has('attribute-groups') ?? false,
  });
  const model = members.map((own): OperationAttributes => {
    const old = Int32Array.from(own, (i) => ordered.order[i] as number);
    const learnt = learnBag(batch, observe(batch.attributes, old, of(own, false), [eventPair, linkPair]), k);
    encoded.push(learnt.encoded);
    // what is known of things on these spans
    const on = (positions: readonly number[]): Parameters<typeof observe>[2] => ({
      ...of(
        Int32Array.from(positions, (m) => own[m] as number),
        true
      ),
      owner: learnt.encoded.groups.map((classes) => Uint8Array.from(positions, (m) => classes[m] as number)),
    });
    const links: number[] = [];
    const linkMembers: number[] = [];
    old.forEach((span, m) => {
      for (let l = batch.linkOffset[span] as number; l < (batch.linkOffset[span + 1] as number); l++) {
        links.push(l);
        linkMembers.push(m);
      }
    });
    return {
      spans: writer.bag(learnt.bag),
      events: learnEvents(batch, old, on, k, writer),
      links:
        links.length === 0
          ? undefined
          : writer.bag(learnBag(batch, observe(batch.linkAttributes, links, on(linkMembers)), k).bag),
    };
  });
  const mainClass = new Uint8Array(spans.size);
  members.forEach((own, operation) => {
    const first = encoded[operation]?.groups[0];
    own.forEach((span, m) => (mainClass[span] = first?.[m] ?? 0));
  });
  const cause = new Int32Array(spans.size);
  const causes = layouts.map((layout) => causesOf(layout));
  for (let t = 0; t < spans.traces; t++) {
    cause.set(causes[spans.shape[t] as number] as Int32Array, spans.offset[t] as number);
  }
  const segments = spans.segment.reduce((most, segment) => Math.max(most, segment), 0) + 1;
  const tableSource = { spans, segments, cause, mainClass };
  const children = without?.has('child-times') ? [] : childrenByOperation(spans, operations);
  const witnesses: Array<readonly number[]> = [];
  const tabled = model.map((operation, o): OperationAttributes => {
    const own = members[o] as Int32Array;
    const candidates = childTimes(spans, own, children[o] ?? []);
    const { bag, witnesses: seen } = withTables(operation.spans, encoded[o] as Encoded, own, tableSource, candidates);
    witnesses.push(...seen);
    return { ...operation, spans: bag };
  });
  const format = witnesses.some(({ length }) => length > 0) ? WITNESS_FORMAT : ATTRIBUTE_FORMAT;
  return {
    model: { list: { keys: writer.keys, pairs: writer.pairs }, operations: tabled, format, witnesses },
    encoded: { members, encoded },
  };
}

function learnEvents(
  batch: BatchColumns,
  old: Int32Array,
  on: (positions: readonly number[]) => Parameters<typeof observe>[2],
  k: number,
  writer: ValueListWriter
): EventModel[] {
  const byName = new Map<number, { events: number[]; positions: number[]; shares: number[] }>();
  old.forEach((span, m) => {
    for (let e = batch.eventOffset[span] as number; e < (batch.eventOffset[span + 1] as number); e++) {
      const name = batch.eventName[e] as number;
      if ((batch.eventNameTraces[name] as number) < k) {
        continue;
      }
      let found = byName.get(name);
      if (found === undefined) {
        found = { events: [], positions: [], shares: [] };
        byName.set(name, found);
      }
      const share = (batch.eventTime[e] as number) / Math.max(1, batch.duration[span] as number);
      found.events.push(e);
      found.positions.push(m);
      found.shares.push(Math.round(Math.max(0, Math.min(1, share)) * EVENT_TIME_SCALE));
    }
  });
  return [...byName].map(([name, found]): EventModel => ({
    name: batch.eventNames[name] as string,
    time: learnTable(Float64Array.from(found.shares), 16),
    bag: writer.bag(learnBag(batch, observe(batch.eventAttributes, found.events, on(found.positions)), k).bag),
  }));
}

/** Classes of one field for the spans of its operation; −1 where the span has no such number. */
export function fieldClasses(field: AttributeField, model: AttributeModel, encoded: EncodedAttributes): Int16Array {
  const columns = encoded.encoded[field.operation] as Encoded;
  if (field.group >= 0) {
    return Int16Array.from(columns.groups[field.group] as Uint8Array);
  }
  const table = model.operations[field.operation]?.spans.slots[field.slot]?.table as QuantileTable;
  return Int16Array.from(columns.numbers.get(field.slot) as Float64Array, (value) =>
    Number.isNaN(value) ? -1 : binOf(table, value)
  );
}

/** Writes the attribute model: the values to `values`, the rest to `writer`. */
export function writeAttributeModel(values: ByteWriter, writer: ByteWriter, model: AttributeModel): void {
  writeValueList(values, model.list);
  // 0 where format 0 has the number of operations, which is never 0
  writer.varint(0);
  writer.varint(model.format);
  writer.varint(model.operations.length);
  for (const operation of model.operations) {
    writeBag(writer, operation.spans);
    writer.varint(operation.events.length);
    for (const event of operation.events) {
      writer.string(event.name);
      writeTables(writer, [event.time], true);
      writeBag(writer, event.bag);
    }
    writer.byte(operation.links === undefined ? 0 : 1);
    if (operation.links !== undefined) {
      writeBag(writer, operation.links);
    }
  }
  if (model.format === WITNESS_FORMAT) {
    for (const places of model.witnesses) {
      writer.varint(places.length);
      places.forEach((place) => writer.varint(place));
    }
  }
}

/** Reads what {@link writeAttributeModel} wrote. */
export function readAttributeModel(
  values: ByteReader,
  reader: ByteReader,
  { operations, places }: { readonly operations: number; readonly places: number }
): AttributeModel {
  const list = readValueList(values);
  let stated = reader.varint();
  let format = 0;
  if (stated === 0) {
    format = reader.varint();
    if (format !== ATTRIBUTE_FORMAT && format !== WITNESS_FORMAT) {
      reader.fail(`attributes of format ${format}, this version reads up to ${WITNESS_FORMAT}`);
    }
    stated = reader.varint();
  }
  if (stated !== operations) {
    reader.fail(`attributes of another number of operations than ${operations}`);
  }
  const read = Array.from({ length: operations }, (): OperationAttributes => {
    const spans = readBag(reader, list, format);
    const events = Array.from({ length: reader.count(4) }, (): EventModel => {
      const name = reader.string();
      const time = readTables(reader)[0];
      return { name, time: time ?? reader.fail('an event without times'), bag: readBag(reader, list, format) };
    });
    return { spans, events, links: reader.byte() === 1 ? readBag(reader, list, format) : undefined };
  });
  const fields = format === WITNESS_FORMAT ? attributeFields({ operations: read, witnesses: [] }) : [];
  const witnesses = fields.map(() =>
    Array.from({ length: reader.varint(MOST_WITNESSES) }, () => reader.varint(places - 1))
  );
  return { list, format, operations: read, witnesses };
}
