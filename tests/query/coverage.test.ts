/** @file The 95% intervals of estimates hold as often as they say, at every share of the traces. */
import { measureCoverage } from '../bench/coverage';
import { shopTraces } from './shop-traces';

const PARTS = [1 / 3, 1 / 10, 1 / 40];
const QUERIES = 150;
/** What the intervals claim, give or take. */
const LEAST = 0.93;
const MOST = 0.97;

test('intervals hold in 93% to 97% of samples', () => {
  const coverage = measureCoverage(shopTraces(2500), PARTS, QUERIES, 1);
  for (const part of PARTS) {
    const { samples, held } = coverage.get(part) ?? { samples: 0, held: 0 };
    expect(samples).toBeGreaterThan(5000);
    // Samples of one query share their traces: queries, not samples, are independent. Two standard errors of a share.
    const tolerance = 2 * Math.sqrt((0.95 * 0.05) / QUERIES);
    const share = held / samples;
    expect({ part, share, low: share < LEAST - tolerance, high: share > MOST + tolerance }).toEqual({
      part,
      share,
      low: false,
      high: false,
    });
  }
});
