/**
 * @file What a group of a metrics function keeps for the error of the models its spans come from, and the bands of its
 * series. Errors of different models are independent; within a model and a slot the bias of all spans is the same.
 */
import type { MetricsAggregate } from './ast';
import {
  type Bounds,
  countBand,
  type KindError,
  meanBand,
  meanVariance,
  type ModelError,
  QuantileBands,
  type Rates,
  ratesOf,
  spreadWithin,
  TAIL,
} from './confidence';
import type { GroupState, SlotSeries } from './over-time';
import { withBand } from './bands';

type Aggregate = Exclude<MetricsAggregate, { kind: 'compare' }>;

/** What the accumulator of a function is looking at. */
export interface Source {
  /** Undefined: real spans, or a model that was not measured. */
  readonly error: ModelError | undefined;
}

type Kind = keyof ModelError;

/** Which errors a function has. */
function kindsOf({ kind }: Aggregate): readonly Kind[] {
  switch (kind) {
    case 'avg_over_time':
      return ['mean'];
    case 'sum_over_time':
      return ['mean', 'count'];
    case 'quantile_over_time':
      return ['quantile', 'tail'];
    case 'min_over_time':
    case 'max_over_time':
      return [];
    default:
      return ['count'];
  }
}

const EXACT: KindError = { noise: 0, bias: 0 };

/** Spans of the models that were looked at before the last, and what their errors add up to. */
interface Earlier {
  readonly spans: Float64Array;
  readonly noise: Float64Array;
  readonly bias: Float64Array;
}

/** Spans of one group, model by model. */
export class GroupError {
  private readonly kinds: readonly Kind[];
  /** Sums of values by slot, where these matter. */
  private readonly sums: Float64Array | undefined;
  private squares = 0;
  /** Of the model that is looked at, in the slots `from` to `to`. */
  private readonly spans: Float64Array;
  private from = Infinity;
  private to = -1;
  private source: Source | undefined;
  /** By kind; only where there are several models. */
  private earlier: Map<Kind, Earlier> | undefined;

  /**
   * @param divisor - of counts (seconds of a slot, or 1) or of values (1e9 where durations are told in seconds)
   * @param slots - of the query; `occupied`: those that may hold anything
   * @param exactCounts - whether how many spans there are is known exactly
   */
  constructor(
    private readonly aggregate: Aggregate,
    private readonly divisor: number,
    private readonly slots: number,
    private readonly occupied: number,
    private readonly exactCounts: boolean
  ) {
    this.kinds = kindsOf(aggregate);
    this.sums = this.kinds.includes('mean') ? new Float64Array(slots) : undefined;
    this.spans = new Float64Array(slots);
  }

  add(slot: number, weight: number, value: bigint | number, source: Source): void {
    if (source !== this.source) {
      this.close(source);
    }
    this.spans[slot] = (this.spans[slot] as number) + weight;
    this.from = Math.min(this.from, slot);
    this.to = Math.max(this.to, slot);
    if (this.sums !== undefined) {
      const number = Number(value);
      this.sums[slot] = (this.sums[slot] as number) + weight * number;
      this.squares += weight * number * number;
    }
  }

  /** Ends with the spans of a model, and goes on to another. */
  private close(next: Source): void {
    if (this.to >= 0) {
      const empty = (): Float64Array => new Float64Array(this.slots);
      this.earlier ??= new Map(this.kinds.map((kind) => [kind, { spans: empty(), noise: empty(), bias: empty() }]));
      this.earlier.forEach((earlier, kind) => {
        const { noise, bias } = this.source?.error?.[kind] ?? EXACT;
        for (let slot = this.from; slot <= this.to; slot++) {
          const count = this.spans[slot] as number;
          earlier.spans[slot] = (earlier.spans[slot] as number) + count;
          earlier.noise[slot] = (earlier.noise[slot] as number) + noise * count;
          earlier.bias[slot] = (earlier.bias[slot] as number) + bias * count * count;
        }
      });
      this.spans.fill(0, this.from, this.to + 1);
      this.from = Infinity;
      this.to = -1;
    }
    this.source = next;
  }

