/** @file Bags as bytes. Values are stored once in a list that slots point into. */
import { ByteReader, ByteWriter } from '../model';
import type { AttributeValue } from '../trace';
import { readTables, writeTables, type QuantileTable } from './quantiser';
import { readTemplates, writeTemplates, type Template } from './patterns';
import type { KeyEntry, PairEntry } from './columns';
import { PREVIOUS, type GivenOwner } from './groups';
import { readOrigin, writeOrigin, type Origin } from './origins';
import { Structure, type TupleTable } from './tuple-tables';
import { DOUBLE_DECIMALS, Letter, type Bag, type Group, type Slot } from './slots';
import { readValue, writeValue } from './values';

/** Keys and values that bags point into. */
export interface ValueList {
  readonly keys: readonly KeyEntry[];
  readonly pairs: readonly PairEntry[];
}

/** Collects the keys and pairs that are really used, so that nothing else gets into the file. */
export class ValueListWriter {
  private readonly keyIds = new Map<number, number>();
  private readonly pairIds = new Map<number, number>();
  readonly keys: KeyEntry[] = [];
  readonly pairs: PairEntry[] = [];

  constructor(private readonly source: ValueList) {}

  key(id: number): number {
    let used = this.keyIds.get(id);
    if (used === undefined) {
      used = this.keys.length;
      this.keyIds.set(id, used);
      this.keys.push(this.source.keys[id] as KeyEntry);
    }
    return used;
  }

  pair(id: number): number {
    let used = this.pairIds.get(id);
    if (used === undefined) {
      used = this.pairs.length;
      this.pairIds.set(id, used);
      const entry = this.source.pairs[id] as PairEntry;
      this.pairs.push({ key: this.key(entry.key), value: entry.value });
    }
    return used;
  }

  private origin(origin: Origin | undefined): Origin | undefined {
    if (origin?.byInstance !== undefined) {
      const kept = [...origin.byInstance].map(([id, pair]): [number, number] => [id, pair < 0 ? -1 : this.pair(pair)]);
      return { kind: origin.kind, key: 0, byInstance: new Map(kept) };
    }
    return origin === undefined ? undefined : { kind: origin.kind, key: this.key(origin.key) };
  }

  /** A bag that points into the list. */
  bag(bag: Bag): Bag {
    return {
      groups: bag.groups,
      slots: bag.slots.map((slot) => ({
        ...slot,
        key: this.key(slot.key),
        origin: this.origin(slot.origin),
        letters: slot.letters.map((entry) => ({ ...entry, pair: entry.pair < 0 ? -1 : this.pair(entry.pair) })),
        rest: slot.rest.map((entry) => ({ ...entry, pair: this.pair(entry.pair) })),
      })),
    };
  }
}

export function writeValueList(writer: ByteWriter, list: ValueList): void {
  writer.strings(list.keys.map((entry) => (entry.role === 'field' ? 'f' : 'a') + entry.key));
  writer.varint(list.pairs.length);
  for (const pair of list.pairs) {
    writer.varint(pair.key);
    writeValue(writer, pair.value);
  }
}

export function readValueList(reader: ByteReader): ValueList {
  const keys = reader
    .strings()
    .map((text): KeyEntry => ({ role: text.startsWith('f') ? 'field' : 'attribute', key: text.slice(1) }));
  const pairs: PairEntry[] = [];
  for (let left = reader.count(2); left > 0; left--) {
    const key = reader.varint(keys.length - 1);
    const value: AttributeValue = readValue(reader);
    pairs.push({ key, value });
  }
  return { keys, pairs };
}

/** Codes of letters in format 1; values follow. In format 0 values begin at 4, and there is no copy. */
const LETTER_CODES = [Letter.Absent, Letter.Rest, Letter.Number, Letter.Form, Letter.Copy] as const;

function writeSlot(writer: ByteWriter, slot: Slot): void {
  writer.varint(slot.key);
  writer.varint(slot.letters.length);
  for (const { letter, pair } of slot.letters) {
    // values follow each other in the list most of the time
    writer.varint(letter === Letter.Value ? LETTER_CODES.length + pair : LETTER_CODES.indexOf(letter));
  }
  writeOrigin(writer, slot.origin);
  writer.varint(slot.rest.length);
  for (const { pair, weight } of slot.rest) {
    writer.varint(pair);
    writer.varint(weight);
  }
  // decimals are counted down from six, so that format 0 has six
  writer.byte((slot.table === undefined ? 0 : 1) + (slot.integer ? 2 : 0) + ((DOUBLE_DECIMALS - slot.decimals) << 2));
  if (slot.table !== undefined) {
    writeTables(writer, [slot.table], true);
  }
  writeTemplates(writer, slot.templates);
}

