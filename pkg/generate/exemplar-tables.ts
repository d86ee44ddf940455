/**
 * @file What exemplars refer to: values, lists of values, resources. Values that the model knows anyway are taken from
 * there; those it does not know, rare ones above all, follow here, each once.
 */
import { readValue, valueKey, writeValue, type KeyRole, type ModelContent } from '../features';
import { ByteReader, ByteWriter } from '../model';
import type { AttributeValue, KeyValue, Resource } from '../trace';
import { markers } from './span-classes';

/** An attribute, or a field of a span, event or link that is kept like one. */
export interface Pair extends KeyValue {
  readonly role: KeyRole;
}

/** A field as a pair; nothing where it has its default. */
export function fieldPairs(fields: Readonly<Record<string, string | number>>): Pair[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== '' && value !== 0)
    .map(([key, value]) => ({ role: 'field', key, value: typeof value === 'number' ? BigInt(value) : value }));
}

/** Attributes as pairs. */
export function attributePairs(attributes: readonly KeyValue[]): Pair[] {
  return attributes.map(({ key, value }) => ({ role: 'attribute', key, value }));
}

/** The attributes among pairs. */
export function attributesOf(pairs: readonly Pair[]): KeyValue[] {
  return pairs.filter((pair) => pair.role === 'attribute').map(({ key, value }) => ({ key, value }));
}

function fieldOf(pairs: readonly Pair[], key: string): AttributeValue | undefined {
  return pairs.find((pair) => pair.role === 'field' && pair.key === key)?.value;
}

/** A field that is text, '' where it is not there. */
export function textField(pairs: readonly Pair[], key: string): string {
  const value = fieldOf(pairs, key);
  return typeof value === 'string' ? value : '';
}

/** A field that is a uint32, 0 where it is not there. */
export function countField(pairs: readonly Pair[], key: string): number {
  const value = fieldOf(pairs, key);
  return typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : 0;
}

function known(content: ModelContent): Pair[] {
  const { keys, pairs } = content.attributes.list;
  return pairs.map((pair) => ({
    role: keys[pair.key]?.role ?? 'attribute',
    key: keys[pair.key]?.key ?? '',
    value: pair.value,
  }));
}

const keyText = (pair: Pair): string => (pair.role === 'field' ? 'f' : 'a') + pair.key;

/** Numbers values and lists of values while exemplars are written. */
export class TableWriter {
  private readonly ids = new Map<string, number>();
  private readonly extra: Pair[] = [];
  private readonly lists = new Map<string, number>();
  private readonly listed: number[][] = [];
  private readonly resourceIds = new Map<string, number>();
  private readonly resources: Array<{ service: number; resource: Resource; list: number }> = [];
  private readonly known: number;

  constructor(private readonly content: ModelContent) {
    const pairs = known(content);
    pairs.forEach((pair, id) => this.ids.set(TableWriter.keyOf(pair), id));
    this.known = pairs.length;
    this.list([]);
  }

  private static keyOf(pair: Pair): string {
    return JSON.stringify([keyText(pair), valueKey(pair.value)]);
  }

  private pair(pair: Pair): number {
    const key = TableWriter.keyOf(pair);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.known + this.extra.push(pair) - 1;
      this.ids.set(key, id);
    }
    return id;
  }

  /** Number of a list of pairs; 0 is the empty one. */
  list(pairs: readonly Pair[]): number {
    const numbers = pairs.map((pair) => this.pair(pair));
    const key = numbers.join();
    let id = this.lists.get(key);
    if (id === undefined) {
      id = this.listed.push(numbers) - 1;
      this.lists.set(key, id);
    }
    return id;
  }

  /** Number of a resource of `service`; marks that a model wrote are left out. */
  resource(service: number, resource: Resource): number {
    const attributes = resource.attributes.filter((attribute) => !attribute.key.startsWith('gent.'));
    const list = this.list(attributePairs(attributes));
    const key = `${service}|${list}|${resource.droppedAttributesCount}|${resource.schemaUrl}`;
    let id = this.resourceIds.get(key);
    if (id === undefined) {
      id = this.resources.push({ service, resource, list }) - 1;
      this.resourceIds.set(key, id);
    }
    return id;
  }

  write(writer: ByteWriter): void {
    const keys = [...new Set(this.extra.map(keyText))];
    const knownKeys = this.content.attributes.list.keys.map(
      (entry) => (entry.role === 'field' ? 'f' : 'a') + entry.key
    );
    const keyIds = new Map(knownKeys.map((key, id) => [key, id]));
    const added = keys.filter((key) => !keyIds.has(key));
    added.forEach((key, i) => keyIds.set(key, knownKeys.length + i));
    writer.strings(added);
    writer.varint(this.extra.length);
    this.extra.forEach((pair) => writer.varint(keyIds.get(keyText(pair)) as number));
    this.extra.forEach((pair) => writeValue(writer, pair.value));
    // the empty list is always the first and goes without saying
    writer.varint(this.listed.length - 1);
    this.listed.slice(1).forEach((list) => writer.varint(list.length));
    this.listed.slice(1).forEach((list) => list.forEach((id) => writer.varint(id)));
    writer.varint(this.resources.length);
    for (const { service, resource, list } of this.resources) {
      writer.varint(service);
      writer.varint(list);
      writer.varint(resource.droppedAttributesCount);
      writer.string(resource.schemaUrl);
    }
  }
}

/** Tables as read. */
export interface Tables {
  readonly lists: ReadonlyArray<readonly Pair[]>;
  readonly resources: ReadonlyArray<{ readonly service: number; readonly resource: Resource }>;
}

/** Reads what {@link TableWriter.write} wrote; every reference is checked. */
export function readTables(reader: ByteReader, content: ModelContent, modelId: string): Tables {
  const pairs = known(content);
  const keys = [
    ...content.attributes.list.keys,
    ...reader
      .strings()
      .map((text) => ({ role: (text.startsWith('f') ? 'field' : 'attribute') as KeyRole, key: text.slice(1) })),
  ];
  const extraKeys = Array.from({ length: reader.count(2) }, () => keys[reader.varint(keys.length - 1)]);
  for (const entry of extraKeys) {
    pairs.push({ role: entry?.role ?? 'attribute', key: entry?.key ?? '', value: readValue(reader) });
  }
  const lengths = Array.from({ length: reader.count() }, () => reader.count());
  if (lengths.reduce((sum, length) => sum + length, 0) > reader.remaining) {
    reader.fail('lists of values do not fit');
  }
  const lists: Pair[][] = [[]];
  for (const length of lengths) {
    lists.push(Array.from({ length }, () => pairs[reader.varint(pairs.length - 1)] as Pair));
  }
  const marks = markers(modelId, false);
  const resources = Array.from({ length: reader.count(4) }, () => {
    const service = reader.varint(content.dictionary.services.length - 1);
    const list = lists[reader.varint(lists.length - 1)] as readonly Pair[];
    const resource: Resource = {
      attributes: [...attributesOf(list), ...marks],
      droppedAttributesCount: reader.varint(0xffffffff),
      schemaUrl: reader.string(),
    };
    return { service, resource };
  });
  return { lists, resources };
}
