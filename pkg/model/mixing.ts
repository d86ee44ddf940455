/**
 * @file A compressor for small sections: bits are predicted from the bytes before them by several contexts, predictions
 * are mixed by a small online-trained network, and an arithmetic coder writes what the prediction leaves (context
 * mixing: Mahoney 2005, "Adaptive weighing of context models for lossless data compression", the scheme of lpaq).
 *
 * Whole numbers only, so the same bytes everywhere. A byte takes some 300 ns, whatever the bytes are: time is bounded by
 * the length that is asked for.
 */

/** Contexts: the bytes before, 0 to 3 of them, and the byte before the last alone (columns of pairs). */
const CONTEXTS = 5;
const INPUTS = CONTEXTS + 1;
const TABLE_BITS = 16;
const TABLE = 1 << TABLE_BITS;
const SHIFT = 32 - TABLE_BITS;
/** Probabilities have 16 bits in tables and 12 between the mixer and the coder. */
const HALF = 1 << 15;
const MOST_SEEN = 60;
/** Weight 1 of the mixer, and how fast it learns. */
const ONE = 1 << 16;
const RATE = 6;
/** What stands for a context that never changes. */
const BIAS = 256;

/** 4096 / (1 + e^(−x / 256)) from 33 points, as in lpaq: no Math.exp, whose last digit may differ. */
const SQUASH = [
  1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2047, 2549, 2994, 3348, 3607, 3785, 3901, 3975,
  4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094,
] as const;

function squash(x: number): number {
  if (x > 2047) {
    return 4095;
  }
  if (x < -2047) {
    return 1;
  }
  const weight = x & 127;
  const at = (x >> 7) + 16;
  return ((SQUASH[at] as number) * (128 - weight) + (SQUASH[at + 1] as number) * weight + 64) >> 7;
}

/** The inverse of {@link squash}: ln(p / (1 − p)). */
function stretchTable(): Int16Array {
  const table = new Int16Array(4096);
  let filled = 0;
  for (let x = -2047; x <= 2047; x++) {
    const v = squash(x);
    for (; filled <= v; filled++) {
      table[filled] = x;
    }
  }
  table.fill(2047, filled);
  return table;
}

const STRETCH = stretchTable();
/** How far a probability moves towards a bit that was seen n times, in 1/65536. */
const STEP = Int32Array.from({ length: MOST_SEEN + 1 }, (_, n) => Math.floor(65536 / (n + 1.5)));

/** {@link squash} by x + 2048, for −2048 ≤ x ≤ 2048: beyond, it does not change. */
const SQUASHED = Int16Array.from({ length: 4097 }, (_, i) => squash(i - 2048));
const MULTIPLIER = 0x9e3779b1;
const FRESH = HALF << 8;

/** What one run learns in: kept, since filling it is quicker than asking for it. A slot holds a probability × 256 + how often it was seen. */
let slots: Int32Array | undefined;

/**
 * The coder, one loop for both directions and all of it in local variables: reading a model is mostly this.
 * @param input - the bytes to compress, or what was stored
 * @param length - of the bytes that are compressed
 * @param reading - whether `input` is what was stored
 * @param emit - given what is to be stored, byte by byte
 */
