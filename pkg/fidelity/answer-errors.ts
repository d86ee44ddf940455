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

/** Answers one by one, each time anew: all of a large batch take hundreds of bytes each, and few are compared. */
type Cells = Iterable<Cell>;

/** By class, some of the answers, spread over all of it; none of a class that has too few. */
function partsOf(cells: Cells): Cell[][] {
  const classOf = (size: number): number => CLASSES.findLastIndex((from) => size >= from);
  const total = CLASSES.map(() => 0);
  for (const { size } of cells) {
    total[classOf(size)]! += 1;
  }
  const parts = CLASSES.map((): Cell[] => []);
  const seen = CLASSES.map(() => 0);
  for (const cell of cells) {
    const own = classOf(cell.size);
    const part = parts[own] as Cell[];
    const all = total[own] as number;
    const stride = Math.max(1, all / (own === 0 ? EMPTY_CELLS : CELLS));
    if (all >= FEWEST_CELLS && seen[own] === Math.floor(part.length * stride)) {
      part.push(cell);
    }
    seen[own]! += 1;
  }
  return parts.filter((part) => part.length > 0);
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
export function fitKind(lists: readonly Cells[]): KindError | undefined {
  const parts = lists.flatMap(partsOf);
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

function* countCells({ real, generated, slots }: AnswerSeries): Generator<Cell> {
  const [ours, theirs] = [real, generated].map(({ longer, buckets }) => [...longer, ...buckets]) as [
    Float64Array[],
    Float64Array[],
  ];
  for (let t = 0; t < ours.length; t++) {
    const [counts, told] = [ours[t] as Float64Array, theirs[t] as Float64Array];
    let known: { readonly noise: number; readonly rates: Rates } | undefined;
    const rates = (noise: number): Rates => {
      if (known?.noise !== noise) {
        const filled = Array.from(told).filter((count) => count > 0);
        const events = filled.map((one) => one / noise);
        known = { noise, rates: ratesOf(events, slots) };
      }
      return known.rates;
    };
    for (let slot = 0; slot < counts.length; slot++) {
      const [count, value] = [counts[slot] as number, told[slot] as number];
      const holds = (error: KindError): boolean => {
        const { lower, upper } = countBand(value, error, rates(error.noise));
        return count >= Math.min(lower, value) && count <= Math.max(upper, value);
      };
      if (count + value > 0) {
        yield { size: value, holds };
      }
    }
  }
}

function* meanCells({ real, generated }: AnswerSeries): Generator<Cell> {
  const spread = spreadWithin(generated.spans, generated.sums, generated.squares);
  for (let slot = 0; slot < real.spans.length; slot++) {
    const [n, m] = [real.spans[slot] as number, generated.spans[slot] as number];
    const ours = (real.sums[slot] as number) / n;
    const theirs = (generated.sums[slot] as number) / m;
    const holds = (error: KindError): boolean => {
      const { lower, upper } = meanBand(theirs, meanVariance(spread, m, error));
      return ours >= lower && ours <= upper;
    };
    if (n > 0 && m > 0 && theirs > 0) {
      yield { size: m, holds };
    }
  }
}

function* quantileCells({ real, generated }: AnswerSeries, quantiles: readonly number[]): Generator<Cell> {
  const filled = (side: SideSeries) =>
    side.buckets.flatMap((counts, exponent) =>
      exponent > 0 && counts.some((count) => count > 0) ? [{ exponent, counts }] : []
    );
  const ours = filled(real);
  let known: QuantileBands | undefined;
  const bands = (): QuantileBands => (known ??= new QuantileBands(filled(generated)));
  for (let slot = 0; slot < real.spans.length; slot++) {
    const m = generated.spans[slot] as number;
    if (m === 0 || !ours.some(({ counts }) => (counts[slot] as number) > 0)) {
      continue;
    }
    const here = () =>
      ours
        .map(({ exponent, counts }) => ({ exponent, count: counts[slot] as number }))
        .filter(({ count }) => count > 0);
    for (const p of quantiles) {
      let value: number | undefined;
      yield { size: m, holds: (error) => bands().holds(slot, p, error, (value ??= quantileOf(p, here()))) };
    }
  }
}

/** Every cell of some series, each time anew. */
function cellsOfAll(series: readonly AnswerSeries[], cellsOf: (one: AnswerSeries) => Cells): Cells {
  return {
    *[Symbol.iterator]() {
      for (const one of series) {
        yield* cellsOf(one);
      }
    },
  };
}

/** Measures the errors of answers; undefined where the sides have too little in common. */
export function answerErrors(real: SpanTable, generated: SpanTable, clock: Clock): ModelError | undefined {
  const series = answerSeries(real, generated, clock);
  const fit = (cellsOf: (one: AnswerSeries) => Cells): KindError | undefined =>
    fitKind(
      (['service', 'operation'] as const).map((of) =>
        cellsOfAll(
          series.filter((one) => one.of === of),
          cellsOf
        )
      )
    );
  const count = fit(countCells);
  const mean = fit(meanCells);
  const quantile = fit((one) => quantileCells(one, QUANTILES));
  const tail = fit((one) => quantileCells(one, TAILS));
  return count === undefined || mean === undefined || quantile === undefined || tail === undefined
    ? undefined
    : { count, mean, quantile, tail };
}
