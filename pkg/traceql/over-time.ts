/** @file The functions over time: what each keeps of the spans of one group, slot by slot, and the series it makes of it. */
import type { MetricsAggregate } from './ast';
import type { Bounds, BucketCounts } from './confidence';
import { bucketOf, quantileOf } from './histogram';
import type { SeriesLabel } from './results';

/** A series while it is computed: one number a slot, NaN where there is none. */
export interface SlotSeries {
  readonly labels: readonly SeriesLabel[];
  readonly values: Float64Array;
  /** The 95% interval of the value of a slot, where values are estimated from a sample or by models. */
  readonly bounds?: (slot: number) => Bounds | undefined;
}

/** What a function keeps of one group. */
export interface GroupState {
  /** @param value - of the aggregated attribute; ns for durations. Ignored where nothing is aggregated. */
  add(slot: number, value: bigint | number, weight: number): void;
  merge(other: GroupState): void;
  /** The series of the group; none when it has no samples and the function leaves slots without data out. */
  series(labels: readonly SeriesLabel[]): SlotSeries[];
  /** Of histograms: the counts of each bucket by slot, buckets rising. */
  buckets?(): BucketCounts[];
  /** Numbers held, against the limit on memory. */
  readonly size: number;
}

type Kind = Exclude<MetricsAggregate, { kind: 'compare' }>;

/** How a function is computed over `slots` slots of `seconds` seconds. */
export interface OverTime {
  newState(): GroupState;
  /** What counts, or values, are divided by in the answer. */
  readonly divisor: number;
}

/** rate and count_over_time: dense. */
class CountState implements GroupState {
  private readonly counts: Float64Array;
  readonly size: number;

  constructor(
    slots: number,
    private readonly divisor: number
  ) {
    this.counts = new Float64Array(slots);
    this.size = slots;
  }

  add(slot: number, _value: bigint | number, weight: number): void {
    this.counts[slot] = (this.counts[slot] ?? 0) + weight;
  }

  merge(other: GroupState): void {
    (other as CountState).counts.forEach((count, slot) => {
      this.add(slot, 0, count);
    });
  }

  series(labels: readonly SeriesLabel[]): SlotSeries[] {
    return [
      { labels, values: this.divisor === 1 ? this.counts.slice() : this.counts.map((count) => count / this.divisor) },
    ];
  }
}

/** min_over_time and max_over_time: slots without data have no sample. */
class ExtremeState implements GroupState {
  private readonly values: Float64Array;
  readonly size: number;

  constructor(
    slots: number,
    private readonly sign: 1 | -1,
    private readonly divisor: number
  ) {
    this.values = new Float64Array(slots).fill(NaN);
    this.size = slots;
  }

  add(slot: number, value: bigint | number): void {
    const number = Number(value);
    const known = this.values[slot] ?? NaN;
    if (Number.isNaN(known) || (number - known) * this.sign > 0) {
      this.values[slot] = number;
    }
  }

  merge(other: GroupState): void {
    (other as ExtremeState).values.forEach((value, slot) => {
      if (!Number.isNaN(value)) {
        this.add(slot, value);
      }
    });
  }

  series(labels: readonly SeriesLabel[]): SlotSeries[] {
    return withData({ labels, values: this.values.map((value) => value / this.divisor) });
  }
}

/** sum_over_time and avg_over_time; sums are kept with a running compensation, so the order of spans hardly matters. */
class SumState implements GroupState {
  private readonly sums: Float64Array;
  private readonly lost: Float64Array;
  private readonly counts: Float64Array;
  readonly size: number;

  constructor(
    slots: number,
    private readonly average: boolean,
    private readonly divisor: number
  ) {
    this.sums = new Float64Array(slots);
    this.lost = new Float64Array(slots);
    this.counts = new Float64Array(slots);
    this.size = 3 * slots;
  }

  add(slot: number, value: bigint | number, weight: number): void {
    this.addNumber(slot, Number(value) * weight, weight);
  }

  // Kahan-Neumaier summation.
  private addNumber(slot: number, number: number, weight: number): void {
    const sum = this.sums[slot] ?? 0;
    const next = sum + number;
    const lost = Math.abs(sum) >= Math.abs(number) ? sum - next + number : number - next + sum;
    this.lost[slot] = (this.lost[slot] ?? 0) + (Number.isFinite(lost) ? lost : 0);
    this.sums[slot] = next;
    this.counts[slot] = (this.counts[slot] ?? 0) + weight;
  }

