/** @file What a group of a metrics function keeps for the intervals of its series, and the intervals. */
import type { MetricsAggregate } from './ast';
import { MeanConfidence, QuantileConfidence, TotalConfidence, type Bounds } from './confidence';
import { Contributions } from './contributions';
import { bucketOf, quantileOf } from './histogram';
import type { SlotSeries } from './over-time';

type Aggregate = Exclude<MetricsAggregate, { kind: 'compare' }>;

function scaled(bounds: Bounds | undefined, divisor: number): Bounds | undefined {
  return bounds && { lower: bounds.lower / divisor, upper: bounds.upper / divisor };
}

/** Contributions of one group; of histograms, by bucket. */
export class GroupSpread {
  private readonly parts = new Map<number, Contributions>();
  private readonly byBucket: boolean;

  /** @param divisor - of counts (seconds of a slot, or 1) or of values (1e9 where durations are told in seconds) */
  constructor(
    private readonly aggregate: Aggregate,
    private readonly divisor: number
  ) {
    this.byBucket = aggregate.kind === 'quantile_over_time' || aggregate.kind === 'histogram_over_time';
  }

  /** @param trace - its number in the sample */
  add(slot: number, trace: number, weight: number, value: bigint | number): void {
    const exponent = !this.byBucket ? 0 : typeof value === 'bigint' ? bucketOf(value) : undefined;
    if (exponent === undefined) {
      return;
    }
    let part = this.parts.get(exponent);
    if (part === undefined) {
      part = new Contributions();
      this.parts.set(exponent, part);
    }
    part.add(slot, trace, weight, Number(value));
  }

  /** The series of the group with their intervals; extremes of a sample have none. */
  bound(series: readonly SlotSeries[]): SlotSeries[] {
    const { aggregate, divisor } = this;
    const buckets = [...this.parts].sort(([a], [b]) => a - b);
    const slots = series[0]?.values.length ?? 1;
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
        return series.map((one) => ({ ...one, bounds: (slot) => scaled(total.at(slot), divisor) }));
      }
      case 'avg_over_time': {
        const mean = new MeanConfidence(only);
        return series.map((one) => ({ ...one, bounds: (slot) => scaled(mean.at(slot), divisor) }));
      }
      case 'histogram_over_time':
        // One series a bucket, buckets rising.
        return series.map((one, i) => {
          const total = new TotalConfidence(buckets[i]?.[1] ?? new Contributions(), slots, ({ count }) => count);
          return { ...one, bounds: (slot) => total.at(slot) };
        });
      case 'quantile_over_time': {
        const parts = buckets.map(([exponent, contributions]) => ({ exponent, contributions }));
        const quantile = new QuantileConfidence(parts, quantileOf);
        return series.map((one, i) => ({
          ...one,
          bounds: (slot) => scaled(quantile.at(slot, aggregate.quantiles[i] ?? 0), divisor),
        }));
      }
      default:
        return [...series];
    }
  }
}
