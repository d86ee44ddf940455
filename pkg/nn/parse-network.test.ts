/** @file Bytes of a network that nobody vouches for: whole, damaged, hostile. */
import fc from 'fast-check';
import { GentError, setLimit } from '../common';
import { encodeNetwork, SPEC_KEY } from './inference-graph';
import { parseNetwork } from './parse-network';
import { MessageWriter, readFields } from './protobuf';
import { Random } from './random';
import { randomWeights, SMALL } from './samples';
import type { NetworkSpec } from './types';

const network = randomWeights(SMALL, 11);
const whole = encodeNetwork(network);

afterEach(() => {
  setLimit('NN_BYTES', undefined);
  setLimit('NN_PARAMETERS', undefined);
});

/** A model that has nothing but a shape. */
function claiming(spec: unknown): Uint8Array {
  const entry = new MessageWriter().text(1, SPEC_KEY).text(2, JSON.stringify(spec));
  return new MessageWriter().message(7, new MessageWriter().text(2, 'gent')).message(14, entry).finish();
}

test('what was written is read', () => {
  expect(parseNetwork(whole)).toEqual(network);
  expect(encodeNetwork(parseNetwork(whole))).toEqual(whole);
});

test('random shapes are read as written', () => {
  const specs: fc.Arbitrary<NetworkSpec> = fc.record({
    embeddings: fc.array(
      fc.record({
        name: fc.string(),
        vocabulary: fc.integer({ min: 1, max: 30 }),
        dimension: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 4 }
    ),
    levels: fc.integer({ min: 1, max: 5 }),
    hidden: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
    classes: fc.integer({ min: 1, max: 20 }),
  });
  const property = fc.property(specs, (spec) => {
    const weights = randomWeights(spec, 1);
    expect(parseNetwork(encodeNetwork(weights))).toEqual(weights);
  });
  fc.assert(property, { seed: 1, numRuns: 60 });
});

const SPEC = { version: 1, embeddings: [], levels: 3, hidden: [4], classes: 2 };
const REFUSED: ReadonlyArray<[string, Uint8Array]> = [
  ['nothing', new Uint8Array(0)],
  ['text', new TextEncoder().encode('this is no network')],
  ['a cut file', whole.subarray(0, whole.length - 40)],
  ['trailing bytes', Uint8Array.from([...whole, 0x08, 0x08])],
  ['no constants', claiming(SPEC)],
  ['a version of the future', claiming({ ...SPEC, version: 2 })],
  ['no shape', claiming(null)],
  ['a shape of other types', claiming({ ...SPEC, hidden: ['4'] })],
  ['a huge table', claiming({ ...SPEC, embeddings: [{ name: 'a', vocabulary: 1e9, dimension: 700 }] })],
  ['more parameters than bytes', claiming({ ...SPEC, hidden: [700, 700, 700] })],
  ['a negative width', claiming({ ...SPEC, hidden: [-4] })],
  ['a width that is no number', claiming({ ...SPEC, levels: 0.5 })],
];

test.each(REFUSED)('%s is refused', (_, bytes) => {
  expect(() => parseNetwork(bytes)).toThrow(GentError);
  expect(() => parseNetwork(bytes)).toThrow(expect.objectContaining({ code: 'NN_BAD_NETWORK' }));
});

test('codes out of range are refused', () => {
  const changes: Array<(weights: typeof network) => void> = [
    ({ layers }) => (layers[0]!.weights[3] = 64),
    ({ layers }) => (layers[1]!.weights[0] = -128),
    ({ layers }) => (layers[1]!.bias[0] = 2 ** 22 + 1),
    ({ layers }) => (layers[2]!.bias[0] = -(2 ** 31)),
    ({ layers }) => (layers[0]!.shifts[0] = 23),
    ({ layers }) => (layers[0]!.shifts[0] = -9),
  ];
  for (const change of changes) {
    const weights = randomWeights(SMALL, 11);
    change(weights);
    expect(() => parseNetwork(encodeNetwork(weights))).toThrow(expect.objectContaining({ code: 'NN_BAD_NETWORK' }));
  }
});

test('limits hold before anything is read', () => {
  setLimit('NN_BYTES', whole.length - 1);
  expect(() => parseNetwork(whole)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  setLimit('NN_BYTES', undefined);
  setLimit('NN_PARAMETERS', 10);
  expect(() => parseNetwork(whole)).toThrow(expect.objectContaining({ code: 'NN_BAD_NETWORK' }));
});

test('changed bytes give a coded error or a network within its ranges', () => {
  const random = new Random(21);
  let kept = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from(whole);
    for (let change = random.below(3); change >= 0; change--) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    const cut = random.below(4) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
    try {
      const found = parseNetwork(cut);
      kept++;
      expect(found.layers.every(({ weights }) => weights.every((code) => Math.abs(code) <= 63))).toBe(true);
      expect(encodeNetwork(found)).toEqual(cut);
    } catch (error) {
      expect(error).toMatchObject({ name: 'GentError', code: 'NN_BAD_NETWORK' });
    }
  }
  // Weights and tables are most of the bytes, so many changes give another, equally valid network.
  expect(kept).toBeGreaterThan(50);
});

test('arbitrary bytes never make the reader leave them', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      let length = 0;
      for (const field of readFields(bytes, 'test')) {
        length += field.bytes.length;
      }
      expect(length).toBeLessThanOrEqual(bytes.length);
    } catch (error) {
      expect(error).toMatchObject({ code: 'NN_BAD_NETWORK' });
    }
  });
  fc.assert(property, { seed: 1, numRuns: 2000 });
});

test('integers keep their value and sign', () => {
  for (const value of [0, 1, 127, 128, 300, 2 ** 31, Number.MAX_SAFE_INTEGER, -1, -300]) {
    const [field] = [...readFields(new MessageWriter().integer(5, value).finish(), 'test')];
    expect(field).toMatchObject({ number: 5, wire: 0 });
    expect(Number(BigInt.asIntN(64, field!.integer))).toBe(value);
  }
});
