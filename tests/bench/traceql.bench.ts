/** @file TraceQL: microseconds to parse, and spans a second that five typical queries evaluate over raw traces. */
import path from 'node:path';
import { readAllTraces, traceBounds, type Trace } from '../../pkg/trace';
import { compileMetrics, compileSearch, isMetricsQuery, parseQuery, type Query } from '../../pkg/traceql';
import { DATA_SET, TYPICAL_QUERIES } from './queries';
import type { Bench, BenchRow } from './types';

const PARSED = [
  '{ status = error }',
  '{ resource.service.name = "cart" && span.http.status_code >= 500 && duration > 100ms }',
  '({nestedSetParent<0 && true } &>> { kind = server }) || ({nestedSetParent<0 && true }) | select(status, resource.service.name, name)',
  '{ name =~ "GET /.*" } | quantile_over_time(duration, .5, .9, .99) by (resource.service.name) | topk(5)',
];

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function parseRow(quick: boolean): BenchRow {
  const rounds = quick ? 2000 : 20_000;
  const times: number[] = [];
  for (let repeat = 0; repeat < 5; repeat++) {
    const started = performance.now();
    for (let i = 0; i < rounds; i++) {
      parseQuery(PARSED[i % PARSED.length] ?? '');
    }
    times.push(((performance.now() - started) * 1000) / rounds);
  }
  return {
    what: 'parse and validate',
    value: median(times),
    unit: 'µs',
    note: 'mean of four queries of 18 to 132 characters',
  };
}

// Returns how many traces matched, so that nothing is optimised away.
function evaluate(query: Query, traces: readonly Trace[], window: { start: bigint; end: bigint }): number {
  if (!isMetricsQuery(query)) {
    const search = compileSearch(query);
    return traces.reduce((sum, trace) => sum + (search(trace) === undefined ? 0 : 1), 0);
  }
  const step = (window.end - window.start) / 100n + 1n;
  const accumulator = compileMetrics(query, { start: window.start - 1n, end: window.end, step });
  traces.forEach((trace) => {
    accumulator.observe(trace);
  });
  return accumulator.result().length;
}

async function run(options: Parameters<Bench['run']>[0]): Promise<BenchRow[]> {
  const rows: BenchRow[] = [parseRow(options.quick)];
  if (options.dataDir === undefined) {
    options.log(`${DATA_SET} is not here: evaluation is not measured`);
    return rows;
  }
  const all = await readAllTraces(path.join(options.dataDir, DATA_SET));
  const traces = options.quick ? all.slice(0, 1500) : all;
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  const bounds = traces.map(traceBounds);
  const window = {
    start: bounds.reduce((least, { start }) => (start < least ? start : least), bounds[0]?.start ?? 0n),
    end: bounds.reduce((most, { end }) => (end > most ? end : most), 0n),
  };
  options.log(`${traces.length} traces, ${spans} spans`);
  for (const { what, query: text, target } of TYPICAL_QUERIES) {
    const query = parseQuery(text);
    let answer = evaluate(query, traces, window);
    const times: number[] = [];
    for (let repeat = 0; repeat < (options.quick ? 3 : 5); repeat++) {
      const started = performance.now();
      answer = evaluate(query, traces, window);
      times.push(performance.now() - started);
    }
    rows.push({
      what: `evaluate: ${what}`,
      value: Math.round((spans / median(times)) * 1000),
      unit: 'spans/s',
      ...(target === undefined ? {} : { target }),
      note: `${text} → ${answer}`,
    });
  }
  return rows;
}

export const name = 'traceql';
export const bench: Bench = { name, run };
