import fc from 'fast-check';
import type { Change, ModelSummary, Overview, WindowComparison } from '../../query';
import { parseQuery } from '../../traceql';
import { compareFrame, scoreFrame } from './compare-frame';
import type { Frame } from './frame';
import { operationsFrame } from './operations-frame';
import { serviceGraphFrames } from './service-graph-frames';
import { coverage, NO_MODEL, timelineFrame } from './timeline-frame';

const TARGET = { uid: 'u', name: 'GenT' };
const SECOND = 1_000_000_000n;
const STATS = { inspectedTraces: 0, inspectedSpans: 0, models: 0, elapsedMs: 0 };
const ODD = 'a "quoted" \\ name\n}';

const values = (frame: Frame | undefined, name: string): unknown[] => [
  ...(frame?.fields.find((field) => field.name === name)?.values ?? []),
];

function overview(service: string): Overview {
  return {
    range: { start: 0n, end: 10n * SECOND },
    services: [
      {
        service,
        spans: 40,
        errors: 3,
        requests: 20,
        failedRequests: 2,
        durations: {
          p50: { value: 5e6 },
          p90: { value: 8e6, lower: 7e6, upper: 9e6 },
          p99: { value: 9e6 },
          samples: 10,
          share: 0.5,
        },
      },
      { service: 'silent', spans: 0, errors: 0, requests: 0, failedRequests: 0 },
    ],
    calls: [{ client: service, server: 'silent', calls: 20, failed: 5 }],
    operations: [],
    from: 'counts',
    notices: [],
    stats: STATS,
  };
}

test('a service graph: rates over the range, shares that add up to one, bounds where there are any', () => {
  const [nodes, edges, red] = serviceGraphFrames(overview('shop'), { target: TARGET });
  expect(values(nodes, 'subtitle')).toEqual(['2 req/s', '0 req/s']);
  expect(values(nodes, 'mainstat')).toEqual([4, 0]);
  expect(values(nodes, 'secondarystat')).toEqual([5, null]);
  expect(values(nodes, 'arc__failed')).toEqual([0.1, 0]);
  expect(values(nodes, 'arc__success')).toEqual([0.9, 1]);
  expect(values(edges, 'mainstat')).toEqual([2]);
  expect(values(edges, 'secondarystat')).toEqual([25]);
  expect(values(red, 'Error rate')).toEqual([0.1, 0]);
  expect(values(red, 'p90')).toEqual([8, null]);
  expect(values(red, 'p90 lower')).toEqual([7, null]);
  expect(red?.fields.some((field) => field.name === 'p50 lower')).toBe(false);
});

test('names of any kind make links that parse', () => {
  const [nodes, edges] = serviceGraphFrames(overview(ODD), { target: TARGET });
  const operations = operationsFrame([{ service: ODD, name: ODD, kind: 3, spans: 1, errors: 0 }], 1, TARGET);
  const columns: Array<[Frame | undefined, string]> = [
    [nodes, 'query'],
    [nodes, 'errorQuery'],
    [nodes, 'rateQuery'],
    [nodes, 'histogramQuery'],
    [edges, 'query'],
    [edges, 'errorQuery'],
    [operations, 'query'],
    [operations, 'errorQuery'],
  ];
  for (const [frame, column] of columns) {
    expect(values(frame, column).length).toBeGreaterThan(0);
    values(frame, column).forEach((query) => expect(() => parseQuery(String(query))).not.toThrow());
  }
});

const change = (more: Partial<Change>): Change => ({
  kind: 'rate',
  operation: { service: 'shop', name: 'GET', kind: 2 },
  before: 1,
  after: 2,
  score: 3,
  evidence: 4,
  text: '',
  ...more,
});

