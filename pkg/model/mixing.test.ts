/** @file The compressor for small sections: what goes in comes out, whatever it is; anything can be read. */
import fc from 'fast-check';
import { mix, unmix } from './mixing';

const text = new TextEncoder().encode('service checkout operation PlaceOrder status error; '.repeat(40));

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array(0)],
  ['one byte', Uint8Array.of(255)],
  ['zeros', new Uint8Array(5000)],
  ['ones', new Uint8Array(5000).fill(255)],
  ['text', text],
  ['all bytes', Uint8Array.from({ length: 1024 }, (_, i) => i * 37)],
])('gives back %s', (_, data) => {
  expect(unmix(mix(data), data.length)).toEqual(data);
});

test('gives back any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 1, max: 255 }), (data, mask) => {
      const thin = data.map((byte) => byte & mask);
      expect(unmix(mix(thin), thin.length)).toEqual(thin);
    }),
    { seed: 5, numRuns: 60 }
  );
});

test('what repeats takes little, and what does not takes little more than itself', () => {
  expect(mix(text).length).toBeLessThan(0.08 * text.length);
  let state = 1;
  const noise = Uint8Array.from(
    { length: 4000 },
    () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24
  );
  expect(mix(noise).length).toBeLessThan(1.05 * noise.length);
});

test('any bytes can be read at any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 400 }), (stored, length) => {
      expect(unmix(stored, length)).toHaveLength(length);
    }),
    { seed: 6, numRuns: 60 }
  );
});
