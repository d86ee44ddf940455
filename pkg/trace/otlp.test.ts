import { equals, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { otlpTrace } from '../proto';
import { uint64, trace } from './arbitraries';
import { groupSpans } from './assemble';
import { newReadContext } from './context';
import { groupByResource } from './group';
import { resourceKey } from './intern';
import { otlpJson, resourceSpansJson } from './otlp-json-write';
import { parseOtlpJson, spansFromOtlpJson } from './otlp-json-read';
import { parseOtlpProtobuf } from './otlp-proto-read';
import { otlpProtobuf } from './otlp-proto-write';
import { KeyValueList, type Span, type Trace } from './types';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

/** The spans in the order in which OTLP's nesting writes them. */
function nested(traces: Trace[]): Span[] {
  return groupByResource(traces).flatMap(({ scopes }) => scopes.flatMap(({ spans }) => spans));
}

/** Resources and scopes of one content are one object, as a reader leaves them. */
function interned(one: Trace): Trace {
  const context = newReadContext();
  return {
    ...one,
    spans: one.spans.map((span) => ({
      ...span,
      resource: context.intern.resource(span.resource),
      scope: context.intern.scope(span.scope),
    })),
  };
}

/** One span as OTLP/JSON with these fields. */
function document(fields: Record<string, unknown>): string {
  const span = { traceId: TRACE_ID, spanId: SPAN_ID, ...fields };
  return JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ spans: [span] }] }] });
}

function readOne(text: string): Span {
  const [span] = parseOtlpJson(text, newReadContext());
  if (span === undefined) {
    throw new Error('no span was read');
  }
  return span;
}

describe('OTLP round trips', () => {
  const property = (check: (one: Trace) => void) =>
    fc.assert(fc.property(trace.map(interned), check), { seed: 1, numRuns: 300 });

  test('memory → JSON → memory', () => {
    property((one) => {
      expect(parseOtlpJson(otlpJson([one]), newReadContext())).toEqual(nested([one]));
    });
  });

  test('memory → protobuf → memory', () => {
    property((one) => {
      expect(parseOtlpProtobuf(otlpProtobuf([one]), newReadContext())).toEqual(nested([one]));
    });
  });

  test('protobuf → memory → protobuf gives an equal message', () => {
    property((one) => {
      const bytes = otlpProtobuf([one]);
      const again = otlpProtobuf(groupSpans(parseOtlpProtobuf(bytes, newReadContext())));
      const schema = otlpTrace.TracesDataSchema;
      expect(Buffer.from(again).equals(bytes)).toBe(true);
      expect(Buffer.from(toBinary(schema, fromBinary(schema, bytes))).equals(bytes)).toBe(true);
    });
  });

  test("JSON as Tempo writes it is the protobuf library's own JSON of the same message", () => {
    const schema = otlpTrace.TracesDataSchema;
    property((one) => {
      const message = fromBinary(schema, otlpProtobuf([one]));
      const ours = JSON.parse(`{"resourceSpans":${resourceSpansJson([one], 'tempo')}}`) as JsonValue;
      const theirs = fromJson(schema, ours);
      // NaN differs from itself in `equals`; the bytes tell.
      expect(Buffer.from(toBinary(schema, theirs)).equals(toBinary(schema, message))).toBe(true);
      expect(spansFromOtlpJson(toJson(schema, message), newReadContext())).toEqual(nested([one]));
    });
  });

  test('several traces in one document come back as they were', () => {
    fc.assert(
      fc.property(fc.uniqueArray(trace.map(interned), { selector: (t) => t.traceId, maxLength: 4 }), (traces) => {
        const back = groupSpans(parseOtlpProtobuf(otlpProtobuf(traces), newReadContext()));
        const byId = (list: Trace[]) => new Map(list.map((t) => [t.traceId, t]));
        expect(byId(back).size).toBe(traces.length);
        for (const one of traces) {
          const spans = byId(back).get(one.traceId)?.spans ?? [];
          const key = (span: Span) => `${span.spanId}${span.startTimeUnixNano}`;
          expect(new Set(spans.map(key))).toEqual(new Set(one.spans.map(key)));
        }
      }),
      { seed: 2, numRuns: 50 }
    );
  });
});

