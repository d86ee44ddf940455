/** @file The seeded random numbers of training. */
import { Random } from './random';

test('equal seeds give equal streams; seeds and streams differ from one another', () => {
  const draw = (seed: number, stream?: number): string =>
    Array.from(
      { length: 8 },
      (
        (random) => () =>
          random.next()
      )(new Random(seed, stream))
    ).join();
  expect(draw(1)).toBe(draw(1));
  const seeds = [0, 1, 2, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 40];
  expect(new Set(seeds.flatMap((seed) => [draw(seed), draw(seed, 1), draw(seed, 2)])).size).toBe(21);
});

test('uniform numbers are uniform', () => {
  const random = new Random(3);
  const bins = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) {
    bins[random.below(16)]!++;
  }
  // χ² with 15 degrees of freedom exceeds 37.7 once in a thousand times.
  expect(bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(37.7);
});

test('shuffling keeps the items and moves nearly all', () => {
  const items = Uint32Array.from({ length: 1000 }, (_, i) => i);
  new Random(4).shuffle(items);
  expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(items.filter((item, i) => item === i).length).toBeLessThan(10);
});
