/** @file Push-down is a superset: what is judged before spans exist never contradicts the spans. */
import fc from 'fast-check';
import { serviceName, type AttributeValue, type KeyValue, type Span, type Trace } from '../trace';
import {
  compileMetrics,
  compileSpanPredicate,
  compileTracesFilter,
  parseQuery,
  searchTrace,
  staticMetrics,
  traceMayMatch,
  type StaticSpan,
} from './index';
import { attributes, trace, type SpanSketch } from './test-traces';

const VALUES: AttributeValue[] = ['x', 'y', 1n, 2n, 1.5, true, false, ['x', 'y'], [1n, 2n], 0n];
const value = fc.constantFrom(...VALUES);
const some = (keys: string[]) =>
  fc
    .record(Object.fromEntries(keys.map((key) => [key, fc.option(value, { nil: undefined, freq: 3 })])))
    .map(
      (record) =>
        Object.fromEntries(Object.entries(record).filter(([, v]) => v !== undefined)) as Record<string, AttributeValue>
    );

const sketches = fc
  .array(
    fc.record({
      name: fc.constantFrom('get', 'put', 'db'),
      kind: fc.constantFrom(1, 2, 3),
      status: fc.constantFrom(0, 2),
      ms: fc.constantFrom(0, 5, 50),
      span: some(['a', 'b']),
      resource: some(['a', 'r']).map((rest) => ({ 'service.name': 'shop', ...rest })),
      parent: fc.nat(9),
      service: fc.constantFrom('shop', 'cart'),
    }),
    { minLength: 1, maxLength: 6 }
  )
  .map((list) =>
    list.map((one, i): SpanSketch => ({
      ...one,
      id: `s${i}`,
      // Mostly trees; now and then a span whose parent is missing.
      parent: i === 0 ? '' : one.parent === 9 ? 'gone' : `s${one.parent % i}`,
      resource: { ...one.resource, 'service.name': one.service },
    }))
  );

const operand = fc.constantFrom(
  ...['.a', 'span.a', 'span.b', '.b', 'resource.a', 'resource.r', '.r', '.absent', 'resource.service.name'],
  ...['name', 'rootName', 'rootServiceName', 'span:parentID', 'statusMessage']
);
const numeric = fc.constantFrom(
  'duration',
  'nestedSetParent',
  'span:childCount',
  'traceDuration',
  'span.a',
  '.b',
  '.a'
);
const comparison = fc.constantFrom('=', '!=', '<', '<=', '>', '>=');
const number = fc.constantFrom('0', '1', '-1', '1.5', '2', '10ms', '0s');
const leaf = fc.oneof(
  fc.tuple(operand, comparison, fc.constantFrom('"x"', '"get"', '"shop"', '""')).map((p) => p.join(' ')),
  fc.tuple(numeric, comparison, number).map((p) => p.join(' ')),
  fc.tuple(number, comparison, numeric).map((p) => p.join(' ')),
  fc.tuple(operand, fc.constantFrom('=~', '!~'), fc.constantFrom('"x|get"', '"s.*"')).map((p) => p.join(' ')),
  fc.tuple(fc.constantFrom('.a', 'span.b', 'resource.r'), fc.constantFrom('=', '!=')).map((p) => `${p.join(' ')} nil`),
  fc.constantFrom('status = error', 'status != error', 'kind = server', 'kind != client', 'span.a = error'),
  fc.constantFrom('.a', 'span.b', '!.a', '!span.b', '-.a = -1', 'true', 'false', '.a = .b', 'name != rootName'),
  fc.constantFrom('.a + 1 = 2', '.a / .b > 1', 'event:name = "e"', 'event.x = nil', 'span.a = true', '.a != false')
);
const condition = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.tuple(tie('tree'), fc.constantFrom('&&', '||'), tie('tree')).map((p) => `(${p.join(' ')})`),
    tie('tree').map((inner) => `!(${inner})`)
  ),
})).tree;

const filter = condition.map((text) => `{ ${text} }`);
const pipeline = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2 },
    filter,
    fc
      .tuple(
        tie('tree'),
        fc.constantFrom('&&', '||', '>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!~', '&>', '&>>', '&~'),
        tie('tree')
      )
      .map((p) => `(${p.join(' ')})`)
  ),
})).tree;
const search = fc
  .tuple(
    pipeline,
    fc.constantFrom('', ' | count() > 1', ' | by(name)', ' | by(name) | count() = 1', ' | { .a = 1 }', ' | select(.a)')
  )
  .map((p) => p.join(''));