describe('OTLP/JSON as others write it', () => {
  test.each<[string, Record<string, unknown>, Partial<Span>]>([
    [
      'ids in capitals',
      { traceId: TRACE_ID.toUpperCase(), spanId: SPAN_ID.toUpperCase() },
      { traceId: TRACE_ID, spanId: SPAN_ID },
    ],
    [
      'ids in base64',
      {
        traceId: Buffer.from(TRACE_ID, 'hex').toString('base64'),
        spanId: Buffer.from(SPAN_ID, 'hex').toString('base64'),
        parentSpanId: Buffer.from('00f067aa0ba902b7', 'hex').toString('base64'),
      },
      { traceId: TRACE_ID, spanId: SPAN_ID, parentSpanId: '00f067aa0ba902b7' },
    ],
    [
      'ids in base64 without padding',
      { spanId: Buffer.from(SPAN_ID, 'hex').toString('base64').replace('=', '') },
      { spanId: SPAN_ID },
    ],
    ['enums by number', { kind: 2, status: { code: 2 } }, { kind: 2, statusCode: 2 }],
    [
      'enums by name',
      { kind: 'SPAN_KIND_SERVER', status: { code: 'STATUS_CODE_ERROR', message: 'm' } },
      { kind: 2, statusCode: 2, statusMessage: 'm' },
    ],
    ['enums unknown to us', { kind: 9 }, { kind: 9 }],
    ['times as strings', { startTimeUnixNano: '18446744073709551615' }, { startTimeUnixNano: 2n ** 64n - 1n }],
    [
      'times as small numbers',
      { startTimeUnixNano: 12, endTimeUnixNano: 13 },
      { startTimeUnixNano: 12n, endTimeUnixNano: 13n },
    ],
    ['counts as strings', { droppedEventsCount: '7' }, { droppedEventsCount: 7 }],
    [
      'nulls',
      { attributes: null, parentSpanId: null, kind: null, status: null, startTimeUnixNano: null },
      { attributes: [], parentSpanId: '', kind: 0, startTimeUnixNano: 0n },
    ],
    ['unknown fields', { whatever: [{ a: 1 }], links: [] }, { links: [] }],
    [
      "the proto's own names",
      {
        parent_span_id: '00f067aa0ba902b7',
        start_time_unix_nano: '5',
        end_time_unix_nano: '6',
        trace_state: 'a=b',
        dropped_attributes_count: 1,
        attributes: [{ key: 'k', value: { string_value: 'v' } }],
        events: [{ time_unix_nano: '4', name: 'e' }],
      },
      {
        parentSpanId: '00f067aa0ba902b7',
        startTimeUnixNano: 5n,
        endTimeUnixNano: 6n,
        traceState: 'a=b',
        droppedAttributesCount: 1,
        attributes: [{ key: 'k', value: 'v' }],
        events: [{ timeUnixNano: 4n, name: 'e', attributes: [], droppedAttributesCount: 0 }],
      },
    ],
  ])('%s', (_name, fields, expected) => {
    expect(readOne(document(fields))).toMatchObject(expected);
  });

  test.each<[unknown, Span['attributes'][number]['value']]>([
    [{ stringValue: '' }, ''],
    [{ boolValue: false }, false],
    [{ intValue: '-9223372036854775808' }, -(2n ** 63n)],
    [{ intValue: 42 }, 42n],
    [{ doubleValue: 1 }, 1],
    [{ doubleValue: '1.5' }, 1.5],
    [{ doubleValue: 'NaN' }, NaN],
    [{ doubleValue: '-Infinity' }, -Infinity],
    [{ doubleValue: '-0' }, -0],
    [{ bytesValue: 'AQID' }, Uint8Array.of(1, 2, 3)],
    [{ bytesValue: '-_8' }, Uint8Array.of(251, 255)],
    [{ arrayValue: {} }, []],
    [{ arrayValue: { values: [{}, { intValue: '1' }] } }, [null, 1n]],
    [{ kvlistValue: { values: [{ key: 'a', value: {} }] } }, new KeyValueList([{ key: 'a', value: null }])],
    [{}, null],
    [undefined, null],
    [{ futureValue: 1 }, null],
  ])('value %j', (json, expected) => {
    const [attribute] = readOne(document({ attributes: [{ key: 'k', value: json }] })).attributes;
    expect(attribute?.value).toEqual(expected);
  });

  test('integers beyond 2^53 given as numbers are exact', () => {
    const text = document({
      startTimeUnixNano: 'START',
      attributes: [{ key: ': 1111111111111111111,', value: { intValue: 'INT' } }],
    })
      .replace('"START"', '1661140339209875609')
      .replace('"INT"', ' -9007199254740993');
    expect(readOne(text)).toMatchObject({
      startTimeUnixNano: 1661140339209875609n,
      attributes: [{ key: ': 1111111111111111111,', value: -9007199254740993n }],
    });
  });

  test('every 64-bit time given as a number is exact', () => {
    fc.assert(
      fc.property(uint64, fc.double({ noNaN: true, noDefaultInfinity: true }), (time, double) => {
        const attributes = [{ key: 'd', value: { doubleValue: double } }];
        const span = readOne(document({ startTimeUnixNano: 'T', attributes }).replace('"T"', String(time)));
        expect(span.startTimeUnixNano).toBe(time);
        expect(span.attributes).toEqual([{ key: 'd', value: JSON.parse(JSON.stringify(double)) as number }]);
      }),
      { seed: 3, numRuns: 200 }
    );
  });

  test.each([
    ['quotes and backslashes', '" \\", 1661140339209875609, \\\\"'],
    ['a backslash at the end', '\\'],
    ['millions of escapes', '\\'.repeat(3_000_000)],
    ['millions of letters', 'a'.repeat(3_000_000)],
  ])('exact reading passes over strings with %s', (_name, name) => {
    const span = readOne(document({ name, endTimeUnixNano: 'T' }).replace('"T"', '1661140339209875609'));
    expect(span.endTimeUnixNano).toBe(1661140339209875609n);
    expect(span.name === name).toBe(true);
  });

  test('without the text, integers that JSON.parse rounded are counted', () => {
    const context = newReadContext();
    spansFromOtlpJson(JSON.parse(document({ startTimeUnixNano: 'T' }).replace('"T"', '1661140339209875609')), context);
    expect(context.anomalies.inexactIntegers).toBe(1);
  });

  test('a rounded integer in a resource is not taken for an earlier one', () => {
    const context = newReadContext();
    const resourceWith = (int: string) =>
      `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"intValue":${int}}}]},` +
      `"scopeSpans":[{"spans":[{"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}"}]}]}]}`;
    const ints = ['9007199254740992', '9007199254740993', '9007199254740992'];
    const read = ints.map((int) => parseOtlpJson(resourceWith(int), context)[0]?.resource.attributes[0]?.value);
    expect(read).toEqual(ints.map(BigInt));
    expect(context.anomalies.inexactIntegers).toBe(0);
  });

  test.each([
    ['no JSON', '{"resourceSpans":', /no JSON/],
    ['a list for an object', '[]', /document: expected an object/],
    ['an object for a list', '{"resourceSpans":{}}', /resourceSpans: expected an array/],
    ['a time that is no number', document({ startTimeUnixNano: '12:00' }), /startTimeUnixNano: .* found "12:00"/],
    ['a time beyond 64 bits', document({ startTimeUnixNano: '18446744073709551616' }), /startTimeUnixNano/],
    ['a negative time', document({ endTimeUnixNano: -1 }), /endTimeUnixNano/],
    ['a fraction for an int', document({ attributes: [{ key: 'k', value: { intValue: 1.5 } }] }), /intValue/],
    [
      'an int beyond 64 bits',
      document({ attributes: [{ key: 'k', value: { intValue: '9223372036854775808' } }] }),
      /intValue/,
    ],
    ['an unknown kind name', document({ kind: 'SPAN_KIND_MAGIC' }), /kind/],
    ['bytes that are no base64', document({ attributes: [{ key: 'k', value: { bytesValue: '*' } }] }), /bytesValue/],
    ['a name that is no string', document({ name: 5 }), /name: expected a string/],
  ])('%s is refused, naming the field', (_name, text, message) => {
    expect(() => parseOtlpJson(text, newReadContext())).toThrow(
      expect.objectContaining({ code: 'TRACE_DOCUMENT_INVALID', message: expect.stringMatching(message) })
    );
  });

  test('a value nested without end is refused in JSON and protobuf', () => {
    let any: unknown = { stringValue: 'x' };
    let inMemory: Span['attributes'][number]['value'] = 'x';
    for (let i = 0; i < 65; i++) {
      any = { arrayValue: { values: [any] } };
      inMemory = [inMemory];
    }
    const refused = expect.objectContaining({ code: expect.stringMatching(/LIMIT_EXCEEDED|TRACE_DOCUMENT_INVALID/) });
    expect(() => readOne(document({ attributes: [{ key: 'k', value: any }] }))).toThrow(refused);
    const span = { ...readOne(document({})), attributes: [{ key: 'k', value: inMemory }] };
    expect(() => parseOtlpProtobuf(otlpProtobuf([{ traceId: TRACE_ID, spans: [span] }]), newReadContext())).toThrow(
      refused
    );
  });

  test('older wrappers are read', () => {
    const scoped = { instrumentationLibrary: { name: 'n' }, spans: [{ traceId: TRACE_ID, spanId: SPAN_ID }] };
    const [span] = spansFromOtlpJson({ resourceSpans: [{ instrumentationLibrarySpans: [scoped] }] }, newReadContext());
    expect(span?.scope.name).toBe('n');
  });
});

