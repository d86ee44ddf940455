/**
 * @file How many events slots of a series have: a gamma distribution of rates, told by their moments, and Poisson counts
 * given the rate. Source: J. Albert, Empirical Bayes estimation of Poisson means (1981).
 */

/** The other slots count for no more than the slot's own sample: unusual slots are what people look for. */
const MOST_BORROWED = 1;
/** Rates of which nothing is known are as in Jeffreys' prior. */
const UNKNOWN_SHAPE = 0.5;

/** A gamma distribution: its mean is shape / rate. */
export interface Rates {
  readonly shape: number;
  readonly rate: number;
}

/**
 * The distribution of rates over the slots of a series.
 * @param events - of the slots that have any
 * @param slots - that may hold anything
 */
export function ratesOf(events: readonly number[], slots: number): Rates {
  const n = Math.max(1, slots, events.length);
  const mean = events.reduce((a, b) => a + b, 0) / n;
  if (n < 2 || mean <= 0) {
    return { shape: UNKNOWN_SHAPE, rate: 0 };
  }
  const squares = events.reduce((sum, one) => sum + (one - mean) ** 2, 0) + (n - events.length) * mean * mean;
  const excess = squares / (n - 1) - mean;
  const alike = excess <= 0 ? Infinity : mean / excess;
  const rate = 1 / (1 / Math.min(MOST_BORROWED, alike) + 1 / n);
  return { shape: rate * mean, rate };
}
