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
/** Probabilities have 16 bits in tables and 12 between the mixer and the coder. */
const HALF = 1 << 15;
const MOST_SEEN = 60;
/** Weight 1 of the mixer, and how fast it learns. */
const ONE = 1 << 16;
const RATE = 6;

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

/** Predicts the next bit, and learns from it. */
class Model {
  private readonly probability = Array.from({ length: CONTEXTS }, () => new Uint16Array(TABLE).fill(HALF));
  private readonly seen = Array.from({ length: CONTEXTS }, () => new Uint8Array(TABLE));
  private readonly weights = new Int32Array(256 * INPUTS).fill(Math.floor(ONE / 3));
  private readonly inputs = new Int32Array(INPUTS);
  private readonly slots = new Int32Array(CONTEXTS);
  private readonly hashes = new Int32Array(CONTEXTS);
  /** The last four bytes, and the bits of this one behind a leading 1. */
  private history = 0;
  private partial = 1;
  private mixed = 2048;

  constructor() {
    this.hash();
  }

  /** Probability of a 1, 1 … 4095 of 4096. */
  predict(): number {
    const { inputs, slots, hashes, partial } = this;
    let sum = 0;
    const base = partial * INPUTS;
    for (let c = 0; c < CONTEXTS; c++) {
      const slot = (Math.imul((hashes[c] as number) + partial, 0x9e3779b1) >>> (32 - TABLE_BITS)) & (TABLE - 1);
      slots[c] = slot;
      const input = STRETCH[((this.probability[c] as Uint16Array)[slot] as number) >> 4] as number;
      inputs[c] = input;
      sum += input * (this.weights[base + c] as number);
    }
    inputs[CONTEXTS] = 256;
    sum += 256 * (this.weights[base + CONTEXTS] as number);
    this.mixed = squash(Math.floor(sum / ONE));
    return Math.max(1, Math.min(4095, this.mixed));
  }

  update(bit: number): void {
    const { inputs, slots, partial, weights } = this;
    const base = partial * INPUTS;
    const error = ((bit << 12) - this.mixed) * RATE;
    for (let i = 0; i < INPUTS; i++) {
      const weight = (weights[base + i] as number) + (((inputs[i] as number) * error + 0x2000) >> 14);
      weights[base + i] = Math.max(-(1 << 20), Math.min(1 << 20, weight));
    }
    for (let c = 0; c < CONTEXTS; c++) {
      const slot = slots[c] as number;
      const probability = this.probability[c] as Uint16Array;
      const seen = this.seen[c] as Uint8Array;
      const n = seen[slot] as number;
      const old = probability[slot] as number;
      const goal = bit === 1 ? 65535 : 0;
      probability[slot] = old + Math.trunc(((goal - old) * (STEP[n] as number)) / 65536);
      seen[slot] = Math.min(MOST_SEEN, n + 1);
    }
    this.partial = (partial << 1) | bit;
    if (this.partial >= 256) {
      this.history = (this.history << 8) | (this.partial & 255);
      this.partial = 1;
      this.hash();
    }
  }

  private hash(): void {
    const { history, hashes } = this;
    hashes[0] = 0;
    hashes[1] = (history & 0xff) << 9;
    hashes[2] = Math.imul((history & 0xffff) + 1, 0x2c1b3c6d) & ~0x1ff;
    hashes[3] = Math.imul((history & 0xffffff) + 1, 0x297a2d39) & ~0x1ff;
    hashes[4] = Math.imul((history & 0xff00) + 3, 0x165667b1) & ~0x1ff;
  }
}

/** Compresses; {@link unmix} needs the length to get the bytes back. */
export function mix(data: Uint8Array): Uint8Array {
  const model = new Model();
  const out: number[] = [];
  let low = 0;
  let high = 0xffffffff;
  for (const byte of data) {
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >> shift) & 1;
      const middle = low + Math.floor((high - low) / 4096) * model.predict();
      if (bit === 1) {
        high = middle;
      } else {
        low = middle + 1;
      }
      model.update(bit);
      while (((low ^ high) & 0xff000000) === 0) {
        out.push(high >>> 24);
        low = (low << 8) >>> 0;
        high = ((high << 8) | 255) >>> 0;
      }
    }
  }
  // enough of a number between the two; what is not there is read as zeros
  out.push((low >>> 24) + 1 <= high >>> 24 ? (low >>> 24) + 1 : low >>> 24);
  if ((low >>> 24) + 1 > high >>> 24) {
    out.push((low >>> 16) & 255, (low >>> 8) & 255, low & 255);
  }
  return Uint8Array.from(out);
}

/** Gives back the first `length` bytes of what {@link mix} compressed. Any input gives `length` bytes. */
export function unmix(stored: Uint8Array, length: number): Uint8Array {
  const model = new Model();
  const data = new Uint8Array(length);
  let at = 0;
  const next = (): number => stored[at++] ?? 0;
  let low = 0;
  let high = 0xffffffff;
  let code = 0;
  for (let i = 0; i < 4; i++) {
    code = ((code << 8) | next()) >>> 0;
  }
  for (let i = 0; i < length; i++) {
    let byte = 0;
    for (let b = 0; b < 8; b++) {
      const middle = low + Math.floor((high - low) / 4096) * model.predict();
      const bit = code <= middle ? 1 : 0;
      if (bit === 1) {
        high = middle;
      } else {
        low = middle + 1;
      }
      model.update(bit);
      byte = (byte << 1) | bit;
      while (((low ^ high) & 0xff000000) === 0) {
        low = (low << 8) >>> 0;
        high = ((high << 8) | 255) >>> 0;
        code = ((code << 8) | next()) >>> 0;
      }
    }
    data[i] = byte;
  }
  return data;
}
