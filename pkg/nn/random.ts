/** @file Seeded random numbers for training: xoshiro128** (Blackman & Vigna 2018) seeded by SplitMix32. */

const GOLDEN = 0x9e3779b9;

/** The finaliser of SplitMix32: a bijection of 32-bit words without visible structure. */
function mix(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x21f0aaad);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

/** A stream of random numbers; equal seeds give equal streams everywhere. */
export class Random {
  private readonly state: Uint32Array;

  /** @param seed - any safe integer; `stream` keeps streams of one seed apart */
  constructor(seed: number, stream = 0) {
    let word = 0;
    for (const part of [seed | 0, Math.floor(seed / 2 ** 32) | 0, stream]) {
      word = mix(word + part + GOLDEN);
    }
    this.state = Uint32Array.from({ length: 4 }, () => {
      word = (word + GOLDEN) | 0;
      return mix(word) >>> 0;
    });
  }

  /** 32 random bits. */
  next(): number {
    const s = this.state as unknown as [number, number, number, number];
    const scaled = Math.imul(s[1], 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.next() / 2 ** 32;
  }

  /** A whole number in 0 … bound − 1, by multiplication (bias below bound / 2^32). */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** Puts `items` into a random order, in place (Fisher–Yates). */
  shuffle(items: Uint32Array): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const kept = items[i] as number;
      items[i] = items[j] as number;
      items[j] = kept;
    }
  }
}
