/** @file Metrics: slots, units, weights, merging, second stages, exemplars, limits. */
import fc from 'fast-check';
import { GentError, setLimit } from '../common';
import { bucketOf, quantileOf } from './histogram';
import { applySecondStages, compileMetrics, Intervals, parseQuery, type MetricsOptions, type Series } from './index';
import { trace, type SpanSketch } from './test-traces';

const BASE = 1_000_000_000_000n;
const RANGE: MetricsOptions = { start: BASE - 1n, end: BASE + 3_000_000_000n, step: 1_000_000_000n };

function series(
  query: string,
  sketches: readonly SpanSketch[],
  options: Partial<MetricsOptions> = {},
  weight = 1
): Series[] {
  const accumulator = compileMetrics(parseQuery(query), { ...RANGE, ...options });
  accumulator.observe(trace(sketches), weight);
  return accumulator.result();
}

/** `{labels} value@second …`, the second counted from the base. */
function show(list: readonly Series[]): string[] {
  return list.map(({ labels, samples }) => {
    const names = labels.map(({ key, value }) => `${key}=${String(value as string)}`).join();
    return `{${names}} ${samples.map(({ timestampMs, value }) => `${Number(value.toFixed(6))}@${timestampMs / 1000 - 1000}`).join(' ')}`;
  });
}

const shop: SpanSketch[] = [
  { id: 'a', name: 'GET', at: 0, ms: 100, span: { n: 4n } },
  { id: 'b', parent: 'a', name: 'db', at: 500, ms: 10, span: { n: 1n } },
  { id: 'c', parent: 'a', name: 'db', at: 1000, ms: 30, span: { n: 2.5 } },
  { id: 'd', parent: 'a', name: 'db', at: 1001, ms: 50, span: { n: 'text' } },
];

