import type { ShapeLayout } from './layout';
import { PACES, pacesOf, phaseCount, PHASES, phasesOf } from './pace';
import type { SpanTable } from './span-table';

const TRACES = 400;
/** A first span and two branches of spans, one after the other. */
const SIZE = 2 * 12 + 1;
const wave = Int32Array.from({ length: SIZE }, (_, i) => i);
const layout = { size: SIZE, wave, rootPlace: 3 } as unknown as ShapeLayout;
const small = { size: 2, wave: Int32Array.of(0, 1), rootPlace: 3 } as unknown as ShapeLayout;

/** Traces of one shape whose spans last `times` (ns), and as many small ones. */
function spansOf(times: (trace: number, node: number) => number): SpanTable {
  const offset = Int32Array.from({ length: 2 * TRACES + 1 }, (_, t) =>
    t <= TRACES ? t * SIZE : TRACES * SIZE + (t - TRACES) * 2
  );
  const size = offset[2 * TRACES] as number;
  const parent = new Int32Array(size).fill(-1);
  const duration = new Float64Array(size);
  for (let t = 0; t < TRACES; t++) {
    for (let node = 0; node < SIZE; node++) {
      parent[t * SIZE + node] = node === 0 ? -1 : t * SIZE;
      duration[t * SIZE + node] = times(t, node);
    }
  }
  const shape = Int32Array.from({ length: 2 * TRACES }, (_, t) => (t < TRACES ? 0 : 1));
  const start = new Float64Array(size);
  const site = new Int32Array(size);
  return { traces: 2 * TRACES, size, offset, shape, parent, start, duration, site } as unknown as SpanTable;
}

test('phases are of equal size, early waves first; few spans have none', () => {
  const phases = phasesOf(layout);
  const sizes = Array.from({ length: phaseCount(layout) }, (_, phase) => phases.filter((of) => of === phase).length);
  expect(sizes.length).toBeGreaterThan(1);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  expect([...phases]).toEqual([...phases].sort((a, b) => a - b));
  expect([phaseCount(small), ...phasesOf(small)]).toEqual([0, -1, -1]);
});

const paced = (spans: SpanTable): Uint8Array => pacesOf(spans, [layout, small]) as Uint8Array;

test('the pace of a phase is the rank of its traces by how slow their spans are in it', () => {
  // early spans are slower the later the trace, late ones the other way round
  const phases = phasesOf(layout);
  const pace = paced(spansOf((t, node) => (node === 0 ? 1e9 : phases[node] === 0 ? 1 + t : 1 + TRACES - t)));
  const of = (phase: number): number[] => Array.from({ length: TRACES }, (_, t) => pace[t * PHASES + phase] as number);
  expect([of(0)[0], of(0)[TRACES - 1]]).toEqual([1, PACES]);
  expect(of(0)).toEqual([...of(0)].sort((a, b) => a - b));
  expect([of(1)[0], of(1)[TRACES - 1]]).toEqual([PACES, 1]);
  expect(new Set(of(0)).size).toBe(PACES);
  expect(pace.subarray(TRACES * PHASES).every((none) => none === 0)).toBe(true);
});

test.each<[string, (trace: number, node: number) => number, ShapeLayout[]]>([
  ['slow each by itself', (t, node) => (Math.imul(t * SIZE + node, 0x9e3779b1) >>> 12) + 1, [layout, small]],
  ['all as slow', () => 1000, [layout, small]],
  ['in traces of few', (t) => t, [small, small]],
])('spans %s have nothing in common', (_, times, layouts) => {
  expect(pacesOf(spansOf(times), layouts)).toBeUndefined();
});

test('a span counts by the time that its children leave it', () => {
  // first spans last the longer the slower the trace, but for one that leaves it all to a child
  const times = (covered: boolean) => (t: number, node: number) =>
    node === 0 ? 1e6 * (1 + t) : covered && t === TRACES - 1 && node === 1 ? 1e9 : 1 + t;
  const last = (covered: boolean): number => paced(spansOf(times(covered)))[(TRACES - 1) * PHASES] as number;
  expect(last(false)).toBe(PACES);
  expect(last(true)).toBeLessThan(PACES);
});
