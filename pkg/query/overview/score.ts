/**
 * @file How sure it is that two windows differ: log-likelihood ratios, less what chance gives.
 * Sources: R. Sokal and F. J. Rohlf, Biometry (G-test); T. Dunning, Accurate Methods for the Statistics of Surprise and
 * Coincidence (1993). The excess of G over its degrees of freedom estimates its non-centrality, which, unlike G, adds up
 * to the same for a part of the data, scaled by the part.
 */

/** χ² that chance exceeds once in 10,000, by degrees of freedom 1 … 9. */
const RARE = [15.14, 18.42, 21.11, 23.51, 25.74, 27.86, 29.88, 31.83, 33.72];

const term = (observed: number, expected: number): number =>
  observed > 0 && expected > 0 ? observed * Math.log(observed / expected) : 0;

/**
 * G of a table of counts: two rows (before, after) by any columns.
 * @returns G and its degrees of freedom: columns that hold anything, less one
 */
export function gTest(before: ArrayLike<number>, after: ArrayLike<number>): { g: number; df: number } {
  let a = 0;
  let b = 0;
  for (let i = 0; i < before.length; i++) {
    a += before[i] as number;
    b += after[i] as number;
  }
  const all = a + b;
  let g = 0;
  let columns = 0;
  for (let i = 0; i < before.length; i++) {
    const column = (before[i] as number) + (after[i] as number);
    if (column > 0) {
      columns++;
      g += term(before[i] as number, (column * a) / all) + term(after[i] as number, (column * b) / all);
    }
  }
  return { g: Math.max(0, 2 * g), df: Math.max(0, columns - 1) };
}

/**
 * The score of a test: its excess over what chance gives on average, for the whole of which it saw a part.
 * @param share - the part that was looked at, 0 … 1
 * @returns 0 unless chance alone exceeds it less than once in 10,000
 */
export function scoreOf({ g, df }: { g: number; df: number }, share = 1): number {
  const rare = RARE[Math.min(df, RARE.length) - 1] ?? Infinity;
  return df > 0 && g > rare ? (g - df) / share : 0;
}

/** Numbers of spans in `traces` traces. */
interface Counted {
  readonly traces: number;
  readonly spans: number;
  readonly squares: number;
}

/** Whether there are more or fewer spans in each trace that has any: Welch's statistic, squared. */
export function fanOut(before: Counted, after: Counted): { g: number; df: number } {
  if (before.traces < 2 || after.traces < 2) {
    return { g: 0, df: 0 };
  }
  const moments = ({ traces, spans, squares }: Counted) => {
    const mean = spans / traces;
    return { mean, error: Math.max(0, squares / traces - mean * mean) / traces };
  };
  const [a, b] = [moments(before), moments(after)];
  // Without any spread, as when every trace has one, a step of one count in each window stands in.
  const floor = 1 / (before.traces * before.traces) + 1 / (after.traces * after.traces);
  return { g: (b.mean - a.mean) ** 2 / Math.max(floor, a.error + b.error), df: 1 };
}

const BINS = 10;

/**
 * Whether two samples of durations have one distribution: G over the tenths of both together.
 * @param unit - independent draws in one value, ≤ 1: spans of one trace are alike
 */
export function distributionTest(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  unit: number
): { g: number; df: number } {
  const pooled = new Float64Array(before.length + after.length);
  pooled.set(before as number[]);
  pooled.set(after as number[], before.length);
  pooled.sort();
  const edges = Array.from({ length: BINS - 1 }, (_, i) => pooled[Math.floor(((i + 1) * pooled.length) / BINS)] ?? 0);
  const counts = (values: ArrayLike<number>): number[] => {
    const bins = new Array<number>(BINS).fill(0);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      let bin = 0;
      while (bin < edges.length && value >= (edges[bin] as number)) {
        bin++;
      }
      bins[bin] = (bins[bin] as number) + unit;
    }
    return bins;
  };
  return gTest(counts(before), counts(after));
}
