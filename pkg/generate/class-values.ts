/** @file Which values attributes can have, read from what a model knows: nothing is drawn. */
import { contextOfSpan, Letter, type Bag, type ModelContent, type Slot } from '../features';
import type { AttributeValue } from '../trace';
import type { ClassTable } from './span-classes';
import type { KnownValues, PossibleScope } from './types';

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

  /**
   * All values that an attribute of generated spans of a class, of their resources or of their events can have when it is
   * there; with 'event:name' the names of the events.
   */
  possible(id: number, scope: PossibleScope, key: string): KnownValues {
    const operation = this.operationOf(id);
    const attributes = this.content.attributes.operations[operation];
    switch (scope) {
      case 'resource':
        return this.ofResources(operation, key);
      case 'span':
        return this.ofBag(attributes?.spans, 'attribute', key);
      case 'event:name':
        return this.eventNames(operation);
      case 'event': {
        const names = this.eventNames(operation);
        const bags = (attributes?.events ?? []).map((event) => this.ofBag(event.bag, 'attribute', key));
        return {
          values: bags.flatMap(({ values }) => values),
          others: names.others || bags.some(({ others }) => others),
        };
      }
    }
  }

  private eventNames(operation: number): KnownValues {
    // The names of a span's events are one value: a list.
    const lists = this.ofBag(this.content.attributes.operations[operation]?.spans, 'field', 'events');
    return {
      values: lists.values.flatMap((list) => (Array.isArray(list) ? list.map(String) : [])),
      others: lists.others,
    };
  }

  private ofBag(bag: Bag | undefined, role: 'attribute' | 'field', key: string): KnownValues {
    const { list } = this.content.attributes;
    const values: AttributeValue[] = [];
    let others = false;
    for (const slot of bag?.slots ?? []) {
      const entry = list.keys[slot.key];
      if (entry?.key === key && entry.role === role) {
        others = this.collect(slot, slot.letters, values) || others;
      }
    }
    return { values, others };
  }

  /** Adds the values of some letters of a slot. @returns whether there are others */
  private collect(slot: Slot, letters: ReadonlyArray<Slot['letters'][number]>, values: AttributeValue[]): boolean {
    const { pairs } = this.content.attributes.list;
    let others = false;
    for (const { letter, pair } of letters) {
      if (letter === Letter.Value) {
        values.push(pairs[pair]?.value ?? null);
      } else if (letter === Letter.Rest) {
        slot.rest.forEach((rest) => values.push(pairs[rest.pair]?.value ?? null));
      } else {
        others ||= letter !== Letter.Absent;
      }
    }
    return others;
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
      others = this.collect(slot, this.lettersOf(bag, s, status), values) || others;
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
