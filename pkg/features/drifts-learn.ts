/** @file Learns drifts: where what is drawn differs from what was measured, in time or in a shape, and by how much. */
import { DRIFT_CODES_A_NAT, type Drift, type DriftBase } from './drifts';
import { DRIFT_GROUPS, groupCurves, type TimedBins } from './timed-bins';

/** Nats that a drift must save: what it costs in bytes, at about four nats a byte. */
const DRIFT_NATS = 12;
/** Fewer spans cannot pay for a drift. */
const LEAST_SPANS = 12;
/** Observations of a base as a whole that count beside those of a stretch. */
const BASE_WEIGHT = 6;
/** Of those, what every group of bins gets, so that none is impossible. */
const SMOOTHING = 0.1;
/** Strength, in observations, with which drifts are drawn towards none. */
const RIDGE = 1;
const MOST_CODE = 127;
const NEWTON_STEPS = 12;
/** Nats that a step of Newton's method goes at most: far from the solution the curvature says little. */
const LONGEST_STEP = 2;
/** Part of what is off that a second look sets right: what is drawn before changes what is drawn after. */
const STEP = 0.8;

/** Counts of groups of bins by position of one base: positions × DRIFT_GROUPS. */
type TimedCounts = Float64Array;
/** The two curves by group. */
type Curves = readonly [Float64Array, Float64Array];

/** Sums over the positions before each: of observations, and of the curves where they lie. */
interface Moments {
  readonly n: Float64Array;
  readonly one: Float64Array;
  readonly two: Float64Array;
  readonly oneOne: Float64Array;
  readonly oneTwo: Float64Array;
  readonly twoTwo: Float64Array;
}

function momentsOf(counts: TimedCounts, positions: number, [f, g]: Curves): Moments {
  const sums = (): Float64Array => new Float64Array(positions + 1);
  const m: Moments = { n: sums(), one: sums(), two: sums(), oneOne: sums(), oneTwo: sums(), twoTwo: sums() };
  for (let t = 0; t < positions; t++) {
    let [n, one, two, oneOne, oneTwo, twoTwo] = [0, 0, 0, 0, 0, 0];
    for (let bin = 0; bin < f.length; bin++) {
      const w = counts[t * DRIFT_GROUPS + bin] as number;
      if (w > 0) {
        const [x, y] = [f[bin] as number, g[bin] as number];
        n += w;
        one += w * x;
        two += w * y;
        oneOne += w * x * x;
        oneTwo += w * x * y;
        twoTwo += w * y * y;
      }
    }
    m.n[t + 1] = (m.n[t] as number) + n;
    m.one[t + 1] = (m.one[t] as number) + one;
    m.two[t + 1] = (m.two[t] as number) + two;
    m.oneOne[t + 1] = (m.oneOne[t] as number) + oneOne;
    m.oneTwo[t + 1] = (m.oneTwo[t] as number) + oneTwo;
    m.twoTwo[t + 1] = (m.twoTwo[t] as number) + twoTwo;
  }
  return m;
}

const between = (sums: Float64Array, from: number, to: number): number => (sums[to] as number) - (sums[from] as number);

/** Nats that a drift in a stretch would save, nearly: half of the score test of its two numbers (Rao 1948). */
function scoreOf(measured: Moments, drawn: Moments, from: number, to: number): number {
  const n = between(measured.n, from, to);
  if (n < LEAST_SPANS) {
    return 0;
  }
  const positions = drawn.n.length - 1;
  const calm = BASE_WEIGHT / Math.max(1, drawn.n[positions] as number);
  const mean = (sums: Float64Array, total: number): number =>
    (between(sums, from, to) + calm * (sums[positions] as number)) / total;
  const total = between(drawn.n, from, to) + BASE_WEIGHT;
  const [one, two] = [mean(drawn.one, total), mean(drawn.two, total)];
  const u = between(measured.one, from, to) - n * one;
  const v = between(measured.two, from, to) - n * two;
  const a = n * (mean(drawn.oneOne, total) - one * one) + RIDGE;
  const b = n * (mean(drawn.oneTwo, total) - one * two);
  const c = n * (mean(drawn.twoTwo, total) - two * two) + RIDGE;
  return (u * u * c - 2 * u * v * b + v * v * a) / (a * c - b * b) / 2;
}

/** The stretches of a base that are worth a drift: optimal partitioning (Jackson et al. 2005). */
function stretchesOf(measured: Moments, drawn: Moments): Array<{ from: number; to: number }> {
  const positions = measured.n.length - 1;
  const best = new Float64Array(positions + 1);
  const cut = new Int32Array(positions + 1).fill(-1);
  for (let to = 1; to <= positions; to++) {
    best[to] = best[to - 1] as number;
    for (let from = 0; from < to; from++) {
      const value = (best[from] as number) + scoreOf(measured, drawn, from, to) - DRIFT_NATS;
      if (value > (best[to] as number)) {
        best[to] = value;
        cut[to] = from;
      }
    }
  }
  const found: Array<{ from: number; to: number }> = [];
  for (let to = positions; to > 0;) {
    const from = cut[to] as number;
    if (from >= 0) {
      found.push({ from, to });
    }
    to = from < 0 ? to - 1 : from;
  }
  return found.reverse();
}

/** Counts of the groups in a stretch. */
function countsIn(counts: TimedCounts, from: number, to: number): Float64Array {
  const sum = new Float64Array(DRIFT_GROUPS);
  for (let t = from; t < to; t++) {
    for (let bin = 0; bin < DRIFT_GROUPS; bin++) {
      sum[bin] = (sum[bin] as number) + (counts[t * DRIFT_GROUPS + bin] as number);
    }
  }
  return sum;
}

