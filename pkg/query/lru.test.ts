import fc from 'fast-check';
import { LruCache } from './lru';

test('what was used longest ago goes first', () => {
  const cache = new LruCache<string>(() => 10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 4);
  expect(cache.get('a')).toBe('A');
  cache.set('c', 'C', 4);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['A', undefined, 'C']);
  cache.set('d', 'D', 11);
  expect(cache.get('d')).toBeUndefined();
  expect(cache.bytes).toBe(8);
  cache.clear();
  expect([cache.get('a'), cache.bytes]).toEqual([undefined, 0]);
});

test('never holds more than the budget, and counts what it holds', () => {
  const step = fc.record({ key: fc.constantFrom(...'abcdef'), bytes: fc.nat(12), get: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = new LruCache<number>(() => 20);
      const sizes = new Map<string, number>();
      for (const { key, bytes, get } of steps) {
        if (get) {
          cache.get(key);
        } else {
          cache.set(key, bytes, bytes);
          sizes.set(key, bytes);
        }
        expect(cache.bytes).toBeLessThanOrEqual(20);
      }
      const held = [...sizes].filter(([key]) => cache.get(key) !== undefined);
      expect(cache.bytes).toBe(held.reduce((sum, [, bytes]) => sum + bytes, 0));
    }),
    { seed: 1, numRuns: 300 }
  );
});
