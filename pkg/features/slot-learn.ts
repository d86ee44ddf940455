/** @file Learns slots and groups from what was seen. */
import type { BatchColumns } from './columns';
import { settledCopies } from './copies';
import { givenOwner, groupSlots } from './groups';
import { learnTable } from './quantiser-learn';
import { chooseOrigin, ABSENT, type ChosenOrigin, type TraceSources } from './origins-learn';
import { learnTemplates } from './patterns-learn';
import { contextOfSpan, DOUBLE_DECIMALS, DOUBLE_SCALE, Letter, type Bag, type Slot } from './slots';
import type { AttributeValue } from '../trace';

/** What was seen of one thing: its pairs, and its trace. */
export interface Observations {
  readonly count: number;
  trace(i: number): number;
  /** Status of the span it was seen on. */
  status(i: number): number;
  /** Appends the pairs of observation i. */
  pairs(i: number, into: number[]): void;
  /** The span (in the new order) that observation i is, or is on. */
  span(i: number): number;
  /** True for events and links, which are on a span. */
  readonly ofOwner: boolean;
  /** Where origins are looked for. */
  readonly sources: TraceSources | undefined;
  /** The pair that stands for one too rare to keep, see `codeStandIns`. */
  standIn(pair: number): number;
  /** Words that may stay in forms. */
  readonly vocabulary: ReadonlySet<string>;
  /** Classes of the groups of the span that each observation is on, for events and links. */
  readonly owner?: ReadonlyArray<ArrayLike<number>>;
  /** Draw each slot by itself. */
  readonly apart?: boolean;
}

/** Classes of every observation: one column a group, and the numbers of numeric slots (NaN = none). */
export interface Encoded {
  readonly groups: readonly Uint8Array[];
  /** See `contextOfSpan`; one column a group. */
  readonly contexts: readonly Uint8Array[];
  readonly numbers: ReadonlyMap<number, Float64Array>;
}

/** Doubles beyond this are kept as forms: their table would need steps it does not have. */
const LARGEST_DOUBLE = 1e15;
const MAX_LETTERS = 58;
/** All letters of a slot: classes of the network. */
const MOST_LETTERS = 64;
const MAX_FORM_LETTERS = 6;
const MAX_REST = 2000;
const MAX_SLOTS = 256;
const MAX_TEMPLATE_SAMPLES = 100_000;
/** Fields that have no origin: they say which events and links there are. */
const NEVER_COPIED: ReadonlySet<string> = new Set(['events', 'links', 'sameTrace']);

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

/** Decimals that the scaled numbers need. */
function decimalsOf(scaled: readonly number[]): number {
  let decimals = 0;
  let step = DOUBLE_SCALE;
  for (const value of scaled) {
    while (decimals < DOUBLE_DECIMALS && Math.abs(value - Math.round(value / step) * step) > 0.5) {
      decimals++;
      step /= 10;
    }
  }
  return decimals;
}

interface LearntSlot {
  readonly slot: Slot;
  readonly letters: Uint8Array;
  readonly numbers: Float64Array | undefined;
  /** Whether the slot's origin exists for each observation, where it has one. */
  readonly available: Uint8Array | undefined;
}

/** Letters of one slot, and which of them each observation has. */
function learnSlot(
  batch: BatchColumns,
  observations: Observations,
  { key, pair: seen }: Matrix,
  chosen: ChosenOrigin | undefined,
  k: number
): LearntSlot {
  const pair = seen.map((p) => (p < 0 ? p : observations.standIn(p)));
  const copied = (i: number): boolean => chosen?.repeats[i] === 2;
  const counts = new Map<number, number>();
  let absent = 0;
  let copies = 0;
  pair.forEach((p, i) => {
    if (copied(i)) {
      copies++;
    } else if (p < 0) {
      absent++;
    } else {
      counts.set(p, (counts.get(p) ?? 0) + 1);
    }
  });
  const valueOf = (p: number): AttributeValue => batch.pairs[p]?.value ?? null;
  const allowed = [...counts.keys()]
    .filter((p) => (batch.pairTraces[p] as number) >= k)
    .sort((a, b) => (counts.get(b) as number) - (counts.get(a) as number) || a - b);
  const mass = (list: readonly number[]): number => list.reduce((sum, p) => sum + (counts.get(p) as number), 0);
  const present = observations.count - absent - copies;
  const numeric = counts.size > 0 && [...counts.keys()].every((p) => isNumeric(valueOf(p)));
  const covered = mass(allowed.slice(0, MAX_LETTERS));
  const asNumber = numeric && covered < present && (counts.size > MAX_LETTERS || covered < 0.5 * present);
  const values = asNumber ? [] : allowed.slice(0, MAX_LETTERS);
  const rest = asNumber ? [] : allowed.slice(MAX_LETTERS, MAX_LETTERS + MAX_REST);
  const letters: Array<{ letter: Letter; pair: number }> = [];
  const addLetter = (letter: Letter, value = -1): number => letters.push({ letter, pair: value }) - 1;
  const absentLetter = absent > 0 ? addLetter(Letter.Absent) : -1;
  const copyLetter = copies > 0 ? addLetter(Letter.Copy) : -1;
  const letterOf = new Map<number, number>();
  for (const p of values) {
    letterOf.set(p, addLetter(Letter.Value, p));
  }
  if (rest.length > 0) {
    const letter = addLetter(Letter.Rest);
    for (const p of rest) {
      letterOf.set(p, letter);
    }
  }
  const column = new Uint8Array(observations.count);
  const numbers = asNumber ? new Float64Array(observations.count).fill(Number.NaN) : undefined;
  const rare: Array<{ value: AttributeValue; trace: number }> = [];
  const rareAt: number[] = [];
  const measured: number[] = [];
  const numberLetter = asNumber ? addLetter(Letter.Number) : -1;
  pair.forEach((p, i) => {
    if (copied(i)) {
      column[i] = copyLetter;
    } else if (p < 0) {
      column[i] = absentLetter;
    } else if (numbers !== undefined) {
      column[i] = numberLetter;
      numbers[i] = scaledNumber(valueOf(p) as number | bigint);
      measured.push(numbers[i] as number);
    } else if (letterOf.has(p)) {
      column[i] = letterOf.get(p) as number;
    } else {
      rareAt.push(i);
      if (rare.length < MAX_TEMPLATE_SAMPLES) {
        rare.push({ value: valueOf(p), trace: observations.trace(i) });
      }
    }
  });
  const { templates, chosen: forms } = learnTemplates(rare, k, observations.vocabulary);
  const formLetters = Math.min(templates.length, MAX_FORM_LETTERS, MOST_LETTERS - letters.length);
  const firstForm = letters.length;
  for (let f = 0; f < formLetters; f++) {
    addLetter(Letter.Form);
  }
  rareAt.forEach((i, r) => {
    column[i] = firstForm + Math.min(forms[r] ?? 0, formLetters - 1);
  });
  return {
    letters: column,
    numbers,
    available: chosen?.repeats,
    slot: {
      key,
      letters,
      rest: rest.map((p) => ({ pair: p, weight: counts.get(p) as number })),
      table: numbers === undefined ? undefined : learnTable(Float64Array.from(measured)),
      integer: counts.size > 0 && [...counts.keys()].every((p) => typeof valueOf(p) === 'bigint'),
      decimals: decimalsOf(measured),
      templates,
      origin: chosen?.origin,
    },
  };
}

