/**
 * @file Intervals of quantiles that are read from counts in buckets. A quantile is at most t where few enough values of all
 * are above t (R. Woodruff, Confidence intervals for medians, JASA 47, 1952); the share above t among the values that were
 * not seen follows a beta-binomial distribution, given those of the slot that were, and what the slots of the series have
 * otherwise (a Pólya posterior: G. Meeden and M. Ghosh, Bayesian Methods for Finite Population Sampling, 1997). How alike
 * slots are is told by their shares (J. Kleinman, Proportions with extraneous variance, JASA 68, 1973).
 */
import type { Bounds } from './bounds';
import type { Contributions } from './contributions';
import { betaBinomialBelow } from './distributions';
import { beyondOf, type Edge, edgeOf, LEAST_BORROWED, type Slot, slotOf } from './shares';
import { TotalConfidence, type Unseen } from './total';

/** Bisections of a bucket. */
const HALVINGS = 14;

/** Tells the intervals of the slots of one series. */
export class QuantileConfidence {
  private readonly slots = new Map<number, Slot>();
  /** Tops of buckets, those beyond what was seen included. */
  private readonly exponents: readonly number[];
  private readonly edges: readonly Edge[];
  /** What there may be in a slot where nothing was seen. */
  private readonly unseen: Unseen;

  /**
   * @param buckets - contributions to each bucket, buckets rising
   * @param occupied - slots of the query that may hold anything
   */
  constructor(
    buckets: ReadonlyArray<{ readonly exponent: number; readonly contributions: Contributions }>,
    occupied: number
  ) {
    this.exponents = buckets.map(({ exponent }) => exponent);
    const filled = new Set(buckets.flatMap(({ contributions }) => contributions.filled));
    for (const slot of filled) {
      this.slots.set(slot, slotOf(buckets, slot));
    }
    const slots = [...this.slots.values()];
    const seen = this.exponents.map((_, bucket) => edgeOf(slots, bucket));
    // What is above all that was seen varies as what is above most of it does.
    const { alike, borrowed } = [...seen].reverse().find(({ share }) => share > 0) ?? {
      alike: 1,
      borrowed: LEAST_BORROWED,
    };
    const beyond = beyondOf(slots, this.exponents, alike);
    const last = this.exponents[this.exponents.length - 1] ?? 0;
    this.edges = [
      ...seen
        .filter(({ share }) => share > 0)
        .map((edge) => ({ ...edge, share: Math.max(edge.share, beyond[0] as number) })),
      ...beyond.map((share) => ({ share, alike, borrowed })),
    ];
    this.exponents = [...this.exponents, ...beyond.slice(1).map((_, i) => last + 1 + i)];
    const rows = { filled: [...this.slots.keys()], at: (slot: number) => this.slots.get(slot)?.rows ?? [] };
    this.unseen = new TotalConfidence(rows, occupied, ({ count }) => count).whereNone();
  }

  /**
   * @param p - which quantile, from 0 to 1
   * @param value - as estimated
   */
  at(slot: number, p: number, value: number): Bounds {
    const last = this.exponents.length - 1;
    const own = this.slots.get(slot);
    if (last < 0 || (own !== undefined && own.all <= own.spans * (1 + 1e-9))) {
      // All was seen.
      return { lower: value, upper: value };
    }
    // The probability that the quantile is at most the top of a bucket, or a part of the way into it.
    const below = (bucket: number, part: number): number => this.probability(own, p, bucket, part);
    const find = (level: number): { bucket: number; part: number } => {
      for (let bucket = 0; bucket <= last; bucket++) {
        if (below(bucket, 1) >= level) {
          let low = 0;
          let high = 1;
          for (let i = 0; i < HALVINGS; i++) {
            const middle = (low + high) / 2;
            if (below(bucket, middle) < level) {
              low = middle;
            } else {
              high = middle;
            }
          }
          return { bucket, part: high };
        }
      }
      return { bucket: last + 1, part: 1 };
    };
    const exponent = (bucket: number): number => this.exponents[bucket] ?? (this.exponents[last] as number) + 1;
    const upper = find(own === undefined ? 0.95 : 0.975);
    const high = 2 ** (exponent(upper.bucket) - 1 + upper.part);
    if (own === undefined) {
      return { lower: 0, upper: high };
    }
    const lower = find(0.025);
    // Between buckets that are far apart, values depend on which buckets are filled.
    let from = exponent(lower.bucket) - 1;
    for (let bucket = lower.bucket - 1; bucket >= 0; bucket--) {
      if ((own.above[bucket - 1] ?? own.all) > (own.above[bucket] as number)) {
        from = exponent(bucket);
        break;
      }
    }
    return { lower: 2 ** (from + (exponent(lower.bucket) - from) * lower.part), upper: high };
  }

  private probability(own: Slot | undefined, p: number, bucket: number, part: number): number {
    const between = (of: (edge: number) => number): number => (1 - part) * of(bucket - 1) + part * of(bucket);
    const prior = between((edge) => (edge < 0 ? 1 : (this.edges[edge] as Edge).share));
    const { alike, borrowed } = this.edges[bucket] as Edge;
    if (own === undefined) {
      const { none, mean } = this.unseen;
      const all = Math.max(1, Math.round(mean / Math.max(1e-9, 1 - none)));
      // Nothing reads as 0.
      return none + (1 - none) * atMost(mostAbove(p, all) / alike, all / alike, prior * borrowed, borrowed, part);
    }
    const seen = own.spans / alike;
    const above = between((edge) => (edge < 0 ? 1 : (own.above[edge] ?? 0) / own.all));
    const all = Math.round(own.all);
    return atMost(
      (mostAbove(p, all) - above * own.spans) / alike,
      (own.all - own.spans) / alike,
      seen * above + borrowed * prior,
      seen + borrowed,
      part
    );
  }
}

/** How many of `all` values may be above t where the quantile p is at most t. */
function mostAbove(p: number, all: number): number {
  return all - Math.max(Math.ceil(p * all - 1e-9), 1);
}

/** Probability that at most so many of the unseen values are above, given how many of those known are. */
function atMost(most: number, unseen: number, above: number, known: number, part: number): number {
  // Inside of a bucket, values stand for parts of it, and the last one reaches its top.
  return betaBinomialBelow(most + (part < 1 ? -0.5 : 0.5), unseen, above, known - above);
}