describe('functions over time', () => {
  it.each([
    ['{ } | count_over_time()', ['{__name__=count_over_time} 1@0 2@1 1@2 0@3']],
    ['{ } | rate() by (name)', ['{name=GET} 1@0 0@1 0@2 0@3', '{name=db} 0@0 2@1 1@2 0@3']],
    ['{ } | max_over_time(duration)', ['{__name__=max_over_time} 0.1@0 0.03@1 0.05@2']],
    ['{ } | min_over_time(duration) by (name)', ['{name=GET} 0.1@0', '{name=db} 0.01@1 0.05@2']],
    ['{ } | avg_over_time(duration)', ['{__name__=avg_over_time} 0.1@0 0.02@1 0.05@2']],
    ['{ } | sum_over_time(span.n)', ['{__name__=sum_over_time} 4@0 3.5@1']],
    ['{ } | max_over_time(traceDuration)', ['{__name__=max_over_time} 1051000000@0 1051000000@1 1051000000@2']],
    ['{ } | count_over_time() by (span.absent, name)', ['{name=GET} 1@0 0@1 0@2 0@3', '{name=db} 0@0 2@1 1@2 0@3']],
    ['{ } | count_over_time() by (span.absent)', ['{span.absent=nil} 1@0 2@1 1@2 0@3']],
    ['{ } | quantile_over_time(duration, 1)', ['{p=1} 0.134218@0 0.033554@1 0.067109@2 0@3']],
    [
      '{ name = "db" } | histogram_over_time(duration)',
      [
        '{__bucket=0.016777216} 0@0 1@1 0@2 0@3',
        '{__bucket=0.033554432} 0@0 1@1 0@2 0@3',
        '{__bucket=0.067108864} 0@0 0@1 1@2 0@3',
      ],
    ],
    ['{ name = "x" } | rate()', ['{__name__=rate} 0@0 0@1 0@2 0@3']],
    ['{ name = "x" } | rate() by (name)', []],
    ['{ false } | rate()', []],
    ['{ name = "GET" } >> { } | count_over_time()', ['{__name__=count_over_time} 0@0 2@1 1@2 0@3']],
    ['{ } | count() > 9 | count_over_time()', ['{__name__=count_over_time} 0@0 0@1 0@2 0@3']],
    ['{ } | rate() by (name) | topk(1)', ['{name=GET} 1@0 0@3', '{name=db} 2@1 1@2']],
    ['{ } | rate() by (name) | bottomk(1)', ['{name=GET} 0@1 0@2', '{name=db} 0@0 0@3']],
    ['{ } | rate() by (name) >= 2', ['{name=db} 2@1']],
    ['({ name = "db" } | rate()) / ({ } | rate())', ['{__name__=(rate / rate)} 0@0 1@1 1@2']],
    ['({ } | rate() by (name)) / ({ } | rate()) > 0', ['{name=GET} 1@0', '{name=db} 1@1 1@2']],
    ['1 + 2 * ({ } | count_over_time())', ['{__name__=count_over_time} 3@0 5@1 3@2 1@3']],
    ['({ } | rate() by (name)) * ({ } | rate() by (kind))', []],
  ])('%s', (query, expected) => {
    expect(show(series(query, shop))).toEqual(expected);
  });

  it('answers an instant query with one slot, both ends included', () => {
    const instant = { start: BASE, end: BASE + 1_000_000_000n, instant: true };
    expect(show(series('{ } | count_over_time()', shop, instant))).toEqual(['{__name__=count_over_time} 3@1']);
    expect(show(series('{ } | rate()', shop, { ...instant, end: BASE + 2_000_000_000n }))).toEqual([
      '{__name__=rate} 2@2',
    ]);
  });

  it('keeps types apart in labels', () => {
    const mixed = [
      { id: 'a', span: { v: 1n } },
      { id: 'b', span: { v: '1' } },
      { id: 'c', span: { v: 1 } },
    ];
    const labels = series('{ } | count_over_time() by (span.v)', mixed).map((one) => one.labels[0]?.value);
    expect(new Set(labels)).toEqual(new Set([1n, '1', 1]));
  });

  it('labels arrays as nil, in one series with nil', () => {
    const mixed = [{ id: 'a', span: { v: ['x'] } }, { id: 'b' }, { id: 'c', span: { v: 1n } }];
    expect(show(series('{ } | count_over_time() by (span.v)', mixed, { instant: true }))).toEqual([
      '{span.v=nil} 2@3',
      '{span.v=1} 1@3',
    ]);
    expect(show(series('{ } | count_over_time() by (span.v, name)', mixed, { instant: true }))).toEqual([
      '{name=} 1@3',
      '{span.v=nil,name=} 1@3',
      '{span.v=1,name=} 1@3',
    ]);
    expect(show(series('{ } | quantile_over_time(duration, 1) by (span.absent)', mixed, { instant: true }))).toEqual([
      '{p=1} 0.001049@3',
    ]);
  });

  it('breaks ties of topk by text, then by number', () => {
    const tied = [
      { id: 'a', span: { v: 'x' } },
      { id: 'b', span: { v: 3n } },
      { id: 'c', span: { v: 5n } },
    ];
    const kept = (stage: string) =>
      series(`{ } | count_over_time() by (span.v) | ${stage}`, tied, { instant: true }).map(
        (one) => one.labels[0]?.value
      );
    expect(kept('topk(1)')).toEqual([5n]);
    expect(kept('topk(2)')).toEqual([3n, 5n]);
    expect(kept('bottomk(1)')).toEqual(['x']);
  });

  it('compares selected spans with the others', () => {
    const found = show(series('{ } | compare({ name = "GET" })', shop)).filter((line) => line.includes(',name='));
    expect(found).toEqual([
      '{__meta_type=baseline,name=db} 0@0 2@1 1@2 0@3',
      '{__meta_type=baseline_total,name=nil} 0@0 2@1 1@2 0@3',
      '{__meta_type=selection,name=GET} 1@0 0@1 0@2 0@3',
      '{__meta_type=selection_total,name=nil} 1@0 0@1 0@2 0@3',
    ]);
    const top = show(series('{ } | compare({ false }, 1)', shop)).filter((line) => line.includes(',name='));
    expect(top[0]).toContain('name=db');
    expect(top).toHaveLength(2);
  });
});

