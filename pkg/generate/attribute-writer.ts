/** @file Writes attributes of spans, events, links and resources from the classes that were drawn. */
import {
  Letter,
  writeForm,
  DOUBLE_SCALE,
  type Bag,
  type ResourceInstance,
  type Slot,
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

  /** Draws tuples from their masses: for bags that the network does not know. */
  drawTuples(random: Random): number[] {
    return this.bag.groups.map((group) => {
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
  write(tuple: (group: number) => number, number: (slot: number) => number, random: () => Random): Written {
    const { bag } = this;
    if (bag.slots.length === 0) {
      return NOTHING;
    }
    if (!this.plain) {
      return this.compose(tuple, number, random());
    }
    const key = bag.groups.length === 1 ? String(tuple(0)) : bag.groups.map((_, g) => tuple(g)).join();
    let written = this.cache.get(key);
    if (written === undefined) {
      written = this.compose(tuple, number, () => 0);
      if (this.cache.size < 5000) {
        this.cache.set(key, written);
      }
    }
    return written;
  }

  private compose(tuple: (group: number) => number, number: (slot: number) => number, random: Random): Written {
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
      const entry = this.ready[s]?.[letter] ?? {
        key: key?.key ?? '',
        value: this.valueOf(slot, s, kind, number, random),
      };
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
        return slot.integer ? BigInt(Math.round(value)) : value / DOUBLE_SCALE;
      }
      default:
        return writeForm(slot.templates, random);
    }
  }
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
