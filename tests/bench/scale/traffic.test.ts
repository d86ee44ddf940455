/** @file Traffic made for measuring: the same every time, of the size asked for, and like traces of real applications. */
import { serviceName, StatusCode, type Trace } from '../../../pkg/trace';
import { newApplication } from './application';
import { trafficOf } from './traffic';

const SIZE = { services: 20, operations: 100, layers: 5 };
const traffic = (count: number, seed = 1): Trace[] => [...trafficOf(newApplication(SIZE, seed), count, seed)];

function depthOf({ spans }: Trace): number {
  const depths = new Map<string, number>();
  spans.forEach((span) => depths.set(span.spanId, 1 + (depths.get(span.parentSpanId) ?? 0)));
  return Math.max(...depths.values());
}

describe('traffic made for measuring', () => {
  const traces = traffic(1000);
  const spans = traces.flatMap((trace) => trace.spans);

  it('is the same for the same seed and another for another', () => {
    expect(traffic(50)).toEqual(traffic(50));
    expect(traffic(50, 2)).not.toEqual(traffic(50));
  });

  it('has the same call trees whatever the number of traces', () => {
    const names = (list: readonly Trace[]) => list.map((trace) => trace.spans.map((span) => span.name));
    expect(names(traffic(20))).toEqual(names(traces.slice(0, 20)));
  });

  it.each([
    ['100 services', { services: 100, operations: 300, layers: 5 }],
    ['1,000 operations', { services: 50, operations: 1000, layers: 6 }],
    ['as many operations as services', { services: 8, operations: 8, layers: 3 }],
  ])('draws an application of the size asked for: %s', (_, size) => {
    const { entries, operations } = newApplication(size, 3);
    const called = new Set([...entries, ...operations.flatMap(({ calls }) => calls.map(({ callee }) => callee))]);
    expect(called.size).toBe(size.operations);
    expect(new Set(operations.map(({ name, resources }) => `${serviceName(resources[0]!)} ${name}`)).size).toBe(
      size.operations
    );
    expect(new Set(operations.map(({ resources }) => serviceName(resources[0]!))).size).toBe(size.services);
  });

  it('reaches almost every operation', () => {
    const seen = new Set(spans.map((span) => `${serviceName(span.resource)} ${span.name}`));
    expect(seen.size).toBeGreaterThan(0.9 * SIZE.operations);
    expect(seen.size).toBeLessThanOrEqual(SIZE.operations);
  });

  it('is whole: one root, parents before children and around their starts, distinct ids', () => {
    for (const { traceId, spans: own } of traces) {
      const before = new Map<string, bigint>();
      expect(own.filter(({ parentSpanId }) => parentSpanId === '')).toHaveLength(1);
      for (const span of own) {
        expect(span.traceId).toBe(traceId);
        expect(span.endTimeUnixNano).toBeGreaterThan(span.startTimeUnixNano);
        if (span.parentSpanId !== '') {
          expect(before.get(span.parentSpanId)).toBeLessThan(span.startTimeUnixNano);
        }
        before.set(span.spanId, span.startTimeUnixNano);
      }
      expect(before.size).toBe(own.length);
    }
    expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(traces.length);
  });

  it('starts in order within about half an hour', () => {
    const starts = traces.map((trace) => trace.spans[0]!.startTimeUnixNano);
    expect(starts).toEqual([...starts].sort((a, b) => Number(a - b)));
    const minutes = Number(starts.at(-1)! - starts[0]!) / 60e9;
    expect(minutes).toBeGreaterThan(25);
    expect(minutes).toBeLessThan(35);
  });

  it('has deep trees, long tails and a few errors', () => {
    expect(Math.max(...traces.map(depthOf))).toBe(SIZE.layers);
    expect(spans.length / traces.length).toBeGreaterThan(5);
    expect(spans.length / traces.length).toBeLessThan(40);
    const leaves = spans.filter(({ name }) => name === spans.find((span) => span.kind === 3)!.name);
    const logs = leaves.map((span) => Math.log(Number(span.endTimeUnixNano - span.startTimeUnixNano)));
    const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((sum, one) => sum + (one - mean) ** 2, 0) / logs.length);
    expect(deviation).toBeGreaterThan(0.25);
    expect(deviation).toBeLessThan(0.9);
    const failed = spans.filter((span) => span.statusCode === StatusCode.Error);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(0.05 * spans.length);
    expect(failed.every((span) => span.events[0]?.name === 'exception')).toBe(true);
  });
});
