/** @file Intervals that hold the real values: of one model, of several, and through what is calculated with them. */
import { calculatedBounds, joined } from './bands';
import type { ModelError } from './confidence';
import { compileMetrics, type MetricsOptions } from './metrics';
import { parseQuery } from './query';
import type { Sample } from './results';
import { trace } from './test-traces';

const kind = (noise: number, bias: number) => ({ noise, bias });
/** A model with much bias and hardly any noise. */
const BIASED: ModelError = {
  count: kind(0.01, 0.04),
  mean: kind(0.01, 0.04),
  quantile: kind(0.01, 0.04),
  tail: kind(0.01, 0.04),
};
const start = 999_999_999_999n;
const OPTIONS: MetricsOptions = {
  start,
  end: start + 60_000_000_000n,
  step: 60_000_000_000n,
  instant: true,
  modelledSlots: 1,
};

const spans = (count: number) =>
  trace(
    Array.from({ length: count }, (_, i) => ({
      id: String(i).padStart(16, '0'),
      at: i % 50,
      ms: 10 + (i % 5),
      status: 2 * (i % 2),
    }))
  );

/** What is asked of spans from models with such errors, so many from each. */
function asked(query: string, models: ReadonlyArray<[ModelError | undefined, number]>, options = OPTIONS): Sample[] {
  const accumulator = compileMetrics(parseQuery(query), options);
  for (const [error, count] of models) {
    accumulator.from(error);
    accumulator.observe(spans(count));
  }
  return accumulator.result().flatMap(({ samples }) => samples);
}

const width = ([sample]: readonly Sample[]): number => (sample?.upper ?? NaN) - (sample?.lower ?? NaN);

test('a count is as uncertain as its model is wrong, and one of two models less so', () => {
  const query = '{ duration > 1ms } | count_over_time()';
  const one = width(asked(query, [[BIASED, 2000]]));
  // 1.96 · 0.2 · 2000 on both sides.
  expect(one).toBeGreaterThan(1400);
  expect(one).toBeLessThan(1800);
  const two = width(
    asked(query, [
      [BIASED, 1000],
      [BIASED, 1000],
    ])
  );
  expect(one / two).toBeCloseTo(Math.SQRT2, 1);
  const half = width(
    asked(query, [
      [BIASED, 1000],
      [undefined, 1000],
    ])
  );
  expect(one / half).toBeCloseTo(2, 0);
});

test.each(['avg_over_time(duration)', 'quantile_over_time(duration, .5)', 'quantile_over_time(duration, .99)'])(
  '%s has the error of its models',
  (fn) => {
    const [sample] = asked(`{ } | ${fn}`, [[BIASED, 500]]);
    expect(sample?.lower).toBeLessThan(sample?.value ?? 0);
    expect(sample?.upper).toBeGreaterThan(sample?.value ?? Infinity);
    expect(asked(`{ } | ${fn}`, [[undefined, 500]])[0]).not.toHaveProperty('lower');
  }
);

test('sums are less certain where it is uncertain which spans there are', () => {
  const known = width(asked('{ status = error } | sum_over_time(duration)', [[BIASED, 500]]));
  const drawn = width(asked('{ status = error && duration > 1ms } | sum_over_time(duration)', [[BIASED, 500]]));
  expect(drawn / known).toBeCloseTo(Math.SQRT2, 1);
});

test('what models keep exactly has no interval where slots are whole buckets; extremes have none at all', () => {
  const models: Array<[ModelError, number]> = [[BIASED, 100]];
  const exact = { ...OPTIONS, wholeBuckets: true };
  for (const query of ['{ status = error } | rate()', '{ } >> { status = error } | count_over_time() by (name)']) {
    expect(asked(query, models, exact).every(({ lower }) => lower === undefined)).toBe(true);
  }
  expect(asked('{ status = error } | rate()', models)[0]).toHaveProperty('lower');
  expect(asked('{ duration > 1ms } | rate()', models, exact)[0]).toHaveProperty('lower');
  expect(asked('{ } | max_over_time(duration)', models)[0]).not.toHaveProperty('lower');
});

test('errors of a sample and of a model add up as variances do', () => {
  expect(joined(10, { lower: 7, upper: 13 }, { lower: 6, upper: 14 })).toEqual({ lower: 5, upper: 15 });
  const both = joined(10, { lower: 5, upper: 20 }, { lower: 5, upper: 20 }, 'logarithmic');
  expect(both.upper).toBeCloseTo(10 * 2 ** Math.SQRT2);
  expect(both.lower).toBeCloseTo(10 / 2 ** Math.SQRT2);
});

test('arithmetic keeps intervals, and has none where it would have no end', () => {
  const a = { value: 10, bounds: { lower: 7, upper: 13 } };
  const b = { value: 20, bounds: { lower: 16, upper: 24 } };
  expect(calculatedBounds('+', a, b)).toEqual({ lower: 25, upper: 35 });
  expect(calculatedBounds('-', a, b)).toEqual({ lower: -15, upper: -5 });
  const exact = { value: 2, bounds: undefined };
  expect(calculatedBounds('*', exact, a)).toEqual({ lower: 14, upper: 26 });
  expect(calculatedBounds('/', a, exact)).toEqual({ lower: 3.5, upper: 6.5 });
  expect(calculatedBounds('/', a, { value: 1, bounds: { lower: 0, upper: 2 } })).toBeUndefined();
  expect(calculatedBounds('+', exact, exact)).toBeUndefined();
  const [share] = asked('({ duration > 12ms } | rate()) / ({ } | rate()) * 100', [[BIASED, 500]]);
  expect(share?.lower).toBeLessThan(share?.value ?? 0);
  expect(share?.upper).toBeGreaterThan(share?.value ?? Infinity);
});

test('topk and comparisons keep intervals', () => {
  for (const stage of ['topk(1)', '> 0']) {
    const [sample] = asked(`{ duration > 1ms } | rate() by (name) ${stage === '> 0' ? '' : '| '}${stage}`, [
      [BIASED, 500],
    ]);
    expect(sample).toHaveProperty('upper');
  }
});
