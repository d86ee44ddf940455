import { KeyValueList, type Resource, type Scope, type Span } from '../../trace';
import { decodeFrame } from '../../../tests/plugin/decode-frame';
import { encodeFrame } from './arrow';
import { traceFrame } from './trace-frame';

const resource: Resource = {
  attributes: [
    { key: 'service.name', value: 'shop' },
    { key: 'gent.generated', value: true },
  ],
  droppedAttributesCount: 0,
  schemaUrl: '',
};
const scope: Scope = { name: 'lib', version: '1.2', attributes: [], droppedAttributesCount: 0, schemaUrl: '' };
const START = 1_763_870_400_000_123_456n;

const span = (more: Partial<Span>): Span => ({
  traceId: 'ab'.repeat(16),
  spanId: '01'.repeat(8),
  parentSpanId: '',
  traceState: 'vendor=1',
  flags: 0,
  name: 'GET /cart',
  kind: 2,
  startTimeUnixNano: START,
  endTimeUnixNano: START + 2_500_000n,
  attributes: [],
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
  statusCode: 0,
  statusMessage: '',
  resource,
  scope,
  ...more,
});

function rowsOf(spans: Span[]) {
  return decodeFrame(encodeFrame(traceFrame({ traceId: 'ab'.repeat(16), spans })));
}

test('a span becomes the row that the trace view reads', () => {
  const frame = rowsOf([span({ statusCode: 2, statusMessage: 'broken' })]);
  expect(frame.meta).toEqual({ preferredVisualisationType: 'trace' });
  const row = Object.fromEntries(frame.fields.map((field) => [field.name, field.values[0]]));
  expect(row).toEqual({
    traceID: 'ab'.repeat(16),
    spanID: '01'.repeat(8),
    parentSpanID: '',
    operationName: 'GET /cart',
    serviceName: 'shop',
    kind: 'server',
    statusCode: 2,
    status: 'error',
    statusMessage: 'broken',
    instrumentationLibraryName: 'lib',
    instrumentationLibraryVersion: '1.2',
    traceState: 'vendor=1',
    warnings: [],
    serviceTags: [
      { key: 'service.name', value: 'shop' },
      { key: 'gent.generated', value: true },
    ],
    startTime: 1_763_870_400_000.123456,
    duration: 2.5,
    logs: [],
    references: [],
    tags: [],
  });
});

test('what was dropped is a warning, and attributes of the scope are told from those of the span', () => {
  const frame = rowsOf([
    span({
      droppedAttributesCount: 1,
      droppedEventsCount: 3,
      attributes: [{ key: 'a', value: 'of the span' }],
      scope: { ...scope, attributes: [{ key: 'a', value: 'of the scope' }] },
    }),
  ]);
  expect(frame.values('warnings')).toEqual([
    ['1 attribute of this span was dropped', '3 events of this span were dropped'],
  ]);
  expect(frame.values('tags')).toEqual([
    [
      { key: 'a', value: 'of the span' },
      { key: 'otel.scope.a', value: 'of the scope' },
    ],
  ]);
});

test('times are numbers of milliseconds, which is what the trace view reads', () => {
  const frame = rowsOf([span({})]);
  const types = Object.fromEntries(frame.fields.map((field) => [field.name, field.arrow]));
  expect(types).toMatchObject({ startTime: 'Float64', duration: 'Float64', tags: 'Binary', statusCode: 'Int32' });
});

test('attributes of every type, events and links are kept', () => {
  const frame = rowsOf([
    span({
      attributes: [
        { key: 'text', value: 'a' },
        { key: 'whole', value: 5n },
        { key: 'long', value: 9_007_199_254_740_993n },
        { key: 'real', value: 0.5 },
        { key: 'none', value: null },
        { key: 'list', value: ['a', 1n] },
        { key: 'map', value: new KeyValueList([{ key: 'k', value: true }]) },
        { key: 'bytes', value: new Uint8Array([1, 2]) },
        { key: 'infinite', value: Infinity },
      ],
      events: [
        {
          timeUnixNano: START + 1_000_000n,
          name: 'exception',
          attributes: [{ key: 'exception.type', value: 'E' }],
          droppedAttributesCount: 0,
        },
      ],
      links: [
        {
          traceId: 'cd'.repeat(16),
          spanId: '02'.repeat(8),
          traceState: '',
          attributes: [{ key: 'why', value: 'batch' }],
          droppedAttributesCount: 0,
          flags: 0,
        },
      ],
    }),
  ]);
  expect(frame.values('tags')[0]).toEqual([
    { key: 'text', value: 'a' },
    { key: 'whole', value: 5 },
    { key: 'long', value: '9007199254740993' },
    { key: 'real', value: 0.5 },
    { key: 'none', value: null },
    { key: 'list', value: '["a",1]' },
    { key: 'map', value: '{"k":true}' },
    { key: 'bytes', value: 'AQI=' },
    { key: 'infinite', value: 'Infinity' },
  ]);
  expect(frame.values('logs')[0]).toEqual([
    { timestamp: 1_763_870_400_001.123456, name: 'exception', fields: [{ key: 'exception.type', value: 'E' }] },
  ]);
  expect(frame.values('references')[0]).toEqual([
    { traceID: 'cd'.repeat(16), spanID: '02'.repeat(8), tags: [{ key: 'why', value: 'batch' }] },
  ]);
});

test('odd spans stay in the view: a start at zero, an end before the start, unknown kinds and statuses', () => {
  const frame = rowsOf([
    span({ startTimeUnixNano: 0n, endTimeUnixNano: 0n }),
    span({ endTimeUnixNano: 0n, kind: 9, statusCode: 7 }),
  ]);
  expect(frame.values('startTime')[0]).toBeGreaterThan(0);
  expect(frame.values('duration')).toEqual([0, 0]);
  expect(frame.values('kind')[1]).toBe('unspecified');
  expect(frame.values('status')[1]).toBe('7');
});
