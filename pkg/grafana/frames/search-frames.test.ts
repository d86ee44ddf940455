import { decodeFrame } from '../../../tests/plugin/decode-frame';
import type { SearchResult } from '../../query';
import { encodeFrame } from './arrow';
import { searchFrame, type TableType } from './search-frames';

const START = 1_763_870_400_000_123_456n;
const TARGET = { uid: 'gent', name: 'GenT' };

const result: SearchResult = {
  traces: [
    {
      traceId: 'aa'.repeat(16),
      rootServiceName: 'shop',
      rootTraceName: 'GET /cart',
      startTimeUnixNano: START,
      durationNanos: 2_500_000n,
      serviceStats: { shop: { spanCount: 2, errorCount: 0 } },
      spanSets: [
        {
          matched: 2,
          attributes: [{ key: 'count()', value: 2n }],
          spans: [
            {
              spanId: '01'.repeat(8),
              name: 'GET /cart',
              startTimeUnixNano: START,
              durationNanos: 2_500_000n,
              attributes: [
                { key: 'http.status_code', value: 200n },
                { key: 'mixed', value: 'text' },
              ],
            },
            {
              spanId: '02'.repeat(8),
              startTimeUnixNano: START + 5n,
              durationNanos: 7n,
              attributes: [{ key: 'mixed', value: 5n }],
            },
          ],
        },
      ],
      provenance: { generated: true, model: 'm' },
    },
    {
      traceId: 'bb'.repeat(16),
      rootServiceName: '',
      rootTraceName: '',
      startTimeUnixNano: START + 1n,
      durationNanos: 0n,
      serviceStats: {},
      spanSets: [],
      provenance: { generated: true, model: 'm' },
    },
  ],
  notices: [],
  stats: { inspectedTraces: 2, inspectedSpans: 3, models: 1, elapsedMs: 1 },
};

const decode = (table: TableType, from = result) => decodeFrame(encodeFrame(searchFrame(from, table, TARGET)));

test('the table of traces links each id to its trace and carries the matched spans', () => {
  const frame = decode('traces');
  expect(frame.meta).toEqual({ preferredVisualisationType: 'table', uniqueRowIdFields: [0] });
  expect(frame.fields.map((field) => field.name)).toEqual([
    'traceID',
    'startTime',
    'traceService',
    'traceName',
    'traceDuration',
    'nested',
  ]);
  expect(frame.values('startTime')).toEqual([START, START + 1n]);
  expect(frame.values('traceDuration')).toEqual([2.5, 0]);
  expect(frame.fields[0]?.config.links).toEqual([
    {
      title: 'Trace: ${__value.raw}',
      url: '',
      internal: {
        datasourceUid: 'gent',
        datasourceName: 'GenT',
        query: { query: '${__value.raw}', queryType: 'traceql' },
      },
    },
  ]);
});

test('the nested frames are what dataFrameFromJSON of @grafana/data reads', () => {
  const [first, second] = decode('traces').values('nested') as Array<
    Array<{ schema: { fields: Array<{ name: string; type: string }> }; data: { values: unknown[][] } }>
  >;
  const names = first?.[0]?.schema.fields.map((field) => [field.name, field.type]);
  expect(names).toEqual([
    ['traceIdHidden', 'string'],
    ['spanID', 'string'],
    ['time', 'time'],
    ['name', 'string'],
    ['count()', 'number'],
    ['http.status_code', 'number'],
    ['mixed', 'string'],
    ['duration', 'number'],
  ]);
  expect(first?.[0]?.data.values.map((column) => column.length)).toEqual(new Array(8).fill(2));
  expect(first?.[0]?.data.values[2]?.[0]).toBeCloseTo(1_763_870_400_000.123, 3);
  expect(second?.[0]?.data.values.every((column) => column.length === 0)).toBe(true);
});

test('the table of spans has one row a matched span and one column an attribute', () => {
  const frame = decode('spans');
  expect(frame.rows).toBe(2);
  expect(frame.values('traceIdHidden')).toEqual(['aa'.repeat(16), 'aa'.repeat(16)]);
  expect(frame.values('traceService')).toEqual(['shop', 'shop']);
  expect(frame.values('name')).toEqual(['GET /cart', null]);
  expect(frame.values('http.status_code')).toEqual([200, null]);
  expect(frame.values('mixed')).toEqual(['text', '5']);
  expect(frame.values('count()')).toEqual([2, 2]);
  expect(frame.values('duration')).toEqual([2_500_000, 7]);
  const spanId = frame.fields.find((field) => field.name === 'spanID');
  expect(spanId?.config.links).toMatchObject([
    {
      internal: {
        query: { query: '${__data.fields.traceIdHidden}', queryType: 'traceql' },
        panelsState: { trace: { spanId: '${__value.raw}' } },
      },
    },
  ]);
});

test('the raw table holds each trace as JSON', () => {
  const frame = decode('raw');
  expect(frame.fields).toHaveLength(1);
  const first = JSON.parse(String(frame.values('response')[0])) as { traceId: string; durationNanos: string };
  expect(first).toMatchObject({ traceId: 'aa'.repeat(16), durationNanos: '2500000' });
});

test.each(['traces', 'spans', 'raw'] as const)('a search that finds nothing is a %s table without rows', (table) => {
  const frame = decode(table, { ...result, traces: [] });
  expect(frame.rows).toBe(0);
  expect(frame.fields.length).toBeGreaterThan(0);
});
