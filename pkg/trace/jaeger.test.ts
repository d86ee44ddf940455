import fc from 'fast-check';
import { trace as arbitraryTrace } from './arbitraries';
import { newReadContext } from './context';
import { groupSpans } from './assemble';
import { spansFromJson } from './documents';
import { spansFromJaeger } from './jaeger-read';
import { jaegerJson, jaegerTrace } from './jaeger-write';
import { makeSpan, spanId, T0, traceId } from './test-spans';
import { type Span, SpanKind, StatusCode } from './types';

const tag = (key: string, type: string, value: unknown) => ({ key, type, value });

/** What Jaeger's query API answers for one trace. */
const ANSWER = {
  data: [
    {
      traceID: '281f260416303a40',
      spans: [
        {
          traceID: '281f260416303a40',
          spanID: '281f260416303a40',
          flags: 1,
          operationName: 'HTTP GET /dispatch',
          references: [],
          startTime: 1671214090528654,
          duration: 13876,
          tags: [
            tag('span.kind', 'string', 'server'),
            tag('http.status_code', 'int64', 500),
            tag('ratio', 'float64', 0.5),
            tag('sampled', 'bool', true),
            tag('blob', 'binary', 'AQID'),
            tag('error', 'bool', true),
            tag('otel.status_description', 'string', 'boom'),
            tag('otel.scope.name', 'string', 'net/http'),
            tag('otel.scope.version', 'string', '1.2'),
            tag('w3c.tracestate', 'string', 'a=b'),
          ],
          logs: [
            {
              timestamp: 1671214090528700,
              fields: [tag('event', 'string', 'exception'), tag('exception.type', 'string', 'E')],
            },
          ],
          processID: 'p1',
          warnings: null,
        },
        {
          traceID: '281f260416303a40',
          spanID: '1',
          operationName: 'child',
          references: [
            { refType: 'FOLLOWS_FROM', traceID: '281f260416303a40', spanID: '2' },
            { refType: 'CHILD_OF', traceID: '281f260416303a40', spanID: '281f260416303a40' },
            { refType: 'CHILD_OF', traceID: '9', spanID: '3' },
          ],
          startTime: '1671214090528655',
          duration: 0,
          tags: [tag('otel.status_code', 'string', 'OK'), tag('error', 'string', 'no')],
          logs: [],
          processID: 'p1',
        },
      ],
      processes: { p1: { serviceName: 'frontend', tags: [tag('ip', 'string', '10.0.0.1')] } },
    },
  ],
  errors: null,
};