describe('sharing', () => {
  test('values that differ in anything but identity make different resources', () => {
    const values: Array<Span['attributes'][number]['value']> = [
      ...[
        '1',
        1,
        1n,
        0,
        -0,
        NaN,
        'NaN',
        true,
        'true',
        null,
        'null',
        '',
        [],
        [[]],
        ['1'],
        [1n],
        Uint8Array.of(1),
        'AQ==',
      ],
      ...[
        new KeyValueList([]),
        new KeyValueList([{ key: '1', value: null }]),
        new KeyValueList([{ key: '', value: '1' }]),
      ],
    ];
    const keys = values.map((value) =>
      resourceKey({ attributes: [{ key: 'k', value }], droppedAttributesCount: 0, schemaUrl: '' })
    );
    expect(new Set(keys).size).toBe(values.length);
  });

  test('equal resources, scopes and keys of one reader are one object', () => {
    const context = newReadContext();
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'a' } }] };
    const group = (id: string) => ({
      resource,
      scopeSpans: [{ scope: { name: 's' }, spans: [{ traceId: TRACE_ID, spanId: id }] }],
    });
    const json = JSON.stringify({ resourceSpans: [group(SPAN_ID), group('00f067aa0ba902b7')] });
    const [a, b] = parseOtlpJson(json, context);
    const [c] = parseOtlpProtobuf(otlpProtobuf([{ traceId: TRACE_ID, spans: [a as Span] }]), context);
    expect(a?.resource).toBe(b?.resource);
    expect(a?.scope).toBe(b?.scope);
    expect(c?.resource).toBe(a?.resource);
    expect(c?.scope).toBe(a?.scope);
  });
});

