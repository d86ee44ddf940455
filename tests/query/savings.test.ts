/** @file What is not even looked at: models that cannot match, traces that nothing older can displace, what few traces have. */
import { rmSync } from 'node:fs';
import { setLimit } from '../../pkg/common';
import { openModel } from '../../pkg/generate';
import { modelEngine, rawEngine } from '../../pkg/query';
import { openStore } from '../../pkg/store';
import { emptyDirectory, tillModel, tillTraces } from '../store/model-file';

const START = 1_700_000_000;
const SECOND = 1_000_000_000n;
const range = { start: BigInt(START) * SECOND, end: BigInt(START + 120) * SECOND };

let directory: string;
let opened = 0;
const engineOf = async () =>
  modelEngine(await openStore(directory), {
    open: async (bytes) => {
      opened++;
      return openModel(bytes, { lazy: true });
    },
  });

beforeAll(async () => {
  directory = emptyDirectory();
  const store = await openStore(directory);
  for (let i = 0; i < 3; i++) {
    await store.publish(await tillModel(START + 30 * i));
  }
  await store.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => {
  opened = 0;
});

test.each([
  ['a service that none has', '{ resource.service.name = "nobody" }', 0],
  ['an operation that none has', '{ name = "refund" } && { name = "pay" }', 0],
  ['an attribute that none has', '{ span.http.method = "GET" }', 0],
  ['a kind that the operation does not have', '{ name = "pay" && kind = client }', 0],
  ['an error of an operation', '{ name = "card" && status = error }', 3],
  ['as many spans as no manifest tells of', '{ } | count() > 7', 3],
])('models are opened only where they may match: %s', async (_, query, expected) => {
  const engine = await engineOf();
  await engine.search({ query, range, limit: 500 });
  expect(opened).toBe(expected);
  const { series } = await engine.metricsRange({
    query: `{ name = "refund" } | rate()`,
    range,
    stepNanos: 10n * SECOND,
  });
  expect(series[0]?.samples.every(({ value }) => value === 0)).toBe(true);
  expect(opened).toBe(expected);
  await engine.close();
});

test('a value that an attribute cannot have costs no trace', async () => {
  const engine = await engineOf();
  const { traces, stats } = await engine.search({ query: '{ span.http.route = "/refund" }', range, limit: 500 });
  expect(traces).toEqual([]);
  expect(stats.inspectedTraces).toBe(0);
  expect((await engine.search({ query: '{ span.http.route = "/pay" }', range, limit: 500 })).traces).toHaveLength(360);
  await engine.close();
});

test('metrics of what few traces have are exact where a sample could hardly tell', async () => {
  setLimit('QUERY_FULL_SPANS', 400);
  setLimit('QUERY_ESTIMATE_SPANS', 100);
  try {
    const engine = await engineOf();
    const request = { range, stepNanos: 10n * SECOND };
    const rare = { ...request, query: '{ name = "pay" && duration > 24500us } | count_over_time()' };
    const auto = await engine.metricsRange(rare);
    const full = await engine.metricsRange({ ...rare, mode: 'full' });
    expect(auto.from).toBe('generated');
    expect(auto.series).toEqual(full.series);
    const count = full.series[0]?.samples.reduce((sum, { value }) => sum + value, 0) ?? 0;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(20);
    const common = await engine.metricsRange({ ...request, query: '{ duration > 6ms } | count_over_time()' });
    expect(common.from).toBe('estimated');
    // Asked again, with traces remembered, it is answered in the same way.
    expect(await engine.metricsRange(rare)).toMatchObject({ from: 'generated', series: auto.series });
    await engine.close();
  } finally {
    setLimit('QUERY_FULL_SPANS', undefined);
    setLimit('QUERY_ESTIMATE_SPANS', undefined);
  }
});

test('a search over raw traces ends where nothing older can displace what it has', async () => {
  // In an order that is not that of time.
  const traces = tillTraces(400, START).sort((a, b) => (a.traceId.slice(-2) < b.traceId.slice(-2) ? -1 : 1));
  const engine = rawEngine(traces, 'till');
  const few = await engine.search({ query: '{ name = "card" }', limit: 5 });
  const all = await engine.search({ query: '{ name = "card" }', limit: 400 });
  expect(few.traces).toEqual(all.traces.slice(0, 5));
  expect(few.stats.inspectedTraces).toBeLessThan(40);
  expect(all.stats.inspectedTraces).toBe(400);
});
