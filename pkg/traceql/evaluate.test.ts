/** @file Evaluation: nil, types, arrays, events, incomplete traces, odd traces, pipelines, answers. */
import { GentError, setLimit } from '../common';
import { KeyValueList } from '../trace';
import { parseQuery, searchTrace } from './index';
import { trace, type SpanSketch } from './test-traces';

function ids(query: string, sketches: readonly SpanSketch[]): string[][] {
  const summary = searchTrace(parseQuery(query), trace(sketches), { spansPerSpanSet: 0 });
  return (summary?.spanSets ?? []).map((set) => set.spans.map(({ spanId }) => spanId));
}

function one(query: string, sketch: Omit<SpanSketch, 'id'>): boolean {
  return ids(query, [{ id: 'a', ...sketch }]).length > 0;
}

describe('values', () => {
  it.each<[string, SpanSketch['span'], boolean]>([
    ['{ .a = nil }', {}, true],
    ['{ .a != nil }', {}, false],
    ['{ .a != "x" }', {}, false],
    ['{ .a != "x" }', { a: 1n }, false],
    ['{ .a !~ "x" }', {}, false],
    ['{ !(.a = "x") }', {}, true],
    ['{ !.a }', {}, false],
    ['{ !.a }', { a: false }, true],
    ['{ !.a }', { a: 'text' }, false],
    ['{ !(!.a) }', {}, false],
    ['{ !(-.a = 1) }', { a: 'text' }, false],
    ['{ -.a = -1 }', { a: 1n }, true],
    ['{ true || .a }', {}, false],
    ['{ true || .a }', { a: false }, true],
    ['{ .a = 1 }', { a: 1 }, true],
    ['{ .a = 1.0 }', { a: 1n }, true],
    ['{ .a = "1" }', { a: 1n }, false],
    ['{ .a > 9007199254740992 }', { a: 9007199254740993n }, true],
    ['{ .a = 9007199254740992 }', { a: 9007199254740993n }, false],
    ['{ .a > "\u{ffff}" }', { a: '\u{1f600}' }, true],
    ['{ .a = "x" }', { a: ['x', 'y'] }, true],
    ['{ .a != "x" }', { a: ['x', 'y'] }, false],
    ['{ .a != "z" }', { a: ['x', 'y'] }, true],
    ['{ .a =~ "x.*" }', { a: ['zz', 'xy'] }, true],
    ['{ .a !~ "x.*" }', { a: ['zz', 'xy'] }, false],
    ['{ 2 < .a }', { a: [1n, 3n] }, true],
    ['{ .a = nil }', { a: [] }, true],
    ['{ .a = nil }', { a: [1n, 'x'] }, true],
    ['{ .a != nil }', { a: new KeyValueList([]) }, false],
    ['{ .a != nil }', { a: null }, false],
    ['{ .a / 2 = 1 }', { a: 3n }, true],
    ['{ .a / 2.0 = 1.5 }', { a: 3n }, true],
    ['{ .a + 1 = 2 }', { a: 'text' }, false],
    ['{ .a + 1 = 2 }', { a: ['x'] }, false],
    ['{ .a = ok }', { a: 'ok' }, false],
    ['{ .b != 0 && .a / .b = 2 }', { a: 4n, b: 0n }, false],
    ['{ span.a = "x" }', { a: 'x' }, true],
    ['{ resource.a = "x" }', { a: 'x' }, false],
  ])('%s (case %#)', (query, span, matches) => {
    expect(one(query, { span })).toBe(matches);
  });

  it('lets the span shadow the resource, whatever the types', () => {
    const sketch = { span: { a: 1n }, resource: { a: 'x' } };
    expect(one('{ .a = "x" }', sketch)).toBe(false);
    expect(one('{ resource.a = "x" && span.a = 1 }', sketch)).toBe(true);
  });

  it('asks one event and one link at a time', () => {
    const sketch = {
      events: [
        { name: 'exception', attributes: { type: 'A' } },
        { name: 'log', attributes: { type: 'B' } },
      ],
      links: [{ traceId: 'aa' }, { traceId: 'bb', attributes: { r: 'x' } }],
    };
    expect(one('{ event:name = "exception" && event.type = "A" }', sketch)).toBe(true);
    expect(one('{ event:name = "exception" && event.type = "B" }', sketch)).toBe(false);
    expect(one('{ event:name = "log" && link:traceID = "bb" && link.r = "x" }', sketch)).toBe(true);
    expect(one('{ link:traceID = "aa" && link.r = "x" }', sketch)).toBe(false);
    expect(one('{ event.type = nil }', {})).toBe(true);
    expect(one('{ event:name != "x" }', {})).toBe(false);
  });

  it.each(['{ .a / 0 = 1 }', '{ .c + 1 = 2 }', '{ .b = .b }'])('stops at %s with a code', (query) => {
    expect(() => one(query, { span: { a: 1n, b: ['x'], c: [1n] } })).toThrow(GentError);
  });
});

