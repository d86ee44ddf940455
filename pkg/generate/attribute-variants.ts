/** @file Which values some span attributes have, by the classes that are drawn for them. */
import { Letter, type Bag, type Group, type ModelContent, type Slot } from '../features';
import type { AttributeValue, KeyValue } from '../trace';
import type { DrawnAttributes } from './types';

/** Variants that are kept described. */
const MOST_KNOWN = 10_000;

/** The variants of the attributes of one operation's spans, as far as some keys go. */
export class AttributeVariants {
  /** Attribute fields that must be drawn, from the first. */
  readonly fields: number;
  /** Groups that tell variants apart. */
  private readonly groups: readonly number[];
  private readonly slots: ReadonlyArray<{ slot: Slot; key: string; group: number; column: number }>;
  private readonly tuples: readonly Group[];
  private readonly known = new Map<number, DrawnAttributes>();

  constructor(
    private readonly content: ModelContent,
    operation: number,
    keys: ReadonlySet<string>
  ) {
    const bag: Bag = content.attributes.operations[operation]?.spans ?? { slots: [], groups: [] };
    const { list } = content.attributes;
    this.slots = bag.slots.flatMap((slot, s) => {
      const { role, key } = list.keys[slot.key] ?? { role: '', key: '' };
      const group = bag.groups.findIndex((one) => one.slots.includes(s));
      const column = bag.groups[group]?.slots.indexOf(s) ?? 0;
      return role === 'attribute' && keys.has(key) ? [{ slot, key, group, column }] : [];
    });
    this.groups = [...new Set(this.slots.map(({ group }) => group).filter((group) => group >= 0))].sort(
      (a, b) => a - b
    );
    this.fields = (this.groups.at(-1) ?? -1) + 1;
    this.tuples = bag.groups;
  }

  /** Number of a variant, from the class of each field. */
  variantOf(classOf: (field: number) => number): number {
    return this.groups.reduce((number, group) => number * (this.tuples[group]?.tuples.length ?? 1) + classOf(group), 0);
  }

  /** What a variant says of the attributes. */
  at(variant: number): DrawnAttributes {
    let known = this.known.get(variant);
    if (known === undefined) {
      if (this.known.size >= MOST_KNOWN) {
        this.known.clear();
      }
      known = this.describe(variant);
      this.known.set(variant, known);
    }
    return known;
  }

  private describe(variant: number): DrawnAttributes {
    const tuple = new Map<number, readonly number[]>();
    let rest = variant;
    for (const group of [...this.groups].reverse()) {
      const tuples = this.tuples[group]?.tuples ?? [];
      tuple.set(group, tuples[rest % tuples.length] ?? []);
      rest = Math.floor(rest / tuples.length);
    }
    const constants: KeyValue[] = [];
    const variables = new Set<string>();
    const seen = new Set<string>();
    for (const { slot, key, group, column } of this.slots) {
      const entry = slot.letters[group < 0 ? 0 : (tuple.get(group)?.[column] ?? 0)];
      // Of a key that is there twice, the first is what queries see.
      if (entry === undefined || entry.letter === Letter.Absent || seen.has(key)) {
        continue;
      }
      seen.add(key);
      if (entry.letter === Letter.Value) {
        constants.push({ key, value: this.content.attributes.list.pairs[entry.pair]?.value as AttributeValue });
      } else {
        variables.add(key);
      }
    }
    return { constants, variables };
  }
}