test('changes are shown in the unit of their kind, with queries that find them', () => {
  const changes = [
    change({}),
    change({ kind: 'errors', before: 0, after: 0.123456 }),
    change({ kind: 'p99', before: 2_000_000, after: 8e9 }),
    change({ kind: 'p50', before: 900, after: 1 }),
    change({ kind: 'new operation', before: 0, after: 0.5 }),
    change({ kind: 'gone shape', before: 4, after: 0 }),
    change({ operation: { service: '', name: '(all traces)', kind: 0 } }),
  ];
  const range = { start: 0n, end: 1n };
  const comparison: WindowComparison = {
    range,
    baseline: range,
    traces: 1,
    baselineTraces: 1,
    changes,
    notices: [],
    stats: STATS,
  };
  const frame = compareFrame(comparison, TARGET);
  expect(values(frame, 'Before')).toEqual([
    '1 spans/s',
    '0%',
    '2 ms',
    '900 ns',
    '0 spans/s',
    '4 traces/s',
    '1 traces/s',
  ]);
  expect(values(frame, 'After').slice(1, 3)).toEqual(['12.3%', '8 s']);
  expect(values(frame, 'Ratio')).toEqual([2, null, 4000, 1 / 900, null, 0, 2]);
  const queries = values(frame, 'query').map(String);
  expect(queries[1]).toBe('{ resource.service.name = "shop" && name = "GET" && status = error }');
  expect(queries[2]).toContain('duration > 126ms');
  expect(queries[3]).toContain('duration < ');
  expect(queries[6]).toBe('{ }');
  queries.forEach((query) => expect(() => parseQuery(query)).not.toThrow());
});

test('an alert rule reads scores, each kind of change of each operation once', () => {
  const range = { start: 0n, end: 1n };
  const changes = [
    change({ kind: 'new shape', score: 9 }),
    change({ kind: 'new shape', score: 5 }),
    change({ kind: 'rate', score: 4 }),
  ];
  const one = { range, baseline: range, traces: 1, baselineTraces: 1, notices: [], stats: STATS };
  const frame = scoreFrame({ ...one, changes });
  expect(values(frame, 'Change')).toEqual(['new shape', 'rate']);
  expect(values(frame, 'Score')).toEqual([9, 4]);
  expect(frame.meta).toMatchObject({ type: 'numeric-long', typeVersion: [0, 1] });
  expect(values(scoreFrame({ ...one, changes: [] }), 'Score')).toEqual([]);
});

const model = (id: number, start: bigint, end: bigint): ModelSummary => ({
  id: id.toString(16).padStart(32, '0'),
  file: `${id}.gent`,
  window: { start, end },
  traces: 1,
  spans: 1,
  bytes: 1,
  services: [],
  createdUnixMs: 0,
});

test('coverage tiles the range, and says "no model" exactly where none is', () => {
  const windows = fc.array(fc.tuple(fc.integer({ min: -20, max: 120 }), fc.integer({ min: 1, max: 40 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(windows, (list) => {
      const models = list.map(([start, length], i) => model(i, BigInt(start), BigInt(start + length)));
      const segments = coverage(models, { start: 0n, end: 100n });
      expect(segments[0]?.start).toBe(0n);
      expect(segments.at(-1)?.end).toBe(100n);
      segments.slice(1).forEach((segment, i) => expect(segment.start).toBe(segments[i]?.end));
      for (let at = 0n; at < 100n; at++) {
        const covering = models.filter(({ window }) => window.start <= at && window.end > at);
        const segment = segments.find(({ start, end }) => start <= at && end > at);
        const [first, second] = covering;
        const expected =
          first === undefined ? NO_MODEL : second === undefined ? first.id.slice(0, 8) : `${covering.length} models`;
        expect(segment?.label).toBe(expected);
      }
    }),
    { seed: 4, numRuns: 100 }
  );
});

test('a timeline has a row a segment', () => {
  const frame = timelineFrame([model(1, 10n, 20n)], { start: 0n, end: 30n });
  expect(values(frame, 'start')).toEqual([0n, 10n, 20n]);
  expect(values(frame, 'end')).toEqual([10n, 20n, 30n]);
  expect(values(frame, 'model')).toEqual([NO_MODEL, '00000000', NO_MODEL]);
  const mappings = frame.fields.find(({ name }) => name === 'model')?.config?.mappings ?? [];
  // Grafana's server knows no others, and refuses the whole answer.
  expect(mappings.map(({ type }) => type)).toEqual(['value', 'value']);
  expect(mappings[0]).toMatchObject({ options: { [NO_MODEL]: { color: 'transparent' } } });
});
