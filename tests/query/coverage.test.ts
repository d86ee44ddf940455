/** @file The 95% intervals of estimates hold as often as they say, at every share of the traces and for every function. */
import { type Held, measureCoverage } from '../bench/coverage';
import { shopTraces } from './shop-traces';

const PARTS = [1 / 3, 1 / 10, 1 / 40];
const QUERIES = 200;
/** What the intervals claim, give or take; and what those of no function fall short of. */
const LEAST = 0.93;
const MOST = 0.97;
const LEAST_OF_KIND = 0.9;

/** Samples of one query share their traces: queries, not samples, are independent. Two standard errors of a share. */
const tolerance = (queries: number): number => 2 * Math.sqrt((0.95 * 0.05) / queries);
const share = ({ samples, held }: Held): number => held / samples;

const coverage = measureCoverage(shopTraces(2500), PARTS, QUERIES, 1);

test.each(PARTS)('intervals hold in 93% to 97% of samples, from %f of the traces', (part) => {
  const { busy, ...all } = coverage.get(part) ?? { samples: 0, held: 0, busy: { samples: 0, held: 0 } };
  expect(busy.samples).toBeGreaterThan(5000);
  for (const held of [share(all), share(busy)]) {
    expect(held).toBeGreaterThan(LEAST - tolerance(QUERIES));
    expect(held).toBeLessThan(MOST + tolerance(QUERIES));
  }
});

test('intervals of no function hold in less than 90% of samples', () => {
  const kinds = new Map<string, Held>();
  for (const [kind, { samples, held }] of PARTS.flatMap((part) => [...(coverage.get(part)?.kinds ?? [])])) {
    const known = kinds.get(kind) ?? { samples: 0, held: 0 };
    kinds.set(kind, { samples: known.samples + samples, held: known.held + held });
  }
  expect([...kinds.keys()].sort()).toEqual(
    ['avg', 'count', 'histogram', 'quantile .5', 'quantile .9', 'quantile .99', 'rate', 'sum'].sort()
  );
  for (const [kind, held] of kinds) {
    expect({ kind, low: share(held) < LEAST_OF_KIND - tolerance(QUERIES / kinds.size) }).toEqual({ kind, low: false });
  }
});
