/**
 * @file Attributes of one kind of thing (the spans of an operation, one of its events) as slots and groups.
 * A slot is one key; its alphabet is: absent, the frequent values, one of the less frequent values, and a number or a
 * form where values are many or rare. Slots that vary are drawn together as groups: the tuple of their letters.
 */
import type { BatchColumns } from './columns';
import type { QuantileTable } from './quantiser';
import { learnTable } from './quantiser-learn';
import { learnTemplates, type Template } from './patterns';
import type { AttributeValue } from '../trace';

/** What a letter of a slot means. */
export enum Letter {
  Absent,
  Value,
  /** One of the values in `rest`, by weight. */
  Rest,
  /** A number from `table`. */
  Number,
  /** A value in one of the forms. */
  Form,
}

export interface Slot {
  /** Index into the batch's keys. */
  readonly key: number;
  /** Meanings of letters in order; `value` is an index into the batch's pairs. */
  readonly letters: ReadonlyArray<{ readonly letter: Letter; readonly pair: number }>;
  readonly rest: ReadonlyArray<{ readonly pair: number; readonly weight: number }>;
  /** Values times `scale`, where a letter is Number. */
  readonly table: QuantileTable | undefined;
  /** True where numbers are int64. */
  readonly integer: boolean;
  readonly templates: readonly Template[];
}

/** Slots drawn together. */
export interface Group {
  /** Indices into the slots. */
  readonly slots: readonly number[];
  /** Letters of each tuple, tuples × slots. */
  readonly tuples: ReadonlyArray<readonly number[]>;
  readonly mass: readonly number[];
  /** Statuses that each tuple was seen with, as bits 1 << status. */
  readonly statuses: readonly number[];
}

export interface Bag {
  readonly slots: readonly Slot[];
  readonly groups: readonly Group[];
}

/** What was seen of one thing: its pairs, and its trace. */
export interface Observations {
  readonly count: number;
  trace(i: number): number;
  /** Status of the span it was seen on. */
  status(i: number): number;
  /** Appends the pairs of observation i. */
  pairs(i: number, into: number[]): void;
}

/** Classes of every observation: one column a group, and the numbers of numeric slots (NaN = none). */
export interface Encoded {
  readonly groups: readonly Uint8Array[];
  readonly numbers: ReadonlyMap<number, Float64Array>;
}

/** Doubles are kept to six decimals of scale. */
export const DOUBLE_SCALE = 1_000_000;
/** Doubles beyond this are kept as forms: their table would need steps it does not have. */
const LARGEST_DOUBLE = 1e15;
const MAX_LETTERS = 58;
const MAX_REST = 2000;
const MAX_TUPLES = 64;
/** Tuples beyond this many split a group before the classes run out. */
const ROOMY_TUPLES = 40;
const MAX_SLOTS = 256;
const MAX_TEMPLATE_SAMPLES = 20_000;

function isNumeric(value: AttributeValue): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Math.abs(value) < LARGEST_DOUBLE);
}

/** Numbers as tables hold them. */
export function scaledNumber(value: number | bigint): number {
  return typeof value === 'bigint' ? Number(value) : value * DOUBLE_SCALE;
}

interface Matrix {
  key: number;
  pair: Int32Array;
}

/** Observations as a matrix: slot by observation. A repeated key is a slot of its own. */
function matrixOf(batch: BatchColumns, observations: Observations): Matrix[] {
  const slots = new Map<string, Matrix>();
  const list: number[] = [];
  const seen = new Map<number, number>();
  for (let i = 0; i < observations.count; i++) {
    list.length = 0;
    seen.clear();
    observations.pairs(i, list);
    for (const pair of list) {
      const key = batch.pairs[pair]?.key ?? 0;
      const occurrence = seen.get(key) ?? 0;
      seen.set(key, occurrence + 1);
      const id = `${key}.${occurrence}`;
      let slot = slots.get(id);
      if (slot === undefined) {
        if (slots.size === MAX_SLOTS) {
          continue;
        }
        slot = { key, pair: new Int32Array(observations.count).fill(-1) };
        slots.set(id, slot);
      }
      slot.pair[i] = pair;
    }
  }
  return [...slots.values()];
}

