/**
 * @file What answers over short times are of both sides: counts of spans longer than some duration, averages and
 * histograms, of every service and operation, slot by slot.
 */
import type { Clock } from './clock';
import type { SpanTable } from './span-table';

/** Slots that the real range is cut into: long ones, and short ones. */
const SLOTS = [9, 40] as const;
/** Thresholds, as shares of the real spans of a group that are no longer. */
const THRESHOLDS = [0.4, 0.65, 0.83, 0.93, 0.98] as const;
/** Groups with fewer real spans say nothing. */
const LEAST_SPANS = 10;
/** Bucket exponents of durations: 2^1 … 2^63 ns. */
export const EXPONENTS = 64;

/** One side of a series. */
export interface SideSeries {
  /** By slot: spans, and the sums of their durations in ns. */
  readonly spans: Float64Array;
  readonly sums: Float64Array;
  /** Sum of the squares of all durations. */
  readonly squares: number;
  /** By threshold and slot: spans that are longer. */
  readonly longer: readonly Float64Array[];
  /** By bucket exponent and slot: spans. */
  readonly buckets: readonly Float64Array[];
}

/** One service or operation in slots of one length. */
export interface AnswerSeries {
  readonly of: 'service' | 'operation';
  readonly slots: number;
  readonly real: SideSeries;
  readonly generated: SideSeries;
}

/** Rows of a table, those of one group after those of another. */
function byGroup(groups: Int32Array, count: number): { offsets: Int32Array; rows: Int32Array } {
  const offsets = new Int32Array(count + 1);
  for (let row = 0; row < groups.length; row++) {
    offsets[(groups[row] as number) + 1] = (offsets[(groups[row] as number) + 1] as number) + 1;
  }
  for (let group = 0; group < count; group++) {
    offsets[group + 1] = (offsets[group + 1] as number) + (offsets[group] as number);
  }
  const next = offsets.slice();
  const rows = new Int32Array(groups.length);
  for (let row = 0; row < groups.length; row++) {
    const group = groups[row] as number;
    rows[next[group] as number] = row;
    next[group] = (next[group] as number) + 1;
  }
  return { offsets, rows };
}

/** The exponent of the power of two that is not below the duration, as histograms of TraceQL have it; 0: none. */
function exponentOf(duration: number): number {
  if (duration < 2) {
    return 0;
  }
  const exponent = 32 - Math.clz32(Math.floor((duration - 1) / 2 ** 31));
  return exponent > 0 ? exponent + 31 : 32 - Math.clz32(duration - 1);
}

/** What is asked of every span several times. */
interface Rows {
  readonly duration: Float64Array;
  readonly exponent: Uint8Array;
  /** By length of slots: the slot of each row, −1 outside of the range. */
  readonly slot: readonly Int32Array[];
}

function rowsOf({ spans, start, duration }: SpanTable, clock: Clock): Rows {
  const exponent = new Uint8Array(spans);
  const slot = SLOTS.map(() => new Int32Array(spans));
  for (let row = 0; row < spans; row++) {
    exponent[row] = exponentOf(duration[row] as number);
    SLOTS.forEach((slots, i) => {
      const own = clock.bucket(start[row] as number, slots) - 1;
      (slot[i] as Int32Array)[row] = own < slots ? own : -1;
    });
  }
  return { duration, exponent, slot };
}

/** Buckets without spans, by length of slots: most are, so they share one. */
const NOTHING = SLOTS.map((slots) => new Float64Array(slots));

function sideOf(
  { duration, exponent, slot: slotOf }: Rows,
  rows: Int32Array,
  length: number,
  thresholds: readonly number[]
): SideSeries {
  const slots = SLOTS[length] as number;
  const places = slotOf[length] as Int32Array;
  const empty = (): Float64Array => new Float64Array(slots);
  const [spans, sums] = [empty(), empty()];
  const longer = thresholds.map(empty);
  const none = NOTHING[length] as Float64Array;
  const buckets = Array.from({ length: EXPONENTS }, () => none);
  let squares = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const slot = places[row] as number;
    if (slot < 0) {
      continue;
    }
    const value = duration[row] as number;
    spans[slot] = (spans[slot] as number) + 1;
    sums[slot] = (sums[slot] as number) + value;
    squares += value * value;
    for (let t = 0; t < thresholds.length && value > (thresholds[t] as number); t++) {
      const counts = longer[t] as Float64Array;
      counts[slot] = (counts[slot] as number) + 1;
    }
    const at = exponent[row] as number;
    if (buckets[at] === none) {
      buckets[at] = empty();
    }
    const counts = buckets[at] as Float64Array;
    counts[slot] = (counts[slot] as number) + 1;
  }
  return { spans, sums, squares, longer, buckets };
}

/** The durations above which a share of the rows is no longer. */
function thresholdsOf({ duration }: Rows, rows: Int32Array): number[] {
  const durations = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    durations[i] = duration[rows[i] as number] as number;
  }
  durations.sort();
  return THRESHOLDS.map((share) => durations[Math.floor(share * durations.length)] as number);
}

/** Series of every service and operation that has spans on both sides. */
export function answerSeries(real: SpanTable, generated: SpanTable, clock: Clock): AnswerSeries[] {
  const series: AnswerSeries[] = [];
  const { services, operations } = real.vocabulary;
  const [ours, theirs] = [rowsOf(real, clock), rowsOf(generated, clock)];
  for (const [of, count] of [
    ['service', services.texts.length],
    ['operation', operations.texts.length],
  ] as const) {
    const [a, b] = [byGroup(real[of], count), byGroup(generated[of], count)];
    for (let id = 0; id < count; id++) {
      const mine = a.rows.subarray(a.offsets[id], a.offsets[id + 1]);
      const others = b.rows.subarray(b.offsets[id], b.offsets[id + 1]);
      if (mine.length < LEAST_SPANS || others.length === 0) {
        continue;
      }
      const thresholds = thresholdsOf(ours, mine);
      SLOTS.forEach((slots, length) => {
        const [own, other] = [sideOf(ours, mine, length, thresholds), sideOf(theirs, others, length, thresholds)];
        series.push({ of, slots, real: own, generated: other });
      });
    }
  }
  return series;
}
