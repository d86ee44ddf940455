/** @file The plugin under load: many questions at once, large answers, questions that are left, kills, and its memory. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { grafana } from '../../pkg/proto';
import { BIG_ID, BIG_SPANS, BIG_VALUES, bigTraceLine } from './big-trace';
import { type BuiltPlugin, buildPlugin } from './built';
import { callResource, checkHealth, collectMetrics, queryData, queryOne, queryRequest } from './client';
import { FIXTURE_RANGE, fixtureNdjson } from './fixture';
import type { PluginHost } from './host';
import { askOne, heapOf, SMALL_CACHES } from './load';

const ROOT = path.resolve(__dirname, '../..');
/** Questions of the memory test; `npm run bench -- plugin` asks 10,000. */
const QUESTIONS = 1200;
const WARM_UP = 100;

let plugin: BuiltPlugin;
let rawPlugin: BuiltPlugin;
let directory: string;
let raw: string;
let store: string;
const hosts: PluginHost[] = [];

async function start(which: BuiltPlugin, env: Record<string, string> = {}): Promise<PluginHost> {
  const host = await which.start(env);
  hosts.push(host);
  return host;
}

beforeAll(async () => {
  plugin = buildPlugin(ROOT, path.join(__dirname, 'gc-backend.ts'));
  rawPlugin = buildPlugin(ROOT, path.join(__dirname, 'raw-backend.ts'));
  directory = mkdtempSync(path.join(tmpdir(), 'gent-stress-'));
  raw = path.join(directory, 'raw');
  store = path.join(directory, 'store');
  mkdirSync(raw);
  mkdirSync(store);
  writeFileSync(path.join(raw, 'traces.ndjson'), fixtureNdjson());
  writeFileSync(path.join(raw, 'big.ndjson'), bigTraceLine(FIXTURE_RANGE.from + 2000));
  const gent = path.join(ROOT, 'build/gent.cjs');
  const traces = path.join(raw, 'traces.ndjson');
  execFileSync(process.execPath, [gent, 'train', '--traces', traces, '--store', store, '--epochs', '1'], {
    stdio: 'pipe',
  });
});

afterAll(async () => {
  await Promise.all(hosts.map((host) => host.kill()));
  plugin?.remove();
  rawPlugin?.remove();
  rmSync(directory, { recursive: true, force: true });
});

const source = (limits: object = {}) => ({ jsonData: { store, limits } });
const rawSource = () => ({ jsonData: { store: raw } });

test('fifty different queries at once are all answered, each with its own answer', async () => {
  const host = await start(plugin);
  const queries = Array.from({ length: 50 }, (_, i) => ({
    refId: `Q${i}`,
    json: [
      { query: '{ } | rate() by (resource.service.name)', step: '10s', exemplars: 0 },
      { query: '{ status = error }', limit: 1 + i },
      { queryType: 'serviceGraph' },
      { query: '{ duration > 30ms } | quantile_over_time(duration, .9)', step: '10s' },
      { query: '{ not valid' },
    ][i % 5],
    ...FIXTURE_RANGE,
  }));
  const answers = await queryData(host, source(), queries);
  queries.forEach(({ refId }, i) => {
    expect([refId, answers[refId]?.status]).toEqual([refId, i % 5 === 4 ? 400 : 200]);
    if (i % 5 === 1) {
      expect(answers[refId]?.frames[0]?.rows).toBe(Math.min(24, 1 + i));
    }
  });
  const alone = await queryOne(host, source(), { json: queries[0]?.json, ...FIXTURE_RANGE });
  expect(answers.Q0?.frames.map((frame) => frame.values('value'))).toEqual(
    alone.frames.map((frame) => frame.values('value'))
  );
});

test('a trace of 10,000 spans, and a metrics answer of 1,000 series', async () => {
  const host = await start(rawPlugin);
  const trace = await queryOne(host, rawSource(), { json: { query: BIG_ID }, ...FIXTURE_RANGE });
  expect(trace.error).toBe('');
  expect(trace.frames[0]?.rows).toBe(BIG_SPANS);
  expect(new Set(trace.frames[0]?.values('spanID')).size).toBe(BIG_SPANS);
  const series = await queryOne(host, rawSource(), {
    json: { query: '{ span.n >= 0 } | count_over_time() by (span.n)', step: '10s', exemplars: 0 },
    ...FIXTURE_RANGE,
  });
  expect(series.error).toBe('');
  expect(series.frames).toHaveLength(BIG_VALUES);
  const total = series.frames.reduce(
    (sum, frame) => sum + (frame.values('value') as number[]).reduce((a, b) => a + (b || 0), 0),
    0
  );
  expect(total).toBe(BIG_SPANS);
  const graph = await queryOne(host, rawSource(), { json: { queryType: 'serviceGraph' }, ...FIXTURE_RANGE });
  expect(graph.frames[0]?.values('id')).toContain('big');
});