/** The tilt that makes what was drawn most like what was measured, by Newton's method; and the nats that it saves. */
function tiltOf(
  measured: Float64Array,
  drawn: Float64Array,
  [f, g]: Curves
): { first: number; second: number; gain: number } {
  const n = measured.reduce((sum, w) => sum + w, 0);
  const total = drawn.reduce((sum, w) => sum + w, 0);
  const along = (curve: Float64Array): number => measured.reduce((sum, w, bin) => sum + w * (curve[bin] as number), 0);
  const [wantedOne, wantedTwo] = [along(f), along(g)];
  let [first, second] = [0, 0];
  let gain = 0;
  for (let step = 0; step < NEWTON_STEPS; step++) {
    let [z, one, two, oneOne, oneTwo, twoTwo] = [0, 0, 0, 0, 0, 0];
    for (let bin = 0; bin < f.length; bin++) {
      const [x, y] = [f[bin] as number, g[bin] as number];
      const w = ((drawn[bin] as number) / total) * Math.exp(first * x + second * y);
      z += w;
      one += w * x;
      two += w * y;
      oneOne += w * x * x;
      oneTwo += w * x * y;
      twoTwo += w * y * y;
    }
    gain = first * wantedOne + second * wantedTwo - n * Math.log(z);
    [one, two] = [one / z, two / z];
    const a = n * (oneOne / z - one * one) + RIDGE;
    const b = n * (oneTwo / z - one * two);
    const c = n * (twoTwo / z - two * two) + RIDGE;
    const u = wantedOne - n * one - RIDGE * first;
    const v = wantedTwo - n * two - RIDGE * second;
    const determinant = a * c - b * b;
    const bound = (value: number): number => Math.max(-LONGEST_STEP, Math.min(LONGEST_STEP, value));
    first += bound((u * c - v * b) / determinant);
    second += bound((v * a - u * b) / determinant);
  }
  return { first, second, gain };
}

/** What was measured and what was drawn of a batch. */
export interface DriftEvidence {
  readonly measured: TimedBins;
  readonly drawn: TimedBins;
}

const bounded = (code: number): number => Math.max(-MOST_CODE, Math.min(MOST_CODE, code));
const codeOf = (nats: number): number => Math.round(nats * DRIFT_CODES_A_NAT);

/** The drift of a base between two positions that sets right what was drawn there. */
function driftBetween(
  base: DriftBase,
  { own, other }: { readonly own: TimedCounts; readonly other: TimedCounts },
  from: number,
  to: number
): ReturnType<typeof tiltOf> | undefined {
  const wanted = countsIn(own, from, to);
  if (wanted.reduce((sum, w) => sum + w, 0) < LEAST_SPANS) {
    return undefined;
  }
  // with some of what was drawn anywhere, so that no bin is impossible
  const all = countsIn(other, 0, other.length / DRIFT_GROUPS);
  const total = all.reduce((sum, w) => sum + w + SMOOTHING, 0);
  const drawn = countsIn(other, from, to).map(
    (w, group) => w + (BASE_WEIGHT * ((all[group] as number) + SMOOTHING)) / total
  );
  return tiltOf(wanted, drawn, groupCurves(base));
}

/**
 * Learns drifts from times drawn without them.
 * @param along - `stretches`: each for some positions that follow each other; `positions`: each for one
 * @param most - those that save most are kept
 */
export function learnDrifts(
  bases: ReadonlyArray<DriftBase | undefined>,
  { measured, drawn }: DriftEvidence,
  along: 'stretches' | 'positions',
  most: number
): Drift[] {
  const { positions } = measured;
  const found = bases.flatMap((base, b) => {
    if (base === undefined || base.classes < 2) {
      return [];
    }
    const counts = { own: measured.of(b), other: drawn.of(b) };
    const curves = groupCurves(base);
    const stretches =
      along === 'positions'
        ? Array.from({ length: positions }, (_, from) => ({ from, to: from + 1 }))
        : stretchesOf(momentsOf(counts.own, positions, curves), momentsOf(counts.other, positions, curves));
    return stretches.flatMap(({ from, to }) => {
      const tilt = driftBetween(base, counts, from, to);
      if (tilt === undefined || tilt.gain < DRIFT_NATS) {
        return [];
      }
      const drift: Drift = {
        base: b,
        from,
        to,
        first: bounded(codeOf(tilt.first)),
        second: bounded(codeOf(tilt.second)),
      };
      return drift.first === 0 && drift.second === 0 ? [] : [{ drift, gain: tilt.gain }];
    });
  });
  const least = found.map(({ gain }) => gain).sort((a, b) => b - a)[most] ?? -Infinity;
  return found.flatMap(({ drift, gain }) => (gain > least ? [drift] : []));
}

/** Sets drifts right by times drawn with them. */
export function correctedDrifts(
  drifts: readonly Drift[],
  bases: ReadonlyArray<DriftBase | undefined>,
  { measured, drawn }: DriftEvidence
): Drift[] {
  return drifts.map((drift) => {
    const base = bases[drift.base] as DriftBase;
    const counts = { own: measured.of(drift.base), other: drawn.of(drift.base) };
    const off = driftBetween(base, counts, drift.from, drift.to);
    return off === undefined
      ? drift
      : {
          ...drift,
          first: bounded(drift.first + codeOf(STEP * off.first)),
          second: bounded(drift.second + codeOf(STEP * off.second)),
        };
  });
}
