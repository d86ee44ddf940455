import { newAnomalies } from './anomalies';
import { groupSpans, TraceAssembler } from './assemble';
import { makeSpan, traceId } from './test-spans';
import type { Span, Trace } from './types';

const of = (trace: number, span: number): Span => makeSpan(span, 0, { traceId: traceId(trace) });
/** Trace number and span numbers of each trace. */
const summary = (traces: Trace[]) =>
  traces.map((t) => [parseInt(t.traceId, 16), ...t.spans.map((s) => parseInt(s.spanId, 16))]);

function assembler(options: Partial<ConstructorParameters<typeof TraceAssembler>[0]> = {}) {
  const clock = { at: 0 };
  const anomalies = newAnomalies();
  const made = new TraceAssembler({ now: () => clock.at, idle: 10, anomalies, ...options });
  return { clock, anomalies, made };
}

test('a trace leaves when no span of it came for the idle time, in the order of the last span', () => {
  const { clock, made, anomalies } = assembler();
  made.add([of(1, 1), of(2, 2)]);
  clock.at = 5;
  made.add([of(1, 3)]);
  clock.at = 9;
  expect(made.takeIdle()).toEqual([]);
  clock.at = 10;
  expect(summary(made.takeIdle())).toEqual([[2, 2]]);
  clock.at = 15;
  expect(summary(made.takeIdle())).toEqual([[1, 1, 3]]);
  expect([made.traces, made.spans, made.bytes]).toEqual([0, 0, 0]);
  expect(anomalies).toEqual(newAnomalies());
});

test('flush closes everything', () => {
  const { made } = assembler();
  made.add([of(1, 1), of(2, 2), of(1, 3)]);
  expect(made.spans).toBe(3);
  expect(summary(made.flush())).toEqual([
    [1, 1, 3],
    [2, 2],
  ]);
  expect(made.traces).toBe(0);
});

test('spans that come after their trace was closed are a trace of their own, counted', () => {
  const { made, anomalies } = assembler();
  made.add([of(1, 1)]);
  made.flush();
  made.add([of(1, 2)]);
  expect(summary(made.flush())).toEqual([[1, 2]]);
  expect(anomalies.lateTraces).toBe(1);
});

test.each([
  [
    'spans a trace',
    { maxSpansPerTrace: 2 },
    [[1, 1, 2]],
    [
      [1, 3],
      [2, 4],
    ],
  ],
  ['traces', { maxTraces: 1 }, [[1, 1, 2, 3]], [[2, 4]]],
  ['bytes', { maxBytes: 600 }, [[1, 1, 2, 3]], [[2, 4]]],
])('a limit on %s closes early and loses nothing', (_name, options, early, rest) => {
  const { made, anomalies } = assembler(options);
  expect(summary(made.add([of(1, 1), of(1, 2), of(1, 3), of(2, 4)]))).toEqual(early);
  expect(summary(made.flush())).toEqual(rest);
  expect(anomalies.tracesClosedEarly).toBe(1);
});

test('a single trace over the limit of bytes leaves at once', () => {
  const { made } = assembler({ maxBytes: 0 });
  expect(summary(made.add([of(1, 1)]))).toEqual([[1, 1]]);
  expect(made.bytes).toBe(0);
});

test('groupSpans groups by trace id in the order of the first spans', () => {
  expect(summary(groupSpans([of(2, 1), of(1, 2), of(2, 3)]))).toEqual([
    [2, 1, 3],
    [1, 2],
  ]);
});
