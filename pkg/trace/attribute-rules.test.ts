import { createHmac } from 'node:crypto';
import { AttributeRules, type AttributeRuleOptions } from './attribute-rules';
import { otlpJson } from './otlp-json-write';
import { makeSpan, RESOURCE, SCOPE, T0 } from './test-spans';
import type { KeyValue, Trace } from './types';

const SECRET = 'alice@example.org';
const list = (...keys: string[]): KeyValue[] => keys.map((key) => ({ key, value: SECRET }));
const resource = { ...RESOURCE, attributes: [...RESOURCE.attributes, ...list('enduser.id')] };
const scope = { ...SCOPE, attributes: list('enduser.id') };
const TRACE: Trace = {
  traceId: '1'.padStart(32, '0'),
  spans: [1, 2].map((n) =>
    makeSpan(n, n - 1, {
      resource,
      scope,
      attributes: [...list('enduser.id', 'user'), { key: 'count', value: 7n }],
      events: [{ timeUnixNano: T0, name: 'e', attributes: list('enduser.id'), droppedAttributesCount: 0 }],
      links: [
        {
          ...{ traceId: '2'.padStart(32, '0'), spanId: '3'.padStart(16, '0'), traceState: '' },
          ...{ attributes: list('enduser.id'), droppedAttributesCount: 0, flags: 0 },
        },
      ],
    })
  ),
};
const applied = (options: AttributeRuleOptions): Trace => new AttributeRules(options).apply(TRACE);
const keysOf = (trace: Trace): string[] => trace.spans[0]!.attributes.map(({ key }) => key);

it('leaves attributes out everywhere: spans, resources, scopes, events, links', () => {
  expect(otlpJson([TRACE]).split(SECRET)).toHaveLength(2 + 4 + 4 + 1);
  const without = applied({ drop: ['enduser.*', 'user'] });
  expect(otlpJson([without])).not.toContain(SECRET);
  expect(otlpJson([without])).toContain('"shop"');
  expect(keysOf(without)).toEqual(['count']);
  expect(keysOf(TRACE)).toHaveLength(3);
});

it('takes a key as it is written: a dot is a dot, and nothing around it matches', () => {
  expect(keysOf(applied({ drop: ['enduser_id', 'end', 'xuser', 'use'] }))).toEqual(keysOf(TRACE));
  expect(keysOf(applied({ drop: ['enduserXid', 'enduser.id'] }))).toEqual(['user', 'count']);
});

it('hashes with the key, equal values alike, and other types by their OTLP/JSON', () => {
  const hashed = applied({ hash: ['enduser.id', 'count'], hashKey: 'k1' });
  const expected = createHmac('sha256', 'k1').update(SECRET).digest('hex').slice(0, 16);
  const count = createHmac('sha256', 'k1').update('{"intValue":"7"}').digest('hex').slice(0, 16);
  for (const span of hashed.spans) {
    expect(span.attributes).toEqual([
      { key: 'enduser.id', value: expected },
      ...list('user'),
      { key: 'count', value: count },
    ]);
    expect(span.events[0]!.attributes[0]!.value).toBe(expected);
    expect(span.resource.attributes[1]!.value).toBe(expected);
  }
  expect(applied({ hash: ['enduser.id'], hashKey: 'k2' }).spans[0]!.attributes[0]!.value).not.toBe(expected);
});

it('dropping comes before hashing; keeping leaves out the rest but service.name and what is hashed', () => {
  expect(keysOf(applied({ drop: ['user'], hash: ['us*'] }))).toEqual(['enduser.id', 'count']);
  const kept = applied({ keep: ['count'], hash: ['user'] });
  expect(keysOf(kept)).toEqual(['user', 'count']);
  expect(kept.spans[0]!.resource.attributes.map(({ key }) => key)).toEqual(['service.name']);
  expect(applied({ keep: ['count'], drop: ['service.name'] }).spans[0]!.resource.attributes).toEqual([]);
});

it('keeps what spans share shared, and gives back what no rule touches', () => {
  const [a, b] = applied({ drop: ['enduser.id'] }).spans;
  expect(a!.resource).toBe(b!.resource);
  expect(a!.scope).toBe(b!.scope);
  expect(applied({})).toBe(TRACE);
  expect(applied({ drop: ['nothing.like.it'] })).toBe(TRACE);
});

it('refuses a rule without a key', () => {
  expect(() => new AttributeRules({ drop: [' '] })).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
