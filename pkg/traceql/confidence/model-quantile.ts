/**
 * @file Where real quantiles lie, given a histogram of generated spans: at most t where few enough of the real spans are
 * above t. How many are follows a beta-binomial distribution, as for spans that a sample missed (quantile.ts): generated
 * spans tell the share above t as well as so many spans drawn alone, real ones are drawn anew.
 */
import type { Bounds } from './bounds';
import { betaBinomialBelow } from './distributions';
import type { KindError } from './model-error';

/** Spans that the other slots of the series count as. */
const BORROWED = 1;
/** Octaves beyond the values that were generated. */
const BEYOND = 7;
/** Share of values that the tail is told from. */
const UPPER = 0.25;
/** Bisections of a bucket. */
const HALVINGS = 14;

/** Spans of each slot in one bucket. */
export interface BucketCounts {
  /** Of the bucket's top, a power of two. */
  readonly exponent: number;
  readonly counts: ArrayLike<number>;
}

/** Tells the bands of the slots of one series. */
export class QuantileBands {
  /** Tops of buckets, those beyond what was generated included. */
  private readonly exponents: readonly number[];
  /** Share of all values of the series above each bucket; nothing is known of those beyond but how the tail falls. */
  private readonly above: readonly number[];
  /** How many times rarer values are an octave further out. */
  private readonly ratio: number;
  private readonly spans: number;
  private readonly slots = new Map<number, SlotAbove>();

  /** @param buckets - rising */
  constructor(private readonly buckets: readonly BucketCounts[]) {
    const sums = buckets.map(({ counts }) => Array.from(counts).reduce((a, b) => a + b, 0));
    this.spans = sums.reduce((a, b) => a + b, 0);
    let rest = this.spans;
    const above = sums.map((sum) => (rest -= sum) / Math.max(1, this.spans));
    let octaves = 0;
    const first = above.findIndex((share) => share <= UPPER);
    for (let b = Math.max(0, first); b < above.length - 1; b++) {
      const [here, next] = [buckets[b] as BucketCounts, buckets[b + 1] as BucketCounts];
      octaves += (above[b] as number) * this.spans * (next.exponent - here.exponent);
    }
    const tail = (first <= 0 ? 1 : (above[first - 1] as number)) * this.spans;
    this.ratio = (octaves + 1) / (octaves + tail + 2);
    this.above = above;
    const last = buckets[buckets.length - 1]?.exponent ?? 0;
    this.exponents = [
      ...buckets.map(({ exponent }) => exponent),
      ...Array.from({ length: BEYOND }, (_, i) => last + 1 + i),
    ];
  }

  /** The share above a bucket that the whole series tells. */
  private prior(bucket: number, noise: number): number {
    const beyond = 1 / (this.spans / noise + 1);
    const last = this.buckets.length - 1;
    return bucket < 0
      ? 1
      : bucket < last
        ? Math.max(this.above[bucket] as number, beyond)
        : beyond * this.ratio ** (bucket - last);
  }

  private slot(slot: number): SlotAbove {
    const known = this.slots.get(slot);
    if (known !== undefined) {
      return known;
    }
    let spans = 0;
    for (const { counts } of this.buckets) {
      spans += counts[slot] as number;
    }
    let rest = spans;
    const own = { spans, above: this.buckets.map(({ counts }) => (rest -= counts[slot] as number)) };
    this.slots.set(slot, own);
    return own;
  }

  /** The probability that the real quantile is at most the top of a bucket, or a part of the way into it. */
  private below(own: SlotAbove, p: number, error: KindError, bucket: number, part: number, whole = part >= 1): number {
    const { spans } = own;
    const told = (edge: number): number => (edge < 0 ? 1 : Math.max(0, own.above[edge] ?? 0) / spans);
    const between = (of: (edge: number) => number): number =>
      part >= 1 ? of(bucket) : (1 - part) * of(bucket - 1) + part * of(bucket);
    const above = between(told);
    // What a model has wrong moves the middle further than the tails: as a share of the few that are there.
    const known = 1 / (error.noise / spans + error.bias * above * (1 - above));
    const prior = between((edge) => this.prior(edge, error.noise));
    const strength = known + BORROWED;
    const share = (known * above + BORROWED * prior) / strength;
    const all = Math.max(1, Math.round(spans));
    const most = all - Math.max(Math.ceil(p * all - 1e-9), 1);
    // Inside of a bucket, values stand for parts of it, and the last one reaches its top.
    const x = (most + (whole ? 0.5 : -0.5)) / error.noise;
    return betaBinomialBelow(x, all / error.noise, share * strength, (1 - share) * strength);
  }

  /** The band of one slot. @returns undefined where nothing was generated */
  at(slot: number, p: number, error: KindError): Bounds | undefined {
    const own = this.slot(slot);
    if (own.spans <= 0) {
      return undefined;
    }
    const upper = this.find(own, p, error, 0.975);
    const lower = this.find(own, p, error, 0.025);
    const exponent = (bucket: number): number => this.exponents[bucket] ?? (this.exponents.at(-1) as number) + 1;
    // Between buckets that are far apart, values depend on which buckets are filled.
    let from = exponent(lower.bucket) - 1;
    for (let bucket = Math.min(lower.bucket, this.buckets.length) - 1; bucket >= 0; bucket--) {
      if (((this.buckets[bucket] as BucketCounts).counts[slot] as number) > 0) {
        from = Math.min(from, exponent(bucket));
        break;
      }
    }
    return {
      lower: 2 ** (from + (exponent(lower.bucket) - from) * lower.part),
      upper: 2 ** (exponent(upper.bucket) - 1 + upper.part),
    };
  }

  private find(own: SlotAbove, p: number, error: KindError, level: number): { bucket: number; part: number } {
    for (let bucket = 0; bucket < this.exponents.length; bucket++) {
      if (this.below(own, p, error, bucket, 1) >= level) {
        let low = 0;
        let high = 1;
        for (let i = 0; i < HALVINGS; i++) {
          const middle = (low + high) / 2;
          if (this.below(own, p, error, bucket, middle) < level) {
            low = middle;
          } else {
            high = middle;
          }
        }
        return { bucket, part: high };
      }
    }
    return { bucket: this.exponents.length, part: 1 };
  }

  /** Whether the band of one slot holds a value, which is quicker told than the band. */
  holds(slot: number, p: number, error: KindError, value: number): boolean {
    const own = this.slot(slot);
    const log = Math.log2(value);
    const bucket = this.exponents.findIndex((exponent) => log <= exponent + 1e-9);
    if (own.spans <= 0 || bucket < 0) {
      return false;
    }
    // As it is interpolated: from the bucket that is filled before.
    let before = bucket - 1;
    while (before >= 0 && !(((this.buckets[before]?.counts ?? [])[slot] ?? 0) > 0)) {
      before--;
    }
    const exponent = this.exponents[bucket] as number;
    const from = Math.min(exponent - 1, this.exponents[before] ?? exponent - 1);
    const part = Math.min(1, Math.max(0, (log - from) / (exponent - from)));
    return (
      this.below(own, p, error, bucket, part) >= 0.025 && this.below(own, p, error, bucket, part, false) <= 0.975
    );
  }
}

/** Spans of one slot, and those above each bucket. */
interface SlotAbove {
  readonly spans: number;
  readonly above: readonly number[];
}
