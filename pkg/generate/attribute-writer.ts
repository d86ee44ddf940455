/** @file Writes attributes of spans, events, links and resources from the classes that were drawn. */
import {
  Letter,
  OriginKind,
  writeForm,
  DOUBLE_DECIMALS,
  NONE_BEFORE,
  PREVIOUS,
  DOUBLE_SCALE,
  type Bag,
  type ResourceInstance,
  type Slot,
  type Template,
  type ValueList,
} from '../features';
import type { AttributeValue, KeyValue } from '../trace';

/** Draws whole numbers below its argument. */
export type Random = (below: number) => number;

/** Attributes and fields (statusMessage, events …) as written. */
export interface Written {
  readonly attributes: readonly KeyValue[];
  readonly fields: ReadonlyMap<string, AttributeValue>;
}

/** What the origin of a slot has; undefined: nothing. */
export type SourceOf = (slot: number) => AttributeValue | undefined;

/** The value of a key, whose role says where it stands. */
export function valueIn(
  attributes: readonly KeyValue[],
  fields: ReadonlyMap<string, AttributeValue> | undefined,
  key: { readonly role: string; readonly key: string } | undefined
): AttributeValue | undefined {
  if (key === undefined || key.role === 'field') {
    return fields?.get(key?.key ?? '');
  }
  return attributes.find((attribute) => attribute.key === key.key)?.value;
}

const NO_FIELDS: ReadonlyMap<string, AttributeValue> = new Map();
const NOTHING: Written = { attributes: [], fields: NO_FIELDS };

function weighted<T extends { readonly weight: number }>(items: readonly T[], random: Random): T | undefined {
  let left = random(items.reduce((sum, item) => sum + item.weight, 0));
  return items.find((item) => (left -= item.weight) < 0);
}

/** Writes what one bag describes. Attribute objects that do not vary are shared between spans. */
export class BagWriter {
  /** Values by slot and letter, where the letter is a value. */
  private readonly ready: Array<Array<KeyValue | undefined>>;
  /** Whole results by tuple, where nothing of the bag needs randomness. */
  private readonly cache = new Map<string, Written>();
  private readonly plain: boolean;
  private readonly groupOf: Int32Array;
  private readonly forms: Array<Array<readonly Template[] | undefined>>;
  private readonly columnOf: Int32Array;

  constructor(
    private readonly bag: Bag,
    private readonly list: ValueList
  ) {
    this.ready = bag.slots.map((slot) =>
      slot.letters.map(({ letter, pair }) => {
        const entry = list.pairs[pair];
        return letter === Letter.Value && entry !== undefined
          ? { key: list.keys[entry.key]?.key ?? '', value: entry.value }
          : undefined;
      })
    );
    this.forms = bag.slots.map(formsByLetter);
    this.plain = bag.slots.every((slot) =>
      slot.letters.every(({ letter }) => letter === Letter.Absent || letter === Letter.Value)
    );
    this.groupOf = new Int32Array(bag.slots.length).fill(-1);
    this.columnOf = new Int32Array(bag.slots.length);
    bag.groups.forEach((group, g) =>
      group.slots.forEach((slot, column) => {
        this.groupOf[slot] = g;
        this.columnOf[slot] = column;
      })
    );
  }

  /**
   * Draws tuples from their masses: for bags that the network does not know.
   * @param classOf - class of a group of the span that the bag is on
   * @param before - what was drawn for the one before on the same span
   */
  drawTuples(random: Random, classOf: (group: number) => number, before: readonly number[] | undefined): number[] {
    return this.bag.groups.map((group, g) => {
      const given = group.given?.group === PREVIOUS ? (before?.[g] ?? NONE_BEFORE) : classOf(group.given?.group ?? 0);
      const cells = group.given?.masses.get(given);
      if (cells !== undefined && cells.length > 0) {
        let rest = random(cells.reduce((sum, [, mass]) => sum + mass, 0));
        return (cells.find(([, mass]) => (rest -= mass) < 0) ?? (cells[0] as readonly [number, number]))[0];
      }
      let left = random(group.mass.reduce((sum, mass) => sum + mass, 0));
      return Math.max(
        0,
        group.mass.findIndex((mass) => (left -= mass) < 0)
      );
    });
  }