function readSlot(reader: ByteReader, list: ValueList, format: number): Slot {
  const key = reader.varint(list.keys.length - 1);
  const codes = format === 0 ? LETTER_CODES.length - 1 : LETTER_CODES.length;
  const letters = Array.from({ length: reader.count() }, () => {
    const code = reader.varint(list.pairs.length + codes - 1);
    return code >= codes
      ? { letter: Letter.Value, pair: code - codes }
      : { letter: LETTER_CODES[code] as Letter, pair: -1 };
  });
  const origin = format === 0 ? undefined : readOrigin(reader, list.keys.length, list.pairs.length);
  if (letters.length > 64 || (origin === undefined && letters.some(({ letter }) => letter === Letter.Copy))) {
    reader.fail('too many letters, or a copy without an origin');
  }
  const rest = Array.from({ length: reader.count(2) }, () => ({
    pair: reader.varint(list.pairs.length - 1),
    weight: reader.varint(2 ** 40),
  }));
  const flags = reader.byte();
  const decimals = DOUBLE_DECIMALS - (flags >> 2);
  if (decimals < 0) {
    reader.fail('numbers of less than no decimals');
  }
  let table: QuantileTable | undefined;
  if ((flags & 1) === 1) {
    table = readTables(reader)[0];
  }
  const templates: Template[] = readTemplates(reader, format);
  if (letters.length === 0 || letters.some(({ letter }) => letter === Letter.Number) !== (table !== undefined)) {
    reader.fail('a slot without letters, or numbers without a table');
  }
  return { key, letters, rest, table, integer: (flags & 2) === 2, decimals, templates, origin };
}

type Masses = ReadonlyMap<number, ReadonlyArray<readonly [number, number]>>;

function writeMasses(writer: ByteWriter, masses: Masses): void {
  writer.varint(masses.size);
  let last = 0;
  for (const [row, cells] of masses) {
    writer.zigzag(row - last);
    last = row;
    writer.byte(cells.length);
    cells.forEach(([tuple]) => writer.byte(tuple));
    cells.forEach(([, mass]) => writer.varint(mass));
  }
}

function readMasses(reader: ByteReader, tuples: number): Masses {
  const masses = new Map<number, Array<readonly [number, number]>>();
  let row = 0;
  for (let left = reader.count(2); left > 0; left--) {
    row += reader.zigzag();
    const drawn = Array.from({ length: reader.byte() }, () => reader.byte());
    if (drawn.some((tuple) => tuple >= tuples)) {
      reader.fail('a tuple that the group does not have');
    }
    masses.set(
      row,
      drawn.map((tuple) => [tuple, reader.varint(2 ** 40)] as const)
    );
  }
  return masses;
}

function writeGiven(writer: ByteWriter, given: GivenOwner | undefined): void {
  writer.varint(given === undefined ? 0 : given.group + 2);
  if (given !== undefined) {
    writeMasses(writer, given.masses);
  }
}

function readGiven(reader: ByteReader, tuples: number): GivenOwner | undefined {
  const group = reader.varint() - 2;
  return group < PREVIOUS ? undefined : { group, masses: readMasses(reader, tuples) };
}

const NO_TABLES = { tables: [], tabled: false };

function writeTupleTables(writer: ByteWriter, { tables, tabled }: Group): void {
  writer.varint(tables.length * 2 + (tabled ? 1 : 0));
  for (const { context, structure, segments, masses } of tables) {
    writer.byte(context * 8 + structure);
    writer.varint(segments);
    writeMasses(writer, masses);
  }
}

function readTupleTables(reader: ByteReader, tuples: number): Pick<Group, 'tables' | 'tabled'> {
  const head = reader.varint(1024);
  const tables = Array.from({ length: head >> 1 }, (): TupleTable => {
    const code = reader.byte();
    const segments = reader.varint();
    if ((code & 7) > Structure.Shape || segments === 0) {
      reader.fail('a table by something unknown, or of no time');
    }
    return { context: code >> 3, structure: code & 7, segments, masses: readMasses(reader, tuples) };
  });
  return { tables, tabled: (head & 1) === 1 };
}

/** Writes a bag whose slots point into the value list that goes with it. */
export function writeBag(writer: ByteWriter, bag: Bag): void {
  writer.varint(bag.slots.length);
  bag.slots.forEach((slot) => writeSlot(writer, slot));
  writer.varint(bag.groups.length);
  for (const group of bag.groups) {
    writer.varints(group.slots);
    writer.varint(group.tuples.length);
    group.slots.forEach((_, column) => group.tuples.forEach((tuple) => writer.byte(tuple[column] as number)));
    group.mass.forEach((count) => writer.varint(count));
    group.contexts.forEach((bits) => writer.byte(bits));
    writeGiven(writer, group.given);
    writeTupleTables(writer, group);
  }
}

/** Reads a bag. @param format - of the attribute model, see `ATTRIBUTE_FORMAT` */
export function readBag(reader: ByteReader, list: ValueList, format: number): Bag {
  const slots = Array.from({ length: reader.count(5) }, () => readSlot(reader, list, format));
  const groups = Array.from({ length: reader.count(3) }, (): Group => {
    const members = Array.from(reader.varints(slots.length - 1));
    const count = reader.varint(64);
    if (members.length === 0 || count === 0) {
      reader.fail('an empty group');
    }
    const tuples = Array.from({ length: count }, () => new Array<number>(members.length).fill(0));
    members.forEach((member, column) => {
      for (const tuple of tuples) {
        const letter = reader.byte();
        if (letter >= (slots[member] as Slot).letters.length) {
          reader.fail('a letter that the slot does not have');
        }
        tuple[column] = letter;
      }
    });
    const mass = Array.from({ length: count }, () => reader.varint(2 ** 40));
    const contexts = mass.map(() => reader.byte());
    const given = format === 0 ? undefined : readGiven(reader, count);
    const tables = format === 0 ? NO_TABLES : readTupleTables(reader, count);
    return {
      slots: members,
      tuples,
      mass,
      statuses: contexts.map((bits) => (bits | (bits >> 3)) & 7),
      contexts,
      given,
      ...tables,
    };
  });
  return { slots, groups };
}
