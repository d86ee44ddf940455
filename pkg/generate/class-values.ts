/** @file Which values attributes can have, read from what a model knows: nothing is drawn. */
import { contextOfSpan, Letter, type Bag, type ModelContent, type Slot } from '../features';
import type { AttributeValue } from '../trace';
import type { ClassTable } from './span-classes';
import type { KnownValues } from './types';

/** Values by class. */
export class ClassValues {
  /** Operation of each class; found when first asked. */
  private operations: Int32Array | undefined;

  constructor(
    private readonly content: ModelContent,
    private readonly classes: ClassTable
  ) {}

  /** Values of an attribute of the spans of a class, or of their resources. */
  of(id: number, scope: 'span' | 'resource', key: string): KnownValues {
    const operation = this.operationOf(id);
    const status = this.classes.classes[id]?.statusCode ?? 0;
    return scope === 'span' ? this.ofSpans(operation, status, key) : this.ofResources(operation, key);
  }

  private operationOf(id: number): number {
    if (this.operations === undefined) {
      this.operations = new Int32Array(this.classes.classes.length);
      this.classes.ofShape.forEach((ids, shape) => {
        ids.forEach((one, node) => {
          (this.operations as Int32Array)[one] = this.content.layouts[shape]?.operation[node] ?? 0;
        });
      });
    }
    return this.operations[id] ?? 0;
  }

  /** Letters of a slot that spans of a status can have. */
  private lettersOf(bag: Bag, s: number, status: number): ReadonlyArray<Slot['letters'][number]> {
    const letters = bag.slots[s]?.letters ?? [];
    const group = bag.groups.find(({ slots }) => slots.includes(s));
    if (group === undefined) {
      return letters;
    }
    const column = group.slots.indexOf(s);
    const contexts = (1 << contextOfSpan(status, false)) | (1 << contextOfSpan(status, true));
    const seen = group.tuples.filter((_, tuple) => ((group.contexts[tuple] ?? 0) & contexts) !== 0);
    return [...new Set(seen.map((tuple) => tuple[column] ?? 0))].flatMap((letter) => letters[letter] ?? []);
  }

  private ofSpans(operation: number, status: number, key: string): KnownValues {
    const { list, operations } = this.content.attributes;
    const bag = operations[operation]?.spans ?? { slots: [], groups: [] };
    const values: AttributeValue[] = [];
    let others = false;
    for (const [s, slot] of bag.slots.entries()) {
      const { role, key: name } = list.keys[slot.key] ?? { role: '', key: '' };
      if (role !== 'attribute' || name !== key) {
        continue;
      }
      for (const { letter, pair } of this.lettersOf(bag, s, status)) {
        if (letter === Letter.Value) {
          values.push(list.pairs[pair]?.value ?? null);
        } else if (letter === Letter.Rest) {
          slot.rest.forEach((rest) => values.push(list.pairs[rest.pair]?.value ?? null));
        } else {
          others ||= letter !== Letter.Absent;
        }
      }
    }
    return { values, others };
  }

  private ofResources(operation: number, key: string): KnownValues {
    const service = this.content.dictionary.operations[operation]?.service ?? 0;
    const values: AttributeValue[] = [];
    let others = false;
    for (const { attributes } of this.content.resources[service]?.instances ?? []) {
      for (const attribute of attributes) {
        if (attribute.key === key) {
          if (attribute.templates === undefined) {
            values.push(attribute.value);
          } else {
            others = true;
          }
        }
      }
    }
    return { values, others };
  }
}
