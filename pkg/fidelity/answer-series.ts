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

function sideOf(
  table: SpanTable,
  rows: Int32Array,
  clock: Clock,
  slots: number,
  thresholds: readonly number[]
): SideSeries {
  const empty = (): Float64Array => new Float64Array(slots);
  const side = { spans: empty(), sums: empty(), squares: 0, longer: thresholds.map(empty), buckets: [] as Float64Array[] };
  const add = (to: Float64Array, slot: number, by: number): void => {
    to[slot] = (to[slot] as number) + by;
  };
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const slot = clock.bucket(table.start[row] as number, slots) - 1;
    if (slot < 0 || slot >= slots) {
      continue;
    }
    const duration = table.duration[row] as number;
    add(side.spans, slot, 1);
    add(side.sums, slot, duration);
    side.squares += duration * duration;
    for (let t = 0; t < thresholds.length && duration > (thresholds[t] as number); t++) {
      add(side.longer[t] as Float64Array, slot, 1);
    }
    add((side.buckets[exponentOf(duration)] ??= empty()), slot, 1);
  }
  return { ...side, buckets: Array.from({ length: EXPONENTS }, (_, exponent) => side.buckets[exponent] ?? empty()) };
}

/** Series of every service and operation that has spans on both sides. */
export function answerSeries(real: SpanTable, generated: SpanTable, clock: Clock): AnswerSeries[] {
  const series: AnswerSeries[] = [];
  const { services, operations } = real.vocabulary;
  for (const [group, count] of [
    ['service', services.texts.length],
    ['operation', operations.texts.length],
  ] as const) {
    const ours = byGroup(real[group], count);
    const theirs = byGroup(generated[group], count);
    for (let id = 0; id < count; id++) {
      const a = ours.rows.subarray(ours.offsets[id], ours.offsets[id + 1]);
      const b = theirs.rows.subarray(theirs.offsets[id], theirs.offsets[id + 1]);
      if (a.length < LEAST_SPANS || b.length === 0) {
        continue;
      }
      const durations = Float64Array.from(a, (row) => real.duration[row] as number).sort();
      const thresholds = THRESHOLDS.map((share) => durations[Math.floor(share * durations.length)] as number);
      for (const slots of SLOTS) {
        series.push({
          slots,
          real: sideOf(real, a, clock, slots, thresholds),
          generated: sideOf(generated, b, clock, slots, thresholds),
        });
      }
    }
  }
  return series;
}
