import { countBand, meanBand, meanVariance, QuantileBands, ratesOf, spreadWithin } from '.';

/** Numbers in [0, 1): a linear congruential generator (Knuth, TAOCP 2, 3.3.4). */
function seeded(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

const ALONE = { noise: 1, bias: 0 };

/** How many of `n` values with that chance. */
function drawn(random: () => number, n: number, chance: number): number {
  let count = 0;
  for (let i = 0; i < n; i++) {
    count += random() < chance ? 1 : 0;
  }
  return count;
}

test.each([3, 30, 300])('where a model is right, a count of about %f says where another draw lies', (mean) => {
  const random = seeded(3);
  let held = 0;
  const runs = 60;
  const slots = 20;
  for (let run = 0; run < runs; run++) {
    const counts = Array.from({ length: slots }, () => drawn(random, 20 * mean, 0.05));
    const rates = ratesOf(counts, slots);
    for (const count of counts) {
      const { lower, upper } = countBand(count, ALONE, rates);
      const real = drawn(random, 20 * mean, 0.05);
      held += real >= lower && real <= upper ? 1 : 0;
    }
  }
  expect(held / (runs * slots)).toBeGreaterThan(0.93);
  expect(held / (runs * slots)).toBeLessThan(0.985);
});

test('noise and bias widen a count, and slots without any hold what the series has', () => {
  const rates = ratesOf([100, 110, 90], 3);
  const width = (noise: number, bias: number): number => {
    const { lower, upper } = countBand(100, { noise, bias }, { ...rates, shape: rates.shape / noise });
    return upper - lower;
  };
  expect(width(4, 0) / width(1, 0)).toBeCloseTo(2, 0);
  expect(width(1, 0.04)).toBeGreaterThan(0.7 * 4 * 0.2 * 100);
  expect(countBand(0, ALONE, ratesOf([5, 6, 4], 4)).upper).toBeGreaterThan(2);
  expect(countBand(0, ALONE, ratesOf([1], 400)).upper).toBeLessThan(1);
});

test('a mean lies as far off as its values spread, and as the model is wrong', () => {
  // Two slots of (1, 3): variance 2 within, mean 2.
  expect(spreadWithin([2, 2], [4, 4], 20)).toBeCloseTo(0.5);
  expect(spreadWithin([1], [4], 16)).toBe(1);
  expect(meanVariance(0.5, 1000, ALONE)).toBeCloseTo(0.001, 5);
  expect(meanVariance(0.5, 1e12, { noise: 1, bias: 0.04 })).toBeCloseTo(0.04, 5);
  expect(meanBand(10, 0.01).upper).toBeCloseTo(10 * Math.exp(0.196));
  expect(meanBand(10, 0.01).lower).toBeCloseTo(10 * Math.exp(-0.196));
  expect(meanBand(-10, 0.01)).toEqual({ lower: -10 - 1.96, upper: -10 + 1.96 });
});

test.each([
  { p: 0.5, spans: 40 },
  { p: 0.9, spans: 200 },
  { p: 0.99, spans: 60 },
])('where a model is right, $spans spans say where the quantile $p of others lies', ({ p, spans }) => {
  const random = seeded(11);
  const slots = 12;
  const exponents = [10, 11, 12, 13, 14, 15, 16, 17];
  /** Spans by bucket: each is half as frequent as the one before. */
  const draw = (): number[] => {
    const counts = exponents.map(() => 0);
    for (let i = 0; i < spans; i++) {
      const at = Math.min(exponents.length - 1, Math.floor(-Math.log2(1 - random())));
      counts[at] = (counts[at] as number) + 1;
    }
    return counts;
  };
  /** The bucket that a quantile lies in. */
  const bucketOf = (counts: readonly number[]): number => {
    let rest = Math.ceil(p * spans);
    return counts.findIndex((count) => (rest -= count) <= 0);
  };
  let held = 0;
  const runs = 40;
  for (let run = 0; run < runs; run++) {
    const generated = Array.from({ length: slots }, draw);
    const filled = exponents.map((exponent, b) => ({
      exponent,
      counts: generated.map((counts) => counts[b] as number),
    }));
    const bands = new QuantileBands(filled.filter(({ counts }) => counts.some((count) => count > 0)));
    for (let slot = 0; slot < slots; slot++) {
      const { lower, upper } = bands.at(slot, p, ALONE) ?? { lower: NaN, upper: NaN };
      const top = 2 ** (exponents[bucketOf(draw())] as number);
      // Where in its bucket a quantile lies is not asked here.
      held += top >= lower && top / 2 <= upper ? 1 : 0;
    }
  }
  expect(held / (runs * slots)).toBeGreaterThan(0.94);
});

test('a band and the question whether it holds a value say the same', () => {
  const bands = new QuantileBands([
    { exponent: 10, counts: [40, 0] },
    { exponent: 11, counts: [30, 2] },
    { exponent: 12, counts: [9, 1] },
  ]);
  const error = { noise: 1.5, bias: 0.01 };
  for (const slot of [0, 1]) {
    for (const p of [0.5, 0.9]) {
      const { lower, upper } = bands.at(slot, p, error) ?? { lower: NaN, upper: NaN };
      expect(bands.holds(slot, p, error, (lower + upper) / 2)).toBe(true);
      expect(bands.holds(slot, p, error, upper * 1.05)).toBe(false);
      expect(bands.holds(slot, p, error, lower / 1.3)).toBe(false);
    }
  }
  expect(bands.at(0, 0.5, { noise: 1e-9, bias: 0 })?.lower).toBeGreaterThan(900);
  expect(new QuantileBands([]).at(0, 0.5, error)).toBeUndefined();
});