describe('structure', () => {
  // No root was received; c and d name a parent that is not there either.
  const incomplete: SpanSketch[] = [
    { id: 'a', parent: 'gone', name: 'a' },
    { id: 'b', parent: 'a', name: 'b' },
    { id: 'c', parent: 'b', name: 'c' },
    { id: 'd', parent: 'gone', name: 'd' },
    { id: 'e', parent: 'lost', name: 'e' },
  ];
  it.each([
    ['{ name = "a" } > { }', [['b']]],
    ['{ name = "a" } >> { }', [['b', 'c']]],
    ['{ name = "c" } < { }', [['b']]],
    ['{ name = "c" } << { }', [['a', 'b']]],
    ['{ name = "a" } ~ { }', [['d']]],
    ['{ } ~ { }', [['a', 'd']]],
    ['{ name = "a" } !> { }', [['a', 'c', 'd', 'e']]],
    ['{ name = "a" } !>> { }', [['a', 'd', 'e']]],
    ['{ name = "c" } !<< { }', [['c', 'd', 'e']]],
    ['{ name = "x" } !> { name = "b" }', [['b']]],
    ['{ name = "a" } &>> { name = "c" }', [['a', 'c']]],
    ['{ name = "c" } &<< { }', [['a', 'b', 'c']]],
    ['{ name = "a" } &~ { }', [['a', 'd']]],
    ['{ name = "a" } && { name = "c" }', [['a', 'c']]],
    ['{ name = "a" } && { name = "x" }', []],
    ['{ nestedSetParent = 0 && nestedSetLeft = 0 }', [['a', 'b', 'c', 'd', 'e']]],
  ])('%s on an incomplete trace', (query, expected) => {
    expect(ids(query, incomplete)).toEqual(expected);
  });

  it('numbers nested sets, several roots as siblings', () => {
    const sketches = [{ id: 'r' }, { id: 'x', parent: 'r' }, { id: 's' }];
    expect(ids('{ nestedSetParent = -1 }', sketches)).toEqual([['r', 's']]);
    expect(ids('{ nestedSetLeft = 2 && nestedSetRight = 3 && nestedSetParent = 1 }', sketches)).toEqual([['x']]);
    expect(ids('{ nestedSetLeft = 5 }', sketches)).toEqual([['s']]);
    expect(ids('{ span:childCount = 1 }', sketches)).toEqual([['r']]);
  });

  it('survives broken traces: cycles, spans that are their own parent, shared ids', () => {
    const broken = [
      { id: 'a', parent: 'b' },
      { id: 'b', parent: 'a' },
      { id: 'c', parent: 'c' },
      { id: 'd', parent: 'a' },
      { id: 'd', parent: 'a' },
      { id: 'd', parent: 'd' },
    ];
    for (const operator of [
      '>',
      '>>',
      '<',
      '<<',
      '~',
      '!>',
      '!>>',
      '!<',
      '!<<',
      '!~',
      '&>',
      '&>>',
      '&<',
      '&<<',
      '&~',
    ]) {
      expect(() => ids(`{ } ${operator} { }`, broken)).not.toThrow();
    }
    expect(ids('{ span:id = "b" } >> { span:id = "d" }', broken)[0]).toContain('d');
    expect(ids('{ nestedSetLeft >= 0 }', broken)[0]).toHaveLength(6);
  });

  it('puts the server of a shared id below its client', () => {
    const zipkin = [
      { id: 'r', name: 'root', kind: 2 },
      { id: 'x', parent: 'r', name: 'client', kind: 3 },
      { id: 'x', parent: 'r', name: 'server', kind: 2 },
      { id: 'y', parent: 'x', name: 'inner', kind: 1 },
    ];
    const names = (query: string) =>
      searchTrace(parseQuery(`${query} | select(name)`), trace(zipkin))?.spanSets[0]?.spans.map(({ name }) => name);
    expect(names('{ name = "client" } > { }')).toEqual(['server']);
    expect(names('{ name = "server" } > { }')).toEqual(['inner']);
  });

  it('walks deep traces without recursion', () => {
    const deep = Array.from({ length: 50_000 }, (_, i) => ({ id: `s${i}`, parent: i === 0 ? '' : `s${i - 1}` }));
    expect(ids('{ span:id = "s0" } >> { }', deep)[0]).toHaveLength(49_999);
    expect(ids('{ nestedSetRight = 100000 }', deep)).toEqual([['s0']]);
  });
});