  /**
   * @param tuple - the tuple of each group
   * @param number - the scaled number of a slot
   */
  write(
    tuple: (group: number) => number,
    number: (slot: number) => number,
    random: () => Random,
    source: SourceOf
  ): Written {
    const { bag } = this;
    if (bag.slots.length === 0) {
      return NOTHING;
    }
    if (!this.plain) {
      return this.compose(tuple, number, random(), source);
    }
    const key = bag.groups.length === 1 ? String(tuple(0)) : bag.groups.map((_, g) => tuple(g)).join();
    let written = this.cache.get(key);
    if (written === undefined) {
      written = this.compose(
        tuple,
        number,
        () => 0,
        () => undefined
      );
      if (this.cache.size < 5000) {
        this.cache.set(key, written);
      }
    }
    return written;
  }

  private compose(
    tuple: (group: number) => number,
    number: (slot: number) => number,
    random: Random,
    source: SourceOf
  ): Written {
    const attributes: KeyValue[] = [];
    let fields: Map<string, AttributeValue> | undefined;
    this.bag.slots.forEach((slot, s) => {
      const g = this.groupOf[s] as number;
      const letter =
        g < 0 ? 0 : ((this.bag.groups[g]?.tuples[tuple(g)] as readonly number[])[this.columnOf[s] as number] as number);
      const kind = slot.letters[letter]?.letter;
      if (kind === Letter.Absent || kind === undefined) {
        return;
      }
      const key = this.list.keys[slot.key];
      let entry = this.ready[s]?.[letter];
      if (entry === undefined) {
        const value =
          kind !== Letter.Copy
            ? this.valueOf(slot, letter, s, kind, number, random)
            : slot.origin?.kind === OriginKind.Own
              ? valueIn(attributes, fields, this.list.keys[slot.origin.key])
              : source(s);
        if (value === undefined) {
          return;
        }
        entry = { key: key?.key ?? '', value };
      }
      if (key?.role === 'field') {
        fields ??= new Map();
        fields.set(entry.key, entry.value);
      } else {
        attributes.push(entry);
      }
    });
    return { attributes, fields: fields ?? NO_FIELDS };
  }

  private valueOf(
    slot: Slot,
    letter: number,
    s: number,
    kind: Letter,
    number: (slot: number) => number,
    random: Random
  ): AttributeValue {
    switch (kind) {
      case Letter.Rest: {
        const chosen = weighted(slot.rest, random);
        return chosen === undefined ? null : (this.list.pairs[chosen.pair]?.value ?? null);
      }
      case Letter.Number: {
        const value = number(s);
        return slot.integer ? BigInt(Math.round(value)) : toDecimals(value / DOUBLE_SCALE, slot.decimals);
      }
      default:
        return writeForm(this.forms[s]?.[letter] ?? slot.templates, random);
    }
  }
}

/** A number with so many decimals. */
function toDecimals(value: number, decimals: number): number {
  return decimals >= DOUBLE_DECIMALS ? value : Math.round(value * 10 ** decimals) / 10 ** decimals;
}

/** The forms that each letter of a slot stands for, see {@link Letter.Form}. */
function formsByLetter(slot: Slot): Array<readonly Template[] | undefined> {
  const first = slot.letters.findIndex(({ letter }) => letter === Letter.Form);
  const last = slot.letters.reduce((found, { letter }, i) => (letter === Letter.Form ? i : found), -1);
  return slot.letters.map(({ letter }, i) =>
    letter === Letter.Form ? slot.templates.slice(i - first, i === last ? undefined : i - first + 1) : undefined
  );
}

/** A field that counts, 0 where it is not there. */
export function countOf(written: Written, key: string): number {
  const value = written.fields.get(key);
  return typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : 0;
}

/** A field that is text. */
export function textOf(written: Written, key: string): string {
  const value = written.fields.get(key);
  return typeof value === 'string' ? value : '';
}

/** Attributes of a resource: those of the instance, rare ones in their form, and the marks. */
export function writeResource(
  instance: ResourceInstance | undefined,
  marks: readonly KeyValue[],
  random: Random
): KeyValue[] {
  const attributes = (instance?.attributes ?? []).map(({ key, value, templates }) => ({
    key,
    value: templates === undefined ? value : writeForm(templates, random),
  }));
  return [...attributes, ...marks];
}
