/** @file The fidelity card: every number in 0 … 1, 0 for a copy. */
import { setLimit } from '../common';
import { fidelityCard } from './card';
import { pair, pairs } from './test-traces';

describe('fidelity card', () => {
  afterEach(() => setLimit('FIDELITY_CARD_SPANS', undefined));

  test('a copy has no error, and is seen to be one', async () => {
    // As little as is looked for: noise is not taken to be nothing.
    const least = { noise: expect.closeTo(0.1, 1) as number, bias: 0 };
    expect(await fidelityCard(pairs(40), pairs(40))).toEqual({
      version: 1,
      realTraces: 40,
      generatedTraces: 40,
      queryError: 0,
      redError: 0,
      durationP50: 0,
      durationP99: 0,
      edgeTV: 0,
      spearmanDiff: 0,
      copiedMultiSpan: 1,
      answerErrors: { count: least, mean: least, quantile: least, tail: least },
    });
  });

  test('children twice as long show in durations, and only there', async () => {
    const card = await fidelityCard(
      pairs(40),
      Array.from({ length: 40 }, (_, i) => pair(i, 2 * (5 + i)))
    );
    // Service a is as it was, b twice as long: (0 + 1) / 2.
    expect(card).toMatchObject({ durationP50: 0.5, durationP99: 0.5, edgeTV: 0, spearmanDiff: 0, copiedMultiSpan: 0 });
  });

  test('large sides are thinned alike', async () => {
    setLimit('FIDELITY_CARD_SPANS', 30);
    expect(await fidelityCard(pairs(40), pairs(40))).toMatchObject({
      realTraces: 14,
      generatedTraces: 14,
      redError: 0,
    });
  });

  test('nothing to compare, no card', async () => {
    expect(await fidelityCard([], pairs(2))).toBeNull();
    expect(await fidelityCard(pairs(2), [])).toBeNull();
  });
});