// What attributes of a span, its resource and its events can be: what they are, and something else.
function possibleOf(span: Span): StaticSpan['possible'] {
  const valuesOf = (list: readonly KeyValue[], name: string) =>
    list.filter(({ key }) => key === name).map((one) => one.value);
  return (scope, key) => {
    switch (scope) {
      case 'span':
        return [...valuesOf(span.attributes, key), 'z', 7n];
      case 'resource':
        return [...valuesOf(span.resource.attributes, key), true];
      case 'event':
        return span.events.flatMap((event) => valuesOf(event.attributes, key));
      case 'event:name':
        return span.events.map(({ name }) => name);
    }
  };
}

// A class that covers one span exactly, or with some of its attributes said to vary, or its place in the trace left open.
function classOf(span: Span, whole: Trace, varying: ReadonlySet<string>): StaticSpan {
  const root = [...whole.spans].reverse().find(({ parentSpanId }) => parentSpanId === '');
  const split = (list: readonly KeyValue[], scope: string) => ({
    constants: list.filter(({ key }) => !varying.has(`${scope}.${key}`)),
    variables: new Set(['a', 'b', 'r'].filter((key) => varying.has(`${scope}.${key}`))),
  });
  const own = split(span.attributes, 'span');
  const resource = split(span.resource.attributes, 'resource');
  return {
    service: serviceName(span.resource),
    name: span.name,
    kind: span.kind,
    statusCode: span.statusCode,
    rootService: root === undefined ? '' : serviceName(root.resource),
    rootName: root?.name ?? '',
    isRoot: span.parentSpanId === '',
    spanConstants: own.constants,
    resourceConstants: resource.constants,
    spanVariables: own.variables,
    resourceVariables: resource.variables,
    ...(varying.has('possible') ? { possible: possibleOf(span) } : {}),
    ...(varying.has('place') ? { anyPlace: true, rootName: '', rootService: '', isRoot: false } : {}),
  };
}

const varying = fc
  .subarray(['span.a', 'span.b', 'resource.a', 'resource.r', 'possible', 'place'])
  .map((keys) => new Set(keys));

// Queries that stop with an error are judged by nobody.
function attempt<T>(run: () => T): { value: T } | undefined {
  try {
    return { value: run() };
  } catch {
    return undefined;
  }
}

