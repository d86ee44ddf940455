/**
 * @file What the rows of a network's embeddings stand for, as texts that are the same in every model: operations by
 * service, kind and name, fields by their operation and slot keys. Numbers of rows follow from the order of a batch.
 */
import { valueKey, type ModelContent, type RowContext, type ShapeLayout } from '../features';

const EVERYWHERE = ['outside', 'orphan', 'none'];

/** A text for each row of each embedding of `context`; rows with the same text in two models mean the same. */
export function embeddingKeys(content: ModelContent, context: RowContext): string[][] {
  const operations = operationKeys(content);
  const places = placeKeys(content, operations);
  const fields = fieldKeys(content, context, operations, places);
  return context.embeddings.map(({ name, vocabulary }) => {
    switch (name) {
      case 'field':
        return Array.from({ length: vocabulary }, (_, row) => fields[row] ?? 'nothing to draw');
      case 'operation':
      case 'parent':
      case 'grandparent':
      case 'root':
        return places;
      case 'shape':
        return Array.from({ length: vocabulary }, (_, row) =>
          row === vocabulary - 1 ? 'beyond' : shapeKey(content.layouts[row] as ShapeLayout, operations)
        );
      default:
        return Array.from({ length: vocabulary }, (_, row) => String(row));
    }
  });
}

function operationKeys({ dictionary }: ModelContent): string[] {
  return dictionary.operations.map(({ service, name, kind, scope }) =>
    JSON.stringify([dictionary.services[service], kind, name, dictionary.scopes[scope]?.name])
  );
}

/** Places are numbered as shapes are laid out: what the first node at a place says holds for all. */
function placeKeys(content: ModelContent, operations: readonly string[]): string[] {
  const keys = Array.from({ length: content.places }, (_, place) => EVERYWHERE[place] ?? '');
  const serviceOf = (operation: number): number | undefined => content.dictionary.operations[operation]?.service;
  for (const { operation, parent, place } of content.layouts) {
    place.forEach((number, i) => {
      if (keys[number] === '') {
        const own = operation[i] as number;
        const child = parent[i + 1] === i ? (operation[i + 1] as number) : -1;
        const callee = child >= 0 && serviceOf(child) !== serviceOf(own) ? operations[child] : '';
        keys[number] = `${operations[own]} > ${callee}`;
      }
    });
  }
  return keys;
}

function shapeKey({ operation, status, parent }: ShapeLayout, operations: readonly string[]): string {
  return Array.from(operation, (number, i) => `${operations[number]} ${status[i]} ${parent[i]}`).join('\n');
}

function fieldKeys(
  content: ModelContent,
  context: RowContext,
  operations: readonly string[],
  places: readonly string[]
): string[] {
  const keys: string[] = [];
  const set = (field: number | undefined, key: string): void => {
    if (field !== undefined && field >= 0) {
      keys[field] = key;
    }
  };
  content.timing.sites.forEach(({ parent, place, previous, reference, mode }, s) => {
    const site = [parent, place, previous].map((number) => places[number] ?? 'any').join(' | ');
    set(context.gapField[s], `gap ${reference} ${site}`);
    set(context.durationField[s], `duration ${mode} ${site}`);
  });
  context.paceFields.forEach((field, phase) => set(field, `pace ${phase}`));
  const { list } = content.attributes;
  const valueOf = (pair: number): string => {
    const value = list.pairs[pair]?.value;
    return value === undefined ? '' : valueKey(value);
  };
  content.fields.forEach(({ operation, group, slot }, f) => {
    const bag = content.attributes.operations[operation]?.spans;
    const slots = group < 0 ? [slot] : (bag?.groups[group]?.slots ?? []);
    const names = slots.map((number) => JSON.stringify(list.keys[bag?.slots[number]?.key ?? -1]));
    // Classes are numbered by what was seen: the same keys with other values are another field.
    const letters = slots.map((number) =>
      bag?.slots[number]?.letters.map(({ letter, pair }) => `${letter} ${valueOf(pair)}`).join()
    );
    const tuples = group < 0 ? '' : bag?.groups[group]?.tuples.map((tuple) => tuple.join()).join(';');
    set(context.attributeField[f], `attribute ${operations[operation]} ${names.join()} ${letters.join('|')} ${tuples}`);
  });
  return keys;
}
