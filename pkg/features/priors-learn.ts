/** @file Learns prior logits: how often each bin of each field is drawn, and when that changes. */
import type { ModelContent } from './content';
import {
  CODES_A_NAT,
  fieldBases,
  groupOfBin,
  groupsOf,
  SMOOTHING,
  type FieldBase,
  type Priors,
  type Regime,
} from './priors';
import type { RowContext } from './rows';

/** What is observed: field, time segment and class of every row. */
export interface PriorObservations {
  readonly count: number;
  readonly fields: ArrayLike<number>;
  readonly segments: ArrayLike<number>;
  readonly classes: ArrayLike<number>;
}

/** Codes are bytes; probabilities below e^−20 of a usual one are all the same. */
const MOST_CODE = 40;
/** Codes are rounded up from 1 − this on. */
const ROUND_UP = 0.35;
/** Nats that a regime must save on its rows: what it costs in bytes, at about four nats a byte. */
const REGIME_NATS = 60;
/** Observations that a regime's base counts for beside its own. */
const BASE_WEIGHT = 8;
/** Fewer rows of a field cannot pay for a regime. */
const REGIME_ROWS = 25;

/** Rounds to a code, small ones to 0: zeros cost nothing, and what is left over is little for the network to learn. */
function codeOf(ratio: number): number {
  const exact = CODES_A_NAT * Math.log(ratio);
  const size = Math.min(MOST_CODE, Math.floor(Math.abs(exact) + ROUND_UP));
  return exact < 0 ? -size : size;
}

/** The count of the bin in which half of the observations lie in bins as full or fuller: what a bin of the body holds. */
function usualCount(counts: Float64Array): number {
  const sorted = counts.slice().sort();
  let left = sorted.reduce((sum, n) => sum + n, 0) / 2;
  return Math.max(1, sorted.find((n) => (left -= n) <= 0) ?? 1);
}

/** Rows of each field, one after the other. */
function rowsByField({ count, fields }: PriorObservations, size: number): { order: Int32Array; offset: Int32Array } {
  const offset = new Int32Array(size + 1);
  for (let r = 0; r < count; r++) {
    offset[(fields[r] as number) + 1]! += 1;
  }
  for (let f = 0; f < size; f++) {
    offset[f + 1]! += offset[f] as number;
  }
  const next = offset.slice();
  const order = new Int32Array(count);
  for (let r = 0; r < count; r++) {
    order[next[fields[r] as number]!++] = r;
  }
  return { order, offset };
}

/** Learns the priors of a batch's rows. @param mostRegimes - those that save most are kept */
export function learnPriors(
  content: ModelContent,
  context: RowContext,
  rows: PriorObservations,
  mostRegimes: number
): Priors {
  const { fields, sizes } = fieldBases(content, context);
  const sums = sizes.map((size) => new Float64Array(size));
  for (let r = 0; r < rows.count; r++) {
    const sum = sums[fields[rows.fields[r] as number]?.base ?? -1];
    const seen = rows.classes[r] as number;
    if (sum !== undefined) {
      sum[seen] = (sum[seen] as number) + 1;
    }
  }
  const bases = sums.map((sum) => {
    const usual = usualCount(sum);
    // fuller bins than usual are few, and no harm comes to them
    return Int8Array.from(sum, (n) => Math.min(0, codeOf((n + SMOOTHING) / usual)));
  });
  const { order, offset } = rowsByField(rows, fields.length);
  // what changes about times, drifts say in fewer bytes
  const timed = new Set([...context.gapField, ...context.durationField, ...context.paceFields]);
  const found = fields.flatMap((field, f) => {
    const members = order.subarray(offset[f] as number, offset[f + 1] as number);
    return members.length < REGIME_ROWS || timed.has(f)
      ? []
      : regimesOf(content.segments.count, f, field, bases, rows, members);
  });
  const least = found.map(({ gain }) => gain).sort((a, b) => b - a)[mostRegimes] ?? -Infinity;
  return {
    bases,
    corrections: [],
    codesANat: CODES_A_NAT,
    regimes: found.flatMap(({ gain, regime }) => (gain > least ? [regime] : [])),
  };
}

/** A regime and the nats that it saves. */
interface Gain {
  readonly regime: Regime;
  readonly gain: number;
}

/** Probability of each group of bins under a field's base. */
function baseShares(field: FieldBase, bases: readonly Int8Array[]): Float64Array {
  const shares = new Float64Array(groupsOf(field.classes));
  const codes = bases[field.base];
  let total = 0;
  for (let bin = 0; bin < field.classes; bin++) {
    const weight =
      codes === undefined ? (field.masses[bin] ?? 0) + SMOOTHING : Math.exp((codes[bin] as number) / CODES_A_NAT);
    const group = groupOfBin(bin, field.classes);
    shares[group] = (shares[group] as number) + weight;
    total += weight;
  }
  return shares.map((share) => share / total);
}

/**
 * The regimes of one field: the partition of the time segments into stretches of the base and stretches of their own
 * that saves most nats, each of the latter at a price (optimal partitioning: Jackson et al. 2005, by dynamic programming).
 */
function regimesOf(
  segments: number,
  field: number,
  base: FieldBase,
  bases: readonly Int8Array[],
  rows: PriorObservations,
  members: Int32Array
): Gain[] {
  const shares = baseShares(base, bases);
  const groups = shares.length;
  // counts of groups in the segments before each
  const before = new Float64Array((segments + 1) * groups);
  for (const r of members) {
    const at = ((rows.segments[r] as number) + 1) * groups + groupOfBin(rows.classes[r] as number, base.classes);
    before[at] = (before[at] as number) + 1;
  }
  for (let i = groups; i < before.length; i++) {
    before[i] = (before[i] as number) + (before[i - groups] as number);
  }
  const countOf = (from: number, to: number, group: number): number =>
    (before[to * groups + group] as number) - (before[from * groups + group] as number);
  const gain = (from: number, to: number): number => {
    let total = BASE_WEIGHT;
    for (let g = 0; g < groups; g++) {
      total += countOf(from, to, g);
    }
    let sum = 0;
    for (let g = 0; g < groups; g++) {
      const n = countOf(from, to, g);
      if (n > 0) {
        const share = shares[g] as number;
        sum += n * Math.log((n + BASE_WEIGHT * share) / (total * share));
      }
    }
    return sum;
  };
  const best = new Float64Array(segments + 1);
  const cut = new Int32Array(segments + 1).fill(-1);
  for (let to = 1; to <= segments; to++) {
    best[to] = best[to - 1] as number;
    for (let from = 0; from < to; from++) {
      const value = (best[from] as number) + gain(from, to) - REGIME_NATS;
      if (value > (best[to] as number)) {
        best[to] = value;
        cut[to] = from;
      }
    }
  }
  const found: Gain[] = [];
  for (let to = segments; to > 0;) {
    const from = cut[to] as number;
    if (from < 0) {
      to--;
      continue;
    }
    let total = BASE_WEIGHT;
    for (let g = 0; g < groups; g++) {
      total += countOf(from, to, g);
    }
    const codes = Int8Array.from(shares, (share, g) =>
      codeOf((countOf(from, to, g) + BASE_WEIGHT * share) / (total * share))
    );
    found.push({ regime: { field, from, to, codes }, gain: gain(from, to) });
    to = from;
  }
  return found.reverse();
}