function learnSlot(
  batch: BatchColumns,
  observations: Observations,
  { key, pair }: Matrix,
  k: number
): { slot: Slot; letters: Uint8Array; numbers: Float64Array | undefined } {
  const counts = new Map<number, number>();
  let absent = 0;
  for (const p of pair) {
    if (p < 0) {
      absent++;
    } else {
      counts.set(p, (counts.get(p) ?? 0) + 1);
    }
  }
  const valueOf = (p: number): AttributeValue => batch.pairs[p]?.value ?? null;
  const allowed = [...counts.keys()]
    .filter((p) => (batch.pairTraces[p] as number) >= k)
    .sort((a, b) => (counts.get(b) as number) - (counts.get(a) as number) || a - b);
  const mass = (list: readonly number[]): number => list.reduce((sum, p) => sum + (counts.get(p) as number), 0);
  const present = observations.count - absent;
  const numeric = [...counts.keys()].every((p) => isNumeric(valueOf(p)));
  const covered = mass(allowed.slice(0, MAX_LETTERS));
  const asNumber = numeric && covered < present && (counts.size > MAX_LETTERS || covered < 0.5 * present);
  const values = asNumber ? [] : allowed.slice(0, MAX_LETTERS);
  const rest = asNumber ? [] : allowed.slice(MAX_LETTERS, MAX_LETTERS + MAX_REST);
  const letters: Array<{ letter: Letter; pair: number }> = [];
  if (absent > 0) {
    letters.push({ letter: Letter.Absent, pair: -1 });
  }
  const letterOf = new Map<number, number>();
  for (const p of values) {
    letterOf.set(p, letters.length);
    letters.push({ letter: Letter.Value, pair: p });
  }
  if (rest.length > 0) {
    for (const p of rest) {
      letterOf.set(p, letters.length);
    }
    letters.push({ letter: Letter.Rest, pair: -1 });
  }
  let other = -1;
  if (asNumber || mass(values) + mass(rest) < present) {
    other = letters.length;
    letters.push({ letter: asNumber ? Letter.Number : Letter.Form, pair: -1 });
  }
  const column = new Uint8Array(observations.count);
  const numbers = asNumber ? new Float64Array(observations.count).fill(Number.NaN) : undefined;
  const rare: Array<{ value: AttributeValue; trace: number }> = [];
  const measured: number[] = [];
  pair.forEach((p, i) => {
    if (p < 0) {
      return;
    }
    column[i] = letterOf.get(p) ?? other;
    const value = valueOf(p);
    if (numbers !== undefined && isNumeric(value)) {
      numbers[i] = scaledNumber(value);
      measured.push(numbers[i] as number);
    } else if (!letterOf.has(p) && rare.length < MAX_TEMPLATE_SAMPLES) {
      rare.push({ value, trace: observations.trace(i) });
    }
  });
  return {
    letters: column,
    numbers,
    slot: {
      key,
      letters,
      rest: rest.map((p) => ({ pair: p, weight: counts.get(p) as number })),
      table: numbers === undefined ? undefined : learnTable(Float64Array.from(measured)),
      integer: [...counts.keys()].every((p) => typeof valueOf(p) === 'bigint'),
      templates: rare.length > 0 ? learnTemplates(rare, k) : [],
    },
  };
}

/** Tuples of columns, numbered by first appearance; undefined when there are more than `most`. */
function tuplesOf(
  columns: readonly Uint8Array[],
  count: number,
  most: number
): { ids: Uint8Array; tuples: number[][]; mass: number[] } | undefined {
  const ids = new Uint8Array(count);
  const known = new Map<string, number>();
  const tuples: number[][] = [];
  const mass: number[] = [];
  for (let i = 0; i < count; i++) {
    const tuple = columns.map((column) => column[i] as number);
    const key = tuple.join();
    let id = known.get(key);
    if (id === undefined) {
      if (tuples.length === most) {
        return undefined;
      }
      id = tuples.length;
      known.set(key, id);
      tuples.push(tuple);
      mass.push(0);
    }
    ids[i] = id;
    mass[id] = (mass[id] as number) + 1;
  }
  return { ids, tuples, mass };
}

