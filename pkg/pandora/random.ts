/** @file Seeded random numbers: one named stream a concern, so that a change in one part leaves the others alone. */

/** FNV-1a over UTF-16 units, for seeding a stream by its name. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  return h >>> 0;
}

/** splitmix32, which spreads a poor seed over the state of the generator below. */
function splitmix32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
}

/** A stream of random numbers (sfc32 by Chris Doty-Humphrey, PractRand). Not for secrets. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  private spareNormal: number | undefined;

  /**
   * @param seed - the seed of the whole run
   * @param stream - a name; streams of different names are independent
   */
  constructor(seed: number, stream: string) {
    const mix = splitmix32((seed ^ hash(stream)) >>> 0);
    mix();
    this.a = mix();
    this.b = mix() ^ (Math.floor(seed / 2 ** 32) >>> 0);
    this.c = mix();
    for (let i = 0; i < 12; i++) {
      this.uint32();
    }
  }

  /** 32 random bits. */
  uint32(): number {
    const t = (((this.a + this.b) >>> 0) + this.counter) >>> 0;
    this.counter = (this.counter + 1) >>> 0;
    this.a = (this.b ^ (this.b >>> 9)) >>> 0;
    this.b = (this.c + (this.c << 3)) >>> 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) >>> 0;
    this.c = (this.c + t) >>> 0;
    return t;
  }

  /** Uniform in (0, 1). */
  uniform(): number {
    return (this.uint32() + 0.5) / 2 ** 32;
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** true with this probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  exponential(mean: number): number {
    return -mean * Math.log(this.uniform());
  }

  /** Box–Muller. */
  normal(): number {
    if (this.spareNormal !== undefined) {
      const value = this.spareNormal;
      this.spareNormal = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** exp(N(ln median, sigma)): the usual form of service times. */
  lognormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** An item with probability proportional to its weight. */
  weighted<T>(items: ReadonlyArray<readonly [weight: number, item: T]>): T {
    let left = this.uniform() * items.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) {
        return item;
      }
    }
    return (items[items.length - 1] as readonly [number, T])[1];
  }

  /** Lower-case hex of this many random bytes, never all zero. */
  hex(bytes: number): string {
    let text = '';
    while (text.length < bytes * 2) {
      text += this.uint32().toString(16).padStart(8, '0');
    }
    text = text.slice(0, bytes * 2);
    return /^0+$/.test(text) ? this.hex(bytes) : text;
  }

  /** A version 4 UUID. */
  uuid(): string {
    const h = this.hex(16);
    const variant = ((parseInt(h[16] as string, 16) & 3) | 8).toString(16);
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`;
  }
}

/** Ranks 0 … n−1 with probability ∝ 1/(rank+1)^exponent: how often products of a shop are looked at. */
export class Zipf {
  private readonly cumulative: Float64Array;

  constructor(n: number, exponent: number) {
    this.cumulative = new Float64Array(n);
    let total = 0;
    for (let i = 0; i < n; i++) {
      total += 1 / Math.pow(i + 1, exponent);
      this.cumulative[i] = total;
    }
  }

  sample(random: Random): number {
    const target = random.uniform() * (this.cumulative[this.cumulative.length - 1] as number);
    let low = 0;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.cumulative[middle] as number) < target) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
