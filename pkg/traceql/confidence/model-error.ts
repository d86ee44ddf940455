/**
 * @file How far real answers lie from those of generated traces, as a model's card tells it: what two draws of the same
 * distribution differ by, which falls with the number of spans, and what the model has wrong, which does not.
 */
import type { Bounds } from './bounds';
import { eventsWithin } from './distributions';
import type { Rates } from './rates';

/** Quantile of the normal distribution for 95%. */
const Z = 1.96;

/** Quantiles above this one depend on the few longest spans, of which models know less. */
export const TAIL = 0.93;

/** The error of one kind of answer. */
export interface KindError {
  /** Spans that say as much as one that is drawn alone: 1 where all are. */
  readonly noise: number;
  /** Relative variance that any number of spans leaves. */
  readonly bias: number;
}

/** The error of a model, by kind of answer. */
export interface ModelError {
  /** Counts and rates of spans that are told by what is drawn: durations, attributes. */
  readonly count: KindError;
  /** Averages and sums of durations. */
  readonly mean: KindError;
  /** Quantiles of durations: up to {@link TAIL}, and beyond. */
  readonly quantile: KindError;
  readonly tail: KindError;
}

/**
 * Where the real number of spans lies, in 95%.
 * @param count - of the generated spans in the slot
 * @param rates - of the series, in events of `noise` spans
 */
export function countBand(count: number, { noise, bias }: KindError, rates: Rates): Bounds {
  const told = rates.shape + count / noise;
  const within = eventsWithin(1 / (1 / told + bias), told / (rates.rate + 1));
  return { lower: noise * within.lower, upper: noise * within.upper };
}

/**
 * Variance of values within the slots of a series by the square of their mean; 1 where nothing tells of it.
 * @param spans, sums - by slot: how many values, and what they add up to
 * @param squares - sum of the squares of all values
 */
export function spreadWithin(spans: ArrayLike<number>, sums: ArrayLike<number>, squares: number): number {
  let [total, count, between, filled] = [0, 0, 0, 0];
  for (let slot = 0; slot < spans.length; slot++) {
    const [n, sum] = [spans[slot] as number, sums[slot] as number];
    if (n > 0) {
      total += sum;
      count += n;
      between += (sum * sum) / n;
      filled++;
    }
  }
  const known = count > filled && total !== 0;
  return known ? Math.max(0, squares - between) / (count - filled) / (total / count) ** 2 : 1;
}

/**
 * Variance of the logarithm of a real mean, given the generated one.
 * @param spread - variance of the values of a slot by the square of their mean
 * @param spans - in the slot, above 0
 */
export function meanVariance(spread: number, spans: number, { noise, bias }: KindError): number {
  // Generated and real spans are two draws.
  return 2 * noise * Math.log1p(spread / spans) + bias;
}

/** Where a real mean of such values lies, in 95%; relative to a generated one, which may have any sign. */
export function meanBand(mean: number, variance: number): Bounds {
  const reach = Z * Math.sqrt(variance);
  if (mean > 0) {
    return { lower: mean * Math.exp(-reach), upper: mean * Math.exp(reach) };
  }
  return { lower: mean - reach * Math.abs(mean), upper: mean + reach * Math.abs(mean) };
}
