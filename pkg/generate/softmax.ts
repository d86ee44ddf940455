/** @file From logits or masses to a bin, in integers: the same choice on every machine. */

import { positionWithin, type BinLimit } from '../features';

/** Logits more than this far (in 1/64 nat) below the largest have weight 0. */
const RANGE = 1100;
const SCALE = 24n;

/** round(2^24 · exp(−d / 64)), from the Taylor series in whole numbers: no Math.exp, whose last digit may differ. */
function exponentials(): Float64Array {
  const precision = 96n;
  const one = 1n << precision;
  const table = new Float64Array(RANGE + 1);
  // exp(−1/64) by its series
  let term = one;
  let step = one;
  for (let n = 1n; term !== 0n; n++) {
    term = -term / (64n * n);
    step += term;
  }
  let value = one;
  for (let d = 0; d <= RANGE; d++) {
    table[d] = Number((value + (1n << (precision - SCALE - 1n))) >> (precision - SCALE));
    value = (value * step) >> precision;
  }
  return table;
}

const EXP = exponentials();

/** What was drawn: a bin, and where inside it the uniform number fell (again uniform). */
export interface Draw {
  bin: number;
  share: number;
}

const weights = new Float64Array(64);

/**
 * Weights from logits in 1/64 nat.
 * @returns a buffer that the next call overwrites
 */
export function weightsOfLogits(logits: Int32Array | Int16Array, at: number, bins: number): Float64Array {
  let top = logits[at] as number;
  for (let j = 1; j < bins; j++) {
    const logit = logits[at + j] as number;
    if (logit > top) {
      top = logit;
    }
  }
  for (let j = 0; j < bins; j++) {
    const below = top - (logits[at + j] as number);
    weights[j] = below > RANGE ? 0 : (EXP[below] as number);
  }
  return weights;
}

/** Weights from masses, copied so that cutting them leaves the table alone. */
export function weightsOfMass(mass: ArrayLike<number> | undefined, bins: number): Float64Array {
  for (let j = 0; j < bins; j++) {
    weights[j] = mass === undefined ? 1 : Math.floor((mass[j] as number) * 256);
  }
  return weights;
}

/** Takes the weight of bins away that cannot be drawn, see {@link BinLimit}; where none is left, bin `held` is drawn. */
export function maskBins(w: Float64Array, { first, low, held, bin }: BinLimit): void {
  if (first === 0 && low >= held) {
    return;
  }
  w.fill(0, 0, first);
  w.fill(0, low, Math.max(low, held));
  for (let j = 0; j <= bin; j++) {
    if ((w[j] as number) > 0) {
      return;
    }
  }
  w[Math.min(bin, Math.max(first, held))] = 1;
}

/** Draws a bin by inverting the distribution function at u. @param limit - what can be drawn; masks are not applied here */
export function drawBin(w: Float64Array, bins: number, u: number, draw: Draw, limit?: BinLimit): void {
  const last = limit?.bin ?? bins - 1;
  // The network knew the limit, so the last bin keeps its weight whole.
  const cut = w[last] as number;
  let total = cut;
  for (let j = 0; j < last; j++) {
    total += w[j] as number;
  }
  draw.bin = last;
  draw.share = u;
  if (total > 0) {
    const target = u * total;
    let sum = 0;
    let bin = 0;
    for (; bin < last && target >= sum + (w[bin] as number); bin++) {
      sum += w[bin] as number;
    }
    const weight = w[bin] as number;
    draw.bin = bin;
    draw.share = weight > 0 ? (target - sum) / weight : 0;
  }
  if (limit !== undefined) {
    draw.share = positionWithin(limit, draw.bin, draw.share);
  }
}
