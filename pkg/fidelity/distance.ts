/** @file Distances between counts: total variation, the first Wasserstein distance, relative error, quantiles. */

/** Key → count, not normalised. */
export type Counts = Map<number, number>;

/** Adds to a count. */
export function addCount(counts: Counts, key: number, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** Sum of the counts. */
export function totalOf(counts: Counts): number {
  let total = 0;
  for (const count of counts.values()) {
    total += count;
  }
  return total;
}

/** ½ Σ |p − q| over shares; 1 when exactly one side is empty, 0 when both are. */
export function totalVariation(a: Counts, b: Counts): number {
  const totalA = totalOf(a);
  const totalB = totalOf(b);
  if (totalA === 0 || totalB === 0) {
    return totalA === totalB ? 0 : 1;
  }
  let sum = 0;
  for (const [key, count] of a) {
    sum += Math.abs(count / totalA - (b.get(key) ?? 0) / totalB);
  }
  for (const [key, count] of b) {
    if (!a.has(key)) {
      sum += count / totalB;
    }
  }
  return Math.min(1, sum / 2);
}

/** Smallest key that at least the share `q` of the counts lies at or below. `keys` ascending. */
function countQuantile(counts: Counts, keys: readonly number[], total: number, q: number): number {
  let seen = 0;
  for (const key of keys) {
    seen += counts.get(key) as number;
    if (seen >= q * total - 1e-9) {
      return key;
    }
  }
  return keys[keys.length - 1] as number;
}

const ascending = (a: number, b: number): number => a - b;

/** p1 … p99 of the counts, or the whole range where those are one value. */
export function bulkRange(counts: Counts): [number, number] {
  const keys = [...counts.keys()].sort(ascending);
  const total = totalOf(counts);
  const low = countQuantile(counts, keys, total, 0.01);
  const high = countQuantile(counts, keys, total, 0.99);
  return high > low ? [low, high] : [keys[0] as number, keys[keys.length - 1] as number];
}

/** (1/(hi−lo)) ∫ |F − G| from lo to hi; both sides must have counts. */
export function wasserstein(a: Counts, b: Counts, [low, high]: readonly [number, number]): number {
  const keys = [...new Set([...a.keys(), ...b.keys()])].sort(ascending);
  const totalA = totalOf(a);
  const totalB = totalOf(b);
  let sum = 0;
  let shareA = 0;
  let shareB = 0;
  let at = low;
  for (const key of keys) {
    if (key > at) {
      const to = Math.min(key, high);
      sum += Math.abs(shareA - shareB) * Math.max(0, to - at);
      at = to;
    }
    shareA += (a.get(key) ?? 0) / totalA;
    shareB += (b.get(key) ?? 0) / totalB;
    if (at >= high) {
      break;
    }
  }
  // Past the last key both distributions are 1.
  return Math.min(1, sum / (high - low));
}

/** W1 over p1 … p99 of the real side, the total variation where the real side is one value; empty on one side = 1. */
export function orderedDistance(real: Counts, other: Counts): number {
  if (real.size === 0 || other.size === 0) {
    return real.size === other.size ? 0 : 1;
  }
  const range = bulkRange(real);
  return range[1] > range[0] ? wasserstein(real, other, range) : totalVariation(real, other);
}

/** min(1, |s − r| / r); for r = 0: 0 when s is 0 too, else 1. */
export function relativeError(other: number, real: number): number {
  return real === 0 ? (other === 0 ? 0 : 1) : Math.min(1, Math.abs(other - real) / Math.abs(real));
}

/** The q-quantile of ascending values, linear between neighbours; NaN of none. */
export function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) {
    return NaN;
  }
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const left = sorted[low] as number;
  const right = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return left + (right - left) * (at - low);
}

/** Mean of the numbers that apply; null of none. */
export function meanOf(values: Iterable<number | null>): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value !== null) {
      sum += value;
      count += 1;
    }
  }
  return count === 0 ? null : sum / count;
}