describe('push-down', () => {
  it('judges filters as their evaluation does', () => {
    let decided = 0;
    fc.assert(
      fc.property(sketches, filter, varying, (list, text, keys) => {
        const whole = trace(list);
        const query = parseQuery(text);
        const [predicate] = compileSpanPredicate(query);
        const matched = attempt(() =>
          searchTrace(query, whole, { spansPerSpanSet: 0 })?.spanSets.flatMap((set) =>
            set.spans.map(({ spanId }) => spanId)
          )
        );
        if (matched === undefined) {
          return;
        }
        for (const span of whole.spans) {
          const judged = predicate?.(classOf(span, whole, keys));
          const matches = matched.value?.includes(span.spanId) ?? false;
          decided += judged === 'maybe' ? 0 : 1;
          expect({ text, judged, matches }).not.toEqual({ text, judged: 'yes', matches: false });
          expect({ text, judged, matches }).not.toEqual({ text, judged: 'no', matches: true });
        }
      }),
      { seed: 1, numRuns: 4000 }
    );
    expect(decided).toBeGreaterThan(5000);
  });

  it('never leaves out a trace that answers', () => {
    let leftOut = 0;
    fc.assert(
      fc.property(sketches, search, varying, (list, text, keys) => {
        const whole = trace(list);
        const query = parseQuery(text);
        const may = traceMayMatch(
          query,
          whole.spans.map((span) => classOf(span, whole, keys))
        );
        const found = attempt(() => searchTrace(query, whole));
        leftOut += may ? 0 : 1;
        if (!may) {
          // An error is an answer too.
          expect({ text, found: found === undefined || found.value !== undefined }).toEqual({ text, found: false });
        }
      }),
      { seed: 2, numRuns: 4000 }
    );
    expect(leftOut).toBeGreaterThan(500);
  });

  it('never leaves out all of many traces when one of them answers', () => {
    let leftOut = 0;
    fc.assert(
      fc.property(sketches, search, varying, (list, text, keys) => {
        const whole = trace(list);
        const query = parseQuery(text);
        // Each class once, whatever the number of its spans.
        const classes = new Map(
          whole.spans.map((span) => {
            const known = [...keys].filter((key) => key !== 'possible');
            const one = classOf(span, whole, new Set([...known, 'place']));
            const plain = (_: string, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v instanceof Set ? [...v] : v);
            return [JSON.stringify(one, plain), one];
          })
        );
        const may = compileTracesFilter(query)([...classes.values()]);
        const found = attempt(() => searchTrace(query, whole));
        leftOut += may ? 0 : 1;
        if (!may) {
          expect({ text, found: found === undefined || found.value !== undefined }).toEqual({ text, found: false });
        }
      }),
      { seed: 3, numRuns: 3000 }
    );
    expect(leftOut).toBeGreaterThan(100);
  });

  it('gives counts the labels that spans give', () => {
    const groups = fc.subarray(
      ['name', 'kind', 'status', '.a', 'span.b', 'resource.r', 'resource.service.name', 'rootName'],
      {
        maxLength: 3,
      }
    );
    let counted = 0;
    fc.assert(
      fc.property(sketches, filter, groups, (list, text, by) => {
        const whole = trace(list);
        const grouped = by.length === 0 ? '' : ` by (${by.join(', ')})`;
        const query = parseQuery(`${text} | count_over_time()${grouped}`);
        const counts = staticMetrics(query);
        if (counts === undefined) {
          return;
        }
        const totals = new Map<string, number>();
        if (counts.emptyLabels !== undefined) {
          totals.set(show(counts.emptyLabels), 0);
        }
        for (const span of whole.spans) {
          const described = classOf(span, whole, new Set());
          const judged = counts.filter(described);
          if (judged === 'maybe') {
            return;
          }
          if (judged === 'yes') {
            const labels = counts.labels(described);
            expect(labels).not.toBe('unknown');
            const key = show(labels);
            totals.set(key, (totals.get(key) ?? 0) + 1);
          }
        }
        counted++;
        const accumulator = compileMetrics(query, { start: 0n, end: 2_000_000_000_000n, step: 1n, instant: true });
        accumulator.observe(whole);
        const real = accumulator
          .result()
          .map(({ labels, samples }): [string, number] => [show(labels), samples[0]?.value ?? NaN]);
        expect([...totals].sort()).toEqual(real.sort());
      }),
      { seed: 3, numRuns: 3000 }
    );
    expect(counted).toBeGreaterThan(500);
  });

  it('knows what the classes cannot say', () => {
    const known: StaticSpan = {
      service: 'cart',
      name: 'GET',
      kind: 2,
      statusCode: 0,
      rootService: 'front',
      rootName: 'GET /',
      isRoot: false,
      spanConstants: attributes({ a: 'x' }),
      resourceConstants: attributes({ zone: 'z1' }),
      spanVariables: new Set(['v']),
      resourceVariables: new Set(['pod']),
    };
    const judge = (text: string) => compileSpanPredicate(parseQuery(`{ ${text} }`))[0]?.(known);
    const table: Array<[string, string]> = [
      ['nestedSetParent < 0', 'no'],
      ['nestedSetParent >= 0', 'yes'],
      ['nestedSetParent = 3', 'maybe'],
      ['duration >= 0s', 'yes'],
      ['duration < 0s', 'no'],
      ['duration > 1s', 'maybe'],
      ['resource.service.name = "cart"', 'yes'],
      ['.zone = "z1"', 'yes'],
      ['.pod = "p"', 'maybe'],
      ['.v = 1', 'maybe'],
      ['.v != nil', 'maybe'],
      ['.nothing = nil', 'yes'],
      ['.nothing != "x"', 'no'],
      ['!(.nothing = "x")', 'yes'],
      ['.nothing = 1 || .v = 1', 'maybe'],
      ['.nothing = 1 && .v = 1', 'no'],
      ['trace:id = "aa"', 'maybe'],
      ['event:name = "e"', 'maybe'],
      ['instrumentation:name = "e"', 'maybe'],
      ['span.a = "x" && kind = server && rootServiceName = "front"', 'yes'],
    ];
    expect(table.map(([text]) => [text, judge(text)])).toEqual(table);
  });
});

function show(labels: unknown): string {
  return JSON.stringify(labels, (_key, inner: unknown) => (typeof inner === 'bigint' ? `int ${inner}` : inner));
}
