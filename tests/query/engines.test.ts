/**
 * @file The model engine against the raw engine over the very traces the model generates: push-down, counts, ranges and
 * early stopping may never change an answer.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { modelEngine, rawEngine, type TimeRange, type TracesEngine } from '../../pkg/query';
import { openModel } from '../../pkg/generate';
import { openStore } from '../../pkg/store';
import type { Trace } from '../../pkg/trace';
import type { Series, TraceSummary } from '../../pkg/traceql';
import { setLimit } from '../../pkg/common';
import { FIXTURE_RANGE, fixtureNdjson } from '../plugin/fixture';

const ROOT = path.resolve(__dirname, '../..');
const SECOND = 1_000_000_000n;

let directory: string;
let models: TracesEngine;
let raw: TracesEngine;
let traces: Trace[];

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'gent-engines-'));
  const file = path.join(directory, 'traces.ndjson');
  writeFileSync(file, fixtureNdjson());
  const store = path.join(directory, 'store');
  execFileSync('mkdir', [store]);
  const gent = path.join(ROOT, 'build/gent.cjs');
  // Two models over the same minute: answers must be merged.
  for (const seed of ['1', '2']) {
    execFileSync(
      process.execPath,
      [gent, 'train', '--traces', file, '--store', store, '--epochs', '1', '--seed', seed],
      { stdio: 'pipe' }
    );
  }
  const held = await openStore(store);
  models = modelEngine(held);
  traces = [];
  for (const model of (await held.list()).models) {
    const opened = await openModel(await held.read(model.file));
    traces.push(...(await opened.generate(Array.from({ length: opened.traceCount }, (_, i) => i))));
    await opened.close();
  }
  raw = rawEngine(traces, 'generated');
});

afterAll(async () => {
  await models.close();
  rmSync(directory, { recursive: true, force: true });
});

const whole: TimeRange = {
  start: BigInt(FIXTURE_RANGE.from) * 1_000_000n,
  end: BigInt(FIXTURE_RANGE.to) * 1_000_000n,
};

const withoutProvenance = (found: readonly TraceSummary[]) =>
  found.map((one) => ({ ...one, provenance: undefined, serviceStats: Object.entries(one.serviceStats).sort() }));

const SEARCHES = [
  '{ }',
  '{ status = error }',
  '{ status = error && kind = server }',
  '{ resource.service.name = "ledger" }',
  '{ name = "no such span" }',
  '{ duration > 60ms }',
  '{ span.http.response.status_code >= 500 }',
  '{ .http.route =~ "/ch.*" } | select(span.http.request.method)',
  '{ name = "POST /checkout" } >> { status = error }',
  '{ status = error } && { resource.service.name = "ledger" }',
  '{ name = "charge" } < { }',
  '{ } | count() > 3',
  '{ } | by(resource.service.name) | avg(duration) > 40ms',
  '{ rootServiceName = "shop" && traceDuration > 50ms }',
  '{ event:name = "exception" }',
  '{ resource.gent.generated = true }',
  '{ nestedSetParent < 0 } | select(nestedSetLeft, nestedSetRight)',
];

const METRICS = [
  '{ } | rate()',
  '{ } | count_over_time() by (resource.service.name, status)',
  '{ status = error } | rate() by (name)',
  '{ kind = server } | count_over_time() by (span.http.response.status_code)',
  '{ name = "no such span" } | rate()',
  '{ } | rate() by (name) | topk(2)',
  '{ duration > 50ms } | count_over_time()',
  '{ } | avg_over_time(duration) by (resource.service.name)',
  '{ } | quantile_over_time(duration, .5, .99)',
  '{ } | histogram_over_time(duration)',
  '{ resource.service.name = "ledger" } | max_over_time(duration)',
];

/** Series as one can compare them: numbers to nine digits, for sums are added in another order. */
const comparable = (series: readonly Series[]) =>
  series.map(({ labels, samples }) => ({
    labels,
    samples: samples.map(({ timestampMs, value }) => [timestampMs, Number(value.toPrecision(9))]),
  }));

test.each(SEARCHES)('search %s', async (query) => {
  for (const request of [{ limit: 1000 }, { limit: 7 }, { limit: 7, range: whole }, { limit: 1 }]) {
    const [model, real] = [await models.search({ query, ...request }), await raw.search({ query, ...request })];
    expect(withoutProvenance(model.traces)).toEqual(withoutProvenance(real.traces));
    expect(model.traces.every(({ provenance }) => provenance.generated && provenance.model !== undefined)).toBe(true);
  }
});