function code(input: Uint8Array, length: number, reading: boolean, emit: (byte: number) => void): Uint8Array {
  const data = reading ? new Uint8Array(length) : input;
  const table = (slots ??= new Int32Array(CONTEXTS * TABLE)).fill(FRESH);
  const weights = new Int32Array(256 * INPUTS).fill(Math.floor(ONE / 3));
  let at = 0;
  let low = 0;
  let high = 0xffffffff;
  let number = 0;
  if (reading) {
    for (; at < 4; at++) {
      number = ((number << 8) | (input[at] ?? 0)) >>> 0;
    }
  }
  let history = 0;
  for (let i = 0; i < length; i++) {
    // Hashes of the contexts: the bytes before, 0 to 3 of them, and the byte before the last alone.
    const h1 = Math.imul((history & 0xff) << 9, MULTIPLIER);
    const h2 = Math.imul(Math.imul((history & 0xffff) + 1, 0x2c1b3c6d) & ~0x1ff, MULTIPLIER);
    const h3 = Math.imul(Math.imul((history & 0xffffff) + 1, 0x297a2d39) & ~0x1ff, MULTIPLIER);
    const h4 = Math.imul(Math.imul((history & 0xff00) + 3, 0x165667b1) & ~0x1ff, MULTIPLIER);
    const byte = reading ? 0 : (data[i] as number);
    // The bits of this byte behind a leading 1.
    let partial = 1;
    for (let shift = 7; shift >= 0; shift--) {
      const p = Math.imul(partial, MULTIPLIER);
      const s0 = p >>> SHIFT;
      const s1 = TABLE + ((h1 + p) >>> SHIFT);
      const s2 = 2 * TABLE + ((h2 + p) >>> SHIFT);
      const s3 = 3 * TABLE + ((h3 + p) >>> SHIFT);
      const s4 = 4 * TABLE + ((h4 + p) >>> SHIFT);
      const v0 = table[s0] as number;
      const v1 = table[s1] as number;
      const v2 = table[s2] as number;
      const v3 = table[s3] as number;
      const v4 = table[s4] as number;
      const i0 = STRETCH[v0 >> 12] as number;
      const i1 = STRETCH[v1 >> 12] as number;
      const i2 = STRETCH[v2 >> 12] as number;
      const i3 = STRETCH[v3 >> 12] as number;
      const i4 = STRETCH[v4 >> 12] as number;
      const w = partial * INPUTS;
      const w0 = weights[w] as number;
      const w1 = weights[w + 1] as number;
      const w2 = weights[w + 2] as number;
      const w3 = weights[w + 3] as number;
      const w4 = weights[w + 4] as number;
      const w5 = weights[w + 5] as number;
      const sum = Math.floor((i0 * w0 + i1 * w1 + i2 * w2 + i3 * w3 + i4 * w4 + BIAS * w5) / ONE);
      const mixed = SQUASHED[Math.max(0, Math.min(4096, sum + 2048))] as number;
      // Probability of a 1, 1 … 4095 of 4096.
      const middle = (low + Math.imul((high - low) >>> 12, Math.max(1, mixed))) >>> 0;
      const bit = reading ? (number <= middle ? 1 : 0) : (byte >> shift) & 1;
      if (bit === 1) {
        high = middle;
      } else {
        low = middle + 1;
      }
      const error = ((bit << 12) - mixed) * RATE;
      weights[w] = clamp(w0 + ((i0 * error + 0x2000) >> 14));
      weights[w + 1] = clamp(w1 + ((i1 * error + 0x2000) >> 14));
      weights[w + 2] = clamp(w2 + ((i2 * error + 0x2000) >> 14));
      weights[w + 3] = clamp(w3 + ((i3 * error + 0x2000) >> 14));
      weights[w + 4] = clamp(w4 + ((i4 * error + 0x2000) >> 14));
      weights[w + 5] = clamp(w5 + ((BIAS * error + 0x2000) >> 14));
      const goal = bit === 1 ? 65535 : 0;
      table[s0] = learnt(v0, goal);
      table[s1] = learnt(v1, goal);
      table[s2] = learnt(v2, goal);
      table[s3] = learnt(v3, goal);
      table[s4] = learnt(v4, goal);
      partial = (partial << 1) | bit;
      while (((low ^ high) & 0xff000000) === 0) {
        if (reading) {
          number = ((number << 8) | (input[at++] ?? 0)) >>> 0;
        } else {
          emit(high >>> 24);
        }
        low = (low << 8) >>> 0;
        high = ((high << 8) | 255) >>> 0;
      }
    }
    history = (history << 8) | (partial & 255);
    if (reading) {
      data[i] = partial & 255;
    }
  }
  if (!reading) {
    // enough of a number between the two; what is not there is read as zeros
    emit((low >>> 24) + 1 <= high >>> 24 ? (low >>> 24) + 1 : low >>> 24);
    if ((low >>> 24) + 1 > high >>> 24) {
      [(low >>> 16) & 255, (low >>> 8) & 255, low & 255].forEach(emit);
    }
  }
  return data;
}

/** Keeps a weight of the mixer within what a product of 32 bits can hold. */
function clamp(weight: number): number {
  return Math.max(-(1 << 20), Math.min(1 << 20, weight));
}

/** A slot after a bit: its probability (16 bits) moves towards `goal`, by less each time it was seen. */
function learnt(slot: number, goal: number): number {
  const n = slot & 255;
  const probability = slot >> 8;
  const step = STEP[n] as number;
  const moved =
    goal === 0
      ? probability - (Math.imul(probability, step) >>> 16)
      : probability + (Math.imul(goal - probability, step) >>> 16);
  return (moved << 8) | (n < MOST_SEEN ? n + 1 : n);
}

/** Compresses; {@link unmix} needs the length to get the bytes back. */
export function mix(data: Uint8Array): Uint8Array {
  const out: number[] = [];
  code(data, data.length, false, (byte) => out.push(byte));
  return Uint8Array.from(out);
}

/** Gives back the first `length` bytes of what {@link mix} compressed. Any input gives `length` bytes. */
export function unmix(stored: Uint8Array, length: number): Uint8Array {
  return code(stored, length, true, () => undefined);
}
