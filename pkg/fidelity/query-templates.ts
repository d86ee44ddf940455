/** @file The ten query templates of Gen-T's evaluation: what each counts, by parameter and key. */
import type { Clock } from './clock';
import { addCount, type Counts } from './distance';
import type { SpanTable } from './span-table';

/** How the keys of a template compare. */
export type KeyKind = 'ordered' | 'category' | 'duration' | 'series';

/** One side's answer to one template: parameter → key → count (for a series, key → largest value). */
export interface Answers {
  readonly parameters: Map<number, Counts>;
  /** How the keys of a parameter compare. */
  kind(parameter: number): KeyKind;
}

/** Parameters of two parts are one number: first × this + second. */
const PARAMETER = 2 ** 20;

function countsOf(parameters: Map<number, Counts>, parameter: number): Counts {
  let counts = parameters.get(parameter);
  if (counts === undefined) {
    counts = new Map();
    parameters.set(parameter, counts);
  }
  return counts;
}

/** Services of entry spans: of the real side and of the other. */
export function entryServices(...tables: readonly SpanTable[]): Set<number> {
  const services = new Set<number>();
  for (const table of tables) {
    for (const row of table.entry) {
      services.add(table.service[row] as number);
    }
  }
  return services;
}

/** Key of a value number: the integer itself for int attributes, the number for texts. */
function attributeKeys(table: SpanTable): Float64Array[] {
  return table.attributes.map((attribute) =>
    Float64Array.from(attribute.dictionary.texts, (text, id) => (attribute.numeric ? Number(text) : id))
  );
}

/** Numbers of all templates. */
export const ALL_TEMPLATES: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** Answers of a table to the ten templates, in their order; empty parameters do not occur, nor those not `wanted`. */
export function answer(
  table: SpanTable,
  clock: Clock,
  entries: ReadonlySet<number>,
  wanted: readonly number[] = ALL_TEMPLATES
): Answers[] {
  const asked = ALL_TEMPLATES.map((template) => wanted.includes(template));
  const maps = Array.from({ length: 10 }, () => new Map<number, Counts>());
  /** Adds to a template, numbered from 1. */
  const add = (query: number, parameter: number, key: number, by = 1): void => {
    if (asked[query - 1] === true) {
      addCount(countsOf(maps[query - 1] as Map<number, Counts>, parameter), key, by);
    }
  };
  const keys = attributeKeys(table);
  for (let trace = 0; trace < table.traces; trace++) {
    const from = table.offsets[trace] as number;
    const to = table.offsets[trace + 1] as number;
    const own = { entries: new Map() as Counts, errors: 0 };
    for (let row = from; row < to; row++) {
      own.errors += table.error[row] as number;
      if (entries.has(table.service[row] as number)) {
        addCount(own.entries, table.service[row] as number);
      }
    }
    const entry = table.entry[trace] as number;
    const entryService = table.service[entry] as number;
    const entryDuration = table.duration[entry] as number;
    for (let row = from; row < to; row++) {
      const service = table.service[row] as number;
      const duration = table.duration[row] as number;
      const bucket = clock.bucket(table.start[row] as number);
      const parent = table.parent[row] as number;
      if (own.errors > 0 && entries.has(service)) {
        add(1, service, bucket, own.errors);
      }
      if (parent >= 0) {
        add(3, (table.service[parent] as number) * PARAMETER + service, clock.bucket(table.start[parent] as number));
      }
      if (entryDuration > 0) {
        add(4, entryService * PARAMETER + service, Math.round((duration / entryDuration) * 10) / 10);
      }
      add(5, service, bucket);
      if (table.error[row] === 1) {
        add(6, service, duration);
      }
      add(7, service, duration);
      table.attributes.forEach((attribute, a) => {
        const id = attribute.values[row] as number;
        if (id < 0) {
          return;
        }
        const key = (keys[a] as Float64Array)[id] as number;
        for (const [service1, count] of own.entries) {
          add(2, a * PARAMETER + service1, key, count);
        }
        add(8, a * PARAMETER, key);
        add(10, a * PARAMETER + service, key);
        if (attribute.numeric && asked[8] === true) {
          const series = countsOf(maps[8] as Map<number, Counts>, a * PARAMETER + service);
          series.set(bucket, Math.max(series.get(bucket) ?? -Infinity, key));
        }
      });
    }
  }
  const ofAttribute = (parameter: number): KeyKind =>
    table.attributes[Math.floor(parameter / PARAMETER)]?.numeric === true ? 'ordered' : 'category';
  const kinds: Array<(parameter: number) => KeyKind> = [
    () => 'ordered',
    ofAttribute,
    () => 'ordered',
    () => 'ordered',
    () => 'ordered',
    () => 'duration',
    () => 'duration',
    ofAttribute,
    () => 'series',
    ofAttribute,
  ];
  return maps.map((parameters, i) => ({ parameters, kind: kinds[i] as (parameter: number) => KeyKind }));
}