test('protobuf that is none is refused', () => {
  expect(() => parseOtlpProtobuf(Buffer.from('hello'), newReadContext())).toThrow(
    expect.objectContaining({ code: 'TRACE_DOCUMENT_INVALID' })
  );
});

test('references into a profiles dictionary are read as absent and counted', () => {
  const context = newReadContext();
  const attributes = [
    { key: 'k', value: { stringValueStrindex: 3 } },
    { keyStrindex: 2, value: { intValue: '1' } },
  ];
  const [span] = parseOtlpJson(document({ attributes }), context);
  expect(span?.attributes).toEqual([
    { key: 'k', value: null },
    { key: '', value: 1n },
  ]);
  expect(context.anomalies.profileReferences).toBe(2);
});

test('proto equality holds for a message from the library itself', () => {
  const schema = otlpTrace.TracesDataSchema;
  const message = fromJson(schema, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'a', value: { doubleValue: 0.5 } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: Buffer.from(TRACE_ID, 'hex').toString('base64'),
                spanId: Buffer.from(SPAN_ID, 'hex').toString('base64'),
                name: 'n',
              },
            ],
          },
        ],
      },
    ],
  });
  const again = fromBinary(
    schema,
    otlpProtobuf(groupSpans(parseOtlpProtobuf(toBinary(schema, message), newReadContext())))
  );
  expect(equals(schema, again, message)).toBe(true);
});
