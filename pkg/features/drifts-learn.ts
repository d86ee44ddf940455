/** @file Learns drifts: where what is drawn differs from what was measured, in time or in a shape, and by how much. */
import { DRIFT_CODES_A_NAT, type Drift, type DriftBase } from './drifts';
import { CALM, CORRECTION_STEP, dampedResponse, type Response } from './responses';
import { curveSums, curveVariances, RIDGE, tiltOf, type Curves, type Tilt } from './tilt';
import { DRIFT_GROUPS, groupCurves, type TimedBins } from './timed-bins';

/** Nats that a drift must save: what it costs in bytes, at about four nats a byte. */
const DRIFT_NATS = 12;
/** Fewer spans cannot pay for a drift. */
const LEAST_SPANS = 12;
/** Observations of a base as a whole that count beside those of a stretch. */
const BASE_WEIGHT = 6;
/** Of those, what every group of bins gets, so that none is impossible. */
const SMOOTHING = 0.1;
const MOST_CODE = 127;
/** Where nothing varies. */
const TINY = 1e-9;

/** Counts of groups of bins by position of one base: positions × DRIFT_GROUPS. */
type TimedCounts = Float64Array;

/** Sums over the positions before each. */
type Moments = Readonly<Record<'n' | 'one' | 'two' | 'oneOne' | 'oneTwo' | 'twoTwo', Float64Array>>;

function momentsOf(counts: TimedCounts, positions: number, curves: Curves): Moments {
  const before = (): Float64Array => new Float64Array(positions + 1);
  const all = [before(), before(), before(), before(), before(), before()] as const;
  for (let t = 0; t < positions; t++) {
    const own = curveSums(curves, (group) => counts[t * DRIFT_GROUPS + group] as number);
    all.forEach((sums, i) => (sums[t + 1] = (sums[t] as number) + (own[i] as number)));
  }
  const [n, one, two, oneOne, oneTwo, twoTwo] = all;
  return { n, one, two, oneOne, oneTwo, twoTwo };
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

/** What was measured and what was drawn of a batch. */
export interface DriftEvidence {
  readonly measured: TimedBins;
  readonly drawn: TimedBins;
  /** How far what is drawn of each base moves when its logits do, see `responsesOf`. */
  readonly responses: readonly Response[];
  /** Bases that are set right by the same draws: what they set right is no business of drifts. */
  readonly settled: ReadonlySet<number>;
}

const bounded = (code: number): number => Math.max(-MOST_CODE, Math.min(MOST_CODE, code));
const codeOf = (nats: number): number => Math.round(nats * DRIFT_CODES_A_NAT);

/** Moves what was drawn at all positions as the base will once it is set right. */
function settleBase(measured: TimedCounts, drawn: TimedCounts, positions: number): void {
  const wanted = countsIn(measured, 0, positions);
  const all = countsIn(drawn, 0, positions);
  const sum = (counts: Float64Array): number => counts.reduce((total, n) => total + n, 0);
  const scale = sum(wanted) / Math.max(1, sum(all));
  const factor = wanted.map((n, group) => ((n + CALM) / ((all[group] as number) * scale + CALM)) ** CORRECTION_STEP);
  for (let from = 0; from < drawn.length; from += DRIFT_GROUPS) {
    const own = drawn.subarray(from, from + DRIFT_GROUPS);
    const before = sum(own);
    own.forEach((n, group) => (own[group] = n * (factor[group] as number)));
    const after = sum(own);
    own.forEach((n, group) => (own[group] = after > 0 ? (n * before) / after : 0));
  }
}

/** What was measured and drawn of one base. */
class BaseEvidence {
  readonly own: TimedCounts;
  readonly other: TimedCounts;
  readonly curves: Curves;
  /** What is counted beside what was drawn in a stretch: some of what was drawn anywhere, so that no bin is impossible. */
  private readonly anywhere: Float64Array;
  /** Variances of the curves that a tilt moves. */
  private readonly moved: readonly [number, number];

  constructor(base: DriftBase, b: number, { measured, drawn, responses, settled }: DriftEvidence) {
    this.own = measured.of(b);
    this.other = drawn.of(b);
    this.curves = groupCurves(base);
    if (settled.has(b)) {
      settleBase(this.own, this.other, drawn.positions);
    }
    const all = countsIn(this.other, 0, drawn.positions);
    const total = all.reduce((sum, w) => sum + w + SMOOTHING, 0);
    this.anywhere = all.map((w) => (BASE_WEIGHT * (w + SMOOTHING)) / total);
    const [one, two] = curveVariances(this.curves, all);
    const [first, second] = responses[b] ?? [1, 1];
    this.moved = [one * first, two * second];
  }

  /** The response of draws between two positions, where they vary less than they do on the whole. */
  response(from: number, to: number): Response {
    const [one, two] = curveVariances(this.curves, countsIn(this.other, from, to));
    const [first, second] = this.moved;
    return [dampedResponse(first / Math.max(TINY, one)), dampedResponse(second / Math.max(TINY, two))];
  }

  /** The tilt between two positions that sets right what was drawn there; undefined where too little was measured. */
  tilt(from: number, to: number): Tilt | undefined {
    const wanted = countsIn(this.own, from, to);
    if (wanted.reduce((sum, w) => sum + w, 0) < LEAST_SPANS) {
      return undefined;
    }
    const drawn = countsIn(this.other, from, to).map((w, group) => w + (this.anywhere[group] as number));
    return tiltOf(wanted, drawn, this.curves);
  }
}

/**
 * Learns drifts from times drawn without them.
 * @param along - `stretches`: each for some positions that follow each other; `positions`: each for one
 * @param most - those that save most are kept
 */
export function learnDrifts(
  bases: ReadonlyArray<DriftBase | undefined>,
  evidence: DriftEvidence,
  along: 'stretches' | 'positions',
  most: number
): Drift[] {
  const { positions } = evidence.measured;
  const found = bases.flatMap((base, b) => {
    if (base === undefined || base.classes < 2) {
      return [];
    }
    const both = new BaseEvidence(base, b, evidence);
    const stretches =
      along === 'positions'
        ? Array.from({ length: positions }, (_, from) => ({ from, to: from + 1 }))
        : stretchesOf(momentsOf(both.own, positions, both.curves), momentsOf(both.other, positions, both.curves));
    return stretches.flatMap(({ from, to }) => {
      const tilt = both.tilt(from, to);
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
  evidence: DriftEvidence
): Drift[] {
  // those of one base follow each other
  let known: { readonly base: number; readonly evidence: BaseEvidence } | undefined;
  return drifts.map((drift) => {
    if (known?.base !== drift.base) {
      const base = bases[drift.base] as DriftBase;
      known = { base: drift.base, evidence: new BaseEvidence(base, drift.base, evidence) };
    }
    const off = known.evidence.tilt(drift.from, drift.to);
    if (off === undefined) {
      return drift;
    }
    const [first, second] = known.evidence.response(drift.from, drift.to);
    return {
      ...drift,
      first: bounded(drift.first + codeOf((CORRECTION_STEP * off.first) / first)),
      second: bounded(drift.second + codeOf((CORRECTION_STEP * off.second) / second)),
    };
  });
}