  /** Spans of a slot. */
  private spansAt(slot: number): number {
    const earlier = this.earlier?.get(this.kinds[0] as Kind);
    return (this.spans[slot] as number) + ((earlier?.spans[slot] as number | undefined) ?? 0);
  }

  /** The error of all spans of a slot together: models err each by itself. Where there are none, that of all slots. */
  private errorAt(kind: Kind, slot: number): KindError {
    const own = this.source?.error?.[kind] ?? EXACT;
    const earlier = this.earlier?.get(kind);
    if (earlier === undefined) {
      return own;
    }
    const count = this.spans[slot] as number;
    const all = (earlier.spans[slot] as number) + count;
    return all <= 0
      ? own
      : {
          noise: ((earlier.noise[slot] as number) + own.noise * count) / all,
          bias: ((earlier.bias[slot] as number) + own.bias * count * count) / all / all,
        };
  }

  /** The series of the group; their intervals hold the real values. Extremes have none. */
  bound(series: readonly SlotSeries[], state: GroupState): SlotSeries[] {
    const { aggregate, divisor } = this;
    switch (aggregate.kind) {
      case 'rate':
      case 'count_over_time':
        return this.exactCounts
          ? [...series]
          : series.map((one) => withBand(one, this.countBands(one.values, divisor), 'linear'));
      case 'histogram_over_time':
        return series.map((one) => withBand(one, this.countBands(one.values, 1), 'linear'));
      case 'sum_over_time':
      case 'avg_over_time': {
        const spread = this.spread();
        return series.map((one) => withBand(one, (slot) => this.meanBandAt(one, slot, spread), 'logarithmic'));
      }
      case 'quantile_over_time': {
        const bands = new QuantileBands(state.buckets?.() ?? []);
        return series.map((one, i) => {
          const p = aggregate.quantiles[i] ?? 0;
          const at = (slot: number): Bounds | undefined => {
            const error = this.errorAt(p > TAIL ? 'tail' : 'quantile', slot);
            const band = error.noise > 0 ? bands.at(slot, p, error) : undefined;
            return band && { lower: band.lower / divisor, upper: band.upper / divisor };
          };
          return withBand(one, at, 'logarithmic');
        });
      }
      default:
        return [...series];
    }
  }

  /** Bands of counts. @param divisor - of the values */
  private countBands(values: Float64Array, divisor: number): (slot: number) => Bounds | undefined {
    const ratesBy = new Map<number, Rates>();
    const rates = (noise: number): Rates => {
      const events = (): number[] =>
        Array.from(values).flatMap((value) => (value > 0 ? [(value * divisor) / noise] : []));
      const known = ratesBy.get(noise) ?? ratesOf(events(), this.occupied);
      ratesBy.set(noise, known);
      return known;
    };
    return (slot) => {
      const error = this.errorAt('count', slot);
      if (!(error.noise > 0)) {
        return undefined;
      }
      const band = countBand((values[slot] as number) * divisor, error, rates(error.noise));
      return { lower: band.lower / divisor, upper: band.upper / divisor };
    };
  }

  /** Variance of values within slots by the square of their mean. */
  private spread(): number {
    const spans = Float64Array.from({ length: this.slots }, (_, slot) => this.spansAt(slot));
    return spreadWithin(spans, this.sums ?? [], this.squares);
  }

  private meanBandAt({ values }: SlotSeries, slot: number, spread: number): Bounds | undefined {
    const spans = this.spansAt(slot);
    const error = this.errorAt('mean', slot);
    if (!(error.noise > 0) || spans <= 0) {
      return undefined;
    }
    let variance = meanVariance(spread, spans, error);
    if (this.aggregate.kind === 'sum_over_time' && !this.exactCounts) {
      // How many spans there are is uncertain too.
      const count = this.errorAt('count', slot);
      variance += (2 * count.noise) / spans + count.bias;
    }
    return meanBand(values[slot] as number, variance);
  }
}