/** The origin of each slot that has one. */
function originsOf(
  batch: BatchColumns,
  observations: Observations,
  matrices: readonly Matrix[],
  k: number
): Array<ChosenOrigin | undefined> {
  const { sources } = observations;
  if (sources === undefined) {
    return matrices.map(() => undefined);
  }
  const stateOf = ({ pair }: Matrix, i: number): number => {
    const p = pair[i] as number;
    return p < 0 ? ABSENT : (sources.valueOf[p] as number);
  };
  const keys = new Set<number>();
  const chosen = matrices.map((matrix, s) => {
    const entry = batch.keys[matrix.key];
    const repeated = keys.has(matrix.key);
    keys.add(matrix.key);
    if (repeated || (entry?.role === 'field' && NEVER_COPIED.has(entry.key))) {
      return undefined;
    }
    return chooseOrigin(
      sources,
      {
        key: matrix.key,
        pair: (i) => matrix.pair[i] as number,
        count: observations.count,
        state: (i) => stateOf(matrix, i),
        span: (i) => observations.span(i),
        before: matrices.slice(0, s).map((other) => ({ key: other.key, state: (i: number) => stateOf(other, i) })),
        ofOwner: observations.ofOwner,
      },
      k
    );
  });
  const question = {
    count: observations.count,
    slots: matrices.length,
    state: (slot: number, i: number) => stateOf(matrices[slot] as Matrix, i),
    status: (i: number) => observations.status(i),
  };
  return settledCopies(question, chosen);
}

function bitsSeen(ids: Uint8Array, tuples: number, bit: (i: number) => number): number[] {
  const seen = new Array<number>(tuples).fill(0);
  ids.forEach((id, i) => {
    seen[id] = (seen[id] as number) | (1 << bit(i));
  });
  return seen;
}

/**
 * Learns the slots and groups of a kind of thing.
 * @param k - values seen in fewer traces of the batch are never letters
 */
export function learnBag(batch: BatchColumns, observations: Observations, k: number): { bag: Bag; encoded: Encoded } {
  const matrices = matrixOf(batch, observations);
  const origins = originsOf(batch, observations, matrices, k);
  const learnt = matrices.map((matrix, s) => learnSlot(batch, observations, matrix, origins[s], k));
  const columns = learnt.map((item) => item.letters);
  const varying = learnt.flatMap((item, s) => (item.slot.letters.length > 1 ? [s] : []));
  const groups = groupSlots(columns, varying, observations.count, observations.apart).map(({ slots, found }) => {
    const depends = slots.flatMap((slot) => learnt[slot]?.available ?? []);
    const available = (i: number): boolean => depends.length > 0 && depends.every((list) => list[i] !== 0);
    return {
      slots,
      found,
      contexts: found.ids.map((_, i) => contextOfSpan(observations.status(i), available(i))),
    };
  });
  const follows = (i: number): boolean => i > 0 && observations.span(i) === observations.span(i - 1);
  return {
    bag: {
      slots: learnt.map((item) => item.slot),
      groups: groups.map(({ slots, found, contexts }) => ({
        given:
          observations.owner === undefined
            ? undefined
            : givenOwner(found.ids, found.tuples.length, observations.owner, follows),
        tables: [],
        tabled: false,
        slots,
        tuples: found.tuples,
        mass: found.mass,
        statuses: bitsSeen(found.ids, found.tuples.length, (i) => contextOfSpan(observations.status(i), false)),
        contexts: bitsSeen(found.ids, found.tuples.length, (i) => contexts[i] as number),
      })),
    },
    encoded: {
      groups: groups.map(({ found }) => found.ids),
      contexts: groups.map(({ contexts }) => contexts),
      numbers: new Map(learnt.flatMap((item, s) => (item.numbers === undefined ? [] : [[s, item.numbers] as const]))),
    },
  };
}