describe('slots', () => {
  it.each<[bigint, bigint, bigint, number, bigint[]]>([
    // start, end, step, slots, right edges
    [0n, 30n, 10n, 3, [10n, 20n, 30n]],
    [1n, 30n, 10n, 3, [10n, 20n, 30n]],
    [-1n, 30n, 10n, 4, [0n, 10n, 20n, 30n]],
    [5n, 31n, 10n, 4, [10n, 20n, 30n, 40n]],
  ])('from %s to %s by %s', (start, end, step, count, edges) => {
    const ms = 1_000_000n;
    const intervals = new Intervals({ start: start * ms, end: end * ms, step: step * ms });
    expect(intervals.count).toBe(count);
    expect(edges.map((_, i) => BigInt(intervals.timestampMs(i)))).toEqual(edges);
    edges.forEach((edge, i) => {
      if (edge * ms <= end * ms && edge * ms > start * ms) {
        expect(intervals.indexOf(edge * ms)).toBe(i);
      }
    });
    expect(intervals.indexOf(start * ms)).toBe(-1);
    expect(intervals.indexOf(end * ms + 1n)).toBe(-1);
  });

  it('puts each time into the slot whose edges hold it', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 4n * 10n ** 18n }),
        fc.bigInt({ min: 1n, max: 10n ** 13n }),
        fc.bigInt({ min: 1n, max: 10n ** 15n }),
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        (start, step, length, offset) => {
          const intervals = new Intervals({ start, end: start + length, step });
          const time = start + (offset % (length + 1n));
          const slot = intervals.indexOf(time);
          const edge = ((time + step - 1n) / step) * step;
          const first = (start / step) * step;
          expect(slot).toBe(time === start ? -1 : Number((edge - first) / step) - 1);
          expect(slot).toBeLessThan(intervals.count);
        }
      ),
      { seed: 1, numRuns: 1000 }
    );
  });

  it('refuses an empty range and a step that is none', () => {
    expect(() => new Intervals({ start: 1n, end: 1n, step: 1n })).toThrow(GentError);
    expect(() => new Intervals({ start: 0n, end: 1n, step: 0n })).toThrow(GentError);
    expect(() => compileMetrics(parseQuery('{ }'), RANGE)).toThrow(/not a metrics query/);
  });
});