describe('pipelines and answers', () => {
  const shop: SpanSketch[] = [
    { id: 'a', name: 'GET', ms: 100, span: { n: 4n, code: 200n }, status: 2 },
    { id: 'b', parent: 'a', name: 'db', ms: 10, span: { n: 1n }, resource: { 'service.name': 'db' } },
    { id: 'c', parent: 'a', name: 'db', ms: 30, span: { n: 2.5 }, resource: { 'service.name': 'db' } },
  ];
  it.each([
    ['{ } | by(name) | count() > 1', [['b', 'c']]],
    ['{ } | by(name) | coalesce()', [['a', 'b', 'c']]],
    ['{ } | max(duration) = 100ms', [['a', 'b', 'c']]],
    ['{ } | avg(duration) > 50ms', []],
    ['{ name = "db" } | sum(duration) = 40ms | { duration > 20ms }', [['c']]],
    ['({ name = "db" } | count() > 1) && ({ name = "GET" })', [['a', 'b', 'c']]],
    ['count() = 3 | { name = "GET" }', [['a']]],
  ])('%s', (query, expected) => {
    expect(ids(query, shop)).toEqual(expected);
  });

  it('answers with what the query mentions, cut spansets, and statistics of services', () => {
    const query = parseQuery(
      '{ span.n != nil && name =~ ".*" } | select(resource.service.name, status, kind, span.absent)'
    );
    const summary = searchTrace(query, trace(shop), { spansPerSpanSet: 2 });
    expect(summary).toEqual({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      rootServiceName: 'shop',
      rootTraceName: 'GET',
      startTimeUnixNano: 1_000_000_000_000n,
      durationNanos: 100_000_000n,
      spanSets: [
        {
          matched: 3,
          attributes: [],
          spans: [
            {
              spanId: 'a',
              name: 'GET',
              startTimeUnixNano: 1_000_000_000_000n,
              durationNanos: 100_000_000n,
              attributes: [
                { key: 'n', value: 4n },
                { key: 'service.name', value: 'shop' },
                { key: 'status', value: 'error' },
                { key: 'kind', value: 'unspecified' },
              ],
            },
            {
              spanId: 'b',
              name: 'db',
              startTimeUnixNano: 1_000_000_000_000n,
              durationNanos: 10_000_000n,
              attributes: [
                { key: 'n', value: 1n },
                { key: 'service.name', value: 'db' },
                { key: 'status', value: 'unset' },
                { key: 'kind', value: 'unspecified' },
              ],
            },
          ],
        },
      ],
      serviceStats: { shop: { spanCount: 1, errorCount: 1 }, db: { spanCount: 2, errorCount: 0 } },
    });
  });

  it('gives back what select() names whatever it holds, though no filter has a type for it', () => {
    const held = { map: new KeyValueList([{ key: 'k', value: 1n }]), bytes: new Uint8Array([1, 2]), mixed: [1n, 'a'] };
    const one = trace([{ id: 'x', span: held }]);
    const attributesOf = (query: string) => searchTrace(parseQuery(query), one)?.spanSets[0]?.spans[0]?.attributes;
    expect(attributesOf('{ } | select(span.map, .bytes, span.mixed, span.absent)')).toEqual(
      Object.entries(held).map(([key, value]) => ({ key, value }))
    );
    expect(attributesOf('{ span.map = nil }')).toEqual([]);
    expect(attributesOf('{ span.map != nil }')).toBeUndefined();
  });

  it('adds what the pipeline computed to its spansets', () => {
    const summary = searchTrace(
      parseQuery('{ } | by(resource.service.name) | avg(duration) > 1ms | count() > 1'),
      trace(shop)
    );
    expect(summary?.spanSets.map((set) => set.attributes)).toEqual([
      [
        { key: 'by(resource.service.name)', value: 'db' },
        { key: 'avg(duration)', value: '20ms' },
        { key: 'count()', value: 2n },
      ],
    ]);
  });

  it('says when the root was not received, and refuses operators over groups', () => {
    expect(searchTrace(parseQuery('{ }'), trace([{ id: 'x', parent: 'gone' }]))?.rootServiceName).toBe(
      '<root span not yet received>'
    );
    const query = parseQuery('({ } | by(name)) && ({ } | count() > 0)');
    expect(() => searchTrace(query, trace(shop))).toThrow(/coalesce/);
  });

  it('gives up on pairs of events and links beyond the limit', () => {
    setLimit('TRACEQL_EVENT_PAIRS', 10);
    try {
      const many = { events: Array.from({ length: 100 }, (_, i) => ({ name: `e${i}` })) };
      expect(one('{ event:name = "e5" }', many)).toBe(true);
      expect(one('{ event:name = "e50" }', many)).toBe(false);
    } finally {
      setLimit('TRACEQL_EVENT_PAIRS', undefined);
    }
  });
});
