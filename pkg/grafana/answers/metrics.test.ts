import { isMetricsQuery, parseQuery } from '../../traceql';
import { bucketsAreDurations, unitOf, zeroIsGap } from './metrics';

test.each([
  ['{ } | rate()', undefined],
  ['{ } | count_over_time() by (name)', undefined],
  ['{ } | avg_over_time(duration)', 's'],
  ['{ } | quantile_over_time(span:duration, .5, .9)', 's'],
  ['{ } | max_over_time(traceDuration) | topk(5)', 's'],
  ['{ } | sum_over_time(span.bytes)', undefined],
  ['{ } | histogram_over_time(duration)', undefined],
])('the unit of %s is %s', (text, unit) => {
  const query = parseQuery(text);
  expect(isMetricsQuery(query) ? unitOf(query.metrics) : 'no metrics').toBe(unit);
});

test.each([
  ['{ } | rate()', false],
  ['{ } | avg_over_time(duration)', true],
  ['{ } | quantile_over_time(duration, .5)', true],
  ['{ } | max_over_time(traceDuration) | topk(5)', true],
  ['{ } | min_over_time(duration)', false],
  ['{ } | sum_over_time(duration)', false],
  ['{ } | max_over_time(span.bytes)', false],
])('a zero of %s is a gap: %s', (text, gap) => {
  const query = parseQuery(text);
  expect(isMetricsQuery(query) ? zeroIsGap(query.metrics) : 'no metrics').toBe(gap);
});

test.each([
  ['{ } | histogram_over_time(duration)', true],
  ['{ } | histogram_over_time(span:duration) by (name)', true],
  ['{ } | histogram_over_time(span.bytes)', false],
  ['{ } | quantile_over_time(duration, .5)', false],
])('the series of %s are buckets of durations: %s', (text, durations) => {
  const query = parseQuery(text);
  expect(isMetricsQuery(query) ? bucketsAreDurations(query.metrics) : 'no metrics').toBe(durations);
});
