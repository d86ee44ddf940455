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
} from '../traceql';
import { type AnswerSeries, answerSeries, type SideSeries } from './answer-series';
import type { Clock } from './clock';
import type { SpanTable } from './span-table';

/** What intervals promise. */
const LEVEL = 0.95;
/** Answers of each kind that are compared, at most. */
const CELLS = 3000;
const QUANTILES = [0.5, 0.9, 0.99] as const;
/** Least and greatest noise and bias. */
const NOISE = [0.25, 256] as const;
const BIAS = [1e-6, 16] as const;
const HALVINGS = 9;
const ROUNDS = 3;

/** One answer of both sides. */
export interface Cell {
  /** Spans it is made of. */
  readonly size: number;
  /** Whether the interval holds the real answer. */
  holds(error: KindError): boolean;
}

/** Share of the cells that hold. */
function coverage(cells: readonly Cell[], error: KindError): number {
  return cells.reduce((sum, cell) => sum + (cell.holds(error) ? 1 : 0), 0) / Math.max(1, cells.length);
}

/** The least number of a range, on a logarithmic scale, with which cells hold often enough; the most where none is. */
function least([from, to]: readonly [number, number], cells: readonly Cell[], of: (value: number) => KindError): number {
  let low = Math.log(from);
  let high = Math.log(to);
  if (coverage(cells, of(from)) >= LEVEL) {
    return from;
  }
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (coverage(cells, of(Math.exp(middle))) < LEVEL) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return Math.exp(high);
}

/** Noise and bias with which 95% of the cells hold, few spans or many; undefined where there is nothing to compare. */
export function fitKind(cells: readonly Cell[]): KindError | undefined {
  if (cells.length === 0) {
    return undefined;
  }
  const stride = Math.max(1, cells.length / CELLS);
  const some = Array.from({ length: Math.min(CELLS, cells.length) }, (_, i) => cells[Math.floor(i * stride)] as Cell);
  some.sort((a, b) => a.size - b.size);
  const half = Math.ceil(some.length / 2);
  const [few, many] = [some.slice(0, half), some.slice(half)];
  let noise: number = NOISE[0];
  let bias = 0;
  for (let round = 0; round < ROUNDS; round++) {
    noise = least(NOISE, few, (value) => ({ noise: value, bias }));
    bias = least(BIAS, many, (value) => ({ noise, bias: value }));
    if (bias <= BIAS[0]) {
      bias = 0;
      noise = least(NOISE, some, (value) => ({ noise: value, bias }));
      break;
    }
  }
  return { noise, bias };
}

export function countCells({ real, generated, slots }: AnswerSeries): Cell[] {
  return real.longer.flatMap((ours, t) => {
    const theirs = generated.longer[t] as Float64Array;
    const filled = Array.from(theirs).filter((count) => count > 0);
    return Array.from(ours).flatMap((count, slot): Cell[] => {
      const told = theirs[slot] as number;
      const holds = (error: KindError): boolean => {
        const events = filled.map((one) => one / error.noise);
        const { lower, upper } = countBand(told, error, ratesOf(events, slots));
        return count >= Math.min(lower, told) && count <= Math.max(upper, told);
      };
      return count + told > 0 ? [{ size: told, holds }] : [];
    });
  });
}

/** Variance of values within slots by the square of their mean. */
export function spreadOf({ spans, sums, squares }: Pick<SideSeries, 'spans' | 'sums' | 'squares'>): number {
  let total = 0;
  let count = 0;
  let between = 0;
  let filled = 0;
  spans.forEach((n, slot) => {
    if (n > 0) {
      const sum = sums[slot] as number;
      total += sum;
      count += n;
      between += (sum * sum) / n;
      filled++;
    }
  });
  return count > filled && total > 0 ? Math.max(0, squares - between) / (count - filled) / (total / count) ** 2 : 1;
}

export function meanCells({ real, generated }: AnswerSeries): Cell[] {
  const spread = spreadOf(generated);
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

export function quantileCells({ real, generated }: AnswerSeries): Cell[] {
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
      : QUANTILES.map((p): Cell => {
          const value = quantileOf(p, here);
          return { size: m, holds: (error) => bands.holds(slot, p, error, value) };
        });
  });
}

/** Measures the errors of answers; undefined where the sides have too little in common. */
export function answerErrors(real: SpanTable, generated: SpanTable, clock: Clock): ModelError | undefined {
  const series = answerSeries(real, generated, clock);
  const count = fitKind(series.flatMap(countCells));
  const mean = fitKind(series.flatMap(meanCells));
  const quantile = fitKind(series.flatMap(quantileCells));
  return count === undefined || mean === undefined || quantile === undefined ? undefined : { count, mean, quantile };
}
