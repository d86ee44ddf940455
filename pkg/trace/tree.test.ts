import fc from 'fast-check';
import { newAnomalies, type TraceAnomalies } from './anomalies';
import { inspectAnomalies } from './inspect';
import { makeSpan, T0, traceId } from './test-spans';
import { buildTree, childrenOf, selfTime } from './tree';
import { type Span, SpanKind, type Trace } from './types';

const { Server, Client } = SpanKind;
const asTrace = (spans: Span[]): Trace => ({ traceId: traceId(1), spans });

const CASES: Array<{
  name: string;
  spans: Span[];
  parents: number[];
  roots: number[];
  order: number[];
  counted: Partial<TraceAnomalies>;
}> = [
  {
    name: 'a plain tree, children before parents',
    spans: [makeSpan(3, 2), makeSpan(1, 0), makeSpan(2, 1), makeSpan(4, 1)],
    parents: [2, -1, 1, 1],
    roots: [1],
    order: [1, 2, 0, 3],
    counted: {},
  },
  {
    name: 'an orphan is a root of the tree',
    spans: [makeSpan(1, 0), makeSpan(3, 9), makeSpan(4, 3)],
    parents: [-1, -1, 1],
    roots: [0, 1],
    order: [0, 1, 2],
    counted: { orphanSpans: 1 },
  },
  {
    name: 'no root at all',
    spans: [makeSpan(3, 9), makeSpan(4, 9)],
    parents: [-1, -1],
    roots: [0, 1],
    order: [0, 1],
    counted: { orphanSpans: 2, rootlessTraces: 1 },
  },
  {
    name: 'two roots',
    spans: [makeSpan(1, 0), makeSpan(2, 0)],
    parents: [-1, -1],
    roots: [0, 1],
    order: [0, 1],
    counted: { multiRootTraces: 1 },
  },
  {
    name: 'a repeated id: the first has the children',
    spans: [makeSpan(1, 0), makeSpan(2, 1), makeSpan(2, 1), makeSpan(3, 2)],
    parents: [-1, 0, 0, 1],
    roots: [0],
    order: [0, 1, 3, 2],
    counted: { duplicateSpanIds: 1 },
  },
  {
    name: 'client and server halves of one id: the server half is below, and has the children',
    spans: [makeSpan(1, 0), makeSpan(2, 1, { kind: Client }), makeSpan(2, 1, { kind: Server }), makeSpan(3, 2)],
    parents: [-1, 0, 1, 2],
    roots: [0],
    order: [0, 1, 2, 3],
    counted: { duplicateSpanIds: 1 },
  },
  {
    name: 'the same, server half first',
    spans: [makeSpan(2, 0, { kind: Server }), makeSpan(2, 0, { kind: Client }), makeSpan(3, 2)],
    parents: [1, -1, 0],
    roots: [1],
    order: [1, 0, 2],
    counted: { duplicateSpanIds: 1, multiRootTraces: 1 },
  },
  {
    name: 'a ring is cut at the span that starts first',
    spans: [makeSpan(1, 3), makeSpan(2, 1, { startTimeUnixNano: T0 - 5n }), makeSpan(3, 2), makeSpan(4, 3)],
    parents: [2, -1, 1, 2],
    roots: [1],
    order: [1, 2, 0, 3],
    counted: { parentCycles: 1, rootlessTraces: 1 },
  },
  {
    name: 'a span that is its own parent',
    spans: [makeSpan(1, 1), makeSpan(2, 1)],
    parents: [-1, 0],
    roots: [0],
    order: [0, 1],
    counted: { parentCycles: 1, rootlessTraces: 1 },
  },
  {
    name: 'two rings beside a root; among equal starts the first received is cut',
    spans: [makeSpan(1, 0), makeSpan(2, 3), makeSpan(3, 2), makeSpan(4, 5), makeSpan(5, 4)],
    parents: [-1, -1, 1, -1, 3],
    roots: [0, 1, 3],
    order: [0, 1, 2, 3, 4],
    counted: { parentCycles: 2 },
  },
  {
    name: 'a child that outlives its parent, and one that starts before it',
    spans: [
      makeSpan(1, 0),
      makeSpan(2, 1, { endTimeUnixNano: T0 + 1001n }),
      makeSpan(3, 1, { startTimeUnixNano: T0 - 1n }),
    ],
    parents: [-1, 0, 0],
    roots: [0],
    order: [0, 1, 2],
    counted: { childOutlivesParent: 1, childBeforeParent: 1 },
  },
  {
    name: 'a span that ends before it starts',
    spans: [makeSpan(1, 0, { endTimeUnixNano: T0 - 1n })],
    parents: [-1],
    roots: [0],
    order: [0],
    counted: { negativeDurations: 1 },
  },
  {
    name: 'times of clocks never set: zero, 1970, after 2100, the largest',
    spans: [
      makeSpan(1, 0, { startTimeUnixNano: 0n, endTimeUnixNano: 0n }),
      makeSpan(2, 0, { startTimeUnixNano: 5_000_000_000n, endTimeUnixNano: 6_000_000_000n }),
      makeSpan(3, 0, { startTimeUnixNano: 4_102_444_800_000_000_000n, endTimeUnixNano: 4_102_444_800_000_000_001n }),
      makeSpan(4, 0, { endTimeUnixNano: 2n ** 64n - 1n }),
      makeSpan(5, 0),
    ],
    parents: [-1, -1, -1, -1, -1],
    roots: [0, 1, 2, 3, 4],
    order: [0, 1, 2, 3, 4],
    counted: { absurdTimes: 4, multiRootTraces: 1 },
  },
  { name: 'no span', spans: [], parents: [], roots: [], order: [], counted: {} },
];

