import { newReadContext } from './context';
import { spansFromJson } from './documents';
import { buildTree } from './tree';
import { SpanKind, StatusCode } from './types';

const SPAN = {
  traceId: '5982fe77008310cc',
  id: '5982fe77008310cc',
  name: 'get /api',
  kind: 'CLIENT',
  timestamp: 1502787600000000,
  duration: 150000,
  localEndpoint: { serviceName: 'frontend', ipv4: '192.168.99.1', port: 3306 },
  remoteEndpoint: { serviceName: 'backend', ipv6: '::1', port: 9000 },
  annotations: [{ timestamp: 1502787600010000, value: 'ws' }],
  tags: { 'http.method': 'GET', error: 'timeout', 'otel.scope.name': 'lib' },
};

test('fields, endpoints, tags and annotations become OpenTelemetry fields', () => {
  expect(spansFromJson([SPAN], undefined, newReadContext())).toEqual([
    {
      traceId: '00000000000000005982fe77008310cc',
      spanId: '5982fe77008310cc',
      parentSpanId: '',
      traceState: '',
      flags: 0,
      name: 'get /api',
      kind: SpanKind.Client,
      startTimeUnixNano: 1502787600000000000n,
      endTimeUnixNano: 1502787600150000000n,
      attributes: [
        { key: 'http.method', value: 'GET' },
        { key: 'network.local.address', value: '192.168.99.1' },
        { key: 'network.local.port', value: 3306n },
        { key: 'peer.service', value: 'backend' },
        { key: 'network.peer.address', value: '::1' },
        { key: 'network.peer.port', value: 9000n },
      ],
      droppedAttributesCount: 0,
      events: [{ timeUnixNano: 1502787600010000000n, name: 'ws', attributes: [], droppedAttributesCount: 0 }],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      statusCode: StatusCode.Error,
      statusMessage: 'timeout',
      resource: { attributes: [{ key: 'service.name', value: 'frontend' }], droppedAttributesCount: 0, schemaUrl: '' },
      scope: { name: 'lib', version: '', attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
    },
  ]);
});

test('halves of a shared span are parent and child in the tree', () => {
  const server = { ...SPAN, kind: 'SERVER', shared: true, localEndpoint: { serviceName: 'backend' } };
  const inner = { traceId: SPAN.traceId, id: '2', parentId: SPAN.id };
  const spans = spansFromJson([[SPAN, server, inner]], undefined, newReadContext());
  const tree = buildTree({ traceId: '', spans });
  expect([...tree.parents]).toEqual([-1, 0, 1]);
});

test.each([
  [{}, StatusCode.Unset, ''],
  [{ error: 'false' }, StatusCode.Unset, ''],
  [{ error: 'true' }, StatusCode.Error, ''],
  [{ 'otel.status_code': 'OK' }, StatusCode.Ok, ''],
  [{ 'otel.status_code': 'ERROR', 'otel.status_description': 'd' }, StatusCode.Error, 'd'],
])('tags %j give a status', (tags, code, message) => {
  const [span] = spansFromJson({ traceId: '1', id: '2', tags }, undefined, newReadContext());
  expect([span?.statusCode, span?.statusMessage]).toEqual([code, message]);
});

test('a wrong field is named', () => {
  expect(() => spansFromJson([{ ...SPAN, duration: -1 }], 'zipkin', newReadContext())).toThrow(/duration/);
  expect(() => spansFromJson([{ id: 'x' }], 'zipkin', newReadContext())).toThrow(/Zipkin span/);
});