describe('histograms', () => {
  it('takes the smallest power of two that is not below the value', () => {
    expect([0n, 1n, 2n, 3n, 4n, 5n, 1024n, 1025n, 2n ** 62n].map(bucketOf)).toEqual([
      undefined,
      undefined,
      1,
      2,
      2,
      3,
      10,
      11,
      62,
    ]);
  });

  it('interpolates exponentially, and never beyond the buckets', () => {
    expect(quantileOf(0.5, [{ exponent: 10, count: 1 }])).toBe(1024);
    expect(quantileOf(0.5, [{ exponent: 10, count: 2 }])).toBeCloseTo(2 ** 9.5);
    expect(quantileOf(0, [{ exponent: 3, count: 5 }])).toBeCloseTo(2 ** 2.2);
    expect(quantileOf(0.9, [])).toBe(0);
    fc.assert(
      fc.property(
        fc.array(fc.record({ exponent: fc.integer({ min: 1, max: 40 }), count: fc.integer({ min: 1, max: 50 }) }), {
          minLength: 1,
        }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (raw, p) => {
          const byExponent = new Map(raw.map(({ exponent, count }) => [exponent, count]));
          const buckets = [...byExponent]
            .map(([exponent, count]) => ({ exponent, count }))
            .sort((a, b) => a.exponent - b.exponent);
          const value = quantileOf(p, buckets);
          expect(value).toBeGreaterThanOrEqual(2 ** ((buckets[0]?.exponent ?? 0) - 1));
          expect(value).toBeLessThanOrEqual(2 ** (buckets.at(-1)?.exponent ?? 0));
        }
      ),
      { seed: 1, numRuns: 500 }
    );
  });
});

describe('parts and weights', () => {
  const functions = [
    ...['rate()', 'count_over_time()', 'min_over_time(duration)', 'max_over_time(span.n)', 'sum_over_time(duration)'],
    ...[
      'avg_over_time(duration)',
      'quantile_over_time(duration, .5, .9)',
      'histogram_over_time(duration)',
      'compare({ name = "db" })',
    ],
  ];
  it.each(functions)('merges to the same as one accumulator: %s', (fn) => {
    const query = parseQuery(`{ } | ${fn}`);
    const traces = Array.from({ length: 20 }, (_, i) =>
      trace(
        shop.map((sketch) => ({ ...sketch, at: (sketch.at ?? 0) + i * 90, ms: (sketch.ms ?? 1) * (1 + i) })),
        `${i}`.padStart(32, '0')
      )
    );
    const whole = compileMetrics(query, RANGE);
    const parts = [whole.fresh(), whole.fresh(), whole.fresh()];
    traces.forEach((one, i) => {
      whole.observe(one);
      parts[i % 3]?.observe(one);
    });
    const merged = whole.fresh();
    parts.forEach((part) => {
      merged.merge(part);
    });
    expect(show(merged.result())).toEqual(show(whole.result()));
  });

  it('weighs: twice a trace is a trace of weight two', () => {
    for (const fn of [
      'rate()',
      'sum_over_time(duration)',
      'avg_over_time(duration)',
      'quantile_over_time(duration, .5)',
    ]) {
      const query = parseQuery(`{ } | ${fn} by (name)`);
      const twice = compileMetrics(query, RANGE);
      twice.observe(trace(shop));
      twice.observe(trace(shop));
      const weighed = compileMetrics(query, RANGE);
      weighed.observe(trace(shop), 2);
      expect(show(weighed.result())).toEqual(show(twice.result()));
    }
  });

  it('applies second stages to series that came from elsewhere', () => {
    const sample = (timestampMs: number, value: number) => ({ timestampMs, value, lower: value - 1, upper: value + 1 });
    const given: Series[] = ['a', 'b', 'c'].map((name, i) => ({
      labels: [{ key: 'name', value: name }],
      samples: [sample(1000, i), sample(2000, 10 - i)],
      exemplars: [],
    }));
    const kept = applySecondStages(parseQuery('{ } | rate() by (name) | topk(1) > 1'), given);
    expect(kept).toEqual([
      { labels: [{ key: 'name', value: 'a' }], samples: [sample(2000, 10)], exemplars: [] },
      { labels: [{ key: 'name', value: 'c' }], samples: [sample(1000, 2)], exemplars: [] },
    ]);
  });
});

describe('exemplars and limits', () => {
  const many = (query: string, exemplars: number, options: Partial<MetricsOptions> = {}) => {
    const accumulator = compileMetrics(parseQuery(query), { ...RANGE, exemplars, ...options });
    for (let i = 0; i < 30; i++) {
      accumulator.observe(trace(shop, (i + 1).toString(16).padStart(32, '0')));
    }
    return accumulator.result().flatMap((one) => one.exemplars);
  };

  it('gives at most what is asked, two a slot, one a trace', () => {
    expect(many('{ } | rate()', 100)).toHaveLength(6);
    expect(many('{ } | rate()', 3)).toHaveLength(3);
    expect(many('{ } | rate()', 0)).toHaveLength(0);
    expect(many('{ } | rate() with (exemplars=1)', 100)).toHaveLength(1);
    expect(many('{ } | rate() with (exemplars=false)', 100)).toHaveLength(0);
    expect(many('{ } | rate() with (exemplars=true)', 0)).toHaveLength(6);
    expect(many('{ } | rate()', 100, { instant: true })).toHaveLength(0);
    const traces = many('{ } | rate()', 100).map(({ labels }) => labels[0]?.value);
    expect(new Set(traces).size).toBe(traces.length);
  });

  it('spreads exemplars over the range, whatever the order of the traces', () => {
    const long = { start: BASE - 1n, end: BASE + 100_000_000_000n, step: 1_000_000_000n };
    const chosen = (order: (i: number) => number) => {
      const accumulator = compileMetrics(parseQuery('{ } | max_over_time(duration)'), { ...long, exemplars: 10 });
      for (let i = 0; i < 500; i++) {
        const at = order(i);
        const span = { id: 'a', at: 100 + 200 * at, ms: 1 };
        accumulator.observe(trace([span], (at + 1).toString(16).padStart(32, '0')));
      }
      return accumulator.result().flatMap(({ exemplars }) => exemplars);
    };
    const forward = chosen((i) => i);
    expect(forward).toHaveLength(10);
    expect(forward.map(({ timestampMs }) => Math.floor((timestampMs - 1_000_000) / 10_000))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(chosen((i) => 499 - i)).toEqual(forward);
    expect(chosen((i) => (i * 7) % 500)).toEqual(forward);
  });

  it('orders quantiles as they were asked for, and buckets by size', () => {
    const order = (query: string, key: string) =>
      series(query, shop).map(({ labels }) => labels.find((one) => one.key === key)?.value);
    expect(order('{ } | quantile_over_time(duration, .5, .9, .99)', 'p')).toEqual([0.5, 0.9, 0.99]);
    expect(order('{ } | quantile_over_time(duration, .99, .5)', 'p')).toEqual([0.99, 0.5]);
    const buckets = order('{ } | histogram_over_time(duration)', '__bucket') as number[];
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
  });

  it('refuses answers beyond QUERY_ANSWER_BYTES', () => {
    setLimit('QUERY_ANSWER_BYTES', 300);
    try {
      expect(() => series('{ } | rate() by (name)', shop)).toThrow(/QUERY_ANSWER_BYTES/);
    } finally {
      setLimit('QUERY_ANSWER_BYTES', undefined);
    }
  });

  it('names the trace and what the query touches, with the value in the unit of the series', () => {
    const [first] = many('{ name = "GET" } | max_over_time(duration) by (resource.service.name)', 1);
    expect(first).toEqual({
      labels: [
        { key: 'trace:id', value: expect.stringMatching(/^1?[0-9a-f]$/) as string },
        { key: 'name', value: 'GET' },
        { key: 'resource.service.name', value: 'shop' },
        { key: 'duration', value: '100ms' },
      ],
      timestampMs: 1_000_000,
      value: 0.1,
    });
    // A count has the value of its slot, at the edge of the slot.
    expect(many('{ name = "db" } | count_over_time()', 1)).toEqual([
      expect.objectContaining({ timestampMs: 1_001_000, value: 60 }),
    ]);
  });

  it('stops with a code when a query has too many series or samples', () => {
    const wide = Array.from({ length: 50 }, (_, i) => ({ id: `s${i}`, name: `n${i}` }));
    setLimit('TRACEQL_SERIES', 10);
    try {
      expect(() => series('{ } | rate() by (name)', wide)).toThrow(/TRACEQL_SERIES/);
    } finally {
      setLimit('TRACEQL_SERIES', undefined);
    }
    setLimit('TRACEQL_SAMPLES', 100);
    try {
      expect(() => series('{ } | rate() by (name)', wide)).toThrow(/TRACEQL_SAMPLES/);
      expect(() => series('{ } | compare({ })', wide)).toThrow(/TRACEQL_SAMPLES/);
    } finally {
      setLimit('TRACEQL_SAMPLES', undefined);
    }
  });
});
