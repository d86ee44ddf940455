/** @file Slots that are drawn together: which of them depend on each other, and the tuples of their letters. */

const MAX_TUPLES = 64;
/** Tuples beyond this many split a group before the classes run out. */
const ROOMY_TUPLES = 40;

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
  let information = 0;
  joint.forEach((count, at) => {
    if (count > 0) {
      information += (count / n) * Math.log((count * n) / ((pa[at >> 6] as number) * (pb[at & 63] as number)));
    }
  });
  return information;
}

/** Joins the slots that vary: all in one group where tuples are few, else the most dependent ones together. */
export function groupSlots(
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

/** What a line of a conditional table costs, in bits. */
const BITS_A_CELL = 14;

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

/** Masses of tuples by the class of a group of the span that they are on. */
export interface GivenOwner {
  /** Index of the span's group. */
  readonly group: number;
  /** Class → [tuple, mass]. */
  readonly masses: ReadonlyMap<number, ReadonlyArray<readonly [number, number]>>;
}

/**
 * Finds the group of the span that tells most of the tuple on it.
 * @param owner - for each group of the span, the class of each observation
 * @returns undefined where no table saves more than it costs
 */
export function givenOwner(
  ids: Uint8Array,
  tuples: number,
  owner: ReadonlyArray<ArrayLike<number>>
): GivenOwner | undefined {
  if (tuples < 2) {
    return undefined;
  }
  const plain = new Float64Array(tuples);
  ids.forEach((id) => (plain[id] = (plain[id] as number) + 1));
  const without = entropyBits(plain.filter((count) => count > 0));
  let best: GivenOwner | undefined;
  let most = 0;
  owner.forEach((classes, group) => {
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