/** Mutual information of two columns in nats, from counts. */
function dependence(a: Uint8Array, b: Uint8Array): number {
  const joint = new Float64Array(64 * 64);
  const pa = new Float64Array(64);
  const pb = new Float64Array(64);
  const step = Math.max(1, Math.floor(a.length / 5000));
  let n = 0;
  for (let i = 0; i < a.length; i += step) {
    const x = a[i] as number;
    const y = b[i] as number;
    joint[x * 64 + y] = (joint[x * 64 + y] as number) + 1;
    pa[x] = (pa[x] as number) + 1;
    pb[y] = (pb[y] as number) + 1;
    n++;
  }
  let information = 0;
  joint.forEach((count, at) => {
    if (count > 0) {
      information += (count / n) * Math.log((count * n) / ((pa[at >> 6] as number) * (pb[at & 63] as number)));
    }
  });
  return information;
}

/** Joins the slots that vary: all in one group where tuples are few, else the most dependent ones together. */
function groupSlots(
  columns: readonly Uint8Array[],
  varying: readonly number[],
  count: number
): Array<{ slots: number[]; found: { ids: Uint8Array; tuples: number[][]; mass: number[] } }> {
  const all = tuplesOf(
    varying.map((s) => columns[s] as Uint8Array),
    count,
    MAX_TUPLES
  );
  if (varying.length > 0 && all !== undefined) {
    return [{ slots: [...varying], found: all }];
  }
  const groups: Array<{ slots: number[]; found: { ids: Uint8Array; tuples: number[][]; mass: number[] } }> = [];
  for (const s of varying) {
    const column = columns[s] as Uint8Array;
    const ranked = groups
      .map((group) => ({ group, information: dependence(group.found.ids, column) }))
      .sort((a, b) => b.information - a.information);
    let joined = false;
    for (const { group, information } of ranked.slice(0, 3)) {
      if (information < 0.001) {
        break;
      }
      const found = tuplesOf(
        [...group.slots, s].map((slot) => columns[slot] as Uint8Array),
        count,
        ROOMY_TUPLES
      );
      if (found !== undefined) {
        group.slots.push(s);
        group.found = found;
        joined = true;
        break;
      }
    }
    if (!joined) {
      const found = tuplesOf([column], count, MAX_TUPLES);
      if (found !== undefined) {
        groups.push({ slots: [s], found });
      }
    }
  }
  return groups;
}

function statusesOf(ids: Uint8Array, tuples: number, observations: Observations): number[] {
  const statuses = new Array<number>(tuples).fill(0);
  ids.forEach((id, i) => {
    statuses[id] = (statuses[id] as number) | (1 << Math.min(2, observations.status(i)));
  });
  return statuses;
}

/**
 * Learns the slots and groups of a kind of thing.
 * @param k - values seen in fewer traces of the batch are never letters
 */
export function learnBag(batch: BatchColumns, observations: Observations, k: number): { bag: Bag; encoded: Encoded } {
  const learnt = matrixOf(batch, observations).map((matrix) => learnSlot(batch, observations, matrix, k));
  const columns = learnt.map((item) => item.letters);
  const varying = learnt.flatMap((item, s) => (item.slot.letters.length > 1 ? [s] : []));
  const groups = groupSlots(columns, varying, observations.count);
  return {
    bag: {
      slots: learnt.map((item) => item.slot),
      groups: groups.map(({ slots, found }) => ({
        slots,
        tuples: found.tuples,
        mass: found.mass,
        statuses: statusesOf(found.ids, found.tuples.length, observations),
      })),
    },
    encoded: {
      groups: groups.map(({ found }) => found.ids),
      numbers: new Map(learnt.flatMap((item, s) => (item.numbers === undefined ? [] : [[s, item.numbers] as const]))),
    },
  };
}
