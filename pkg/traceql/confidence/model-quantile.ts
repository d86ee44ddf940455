/**
 * @file Where real quantiles lie, given a histogram of generated spans: at most t where few enough of the real spans are
 * above t. How many are follows a beta-binomial distribution, as for spans that a sample missed (quantile.ts): generated
 * spans tell the share above t as well as so many spans drawn alone, and the other slots as far as slots are alike (shares.ts);
 * real ones are drawn anew.
 */
import type { Bounds } from './bounds';
import { betaBinomialBelow } from './distributions';
import type { KindError } from './model-error';

/** Fewest spans that the other slots of the series count as. */
const LEAST_BORROWED = 1;
/** Spans above a bucket, or below, that they tell at most: what a slot has itself says more. */
const MOST_TOLD = 1;
/** Octaves beyond the values that were generated. */
const BEYOND = 7;
/** Share of values that the tail is told from. */
const UPPER = 0.25;
/** Probabilities below the ends of a band. */
const LOWER_END = 0.025;
const UPPER_END = 0.975;
/** Bisections of a bucket. */
const HALVINGS = 10;

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
  private known: { readonly noise: number; readonly edges: readonly Edge[] } | undefined;

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

  /** What the whole series tells of the share above a bucket, or beyond all of them. */
  private edges(noise: number): readonly Edge[] {
    if (this.known?.noise === noise) {
      return this.known.edges;
    }
    const n = this.spans / noise;
    const beyond = 1 / (n + 1);
    const slots = this.buckets[0]?.counts.length ?? 0;
    let borrowed = LEAST_BORROWED;
    const edges: Edge[] = this.exponents.map((_, bucket) => {
      const share = this.above[bucket] ?? 0;
      if (share > 0) {
        borrowed = this.borrowedAt(bucket, share, noise, slots);
        return { share: Math.max(share, beyond), borrowed };
      }
      // What is above all that was generated varies as what is above most of it does.
      return { share: beyond * this.ratio ** (bucket - this.buckets.length + 1), borrowed };
    });
    this.known = { noise, edges };
    return edges;
  }

  /** How many spans all slots together count as for one of them: the more, the less their shares differ. */
  private borrowedAt(bucket: number, share: number, noise: number, slots: number): number {
    const n = this.spans / noise;
    let [dispersion, squares, filled] = [0, 0, 0];
    for (let slot = 0; slot < slots; slot++) {
      const { spans, above } = this.slot(slot);
      if (spans > 0) {
        const size = spans / noise;
        dispersion += size * ((above[bucket] as number) / spans - share) ** 2;
        squares += size * size;
        filled++;
      }
    }
    const free = filled - 1;
    const room = n - squares / n - free;
    const correlation = free > 0 && room > 0 ? (dispersion / (share * (1 - share)) - free) / room : 1;
    const shape = correlation > 0 ? (1 - correlation) / correlation : Infinity;
    // It is the few above, or below, that a slot may know nothing of.
    const alike = Math.min(Math.max(LEAST_BORROWED, shape), MOST_TOLD / Math.min(share, 1 - share));
    return 1 / (1 / alike + 1 / n);
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
    const edges = this.edges(error.noise);
    const prior = between((edge) => (edge < 0 ? 1 : (edges[edge] as Edge).share));
    const { borrowed } = edges[bucket] as Edge;
    const strength = known + borrowed;
    const share = (known * above + borrowed * prior) / strength;
    const all = Math.max(1, Math.round(spans));
    const most = all - Math.max(Math.ceil(p * all - 1e-9), 1);
    // Inside of a bucket, values stand for parts of it, and the last one reaches its top.
    // However much alike they are, they are one span at least.
    const drawn = Math.max(1, all / error.noise);
    const x = Math.min(drawn - 0.5, (most / all) * drawn + (whole ? 0.5 : -0.5));
    return betaBinomialBelow(x, drawn, share * strength, (1 - share) * strength);
  }

  /** The band of one slot. @returns undefined where nothing was generated */
  at(slot: number, p: number, error: KindError): Bounds | undefined {
    const own = this.slot(slot);
    if (own.spans <= 0) {
      return undefined;
    }
    const upper = this.find(own, p, error, UPPER_END);
    const lower = this.find(own, p, error, LOWER_END);
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
    // The first bucket that reaches the level: the further up, the more lies below.
    let [first, end] = [0, this.exponents.length];
    while (first < end) {
      const middle = (first + end) >> 1;
      if (this.below(own, p, error, middle, 1) < level) {
        first = middle + 1;
      } else {
        end = middle;
      }
    }
    if (first === this.exponents.length) {
      return { bucket: first, part: 1 };
    }
    let low = 0;
    let high = 1;
    for (let i = 0; i < HALVINGS; i++) {
      const middle = (low + high) / 2;
      if (this.below(own, p, error, first, middle) < level) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return { bucket: first, part: high };
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
    let filled = bucket - 1;
    while (filled >= 0 && !(((this.buckets[filled]?.counts ?? [])[slot] ?? 0) > 0)) {
      filled--;
    }
    const exponent = this.exponents[bucket] as number;
    const from = Math.min(exponent - 1, this.exponents[filled] ?? exponent - 1);
    const part = Math.min(1, Math.max(0, (log - from) / (exponent - from)));
    // As the ends are found: by whole buckets, then inside of one.
    const before = bucket === 0 ? 0 : this.below(own, p, error, bucket - 1, 1);
    return (
      before < UPPER_END &&
      this.below(own, p, error, bucket, part, false) <= UPPER_END &&
      (before >= LOWER_END || this.below(own, p, error, bucket, part) >= LOWER_END)
    );
  }
}

/** What all slots of a series tell of the share above one bucket. */
interface Edge {
  readonly share: number;
  /** Spans that they count as. */
  readonly borrowed: number;
}

/** Spans of one slot, and those above each bucket. */
interface SlotAbove {
  readonly spans: number;
  readonly above: readonly number[];
}
