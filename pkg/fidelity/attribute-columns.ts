/** @file Chooses the span attributes that the measures look at, and keeps their values as columns. */
import type { KeyValue } from '../trace';
import { Ints } from './growable';
import { type ChosenAttribute, Dictionary, type Vocabulary } from './vocabulary';

const MAX_ATTRIBUTES = 5;
const MIN_DISTINCT = 2;
const MAX_DISTINCT = 200;

/** Value numbers of an attribute by span row, −1 where the span lacks it. */
export interface AttributeColumn {
  readonly key: string;
  readonly numeric: boolean;
  readonly values: Int32Array;
  /** Texts of the value numbers. */
  readonly dictionary: Dictionary;
}

interface Candidate {
  readonly key: string;
  readonly type: 'string' | 'int';
  readonly values: Dictionary;
  readonly rows: Ints;
  readonly ids: Ints;
  count: number;
  full: boolean;
}

function candidate(key: string, type: 'string' | 'int', values: Dictionary, full = false): Candidate {
  return { key, type, values, rows: new Ints(), ids: new Ints(), count: 0, full };
}

/** Sees the attributes of every span. Until a vocabulary has chosen, any attribute of few values is kept. */
export class AttributeCollector {
  readonly candidates = new Map<string, Candidate>();
  private readonly open: boolean;

  constructor(vocabulary: Vocabulary) {
    this.open = vocabulary.attributes === undefined;
    for (const { key, type, values } of vocabulary.attributes ?? []) {
      if (type === 'string' || type === 'int') {
        this.candidates.set(`${type}:${key}`, candidate(key, type, values));
      }
    }
  }

  add(row: number, attributes: readonly KeyValue[]): void {
    for (const { key, value } of attributes) {
      if (typeof value !== 'string' && typeof value !== 'bigint') {
        continue;
      }
      const type = typeof value === 'string' ? 'string' : 'int';
      let own = this.candidates.get(`${type}:${key}`);
      if (own === undefined) {
        if (!this.open) {
          continue;
        }
        own = candidate(key, type, new Dictionary());
        this.candidates.set(`${type}:${key}`, own);
      }
      if (own.full) {
        continue;
      }
      own.rows.push(row);
      own.ids.push(own.values.id(String(value)));
      own.count += 1;
      // Too many values to be chosen: what was kept so far goes.
      if (this.open && own.values.texts.length > MAX_DISTINCT) {
        this.candidates.set(`${type}:${key}`, candidate(key, type, new Dictionary(), true));
      }
    }
  }

  /** The most frequent attributes of few values, at most five. */
  choose(): ChosenAttribute[] {
    return [...this.candidates.values()]
      .filter((own) => !own.full && own.values.texts.length >= MIN_DISTINCT)
      .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
      .slice(0, MAX_ATTRIBUTES)
      .map(({ key, type, values }) => ({ key, type, values }));
  }
}

/** Columns of the chosen attributes; chooses them first where the vocabulary has not. */
export function columnsOfChosen(
  collector: AttributeCollector,
  vocabulary: Vocabulary,
  spans: { spans: number; name: Int32Array; kind: Int32Array }
): AttributeColumn[] {
  if (vocabulary.attributes === undefined) {
    const chosen = collector.choose();
    if (chosen.length === 0) {
      chosen.push({ key: 'span name', type: 'name', values: vocabulary.names });
      if (new Set(spans.kind).size > 1) {
        chosen.push({ key: 'span kind', type: 'kind', values: new Dictionary() });
      }
    }
    vocabulary.attributes = chosen;
  }
  return vocabulary.attributes.map(({ key, type, values }) => {
    let column: Int32Array;
    if (type === 'name') {
      column = spans.name;
    } else if (type === 'kind') {
      column = spans.kind.map((kind) => values.id(String(kind)));
    } else {
      column = new Int32Array(spans.spans).fill(-1);
      const own = collector.candidates.get(`${type}:${key}`);
      for (let i = 0; own !== undefined && i < own.rows.length; i++) {
        column[own.rows.at(i)] = own.ids.at(i);
      }
    }
    return { key, numeric: type === 'int', values: column, dictionary: values };
  });
}