test.each(CASES)('$name', ({ spans, parents, roots, order, counted }) => {
  const trace = asTrace(spans);
  const tree = buildTree(trace);
  expect([...tree.parents]).toEqual(parents);
  expect(tree.roots).toEqual(roots);
  expect([...tree.order]).toEqual(order);
  const counters = newAnomalies();
  inspectAnomalies(trace, counters);
  expect(counters).toEqual({ ...newAnomalies(), ...counted });
});

test('any parent ids give a forest of all spans', () => {
  const spans = fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 12 }),
      parent: fc.nat(14),
      kind: fc.integer({ min: 0, max: 5 }),
      start: fc.nat(3),
    }),
    { maxLength: 20 }
  );
  fc.assert(
    fc.property(spans, (drawn) => {
      const trace = asTrace(
        drawn.map((d) => makeSpan(d.id, d.parent, { kind: d.kind, startTimeUnixNano: T0 + BigInt(d.start) }))
      );
      const tree = buildTree(trace);
      const n = trace.spans.length;
      expect([...tree.order].sort((a, b) => a - b)).toEqual(trace.spans.map((_, i) => i));
      const place = new Map([...tree.order].map((index, at) => [index, at]));
      for (let i = 0; i < n; i++) {
        const parent = tree.parents[i] as number;
        expect(tree.roots.includes(i)).toBe(parent === -1);
        if (parent >= 0) {
          expect([...childrenOf(tree, parent)]).toContain(i);
          expect(place.get(parent) as number).toBeLessThan(place.get(i) as number);
        }
      }
      expect(tree.children).toHaveLength(n - tree.roots.length);
    }),
    { seed: 1, numRuns: 300 }
  );
});

test('a chain of 200,000 spans needs no deep stack', () => {
  const spans = Array.from({ length: 200_000 }, (_, i) => makeSpan(i + 1, i));
  const tree = buildTree(asTrace(spans));
  expect(tree.roots).toEqual([0]);
  expect(tree.order[199_999]).toBe(199_999);
});

test.each([
  ['no children', '', 100],
  ['one inside', '20..50', 70],
  ['side by side, out of order', '40..70 20..50', 50],
  ['one in another', '20..80 30..40', 40],
  ['beyond both ends', '-50..10 90..150', 80],
  ['all before, all after', '-50..-10 110..150', 100],
  ['covered', '-1..60 60..101', 0],
  ['backwards', '50..20', 100],
])('self-time with %s', (_, children, self) => {
  const inside = (from: number): Array<[number, number]> =>
    Array.from(children.matchAll(/(\S+)\.\.(\S+)/g), ([, start, end]) => [from + Number(start), from + Number(end)]);
  expect(selfTime(0, 100, inside(0))).toBe(self);
  expect(selfTime(1000, 1100, inside(1000))).toBe(self);
});