test('search in any range of time', async () => {
  const length = Number((whole.end - whole.start) / 1_000_000n);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...SEARCHES),
      fc.nat(length - 1),
      fc.integer({ min: 1, max: length }),
      fc.integer({ min: 1, max: 30 }),
      async (query, from, ms, limit) => {
        const start = whole.start + BigInt(from) * 1_000_000n;
        const range = { start, end: start + BigInt(ms) * 1_000_000n };
        const [model, real] = [await models.search({ query, range, limit }), await raw.search({ query, range, limit })];
        expect(withoutProvenance(model.traces)).toEqual(withoutProvenance(real.traces));
      }
    ),
    { seed: 1, numRuns: 60 }
  );
});

test('a search that finds enough does not generate everything', async () => {
  const { stats } = await models.search({ query: '{ }', limit: 5 });
  expect(stats.inspectedTraces).toBeLessThan(traces.length / 2);
  const none = await models.search({ query: '{ resource.service.name = "nobody" }' });
  expect(none.stats.inspectedTraces).toBe(0);
});

describe.each([5n, 10n, 7n, 60n])('metrics every %d s', (step) => {
  test.each(METRICS)('%s', async (query) => {
    const request = { query, range: whole, stepNanos: step * SECOND, mode: 'full' as const };
    const [model, real] = [await models.metricsRange(request), await raw.metricsRange(request)];
    expect(comparable(model.series)).toEqual(comparable(real.series));
  });
});

test.each([
  ['{ } | rate()', 'counts'],
  ['{ status = error } | count_over_time() by (resource.service.name)', 'counts'],
  ['{ duration > 50ms } | rate()', 'generated'],
])('%s is answered from %s', async (query, from) => {
  const answer = await models.metricsRange({ query, range: whole, stepNanos: 10n * SECOND });
  expect(answer.from).toBe(from);
  expect(answer.stats.inspectedSpans > 0).toBe(from === 'generated');
});

test.each(METRICS)('an instant query, to the ns: %s', async (query) => {
  const { start } = whole;
  for (const [from, to] of [
    [0n, 40n * SECOND],
    [1_234_567_891n, 37_000_000_001n],
    [5n * SECOND - 1n, 25n * SECOND + 1n],
    [61_000_000_000n, 63_000_000_000n],
  ] as const) {
    const request = { query, range: { start: start + from, end: start + to } };
    const model = await models.metricsInstant({ ...request, mode: 'full' });
    const real = await raw.metricsInstant(request);
    expect(comparable(model.series)).toEqual(comparable(real.series));
  }
});

test('an instant query writes no more than its edges', async () => {
  const range = { start: whole.start + 1_234_567_891n, end: whole.end - 1_234_567_891n };
  const answer = await models.metricsInstant({ query: '{ } | rate() by (resource.service.name)', range });
  expect(answer.from).toBe('counts');
  expect(answer.stats.inspectedTraces).toBeLessThan(traces.length / 4);
});

test('an estimate from a part carries intervals that hold the truth nearly always', async () => {
  setLimit('QUERY_ESTIMATE_SPANS', 600);
  try {
    let inside = 0;
    let all = 0;
    // Spans of one trace miss together, so long slots alone would say little.
    const asked = ['{ duration > 30ms } | count_over_time()', '{ } | avg_over_time(duration) by (name)'].flatMap(
      (query) => [4n, 20n].map((seconds) => ({ query, range: whole, stepNanos: seconds * SECOND }))
    );
    for (const request of asked) {
      // What the model itself has wrong is left out: the truth here are its own traces.
      const estimate = await models.metricsRange({ ...request, mode: 'estimate', intervals: 'sampling' });
      const truth = await raw.metricsRange(request);
      expect(estimate.from).toBe('estimated');
      expect(estimate.notices[0]?.text).toMatch(/^Estimated from 1\d\d of 480 traces\.$/);
      estimate.series.forEach((series, i) =>
        series.samples.forEach(({ lower = NaN, upper = NaN }, j) => {
          const value = truth.series[i]?.samples[j]?.value ?? NaN;
          all++;
          inside += value >= lower && value <= upper ? 1 : 0;
        })
      );
    }
    expect(all).toBeGreaterThan(80);
    expect(inside / all).toBeGreaterThan(0.87);
  } finally {
    setLimit('QUERY_ESTIMATE_SPANS', undefined);
  }
});

