/**
 * @file How far answers over short times lie from those of the real traces, by kind of answer, in the two numbers that
 * intervals are made with: noise, which falls with the number of spans, and bias, which does not. Both are set so that
 * 95% of what is compared lies in the interval: noise by slots of few spans, bias by those of many. Moments would not do:
 * the errors of averages of heavy tails are far from normal.
 */
import {
  countBand,
  type KindError,
  meanBand,
  meanVariance,
  type ModelError,
  QuantileBands,
  quantileOf,
  ratesOf,
  type Rates,
  spreadWithin,
} from '../traceql';
import { type AnswerSeries, answerSeries, type SideSeries } from './answer-series';
import type { Clock } from './clock';
import type { SpanTable } from './span-table';

/** What intervals promise. */
const LEVEL = 0.95;
/** Sizes from which on another class of answers begins, so that many small ones do not decide about few large ones. */
const CLASSES = [0, 1, 3, 10, 30, 100, 300, 1000] as const;
/** Answers of each class that are compared, at most, and fewest of a class that counts. */
const CELLS = 160;
/** Of those where nothing was generated: hardly any noise makes intervals hold that begin with nothing. */
const EMPTY_CELLS = 80;
const FEWEST_CELLS = 10;
const QUANTILES = [0.5, 0.75, 0.9] as const;
const TAILS = [0.95, 0.99] as const;
/** Least and greatest noise, and how often the range is halved. */
const NOISE = [0.1, 256] as const;
const HALVINGS = 8;
/** Bias by noise, as far as it is tried: how many spans bring the noise down to the bias is 1 by that. */
const RATIOS = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3] as const;
/** One answer of both sides. */
export interface Cell {
  /** Spans it is made of. */
  readonly size: number;
  /** Whether the interval holds the real answer. */
  holds(error: KindError): boolean;
}

/** At most so many of a list, spread over it. */
function evenly<T>(list: readonly T[], most: number): T[] {
  const stride = Math.max(1, list.length / most);
  return Array.from({ length: Math.min(most, list.length) }, (_, i) => list[Math.floor(i * stride)] as T);
}

/** Share of the cells that hold. */
function coverage(cells: readonly Cell[], error: KindError): number {
  return cells.reduce((sum, cell) => sum + (cell.holds(error) ? 1 : 0), 0) / Math.max(1, cells.length);
}

/** The least noise with which cells hold often enough; the most where none is. */
function leastNoise(cells: readonly Cell[], ratio: number): KindError {
  const of = (log: number): KindError => ({ noise: Math.exp(log), bias: ratio * Math.exp(log) });
  let [low, high] = NOISE.map(Math.log) as [number, number];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (coverage(cells, of(middle)) < LEVEL) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return of(high);
}

/**
 * Noise and bias with which 95% of the cells hold, and as near to that as can be whether of few spans or of many;
 * undefined where there is nothing to compare.
 * @param lists - kinds of groups, each of which counts for as much
 */
export function fitKind(lists: ReadonlyArray<readonly Cell[]>): KindError | undefined {
  const parts = lists.flatMap((cells) =>
    CLASSES.flatMap((from, i): Cell[][] => {
      const until = CLASSES[i + 1] ?? Infinity;
      const own = cells.filter(({ size }) => size >= from && size < until);
      return own.length < FEWEST_CELLS ? [] : [evenly(own, from === 0 ? EMPTY_CELLS : CELLS)];
    })
  );
  const some = parts.flat();
  let best: KindError | undefined;
  let least = Infinity;
  for (const ratio of RATIOS) {
    const error = leastNoise(some, ratio);
    const uneven = parts.reduce((sum, part) => sum + (coverage(part, error) - LEVEL) ** 2, 0);
    if (some.length > 0 && uneven < least) {
      least = uneven;
      best = error;
    }
  }
  return best;
}

export function countCells({ real, generated, slots }: AnswerSeries): Cell[] {
  const [ours, theirs] = [real, generated].map(({ longer, buckets }) => [...longer, ...buckets]) as [
    Float64Array[],
    Float64Array[],
  ];
  return ours.flatMap((counts, t) => {
    const told = theirs[t] as Float64Array;
    const filled = Array.from(told).filter((count) => count > 0);
    let known: { readonly noise: number; readonly rates: Rates } | undefined;
    const rates = (noise: number): Rates => {
      if (known?.noise !== noise) {
        const events = filled.map((one) => one / noise);
        known = { noise, rates: ratesOf(events, slots) };
      }
      return known.rates;
    };
    return Array.from(counts).flatMap((count, slot): Cell[] => {
      const value = told[slot] as number;
      const holds = (error: KindError): boolean => {
        const { lower, upper } = countBand(value, error, rates(error.noise));
        return count >= Math.min(lower, value) && count <= Math.max(upper, value);
      };
      return count + value > 0 ? [{ size: value, holds }] : [];
    });
  });
}

export function meanCells({ real, generated }: AnswerSeries): Cell[] {
  const spread = spreadWithin(generated.spans, generated.sums, generated.squares);
  return Array.from(real.spans).flatMap((n, slot): Cell[] => {
    const m = generated.spans[slot] as number;
    const ours = (real.sums[slot] as number) / n;
    const theirs = (generated.sums[slot] as number) / m;
    const holds = (error: KindError): boolean => {
      const { lower, upper } = meanBand(theirs, meanVariance(spread, m, error));
      return ours >= lower && ours <= upper;
    };
    return n > 0 && m > 0 && theirs > 0 ? [{ size: m, holds }] : [];
  });
}

export function quantileCells({ real, generated }: AnswerSeries, quantiles: readonly number[]): Cell[] {
  const filled = (side: SideSeries) =>
    side.buckets.flatMap((counts, exponent) =>
      exponent > 0 && counts.some((count) => count > 0) ? [{ exponent, counts }] : []
    );
  const ours = filled(real);
  const bands = new QuantileBands(filled(generated));
  return Array.from(real.spans).flatMap((_, slot): Cell[] => {
    const inSlot = ours.map(({ exponent, counts }) => ({ exponent, count: counts[slot] as number }));
    const here = inSlot.filter(({ count }) => count > 0);
    const m = generated.spans[slot] as number;
    return here.length === 0 || m === 0
      ? []
      : quantiles.map((p): Cell => {
          const value = quantileOf(p, here);
          return { size: m, holds: (error) => bands.holds(slot, p, error, value) };
        });
  });
}

/** Measures the errors of answers; undefined where the sides have too little in common. */
export function answerErrors(real: SpanTable, generated: SpanTable, clock: Clock): ModelError | undefined {
  const series = answerSeries(real, generated, clock);
  const fit = (cellsOf: (one: AnswerSeries) => Cell[]): KindError | undefined =>
    fitKind((['service', 'operation'] as const).map((of) => series.filter((one) => one.of === of).flatMap(cellsOf)));
  const count = fit(countCells);
  const mean = fit(meanCells);
  const quantile = fit((one) => quantileCells(one, QUANTILES));
  const tail = fit((one) => quantileCells(one, TAILS));
  return count === undefined || mean === undefined || quantile === undefined || tail === undefined
    ? undefined
    : { count, mean, quantile, tail };
}
