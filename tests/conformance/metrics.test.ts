/** @file The metrics cases over real fixtures: same labels, same slots, same numbers. */
import { GentError } from '../../pkg/common';
import type { Trace } from '../../pkg/trace';
import { compileMetrics, parseQuery, type Series } from '../../pkg/traceql';
import { DERIVED, describeDerived, OURS, readCases, readFixture, toAnyValue } from './fixtures';

interface MetricsCase {
  id: string;
  fixture: string;
  category: string;
  query: string;
  start: string;
  end: string;
  step: string;
  instant: boolean;
  nondeterministic?: boolean;
  expect: { series?: Array<{ labels: Array<[string, unknown]>; samples: Array<[number, number]> }>; error?: string };
}

/** Where this engine answers otherwise, on purpose: each is a line of docs/traceql.md. */
const DIFFERENT = new Map<string, string>([
  ['suite1-m028', '{ false } selects nothing, as Tempo answers over HTTP'],
  ['suite1-m125', 'span:childCount of a trace whose root was not received'],
  ['suite1-m138', 'compare() counts an attribute that the filter mentions once, not twice'],
  ['suite1-m142', 'with (sample=true) never samples: the answer is exact'],
]);

function answer(one: MetricsCase, traces: readonly Trace[]): Series[] | string {
  try {
    const accumulator = compileMetrics(parseQuery(one.query), {
      start: BigInt(one.start),
      end: BigInt(one.end),
      step: BigInt(one.step),
      instant: one.instant,
    });
    traces.forEach((trace) => {
      accumulator.observe(trace);
    });
    return accumulator.result();
  } catch (error) {
    return error instanceof GentError ? 'error' : String(error);
  }
}

type Plain = Map<string, Array<[number, number]>>;

function same(got: Plain, expected: Plain): boolean {
  if (got.size !== expected.size) {
    return false;
  }
  return [...expected].every(([labels, samples]) => {
    const mine = got.get(labels);
    return (
      mine?.length === samples.length &&
      samples.every(([time, value], i) => {
        const [myTime, myValue] = mine[i] ?? [NaN, NaN];
        return myTime === time && Math.abs(myValue - value) <= 1e-9 * Math.max(1e-12, Math.abs(value));
      })
    );
  });
}

function labelsText(labels: Array<[string, unknown]>): string {
  return labels.map((label) => JSON.stringify(label)).join();
}

function show(plain: Plain): string {
  return [...plain]
    .map(([labels, samples]) => `    ${labels} ${JSON.stringify(samples)}`)
    .sort()
    .join('\n');
}

function runAll(dir: string): { failures: string[]; passed: number; different: number } {
  const cases = readCases<{ e2e: MetricsCase[] }>(dir, 'metrics_cases.json').e2e;
  const fixtures = new Map<string, Trace[]>();
  const failures: string[] = [];
  let passed = 0;
  let different = 0;
  for (const one of cases) {
    if (one.nondeterministic === true) {
      continue;
    }
    const traces = fixtures.get(one.fixture) ?? readFixture(dir, one.fixture);
    fixtures.set(one.fixture, traces);
    const got = answer(one, traces);
    const mine: Plain = new Map(
      typeof got === 'string'
        ? []
        : got.map((series) => [
            labelsText(series.labels.map(({ key, value }) => [key, toAnyValue(value)])),
            series.samples.map(({ timestampMs, value }) => [timestampMs, value]),
          ])
    );
    const expected: Plain = new Map(
      (one.expect.series ?? []).map((series) => [labelsText(series.labels), series.samples])
    );
    const ok = one.expect.error !== undefined ? got === 'error' : typeof got !== 'string' && same(mine, expected);
    if (ok) {
      passed++;
    } else if (DIFFERENT.has(one.id)) {
      different++;
    } else {
      failures.push(
        `${one.id} ${one.query}\n  got ${typeof got === 'string' ? got : ''}\n${show(mine)}\n  expected ${one.expect.error ?? ''}\n${show(expected)}`
      );
    }
  }
  return { failures, passed, different };
}

describe('metrics', () => {
  it('answers every case', () => {
    const { failures, passed, different } = runAll(OURS);
    expect(failures).toEqual([]);
    expect({ passed, different }).toEqual({ passed: 95, different: 4 });
  });
});

describeDerived('metrics', () => {
  it('answers every case', () => {
    const { failures, passed, different } = runAll(DERIVED);
    expect(failures).toEqual([]);
    expect({ passed, different }).toEqual({ passed: 56, different: 0 });
  });
});