test('intervals hold the error of the models by default, and answers from counts have none', async () => {
  const request = { range: whole, stepNanos: 10n * SECOND };
  const slow = { ...request, query: '{ duration > 30ms } | count_over_time()' };
  const widths = (series: readonly Series[]): number[] =>
    series.flatMap(({ samples }) => samples.map(({ lower = NaN, upper = NaN }) => upper - lower));
  const full = await models.metricsRange({ ...slow, mode: 'full' });
  expect(full).toMatchObject({ from: 'generated', intervals: 'whole' });
  expect(widths(full.series).some((width) => width > 0)).toBe(true);
  expect(
    full.series
      .flatMap(({ samples }) => samples)
      .every(({ value, lower = NaN, upper = NaN }) => lower <= value && value <= upper)
  ).toBe(true);
  const alone = await models.metricsRange({ ...slow, mode: 'full', intervals: 'sampling' });
  expect(widths(alone.series).every(Number.isNaN)).toBe(true);
  expect(alone).not.toHaveProperty('intervals');
  // Shapes and classes of spans are exact in whole buckets, also where traces have to be written.
  const known = { ...request, query: '{ name = "POST /checkout" } >> { status = error } | rate()' };
  expect(widths((await models.metricsRange({ ...known, mode: 'full' })).series).every(Number.isNaN)).toBe(true);
  const counted = await models.metricsRange({ ...request, query: '{ status = error } | rate()' });
  expect(counted.from).toBe('counts');
  expect(widths(counted.series).every(Number.isNaN)).toBe(true);
  setLimit('QUERY_ESTIMATE_SPANS', 600);
  try {
    for (const query of [slow.query, '{ } | avg_over_time(duration)', '({ duration > 30ms } | rate()) * 2']) {
      const both = await models.metricsRange({ ...slow, query, mode: 'estimate' });
      const sampled = await models.metricsRange({ ...slow, query, mode: 'estimate', intervals: 'sampling' });
      expect([both.intervals, sampled.intervals]).toEqual(['whole', 'sampling']);
      const [wide, narrow] = [widths(both.series), widths(sampled.series)];
      expect(wide.every((width, i) => width >= (narrow[i] as number) - 1e-9)).toBe(true);
      expect(wide.some((width, i) => width > 1.1 * (narrow[i] as number))).toBe(true);
    }
  } finally {
    setLimit('QUERY_ESTIMATE_SPANS', undefined);
  }
});

test('a trace opens by the id that a search gives, the same every time, and only then', async () => {
  const { traces: found } = await models.search({ query: '{ status = error }', limit: 3 });
  for (const { traceId } of found) {
    const opened = await models.traceById(traceId.toUpperCase().replace(/^0+/, ''));
    expect(opened.trace).toEqual(traces.find((trace) => trace.traceId === traceId));
    expect(opened.provenance?.generated).toBe(true);
  }
  const [one] = found;
  const off = `${one?.traceId.slice(0, 31) ?? ''}${one?.traceId.endsWith('0') === true ? '1' : '0'}`;
  for (const id of [off, 'ff', '0', traces[0]?.traceId.slice(0, 31) ?? '']) {
    const { trace } = await models.traceById(id);
    expect([undefined, id]).toContain(trace?.traceId);
  }
  await expect(models.traceById('xyz')).rejects.toThrow('no trace id');
});

test('tags and values are those of the traces', async () => {
  const names = await models.tagNames({});
  expect(names.intrinsic).toContain('duration');
  expect({ ...names, intrinsic: [] }).toEqual({ ...(await raw.tagNames({})), intrinsic: [] });
  expect(await models.tagNames({ scope: 'resource', limit: 1 })).toEqual({ resource: ['deployment.environment.name'] });
  for (const tag of [
    'resource.service.name',
    'name',
    'span.http.response.status_code',
    'status',
    'duration',
    '.db.namespace',
  ]) {
    for (const query of ['{ }', '{ status = error }', '{ resource.service.name = "ledger" && span.', undefined]) {
      const request = { tag, ...(query === undefined ? {} : { query }) };
      expect(await models.tagValues(request)).toEqual(await raw.tagValues(request));
    }
  }
  await expect(models.tagValues({ tag: 'no tag' })).rejects.toThrow();
});

test('exemplars of an answer from counts are traces that exist', async () => {
  const request = { query: '{ } | rate() by (resource.service.name)', range: whole, stepNanos: 10n * SECOND };
  const { from, series } = await models.metricsRange({ ...request, exemplars: 10 });
  expect(from).toBe('counts');
  const ids = series.flatMap((one) => one.exemplars.map((e) => e.labels.find(({ key }) => key === 'trace:id')?.value));
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) {
    expect((await models.traceById(String(id))).trace).toBeDefined();
  }
});

test('a cancelled query ends with CANCELLED, and limits of time hold', async () => {
  const abort = new AbortController();
  abort.abort();
  await expect(models.search({ query: '{ duration > 1ns }', signal: abort.signal })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  setLimit('QUERY_SPANS', 100);
  try {
    const { traces: some, notices } = await models.search({ query: '{ duration > 1ns }', limit: 1000 });
    expect(some.length).toBeLessThan(traces.length);
    expect(notices[0]?.text).toContain('100 spans');
  } finally {
    setLimit('QUERY_SPANS', undefined);
  }
});

test('what is held is described', async () => {
  const description = await models.describe();
  expect(description).toMatchObject({ kind: 'models', traces: 480, spans: 1920, skipped: [] });
  expect(description.models).toHaveLength(2);
  expect(await raw.describe()).toMatchObject({ kind: 'traces', traces: 480, spans: 1920 });
});