  merge(other: GroupState): void {
    const from = other as SumState;
    from.counts.forEach((count, slot) => {
      if (count !== 0) {
        this.addNumber(slot, from.sums[slot] ?? 0, count);
        this.lost[slot] = (this.lost[slot] ?? 0) + (from.lost[slot] ?? 0);
      }
    });
  }

  series(labels: readonly SeriesLabel[]): SlotSeries[] {
    const values = this.sums.map((sum, slot) => {
      const count = this.counts[slot] ?? 0;
      return count === 0 ? NaN : (sum + (this.lost[slot] ?? 0)) / this.divisor / (this.average ? count : 1);
    });
    return withData({ labels, values });
  }
}

/** histogram_over_time and quantile_over_time: counts in power-of-two buckets. */
class HistogramState implements GroupState {
  private readonly filled = new Map<number, Float64Array>();

  constructor(
    private readonly slots: number,
    /** Quantiles asked for; empty = the histogram itself. */
    private readonly quantiles: readonly number[],
    private readonly divisor: number
  ) {}

  get size(): number {
    return this.filled.size * this.slots;
  }

  add(slot: number, value: bigint | number, weight: number): void {
    const exponent = typeof value === 'bigint' ? bucketOf(value) : undefined;
    if (exponent !== undefined) {
      const counts = this.bucket(exponent);
      counts[slot] = (counts[slot] ?? 0) + weight;
    }
  }

  private bucket(exponent: number): Float64Array {
    let counts = this.filled.get(exponent);
    if (counts === undefined) {
      counts = new Float64Array(this.slots);
      this.filled.set(exponent, counts);
    }
    return counts;
  }

  merge(other: GroupState): void {
    for (const [exponent, counts] of (other as HistogramState).filled) {
      const own = this.bucket(exponent);
      counts.forEach((count, slot) => {
        own[slot] = (own[slot] ?? 0) + count;
      });
    }
  }

  buckets(): BucketCounts[] {
    return [...this.filled].sort(([a], [b]) => a - b).map(([exponent, counts]) => ({ exponent, counts }));
  }

  series(labels: readonly SeriesLabel[]): SlotSeries[] {
    const ascending = [...this.filled].sort(([a], [b]) => a - b);
    if (this.quantiles.length === 0) {
      return ascending.map(([exponent, counts]) => ({
        labels: [...labels, { key: '__bucket', value: 2 ** exponent / this.divisor }],
        values: counts.slice(),
      }));
    }
    if (ascending.length === 0) {
      return [];
    }
    return this.quantiles.map((p) => ({
      labels: [...labels, { key: 'p', value: p }],
      values: Float64Array.from({ length: this.slots }, (_, slot) => {
        const filled = ascending
          .map(([exponent, counts]) => ({ exponent, count: counts[slot] ?? 0 }))
          .filter(({ count }) => count > 0);
        return quantileOf(p, filled) / this.divisor;
      }),
    }));
  }
}

function withData(series: SlotSeries): SlotSeries[] {
  return series.values.every((value) => Number.isNaN(value)) ? [] : [series];
}

/**
 * The states of a function. Durations come in ns; `duration` itself is reported in seconds, other durations in ns, except
 * by quantiles and histograms, which report every duration in seconds.
 */
export function overTime(aggregate: Kind, slots: number, seconds: number, isDuration: boolean): OverTime {
  const kind = aggregate.kind;
  if (!('attribute' in aggregate)) {
    const divisor = kind === 'rate' ? seconds : 1;
    return { newState: () => new CountState(slots, divisor), divisor };
  }
  const spanDuration = aggregate.attribute.intrinsic === 'duration';
  if (kind === 'quantile_over_time' || kind === 'histogram_over_time') {
    const quantiles = aggregate.kind === 'quantile_over_time' ? aggregate.quantiles : [];
    const divisor = isDuration ? 1e9 : 1;
    return { newState: () => new HistogramState(slots, quantiles, divisor), divisor };
  }
  const divisor = spanDuration ? 1e9 : 1;
  if (kind === 'sum_over_time' || kind === 'avg_over_time') {
    return { newState: () => new SumState(slots, kind === 'avg_over_time', divisor), divisor };
  }
  return { newState: () => new ExtremeState(slots, kind === 'max_over_time' ? 1 : -1, divisor), divisor };
}
