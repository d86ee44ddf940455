/** @file Slots that are drawn together: which of them depend on each other, and the tuples of their letters. */

const MAX_TUPLES = 64;

/** Tuples of some columns: the number of each observation's, their letters, how often each was seen. */
interface Tuples {
  readonly ids: Uint8Array;
  readonly tuples: number[][];
  readonly mass: number[];
}

/** Tuples of columns, numbered by first appearance; undefined when there are more than `most`. */
function tuplesOf(columns: readonly Uint8Array[], count: number, most: number): Tuples | undefined {
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

/** Spans that the dependence of two columns is measured on. */
const MOST_MEASURED = 40_000;
/** Columns are joined from so much of the lesser entropy that they share … */
const LEAST_SHARED = 0.02;
/** … and so many standard deviations beyond chance (G-test; Sokal and Rohlf, Biometry). */
const DEVIATIONS = 4;

/**
 * How much of the lesser of two columns' entropies they share: 1 where one says all of the other, 0 where what they share
 * may be chance.
 */
function sharedEntropy(a: Uint8Array, b: Uint8Array): number {
  const joint = new Float64Array(64 * 64);
  const pa = new Float64Array(64);
  const pb = new Float64Array(64);
  const step = Math.max(1, Math.floor(a.length / MOST_MEASURED));
  let n = 0;
  for (let first = 0; first < a.length; first += step) {
    // spread within its stretch: spans of one kind stand at even distances
    const i = Math.min(a.length - 1, first + ((Math.imul(first + 1, 0x9e3779b1) >>> 8) % step));
    const x = a[i] as number;
    const y = b[i] as number;
    joint[x * 64 + y] = (joint[x * 64 + y] as number) + 1;
    pa[x] = (pa[x] as number) + 1;
    pb[y] = (pb[y] as number) + 1;
    n++;
  }
  const nats = (counts: Float64Array): number => entropyBits(counts.filter((count) => count > 0)) * Math.LN2;
  const kinds = (counts: Float64Array): number => counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const [ofA, ofB] = [nats(pa), nats(pb)];
  const information = ofA + ofB - nats(joint);
  const freedom = (kinds(pa) - 1) * (kinds(pb) - 1);
  const significant = n > 0 && 2 * information - freedom > DEVIATIONS * Math.sqrt(2 * freedom);
  return significant ? information / Math.min(ofA, ofB) : 0;
}

interface Joined {
  readonly slots: number[];
  readonly found: Tuples;
}

/**
 * Joins the slots that vary: all in one group where tuples are few, else those that say most of each other first. What
 * always goes together (a status code, the type of the error, its message) stays together, however rare.
 * @param apart - joins none
 */
export function groupSlots(
  columns: readonly Uint8Array[],
  varying: readonly number[],
  count: number,
  apart = false
): Joined[] {
  const tuples = (slots: readonly number[]): Tuples | undefined =>
    tuplesOf(
      slots.map((slot) => columns[slot] as Uint8Array),
      count,
      MAX_TUPLES
    );
  const all = tuples(varying);
  if (!apart && varying.length > 0 && all !== undefined) {
    return [{ slots: [...varying], found: all }];
  }
  let groups = varying.flatMap((slot): Joined[] => {
    const found = tuples([slot]);
    return found === undefined ? [] : [{ slots: [slot], found }];
  });
  if (apart) {
    return groups;
  }
  const scored = (a: Joined, b: Joined): { a: Joined; b: Joined; shared: number } => ({
    a,
    b,
    shared: sharedEntropy(a.found.ids, b.found.ids),
  });
  let pairs = groups.flatMap((a, i) => groups.slice(i + 1).map((b) => scored(a, b)));
  for (;;) {
    pairs = pairs.filter(({ shared }) => shared >= LEAST_SHARED).sort((x, y) => y.shared - x.shared);
    const best = pairs.shift();
    if (best === undefined) {
      return groups;
    }
    const slots = [...best.a.slots, ...best.b.slots].sort((x, y) => x - y);
    const found = tuples(slots);
    if (found !== undefined) {
      const joined = { slots, found };
      const others = groups.filter((group) => group !== best.a && group !== best.b);
      pairs = pairs.filter(({ a, b }) => ![best.a, best.b].some((gone) => gone === a || gone === b));
      pairs.push(...others.map((other) => scored(other, joined)));
      groups = [...others, joined];
    }
  }
}

/** What a line of a conditional table costs, in bits: little, since what goes with a failure is worth more than its number says. */
const BITS_A_CELL = 5;

/** Bits that the counts cost with the best fixed code: n·H. */
export function entropyBits(counts: Iterable<number>): number {
  let total = 0;
  let sum = 0;
  for (const count of counts) {
    total += count;
    sum += count * Math.log2(count);
  }
  return total === 0 ? 0 : total * Math.log2(total) - sum;
}

/** In place of a group of the span: the tuple of the event of the same name before, on the same span. */
export const PREVIOUS = -1;
/** The class of the event before the first. */
export const NONE_BEFORE = 255;

/** Masses of tuples by the class of a group of the span that they are on. */
export interface GivenOwner {
  /** Index of the span's group; {@link PREVIOUS} for the event of the same name before. */
  readonly group: number;
  /** Class → [tuple, mass]. */
  readonly masses: ReadonlyMap<number, ReadonlyArray<readonly [number, number]>>;
}

/**
 * Finds the group of the span that tells most of the tuple on it.
 * @param owner - for each group of the span, the class of each observation
 * @param follows - whether an observation is on the same span as the one before it
 * @returns undefined where no table saves more than it costs
 */
export function givenOwner(
  ids: Uint8Array,
  tuples: number,
  owner: ReadonlyArray<ArrayLike<number>>,
  follows: (i: number) => boolean
): GivenOwner | undefined {
  if (tuples < 2) {
    return undefined;
  }
  const plain = new Float64Array(tuples);
  ids.forEach((id) => (plain[id] = (plain[id] as number) + 1));
  const without = entropyBits(plain.filter((count) => count > 0));
  let best: GivenOwner | undefined;
  let most = 0;
  const before = ids.map((_, i) => (follows(i) ? (ids[i - 1] as number) : NONE_BEFORE));
  [before, ...owner].forEach((classes, column) => {
    const group = column + PREVIOUS;
    const cells = new Map<number, Map<number, number>>();
    ids.forEach((id, i) => {
      const given = classes[i] as number;
      const row = cells.get(given) ?? new Map<number, number>();
      cells.set(given, row);
      row.set(id, (row.get(id) ?? 0) + 1);
    });
    let saved = without;
    for (const row of cells.values()) {
      saved -= entropyBits(row.values()) + BITS_A_CELL * row.size;
    }
    if (saved > most) {
      most = saved;
      best = {
        group,
        masses: new Map([...cells].map(([given, row]) => [given, [...row].sort((a, b) => a[0] - b[0])])),
      };
    }
  });
  return best;
}
