/** @file Uniform numbers by strata: each once, evenly among neighbours too, and independent of each other. */
import { locallyStratified, stratified } from './random';

const SIZES = [1, 2, 63, 64, 65, 127, 129, 200, 1000, 4099];

test.each(SIZES)('of %d occurrences, every 64th gets one of each 64 that follow each other', (n) => {
  const u = Array.from({ length: n }, (_, i) => locallyStratified(i, n, 77));
  expect(u.every((x) => x >= 0 && x < 1)).toBe(true);
  const blocks = Math.floor(n / 64);
  for (let block = 0; block < blocks; block++) {
    const seen = new Set(u.slice(64 * block, 64 * block + 64).map((x) => Math.floor(64 * x)));
    expect(seen.size).toBe(64);
  }
  // over all blocks each stratum is used once; those left over fill strata of their own
  const whole = new Set(u.slice(0, 64 * blocks).map((x) => Math.floor(64 * blocks * x)));
  expect(whole.size).toBe(64 * blocks);
  const left = n - 64 * blocks;
  expect(new Set(u.slice(64 * blocks).map((x) => Math.floor(left * x))).size).toBe(left);
});

test('numbers of different keys do not go together, though both are even', () => {
  const n = 4096;
  const [a, b] = [11, 12].map((key) => Array.from({ length: n }, (_, i) => locallyStratified(i, n, key) - 0.5));
  const correlation = 12 * (a as number[]).reduce((sum, x, i) => sum + (x * ((b as number[])[i] as number)) / n, 0);
  // its standard error is 1/64
  expect(Math.abs(correlation)).toBeLessThan(4 / 64);
  const cells = new Int32Array(256);
  (a as number[]).forEach((x, i) => {
    cells[Math.floor(16 * (x + 0.5)) * 16 + Math.floor(16 * (((b as number[])[i] as number) + 0.5))]! += 1;
  });
  const chi2 = cells.reduce((sum, seen) => sum + (seen - 16) ** 2 / 16, 0);
  // 225 degrees of freedom: margins are fixed
  expect(chi2).toBeLessThan(225 + 5 * Math.sqrt(2 * 225));
  expect(chi2).toBeGreaterThan(225 - 5 * Math.sqrt(2 * 225));
});

test('a stretch of time is more even than by strata of the whole', () => {
  const n = 20_000;
  const spread = (draw: typeof stratified): number => {
    let squares = 0;
    for (let from = 0; from + 64 <= n; from += 64) {
      const above = Array.from({ length: 64 }, (_, i) => draw(from + i, n, 5)).filter((u) => u >= 0.5).length;
      squares += (above - 32) ** 2;
    }
    return squares;
  };
  expect(spread(locallyStratified)).toBe(0);
  expect(spread(stratified)).toBeGreaterThan(1000);
});
