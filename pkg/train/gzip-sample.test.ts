import { gzip } from 'pako';
import { otlpJson, type Trace } from '../trace';
import { GzipSample } from './gzip-sample';
import { shopTraces } from '../../tests/core/batches';

const gzipped = (traces: readonly Trace[]): number =>
  gzip(new TextEncoder().encode(traces.map((trace) => `${otlpJson([trace])}\n`).join('')), { level: 9 }).length;

test('a sample of many traces says about what gzip leaves of all of them', () => {
  const traces = shopTraces(3000);
  const sample = new GzipSample();
  let spans = 0;
  for (const trace of traces) {
    sample.add(trace);
    spans += trace.spans.length;
  }
  const exact = gzipped(traces) / spans;
  expect((sample.bytesASpan() as number) / exact).toBeGreaterThan(0.9);
  expect((sample.bytesASpan() as number) / exact).toBeLessThan(1.15);
});

test('few traces are all looked at, none say nothing', () => {
  const traces = shopTraces(40);
  const sample = new GzipSample();
  expect(sample.bytesASpan()).toBeUndefined();
  traces.forEach((trace) => sample.add(trace));
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  expect(sample.bytesASpan()).toBe(gzipped(traces) / spans);
});
