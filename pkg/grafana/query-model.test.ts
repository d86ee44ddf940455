import fc from 'fast-check';
import { GentError } from '../common';
import { parseQueryModel, type RawQuery } from './query-model';

const RANGE = { fromEpochMS: 1_000n, toEpochMS: 61_000n };

function raw(json: unknown, more: Partial<RawQuery> = {}): RawQuery {
  return {
    refId: 'A',
    queryType: '',
    json: Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)),
    intervalMS: 15_000n,
    maxDataPoints: 100n,
    timeRange: RANGE,
    ...more,
  };
}

const DEFAULTS = {
  kind: 'traceql',
  text: '{ }',
  range: { start: 1_000_000_000n, end: 61_000_000_000n },
  limit: 20,
  spansPerSpanSet: 3,
  table: 'traces',
  stepNanos: 15_000_000_000n,
  instant: false,
  exemplars: 100,
  mode: 'auto',
  intervals: true,
};

test.each([
  ['only a text', { query: '{ }' }, {}],
  ['the old type of Tempo', { query: '{ }', queryType: 'nativeSearch' }, {}],
  ['a limit as text', { query: '{ }', limit: '5' }, { limit: 5 }],
  ['a table of spans', { query: '{ }', tableType: 'spans', spss: 10 }, { table: 'spans', spansPerSpanSet: 10 }],
  ['a step', { query: '{ }', step: '1m30s' }, { stepNanos: 90_000_000_000n }],
  ['an empty step', { query: '{ }', step: ' ' }, {}],
  ['an instant query', { query: '{ }', metricsQueryType: 'instant', exemplars: 0 }, { instant: true, exemplars: 0 }],
  ['a mode', { query: '{ }', mode: 'full' }, { mode: 'full' }],
  ['no bands', { query: '{ }', intervals: false }, { intervals: false }],
])('TraceQL with %s', (_, json, expected) => {
  expect(parseQueryModel(raw(json))).toEqual({ ...DEFAULTS, ...expected });
});

test('without interval or step, the range is divided into the points asked for', () => {
  expect(parseQueryModel(raw({ query: '{ }' }, { intervalMS: 0n }))).toMatchObject({ stepNanos: 600_000_000n });
  expect(parseQueryModel(raw({ query: '{ }' }, { intervalMS: 0n, maxDataPoints: 0n }))).toMatchObject({
    stepNanos: 200_000_000n,
  });
});

test.each([
  ['{ "query": "" }', { kind: 'nothing' }],
  ['{}', { kind: 'nothing' }],
  ['', { kind: 'nothing' }],
  ['{ "query": " 1aF " }', { kind: 'trace', traceId: '1aF' }],
  ['{ "query": "1af", "queryType": "traceqlSearch" }', { kind: 'trace', traceId: '1af' }],
  ['{ "queryType": "models" }', { kind: 'models', range: DEFAULTS.range, view: 'table', modelId: '' }],
  [
    '{ "queryType": "models", "modelsView": "operations", "modelId": " 1aF " }',
    { kind: 'models', range: DEFAULTS.range, view: 'operations', modelId: '1aF' },
  ],
  ['{ "queryType": "search", "query": "1af", "filters": [] }', { kind: 'trace', traceId: '1af' }],
  ['{ "queryType": "serviceGraph" }', { kind: 'serviceGraph', range: DEFAULTS.range, services: [] }],
  [
    '{ "queryType": "serviceGraph", "service": "cart| pay ment |" }',
    { kind: 'serviceGraph', range: DEFAULTS.range, services: ['cart', 'pay ment'] },
  ],
  [
    '{ "queryType": "serviceGraph", "service": "$__all" }',
    { kind: 'serviceGraph', range: DEFAULTS.range, services: [] },
  ],
  [
    '{ "queryType": "compareWindows", "baselineShift": "1s" }',
    {
      kind: 'compareWindows',
      range: DEFAULTS.range,
      baseline: { start: 0n, end: 60_000_000_000n },
      services: [],
      limit: 100,
    },
  ],
])('%s', (json, expected) => {
  expect(parseQueryModel(raw(json))).toEqual(expected);
});

test('a trace is opened without a time range', () => {
  expect(parseQueryModel(raw({ query: 'abc' }, { timeRange: { fromEpochMS: 0n, toEpochMS: 0n } }))).toEqual({
    kind: 'trace',
    traceId: 'abc',
  });
});

test.each([
  ['no JSON', '{ query', 'is not JSON'],
  ['JSON5', '{ query: "{}" }', 'is not JSON'],
  ['a list', '[]', 'not a JSON object'],
  ['a text that is a number', { query: 5 }, 'query must be text'],
  ['an unknown type', { query: '{}', queryType: 'serviceMap' }, 'queryType "serviceMap"'],
  ['an unknown table', { query: '{}', tableType: 'cube' }, 'tableType is "cube", not one of traces, spans, raw'],
  ['a limit that is no number', { query: '{}', limit: 'many' }, 'limit must be a whole number'],
  ['a negative limit', { query: '{}', limit: -1 }, 'limit must be a whole number'],
  ['a step that is no duration', { query: '{}', step: 'often' }, 'step "often" is no duration'],
  ['a step of nothing', { query: '{}', step: '0s' }, 'step "0s" is no duration'],
  ['a trace id that is none', { query: '{}', queryType: 'traceId' }, 'is no trace id'],
])('%s is refused', (_, json, message) => {
  expect(() => parseQueryModel(raw(json))).toThrow(message);
});

test('an empty time range is refused', () => {
  expect(() => parseQueryModel(raw({ query: '{}' }, { timeRange: { fromEpochMS: 5n, toEpochMS: 5n } }))).toThrow(
    'is empty'
  );
});

test('no JSON breaks it: it is read or refused', () => {
  const field = fc.oneof(fc.string(), fc.integer(), fc.jsonValue());
  const model = fc.record(
    { query: field, queryType: field, limit: field, spss: field, tableType: field, step: field, exemplars: field },
    { requiredKeys: [] }
  );
  fc.assert(
    fc.property(
      fc.oneof(
        model.map((value) => JSON.stringify(value)),
        fc.json(),
        fc.string()
      ),
      (json) => {
        try {
          parseQueryModel(raw(json));
        } catch (error) {
          expect(error).toBeInstanceOf(GentError);
          expect((error as GentError).status).toBe(400);
        }
      }
    ),
    { seed: 1, numRuns: 500 }
  );
});

test.each([
  ['', 3600],
  ['24h', 86_400],
  ['7d', 7 * 86_400],
  ['1w2d3h', 9 * 86_400 + 3 * 3600],
  ['1d90s', 86_400 + 90],
])('a baseline %j before', (baselineShift, seconds) => {
  const timeRange = { fromEpochMS: 2_000_000_000_000n, toEpochMS: 2_000_000_060_000n };
  const query = parseQueryModel(raw({ queryType: 'compareWindows', baselineShift }, { timeRange }));
  const start = 2_000_000_000_000_000_000n - BigInt(seconds) * 1_000_000_000n;
  expect(query).toMatchObject({ baseline: { start, end: start + 60_000_000_000n } });
});

test.each(['d', '-1h', '0s', '1 week', 'yesterday', '9999w', '1h1d'])('%j is no baseline', (baselineShift) => {
  expect(() => parseQueryModel(raw({ queryType: 'compareWindows', baselineShift }))).toThrow('baselineShift');
});
