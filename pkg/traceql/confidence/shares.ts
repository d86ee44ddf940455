/**
 * @file Shares of values above each bucket of a histogram: of one slot, and what all slots of a series tell of them. How alike
 * slots are is told by their shares (J. Kleinman, Proportions with extraneous variance, JASA 68, 1973).
 */
import type { Contribution, Contributions } from './contributions';
import { PRIOR, SpreadOfTotals } from './spread';

/** Fewest traces that the other slots count as. */
export const LEAST_BORROWED = 1;
/** Octaves beyond the values that were seen. */
const BEYOND = 7;
/** Share of values that the tail is told from. */
const UPPER = 0.25;

/** One trace in one slot. */
interface Row extends Contribution {
  /** Spans above each bucket. */
  readonly above: Float64Array;
}

/** Traces of one slot. */
export interface Slot {
  readonly rows: readonly Row[];
  /** Spans seen, and as weighed; those above each bucket, as weighed. */
  readonly spans: number;
  readonly all: number;
  readonly above: Float64Array;
}

/** What the slots of a series tell of the share above one bucket. */
export interface Edge {
  /** Over all slots. */
  readonly share: number;
  /** Spans that say as much as one that is drawn alone. */
  readonly alike: number;
  /** Traces that the other slots count as. */
  readonly borrowed: number;
}

/**
 * Shares above the last bucket that was seen, and above those beyond. As likely as not does one more trace have the largest
 * value of all, one in so many; how much larger it is, in octaves, is as geometric as values above the upper quartile are
 * (B. Hill, Annals of Statistics 3, 1975; one octave is added so that few values do not say that none is larger).
 */
export function beyondOf(slots: readonly Slot[], exponents: readonly number[], alike: number): number[] {
  const above = exponents.map((_, bucket) => slots.reduce((sum, slot) => sum + (slot.above[bucket] as number), 0));
  const all = slots.reduce((sum, slot) => sum + slot.all, 0);
  const spans = slots.reduce((sum, slot) => sum + slot.spans, 0);
  const first = above.findIndex((count) => count <= all * UPPER);
  let octaves = 0;
  for (let bucket = first; bucket < exponents.length - 1; bucket++) {
    octaves +=
      ((above[bucket] as number) / all) * spans * ((exponents[bucket + 1] as number) - (exponents[bucket] as number));
  }
  const tail = first <= 0 ? spans : ((above[first - 1] as number) / all) * spans;
  const ratio = (octaves + 1) / (octaves + tail + 2);
  return Array.from({ length: BEYOND }, (_, i) => ratio ** i / (spans / alike + 1));
}

/** Collects what one slot has. @param buckets - contributions to each, rising */
export function slotOf(buckets: ReadonlyArray<{ readonly contributions: Contributions }>, slot: number): Slot {
  const rows = new Map<number, { row: Contribution; counts: Float64Array }>();
  buckets.forEach(({ contributions }, bucket) => {
    for (const one of contributions.at(slot)) {
      let known = rows.get(one.place.sample);
      if (known === undefined) {
        known = { row: { ...one, count: 0 }, counts: new Float64Array(buckets.length) };
        rows.set(one.place.sample, known);
      }
      known.row.count += one.count;
      known.counts[bucket] = one.count;
    }
  });
  const above = new Float64Array(buckets.length);
  let spans = 0;
  let all = 0;
  const list = [...rows.values()]
    .sort((a, b) => a.row.place.sample - b.row.place.sample)
    .map(({ row, counts }): Row => {
      let rest = row.count;
      const own = counts.map((count) => (rest -= count));
      own.forEach((count, bucket) => {
        above[bucket] = (above[bucket] as number) + row.weight * count;
      });
      spans += row.count;
      all += row.weight * row.count;
      return { ...row, above: own };
    });
  return { rows: list, spans, all, above };
}

/** What all slots tell of the share above one bucket. */
export function edgeOf(slots: readonly Slot[], bucket: number): Edge {
  let all = 0;
  let above = 0;
  let spans = 0;
  let squares = 0;
  for (const slot of slots) {
    all += slot.all;
    above += slot.above[bucket] as number;
    spans += slot.spans;
    squares += slot.rows.reduce((sum, row) => sum + row.count ** 2, 0);
  }
  const share = above / all;
  // Variance of the shares of slots, by that of spans drawn alone.
  let variance = 0;
  let alone = 0;
  let told = 0;
  for (const slot of slots) {
    const own = (slot.above[bucket] as number) / slot.all;
    const residual = (row: Contribution): number => ((row as Row).above[bucket] as number) - own * row.count;
    const spread = new SpreadOfTotals([slot.rows], residual);
    variance += spread.measured(slot.rows).variance;
    const weight = slot.all / slot.spans;
    alone += weight * (weight - 1) * slot.spans * own * (1 - own);
    told += slot.spans * own * (1 - own);
  }
  const clustered = squares / spans;
  const alike = ((alone > 0 ? told * (variance / alone) : 0) + PRIOR * clustered) / ((alone > 0 ? told : 0) + PRIOR);
  const between = share * (1 - share);
  const n = spans / alike;
  let dispersion = 0;
  let ownSquares = 0;
  for (const slot of slots) {
    const size = slot.spans / alike;
    dispersion += size * ((slot.above[bucket] as number) / slot.all - share) ** 2;
    ownSquares += size * size;
  }
  const free = slots.length - 1;
  const correlation = between > 0 && free > 0 ? (dispersion / between - free) / (n - ownSquares / n - free) : 1;
  const shape = correlation > 0 ? (1 - correlation) / correlation : Infinity;
  // All slots together are no more than so many traces themselves.
  const borrowed = 1 / (1 / Math.max(LEAST_BORROWED, shape) + 1 / n);
  return {
    share,
    alike,
    borrowed,
  };
}
