/** @file fast-check arbitraries of traces with everything OTLP can say. For tests only. */
import fc from 'fast-check';
import {
  type AttributeValue,
  type EntityRef,
  type KeyValue,
  KeyValueList,
  type Resource,
  type Scope,
  type Span,
  type Trace,
} from './types';

const bigInt = (min: bigint, max: bigint): fc.Arbitrary<bigint> =>
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom(min, max) }, { weight: 4, arbitrary: fc.bigInt({ min, max }) });

/** fixed64 and uint64. */
export const uint64 = bigInt(0n, 2n ** 64n - 1n);
const int64 = bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const uint32 = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
/** Well-formed Unicode: a protobuf string cannot hold half a surrogate pair. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '"', '\\', '\n', '\u2028', 'NaN', '</script>', '__proto__', '12345678901234567890')
);
const bytes = fc.uint8Array({ maxLength: 9 });

const value: fc.Arbitrary<AttributeValue> = fc.letrec<{ any: AttributeValue; entry: KeyValue }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'value' },
    text,
    fc.boolean(),
    int64,
    fc.double(),
    fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, Number.MIN_VALUE, Number.MAX_VALUE),
    bytes,
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 3, depthIdentifier: 'value' }),
    fc.array(tie('entry'), { maxLength: 3, depthIdentifier: 'value' }).map((entries) => new KeyValueList(entries))
  ),
  entry: fc.record({ key: text, value: tie('any') }),
})).any;

/** Attributes, with repeated and empty keys. */
export const attributes: fc.Arbitrary<KeyValue[]> = fc.array(fc.record({ key: text, value }), { maxLength: 4 });

const entityRef: fc.Arbitrary<EntityRef> = fc.record({
  schemaUrl: text,
  type: text,
  idKeys: fc.array(text, { maxLength: 2 }),
  descriptionKeys: fc.array(text, { maxLength: 2 }),
});

const resource: fc.Arbitrary<Resource> = fc
  .record({
    attributes,
    droppedAttributesCount: uint32,
    schemaUrl: text,
    entityRefs: fc.array(entityRef, { maxLength: 2 }),
  })
  .map(({ entityRefs, ...rest }) => (entityRefs.length === 0 ? rest : { ...rest, entityRefs }));

const scope: fc.Arbitrary<Scope> = fc.record({
  name: text,
  version: text,
  attributes,
  droppedAttributesCount: uint32,
  schemaUrl: text,
});

const hexId = (digits: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: digits / 2, maxLength: digits / 2 })
    .map((id) => Buffer.from(id).toString('hex'))
    .filter((id) => !/^0*$/.test(id));

/** A span but for its trace id, resource and scope. */
const loneSpan = fc.record({
  spanId: hexId(16),
  parentSpanId: fc.oneof(fc.constant(''), hexId(16)),
  traceState: text,
  flags: uint32,
  name: text,
  kind: fc.integer({ min: 0, max: 7 }),
  startTimeUnixNano: uint64,
  endTimeUnixNano: uint64,
  attributes,
  droppedAttributesCount: uint32,
  events: fc.array(fc.record({ timeUnixNano: uint64, name: text, attributes, droppedAttributesCount: uint32 }), {
    maxLength: 2,
  }),
  droppedEventsCount: uint32,
  links: fc.array(
    fc.record({
      traceId: fc.oneof(hexId(32), fc.constantFrom('', '0'.repeat(32), 'abcd')),
      spanId: fc.oneof(hexId(16), fc.constant('')),
      traceState: text,
      attributes,
      droppedAttributesCount: uint32,
      flags: uint32,
    }),
    { maxLength: 2 }
  ),
  droppedLinksCount: uint32,
  statusCode: fc.integer({ min: 0, max: 3 }),
  statusMessage: text,
});

/** A trace of up to six spans over a few resources and scopes. */
export const trace: fc.Arbitrary<Trace> = fc
  .record({
    traceId: hexId(32),
    resources: fc.array(resource, { minLength: 1, maxLength: 2 }),
    scopes: fc.array(scope, { minLength: 1, maxLength: 2 }),
    spans: fc.array(fc.tuple(loneSpan, fc.nat(1), fc.nat(1)), { minLength: 1, maxLength: 6 }),
  })
  .map(({ traceId, resources, scopes, spans }) => ({
    traceId,
    spans: spans.map(([span, r, s]): Span => {
      const of = <T>(items: T[], at: number): T => items[at % items.length] as T;
      return { ...span, traceId, resource: of(resources, r), scope: of(scopes, s) };
    }),
  }));
