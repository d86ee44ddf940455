/** @file The arithmetic that draws: keyed numbers, permutations, integer softmax. */
import fc from 'fast-check';
import { hash32, permute, spanIdOf, stratified } from './random';
import { drawBin, weightsOfLogits, weightsOfMass } from './softmax';

describe('keyed numbers', () => {
  test('permute is a permutation', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.integer(), (n, key) => {
        const seen = new Set(Array.from({ length: n }, (_, i) => permute(i, n, key)));
        expect(seen.size).toBe(n);
        expect(Math.max(...seen)).toBe(n - 1);
      }),
      { seed: 1, numRuns: 100 }
    );
  });

  test('permute has known values, in 32 bits and beyond: they must never change', () => {
    expect([permute(3, 4, 9), permute(4, 5, -1), permute(699, 700, 5), permute(123456, 1e6, 77)]).toEqual([
      2, 4, 415, 247084,
    ]);
    expect([
      permute(2 ** 30 - 7, 2 ** 30, 3),
      permute(5, 2 ** 30 + 1, 3),
      permute(2 ** 39 + 12345, 2 ** 40, -9),
    ]).toEqual([408524174, 510131479, 510484529372]);
    let sum = 0;
    for (let n = 2; n < 3000; n++) {
      sum = (Math.imul(sum, 31) + permute(n >> 1, n, n * 7919)) | 0;
    }
    expect(sum).toBe(827579165);
  });

  test('stratified numbers fill every stratum once', () => {
    for (const n of [1, 2, 3, 64, 1000, 4097]) {
      const strata = new Set(Array.from({ length: n }, (_, i) => Math.floor(stratified(i, n, 12345) * n)));
      expect(strata.size).toBe(n);
    }
  });

  test('different keys give unrelated orders', () => {
    const n = 5000;
    const mean = (n - 1) / 2;
    let sum = 0;
    let square = 0;
    for (let i = 0; i < n; i++) {
      const a = permute(i, n, 1) - mean;
      sum += a * (permute(i, n, 2) - mean);
      square += a * a;
    }
    expect(Math.abs(sum / square)).toBeLessThan(0.06);
  });

  test('hash32 has known values: they must never change', () => {
    expect([hash32(0, 0), hash32(1, 2, 3, 4), hash32(-5, 1e6, 7)]).toEqual([2939623135, 1252733588, 3055789694]);
  });

  test('span ids of a trace are different, and never zero', () => {
    const ids = new Set(Array.from({ length: 20_000 }, (_, node) => spanIdOf(99, 7, node)));
    expect(ids.size).toBe(20_000);
    expect(ids.has('0'.repeat(16))).toBe(false);
  });
});

describe('drawing a bin', () => {
  test('inverts the distribution function', () => {
    const draw = { bin: 0, share: 0 };
    const counts = [0, 0, 0];
    for (let i = 0; i < 6000; i++) {
      drawBin(weightsOfMass([1, 2, 3], 3), 3, (i + 0.5) / 6000, draw);
      counts[draw.bin] = (counts[draw.bin] as number) + 1;
      expect(draw.share >= 0 && draw.share < 1).toBe(true);
    }
    expect(counts).toEqual([1000, 2000, 3000]);
  });

  test('logits in 1/64 nat give the shares of their exponentials', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 2, maxLength: 64 }), (logits) => {
        const weights = Array.from(
          weightsOfLogits(Int32Array.from(logits), 0, logits.length).subarray(0, logits.length)
        );
        const total = weights.reduce((sum, w) => sum + w, 0);
        const exact = logits.map((logit) => Math.exp(logit / 64));
        const sum = exact.reduce((all, w) => all + w, 0);
        weights.forEach((w, j) => {
          expect(Number.isInteger(w)).toBe(true);
          expect(Math.abs(w / total - (exact[j] as number) / sum)).toBeLessThan(1e-6);
        });
      }),
      { seed: 2, numRuns: 200 }
    );
  });

  test('never goes beyond the last bin allowed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { minLength: 1, maxLength: 64 }),
        fc.nat(63),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.999999999, noNaN: true }),
        (mass, bin, part, u) => {
          const last = bin % mass.length;
          const draw = { bin: -1, share: -1 };
          drawBin(weightsOfMass(mass, mass.length), mass.length, u, draw, last, part);
          expect(draw.bin >= 0 && draw.bin <= last).toBe(true);
          expect(draw.share >= 0 && draw.share <= 1).toBe(true);
          expect(draw.bin < last || draw.share <= part).toBe(true);
        }
      ),
      { seed: 3, numRuns: 500 }
    );
  });
});
