/** @file Histograms with power-of-two buckets, and the quantiles read from them. */

/**
 * The exponent of the smallest power of two that is not below the value: the bucket that counts it.
 * Values below 2 and fractions have no bucket (undefined).
 */
export function bucketOf(value: bigint): number | undefined {
  return value < 2n ? undefined : (value - 1n).toString(2).length;
}

/** Counts by bucket exponent. */
export type Buckets = ReadonlyArray<{ readonly exponent: number; readonly count: number }>;

/**
 * The quantile p of counts in power-of-two buckets, ascending: the top of the bucket when it is used up exactly, else
 * interpolated exponentially from the bucket before it (or half of it, for the first). 0 when there are no counts.
 */
export function quantileOf(p: number, buckets: Buckets): number {
  const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  if (total <= 0) {
    return 0;
  }
  // Samples to be covered: at least one. The small number forgives rounding of weighted counts.
  const wanted = Math.max(Math.ceil(p * total - 1e-9), Math.min(1, total));
  let covered = 0;
  for (const [i, { exponent, count }] of buckets.entries()) {
    if (count <= 0) {
      continue;
    }
    if (covered + count <= wanted - 1e-9 && i < buckets.length - 1) {
      covered += count;
      continue;
    }
    const share = Math.min(1, (wanted - covered) / count);
    const from = buckets[i - 1]?.exponent ?? exponent - 1;
    return share > 1 - 1e-9 ? 2 ** exponent : 2 ** (from + (exponent - from) * share);
  }
  return 2 ** (buckets.at(-1)?.exponent ?? 0);
}
