/** @file Errors of answers: known ones are found again. */
import { answerErrors, type Cell, fitKind } from './answer-errors';
import { clockOf } from './clock';
import { newVocabulary, type SpanTable, spanTable } from './span-table';
import { pair } from './test-traces';

/** Numbers in [0, 1): a linear congruential generator (Knuth, TAOCP 2, 3.3.4). */
function seeded(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

test.each([
  { noise: 1, bias: 0 },
  { noise: 4, bias: 0 },
  { noise: 2, bias: 0.02 },
  { noise: 1, bias: 0.1 },
])('noise $noise and bias $bias of errors are found', (known) => {
  const random = seeded(5);
  const cells = Array.from({ length: 8000 }, (): Cell => {
    const size = Math.round(Math.exp(7.5 * random()));
    const off = normal(random) * Math.sqrt(known.noise / size + known.bias);
    return { size, holds: ({ noise, bias }) => Math.abs(off) <= 1.96 * Math.sqrt(noise / size + bias) };
  });
  const found = fitKind([cells]) ?? { noise: NaN, bias: NaN };
  // What intervals are made of, at any number of spans.
  for (const size of [1, 10, 100, 1000]) {
    const [told, right] = [found, known].map(({ noise, bias }) => Math.sqrt(noise / size + bias)) as [number, number];
    expect(told / right).toBeGreaterThan(0.75);
    expect(told / right).toBeLessThan(1.4);
  }
});

test('nothing to compare has no error', () => {
  expect(fitKind([])).toBeUndefined();
  expect(fitKind([[]])).toBeUndefined();
});

/** Traces of two spans whose durations are log-normal, times what is off in the slot. */
function table(vocabulary: SpanTable['vocabulary'], seed: number, off: (at: number) => number): Promise<SpanTable> {
  const random = seeded(seed);
  const traces = Array.from({ length: 6000 }, (_, i) =>
    pair(i, Math.round(1000 * off(i / 6000) * Math.exp(normal(random))))
  );
  return spanTable(vocabulary, traces);
}

test('two draws of one distribution differ by noise of about one, a model that is off has a bias', async () => {
  const vocabulary = newVocabulary();
  const real = await table(vocabulary, 1, () => 1);
  const random = seeded(9);
  const offs = Array.from({ length: 9 }, () => Math.exp(0.3 * normal(random)));
  const measured = async (off: (at: number) => number) =>
    answerErrors(real, await table(vocabulary, 2, off), clockOf(real));
  const alike = await measured(() => 1);
  const wrong = await measured((at) => offs[Math.floor(9 * at)] as number);
  for (const kind of ['count', 'mean', 'quantile'] as const) {
    expect(alike?.[kind].noise).toBeGreaterThan(0.4);
    expect(alike?.[kind].noise).toBeLessThan(2);
    const reach = ({ noise, bias }: { noise: number; bias: number }): number => noise / 300 + bias;
    expect(reach(wrong?.[kind] ?? { noise: 0, bias: 0 })).toBeGreaterThan(
      3 * reach(alike?.[kind] ?? { noise: 1, bias: 1 })
    );
  }
  expect(alike?.mean.bias).toBeLessThan(0.005);
});
