/** @file What a group of a metrics function keeps for the intervals of its series, and the intervals. */
import type { MetricsAggregate } from './ast';
import {
  type Bounds,
  Contributions,
  MeanConfidence,
  QuantileConfidence,
  type SamplePlace,
  TotalConfidence,
} from './confidence';
import { bucketOf } from './histogram';
import type { SlotSeries } from './over-time';

type Aggregate = Exclude<MetricsAggregate, { kind: 'compare' }>;

/** A series with its intervals, each of which holds what was estimated. */
function withBounds(series: SlotSeries, at: (slot: number) => Bounds | undefined, divisor: number): SlotSeries {
  return {
    ...series,
    bounds: (slot) => {
      const bounds = at(slot);
      const value = series.values[slot] ?? NaN;
      return bounds === undefined || Number.isNaN(value)
        ? undefined
        : { lower: Math.min(value, bounds.lower / divisor), upper: Math.max(value, bounds.upper / divisor) };
    },
  };
}

/** Contributions of one group; of histograms, by bucket. */
export class GroupSpread {
  private readonly parts = new Map<number, Contributions>();
  private readonly byBucket: boolean;

  /**
   * @param divisor - of counts (seconds of a slot, or 1) or of values (1e9 where durations are told in seconds)
   * @param slots - of the query that may hold anything
   */
  constructor(
    private readonly aggregate: Aggregate,
    private readonly divisor: number,
    private readonly slots: number
  ) {
    this.byBucket = aggregate.kind === 'quantile_over_time' || aggregate.kind === 'histogram_over_time';
  }

  add(slot: number, place: SamplePlace, weight: number, value: bigint | number): void {
    const exponent = !this.byBucket ? 0 : typeof value === 'bigint' ? bucketOf(value) : undefined;
    if (exponent === undefined) {
      return;
    }
    let part = this.parts.get(exponent);
    if (part === undefined) {
      part = new Contributions();
      this.parts.set(exponent, part);
    }
    part.add(slot, place, weight, Number(value));
  }

  /** The series of the group with their intervals; extremes of a sample have none. */
  bound(series: readonly SlotSeries[]): SlotSeries[] {
    const { aggregate, divisor, slots } = this;
    const buckets = [...this.parts].sort(([a], [b]) => a - b);
    const only = this.parts.get(0) ?? new Contributions();
    switch (aggregate.kind) {
      case 'rate':
      case 'count_over_time':
      case 'sum_over_time': {
        const total = new TotalConfidence(
          only,
          slots,
          aggregate.kind === 'sum_over_time' ? ({ sum }) => sum : ({ count }) => count
        );
        return series.map((one) => withBounds(one, (slot) => total.at(slot), divisor));
      }
      case 'avg_over_time': {
        const mean = new MeanConfidence(only);
        return series.map((one) => withBounds(one, (slot) => mean.at(slot), divisor));
      }
      case 'histogram_over_time':
        // One series a bucket, buckets rising.
        return series.map((one, i) => {
          const total = new TotalConfidence(buckets[i]?.[1] ?? new Contributions(), slots, ({ count }) => count);
          return withBounds(one, (slot) => total.at(slot), 1);
        });
      case 'quantile_over_time': {
        const parts = buckets.map(([exponent, contributions]) => ({ exponent, contributions }));
        const quantile = new QuantileConfidence(parts, slots);
        return series.map((one, i) =>
          withBounds(
            one,
            (slot) => quantile.at(slot, aggregate.quantiles[i] ?? 0, (one.values[slot] ?? NaN) * divisor),
            divisor
          )
        );
      }
      default:
        return [...series];
    }
  }
}
