/** @file The arithmetic that draws: keyed numbers, permutations, integer softmax. */
import fc from 'fast-check';
import { hash32, permute, spanIdOf, stratified } from './random';
import { drawBin, maskBins, weightsOfLogits, weightsOfMass } from './softmax';

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

  test('never leaves what can be drawn', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { minLength: 1, maxLength: 64 }),
        fc.record({ bin: fc.nat(63), share, first: fc.nat(63), low: fc.nat(63), held: fc.nat(63), from: share }),
        fc.double({ min: 0, max: 0.999999999, noNaN: true }),
        (mass, wish, u) => {
          const bin = wish.bin % mass.length;
          const held = Math.min(wish.held, bin);
          const low = Math.min(wish.low, held);
          const limit = { ...wish, bin, held, low, first: Math.min(wish.first, low) };
          const weights = weightsOfMass(mass, mass.length);
          maskBins(weights, limit);
          const draw = { bin: -1, share: -1 };
          drawBin(weights, mass.length, u, draw, limit);
          expect(draw.bin >= limit.first && draw.bin <= bin).toBe(true);
          expect(draw.bin < low || draw.bin >= held).toBe(true);
          expect(draw.share >= 0 && draw.share <= 1).toBe(true);
          expect(draw.bin < bin || draw.share <= limit.share).toBe(true);
          const most = draw.bin === bin ? limit.share : 1;
          expect(draw.bin !== held || limit.from >= most || draw.share >= limit.from).toBe(true);
        }
      ),
      { seed: 3, numRuns: 1000 }
    );
  });

  test('a bin that nothing but masks takes weight from is drawn all the same', () => {
    const weights = weightsOfMass([5, 5, 0, 0], 4);
    const limit = { bin: 3, share: 1, first: 0, low: 0, held: 2, from: 0.25 };
    maskBins(weights, limit);
    const draw = { bin: -1, share: -1 };
    drawBin(weights, 4, 0.5, draw, limit);
    expect(draw).toEqual({ bin: 2, share: 0.625 });
  });
});
