import { samplePlan } from '../../query/sample-plan';
import { Contributions, MeanConfidence, QuantileConfidence, TotalConfidence } from '.';
import { betaBinomialBelow, eventsWithin } from './distributions';
import { SpreadOfTotals } from './spread';

/** Numbers in [0, 1): a linear congruential generator (Knuth, TAOCP 2, 3.3.4). */
function seeded(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

test('a beta-binomial number of which nothing is known is any of its values alike', () => {
  for (const k of [0, 3, 8]) {
    expect(betaBinomialBelow(k + 0.5, 9, 1, 1)).toBeCloseTo((k + 1) / 10, 6);
  }
  expect(betaBinomialBelow(500, 1000, 1, 1)).toBeCloseTo(0.5, 2);
  expect(betaBinomialBelow(-1, 9, 1, 1)).toBe(0);
  expect(betaBinomialBelow(9, 9, 1, 1)).toBe(1);
});

test('the middle of many events is that of the normal distribution, and of few begins with none', () => {
  const many = eventsWithin(1e9, 10_000);
  expect(many.lower).toBeCloseTo(10_000 - 196, -1);
  expect(many.upper).toBeCloseTo(10_000 + 196, -1);
  // Poisson of mean 1: at most 3 in 98%, at most 2 in 92%.
  const few = eventsWithin(1e9, 1);
  expect(few.lower).toBe(0);
  expect(few.upper).toBeGreaterThan(2);
  expect(few.upper).toBeLessThan(4);
});

test.each([
  { chance: 0.3, shapes: 1 },
  { chance: 0.9, shapes: 1 },
  { chance: 0.9, shapes: 5 },
])('the variance told from a sample is that of estimates: $chance in $shapes shapes', ({ chance, shapes }) => {
  const traces = 4000;
  const slots = 10;
  const random = seeded(7);
  let squares = 0;
  let told = 0;
  let held = 0;
  for (let run = 0; run < 20; run++) {
    const shape = Array.from({ length: traces }, () => Math.floor(random() ** 2 * shapes));
    const spans = shape.map((one) => (random() < chance * (one % 2 === 1 ? 0.5 : 1) ? 1 : 0));
    const slot = spans.map((_, i) => Math.floor((i * slots) / traces));
    const list = { first: spans.map((_, i) => i), count: spans.map(() => 1), slot, shape };
    const contributions = new Contributions();
    for (const one of samplePlan([list], slots, 0.25)[0] ?? []) {
      if (spans[one.index] === 1) {
        contributions.add(slot[one.index] ?? 0, one, one.weight, 0);
      }
    }
    const spread = new SpreadOfTotals(
      contributions.filled.map((filled) => contributions.at(filled)),
      ({ count }) => count
    );
    const confidence = new TotalConfidence(contributions, slots, ({ count }) => count);
    for (let at = 0; at < slots; at++) {
      const truth = spans.reduce<number>((sum, one, i) => sum + (slot[i] === at ? one : 0), 0);
      const own = contributions.at(at);
      squares += (own.reduce((sum, one) => sum + one.weight, 0) - truth) ** 2;
      told += spread.measured(own).variance;
      const { lower, upper } = confidence.at(at);
      held += lower <= truth && truth <= upper ? 1 : 0;
    }
  }
  // 200 slots: a variance is known within a tenth, a share of 95% within two hundredths and a half.
  expect(squares / told).toBeGreaterThan(0.65);
  expect(squares / told).toBeLessThan(1.5);
  expect(held / (20 * slots)).toBeGreaterThan(0.9);
});

// Three standard errors of 1,600 shares are two hundredths; fewer hold where a slot's sample is small.
test.each([
  { sampled: 2, least: 0.89 },
  { sampled: 10, least: 0.91 },
])('averages and sums of a heavy tail hold, from $sampled traces a slot', ({ sampled, least }) => {
  const slots = 8;
  const random = seeded(3);
  // Log-normal, as durations are: the mean is three times the median.
  const value = (): number => Math.exp(1.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
  const weight = 8;
  const runs = 200;
  let averages = 0;
  let sums = 0;
  for (let run = 0; run < runs; run++) {
    const contributions = new Contributions();
    const truths = Array.from({ length: slots }, (_, slot) => {
      let truth = 0;
      for (let trace = 0; trace < sampled * weight; trace++) {
        const own = value();
        truth += own;
        if (trace % weight === 0) {
          const place = { sample: slot * (sampled + 1) + trace / weight, cell: slot, expected: sampled };
          contributions.add(slot, place, weight, own);
        }
      }
      return truth;
    });
    const mean = new MeanConfidence(contributions);
    const total = new TotalConfidence(contributions, slots, ({ sum }) => sum);
    truths.forEach((truth, slot) => {
      const average = mean.at(slot) ?? { lower: NaN, upper: NaN };
      const traces = sampled * weight;
      averages += average.lower <= truth / traces && truth / traces <= average.upper ? 1 : 0;
      const { lower, upper } = total.at(slot);
      sums += lower <= truth && truth <= upper ? 1 : 0;
    });
  }
  expect(averages / (runs * slots)).toBeGreaterThan(least);
  expect(sums / (runs * slots)).toBeGreaterThan(least);
  expect(averages / (runs * slots)).toBeLessThan(0.98);
});

test('what was seen whole is exact, and what was seen is no longer uncertain', () => {
  const whole = new Contributions();
  const half = new Contributions();
  for (let sample = 0; sample < 10; sample++) {
    const place = { sample: 2 * sample, cell: sample, expected: 0 };
    whole.add(0, place, 1, 10 + sample);
    half.add(0, place, 2, 10 + sample);
  }
  const count = ({ count: spans }: { count: number }): number => spans;
  expect(new TotalConfidence(whole, 1, count).at(0)).toEqual({ lower: 10, upper: 10 });
  expect(new MeanConfidence(whole).at(0)).toEqual({ lower: 14.5, upper: 14.5 });
  expect(new TotalConfidence(half, 1, count).at(0).lower).toBeGreaterThanOrEqual(10);
  const mean = new MeanConfidence(half).at(0);
  expect(mean?.lower).toBeLessThan(14.5);
  expect(mean?.upper).toBeGreaterThan(14.5);
  const quantile = (contributions: Contributions): QuantileConfidence =>
    new QuantileConfidence([{ exponent: 5, contributions }], 1);
  expect(quantile(whole).at(0, 0.9, 28)).toEqual({ lower: 28, upper: 28 });
  // The largest may be among those that were not seen.
  expect(quantile(half).at(0, 0.99, 32).upper).toBeGreaterThan(32);
});

test('a slot where nothing was seen may hold what the other slots have, and no more than they', () => {
  const place = (sample: number) => ({ sample: 2 * sample, cell: sample, expected: 0 });
  const rare = new Contributions();
  rare.add(0, place(0), 10, 0);
  const common = new Contributions();
  for (let slot = 1; slot < 20; slot++) {
    common.add(slot, place(slot), 10, 0);
  }
  const count = ({ count: spans }: { count: number }): number => spans;
  const upper = (contributions: Contributions): number => new TotalConfidence(contributions, 20, count).at(0).upper;
  expect(new TotalConfidence(rare, 20, count).at(5).lower).toBe(0);
  expect(new TotalConfidence(rare, 20, count).at(5).upper).toBeLessThan(upper(common));
});