describe('reading', () => {
  const [root, child] = spansFromJaeger(ANSWER, newReadContext()) as [Span, Span];

  test('fields, tags and logs become OpenTelemetry fields', () => {
    expect(root).toEqual({
      traceId: '0000000000000000281f260416303a40',
      spanId: '281f260416303a40',
      parentSpanId: '',
      traceState: 'a=b',
      flags: 1,
      name: 'HTTP GET /dispatch',
      kind: SpanKind.Server,
      startTimeUnixNano: 1671214090528654000n,
      endTimeUnixNano: 1671214090542530000n,
      attributes: [
        { key: 'http.status_code', value: 500n },
        { key: 'ratio', value: 0.5 },
        { key: 'sampled', value: true },
        { key: 'blob', value: Uint8Array.of(1, 2, 3) },
      ],
      droppedAttributesCount: 0,
      events: [
        {
          timeUnixNano: 1671214090528700000n,
          name: 'exception',
          attributes: [{ key: 'exception.type', value: 'E' }],
          droppedAttributesCount: 0,
        },
      ],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      statusCode: StatusCode.Error,
      statusMessage: 'boom',
      resource: {
        attributes: [
          { key: 'service.name', value: 'frontend' },
          { key: 'ip', value: '10.0.0.1' },
        ],
        droppedAttributesCount: 0,
        schemaUrl: '',
      },
      scope: { name: 'net/http', version: '1.2', attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
    });
  });

  test('the first CHILD_OF is the parent, other references are links', () => {
    expect(child.parentSpanId).toBe('281f260416303a40');
    expect(child.links.map(({ traceId: t, spanId: s, attributes }) => [t, s, attributes])).toEqual([
      ['0000000000000000281f260416303a40', '0000000000000002', []],
      ['00000000000000000000000000000009', '0000000000000003', [{ key: 'opentracing.ref_type', value: 'child_of' }]],
    ]);
    expect(child.statusCode).toBe(StatusCode.Ok);
    expect(child.attributes).toEqual([{ key: 'error', value: 'no' }]);
    expect(child.resource).toBe(root.resource);
  });

  test.each([
    ['a bare trace', ANSWER.data[0]],
    ['a list of traces', ANSWER.data],
    ['a bare span', { ...ANSWER.data[0]?.spans[0], process: ANSWER.data[0]?.processes.p1 }],
  ])('%s is recognised', (_name, document) => {
    expect(spansFromJson(document, undefined, newReadContext())[0]).toEqual(root);
  });

  test('without CHILD_OF a FOLLOWS_FROM is the parent; parentSpanID is an older way to say it', () => {
    const read = (fields: object) =>
      spansFromJaeger({ traceID: '1', spans: [{ traceID: '1', spanID: '2', ...fields }] }, newReadContext())[0];
    const reference = { refType: 'FOLLOWS_FROM', traceID: '1', spanID: '7' };
    expect(read({ references: [reference] })).toMatchObject({ parentSpanId: spanId(7), links: [] });
    expect(read({ parentSpanID: '5', references: [reference] })).toMatchObject({
      parentSpanId: spanId(5),
      links: [{ spanId: spanId(7) }],
    });
  });

  test('a wrong field is named', () => {
    const spans = [{ traceID: '1', spanID: '2', startTime: 'soon' }];
    expect(() => spansFromJaeger({ traceID: '1', spans }, newReadContext())).toThrow(/startTime/);
  });
});

describe('writing', () => {
  test('what Jaeger can hold comes back', () => {
    const spans = [
      makeSpan(1, 0, {
        kind: SpanKind.Client,
        statusCode: StatusCode.Error,
        statusMessage: 'm',
        traceState: 'x=y',
        flags: 1,
        attributes: [
          { key: 's', value: 'v' },
          { key: 'i', value: -7n },
          { key: 'big', value: 2n ** 63n - 1n },
          { key: 'd', value: 1 },
          { key: 'nan', value: NaN },
          { key: 'b', value: false },
          { key: 'bytes', value: Uint8Array.of(255) },
        ],
        events: [{ timeUnixNano: T0, name: 'e', attributes: [{ key: 'k', value: 'v' }], droppedAttributesCount: 0 }],
        links: [
          {
            traceId: traceId(2),
            spanId: spanId(9),
            traceState: '',
            attributes: [],
            droppedAttributesCount: 0,
            flags: 0,
          },
        ],
        droppedAttributesCount: 1,
        droppedEventsCount: 2,
        droppedLinksCount: 3,
        scope: { name: 'lib', version: '1', attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
      }),
      makeSpan(2, 1, { statusCode: StatusCode.Ok }),
    ];
    const text = jaegerJson([{ traceId: traceId(1), spans }]);
    expect(spansFromJson(JSON.parse(text), undefined, newReadContext())).toEqual(spans);
  });

  test('arrays and maps are written as JSON text, as the specification asks', () => {
    const span = makeSpan(1, 0, { attributes: [{ key: 'a', value: ['x', 1n, [true]] }] });
    const written = jaegerTrace({ traceId: traceId(1), spans: [span] });
    expect(written.spans[0]?.tags).toContainEqual({ key: 'a', type: 'string', value: '["x",1,[true]]' });
  });

  test('anything is written, and read again with the same ids, names and whole microseconds', () => {
    fc.assert(
      fc.property(arbitraryTrace, (one) => {
        const spans = spansFromJson(JSON.parse(jaegerJson([one])), 'jaeger', newReadContext());
        expect(groupSpans(spans)[0]?.traceId).toBe(one.traceId);
        expect(spans.map((s) => [s.spanId, s.parentSpanId, s.name])).toEqual(
          one.spans.map((s) => [s.spanId, s.parentSpanId, s.name])
        );
      }),
      { seed: 4, numRuns: 200 }
    );
  });
});