test('queries that are left are dropped, and hold up nobody', async () => {
  const host = await start(plugin);
  // Nothing of what is generated is kept, so that every query has its work to do.
  const of = source({ cacheMegabytes: 0.001 });
  expect((await queryOne(host, of, { json: { query: '{ }' }, ...FIXTURE_RANGE })).error).toBe('');
  const slow = (i: number) =>
    queryRequest(
      of,
      Array.from({ length: 40 }, (_, n) => ({
        refId: `Q${n}`,
        json: { query: `{ duration > ${i * 40 + n}us } | quantile_over_time(duration, .9)`, mode: 'full' },
        ...FIXTURE_RANGE,
      }))
    );
  const left = await Promise.all(
    Array.from({ length: 10 }, (_, i) => host.cancelled(grafana.Data, 'QueryData', slow(i), 20 + i))
  );
  expect(left).toContain('cancelled');
  const { error } = await queryOne(host, source(), { json: { query: '{ } | rate()' }, ...FIXTURE_RANGE });
  expect(error).toBe('');
  const counted = async (code: string) => {
    const text = await collectMetrics(host);
    return Number(
      new RegExp(`gent_plugin_requests_total\\{endpoint="query",code="${code}"\\} (\\d+)`).exec(text)?.[1] ?? 0
    );
  };
  expect(await counted('CANCELLED')).toBeGreaterThan(0);
  // Most of what was left was never worked out.
  expect(await counted('OK')).toBeLessThan(200);
});

test('a store that goes away and comes back, while it is asked', async () => {
  const host = await start(plugin);
  const ask = () => queryOne(host, source(), { json: { query: '{ }', limit: 3 }, ...FIXTURE_RANGE });
  expect((await ask()).frames[0]?.rows).toBe(3);
  renameSync(store, `${store}-away`);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const gone = await Promise.all(Array.from({ length: 10 }, ask));
  expect(new Set(gone.map(({ status }) => status))).toEqual(new Set([503]));
  expect(gone[0]?.error).toContain('STORE_UNAVAILABLE');
  expect((await callResource(host, source(), 'models')).status).toBe(503);
  renameSync(`${store}-away`, store);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect((await ask()).frames[0]?.rows).toBe(3);
});

test('killed in the middle of work and started again, it gives the same answers', async () => {
  const first = await start(plugin);
  const search = { json: { query: '{ status = error }', limit: 5 }, ...FIXTURE_RANGE };
  const before = await queryOne(first, source(), search);
  const work = Array.from({ length: 20 }, (_, i) =>
    queryOne(first, source(), { json: { query: `{ duration > ${i}us }` }, ...FIXTURE_RANGE }).catch(() => 'gone')
  );
  first.process.kill('SIGKILL');
  await Promise.all(work);
  expect(await first.exited()).toBe('SIGKILL');
  const second = await start(plugin);
  const after = await queryOne(second, source(), search);
  expect(after.frames[0]?.values('traceID')).toEqual(before.frames[0]?.values('traceID'));
  expect((await checkHealth(second, source())).status).toBe(1);
});

test(`after ${QUESTIONS} questions the heap is what it was after ${WARM_UP}`, async () => {
  const host = await start(plugin, SMALL_CACHES.env);
  const of = source(SMALL_CACHES.limits);
  const { frames } = await queryOne(host, of, { json: { query: '{ }', limit: 50 }, ...FIXTURE_RANGE });
  const ids = frames[0]?.values('traceID') as string[];
  for (let i = 0; i < WARM_UP; i++) {
    await askOne(host, of, i, ids);
  }
  const begin = await heapOf(host);
  for (let i = WARM_UP; i < QUESTIONS; i++) {
    await askOne(host, of, i, ids);
  }
  const end = await heapOf(host);
  expect(end.used / begin.used).toBeLessThan(1.2);
}, 240_000);
