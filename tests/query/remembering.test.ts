/** @file The same question has the same answer: whatever is remembered, forgotten or asked before, and in any process. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { type LimitName, setLimit } from '../../pkg/common';
import { modelEngine, type SearchRequest, type TracesEngine } from '../../pkg/query';
import { openStore } from '../../pkg/store';
import { emptyDirectory, tillModel } from '../store/model-file';

const GENT = path.resolve(__dirname, '../../build/gent.cjs');
const START = 1_700_000_000;

let directory: string;
beforeAll(async () => {
  directory = emptyDirectory();
  const store = await openStore(directory);
  for (let i = 0; i < 3; i++) {
    await store.publish(await tillModel(START + 20 * i));
  }
  await store.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs with some limits lowered, over an engine of its own. */
async function withEngine<T>(limits: Partial<Record<LimitName, number>>, run: (engine: TracesEngine) => Promise<T>) {
  const entries = Object.entries(limits) as Array<[LimitName, number]>;
  entries.forEach(([name, value]) => setLimit(name, value));
  const engine = modelEngine(await openStore(directory, { refreshMs: 0 }));
  try {
    return await run(engine);
  } finally {
    await engine.close();
    entries.forEach(([name]) => setLimit(name, undefined));
  }
}

const SECOND = 1_000_000_000n;
const range = { start: BigInt(START) * SECOND, end: BigInt(START + 120) * SECOND };
const REQUESTS: SearchRequest[] = [
  { query: '{ }', limit: 7 },
  { query: '{ duration > 15ms }', limit: 9 },
  { query: '{ duration > 15ms }', limit: 200 },
  { query: '{ duration > 15ms }', limit: 5, range: { start: range.start, end: range.start + 30n * SECOND } },
  { query: '{ name = "card" && duration > 5ms } | count() > 0', limit: 12 },
  { query: '{ duration > 1h }', limit: 20 },
];

/** All answers of an engine, questions asked in the given order, each twice. */
async function answers(engine: TracesEngine, order: readonly number[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const i of [...order, ...order]) {
    const { traces, notices } = await engine.search(REQUESTS[i] ?? { query: '' });
    expect(found[i] ?? { traces, notices }).toEqual({ traces, notices });
    found[i] = { traces, notices };
  }
  return found;
}

const ORDER = REQUESTS.map((_, i) => i);

test.each<[string, Partial<Record<LimitName, number>>]>([
  ['no traces remembered', { QUERY_TRACE_CACHE_BYTES: 0 }],
  ['a few traces remembered', { QUERY_TRACE_CACHE_BYTES: 20_000 }],
  ['no verdicts remembered', { QUERY_VERDICT_CACHE_BYTES: 0 }],
  ['one model open at a time', { QUERY_MODEL_CACHE_BYTES: 1 }],
])('%s: the same answers', async (_, limits) => {
  const expected = await withEngine({}, (engine) => answers(engine, ORDER));
  const got = await withEngine(limits, (engine) => answers(engine, [...ORDER].reverse()));
  expect(got).toEqual(expected);
  const together = await withEngine(limits, (engine) =>
    Promise.all(REQUESTS.map(async (request) => (await engine.search(request)).traces))
  );
  expect(together).toEqual(expected.map((one) => (one as { traces: unknown }).traces));
});

test('a search that is repeated generates nothing that it does not show', async () => {
  await withEngine({ QUERY_TRACE_CACHE_BYTES: 0 }, async (engine) => {
    // Nothing that is drawn in part decides about the duration of a whole trace.
    const request = { query: '{ traceDuration > 24ms }', limit: 3 };
    const first = await engine.search(request);
    const again = await engine.search(request);
    expect(again.traces).toEqual(first.traces);
    expect(first.stats.inspectedTraces).toBeGreaterThan(10);
    expect(again.stats.inspectedTraces).toBeLessThan(first.stats.inspectedTraces);
  });
});

test('metrics that must see everything are refused above QUERY_SPANS, and estimated when that is allowed', async () => {
  const request = { query: '{ duration > 15ms } | rate()', range, stepNanos: 10n * SECOND };
  await withEngine({ QUERY_SPANS: 500 }, async (engine) => {
    await expect(engine.metricsRange({ ...request, mode: 'full' })).rejects.toMatchObject({
      code: 'QUERY_TOO_MANY_SPANS',
      status: 422,
    });
  });
  await withEngine({ QUERY_SPANS: 500, QUERY_FULL_SPANS: 400, QUERY_ESTIMATE_SPANS: 200 }, async (engine) => {
    const { from, series, notices } = await engine.metricsRange(request);
    expect(from).toBe('estimated');
    expect(notices[0]?.text).toMatch(/^Estimated from \d+ of 360 traces/);
    const samples = series[0]?.samples ?? [];
    expect(samples.every(({ lower, upper }) => lower !== undefined && upper !== undefined)).toBe(true);
    // Where no trace of any model can be, 0 is no estimate.
    const exact = samples.filter(({ lower, upper }) => lower === upper);
    expect(exact.length).toBeGreaterThan(0);
    expect(exact.length).toBeLessThan(samples.length);
    expect(exact.map(({ value }) => value)).toEqual(exact.map(() => 0));
  });
});

test('a query ends when its time is over', async () => {
  await withEngine({ QUERY_MILLISECONDS: 0 }, async (engine) => {
    await expect(engine.search({ query: '{ duration > 1h }' })).rejects.toMatchObject({
      code: 'QUERY_TIMEOUT',
      status: 504,
    });
  });
});

test('an answer that grows too large is refused', async () => {
  await withEngine({ QUERY_ANSWER_BYTES: 20_000 }, async (engine) => {
    expect((await engine.search({ query: '{ }', limit: 5 })).traces).toHaveLength(5);
    await expect(engine.search({ query: '{ }', limit: 300, spansPerSpanSet: 100 })).rejects.toMatchObject({
      code: 'QUERY_MEMORY',
      status: 422,
    });
  });
  const [one] = await withEngine({}, async (engine) => (await engine.search({ query: '{ }', limit: 1 })).traces);
  await withEngine({ QUERY_ANSWER_BYTES: 300 }, async (engine) => {
    const kinds: Array<() => Promise<unknown>> = [
      () => engine.traceById(one?.traceId ?? ''),
      () => engine.metricsRange({ query: '{ } | rate() by (name)', range, stepNanos: 10n * SECOND }),
      () => engine.metricsRange({ query: '{ duration > 15ms } | rate()', range, stepNanos: 10n * SECOND }),
      () => engine.metricsInstant({ query: '{ } | histogram_over_time(duration)', range }),
    ];
    for (const ask of kinds) {
      await expect(ask()).rejects.toMatchObject({ code: 'QUERY_MEMORY' });
    }
  });
  await withEngine({ QUERY_ANSWER_BYTES: 60 }, async (engine) => {
    await expect(engine.tagNames({})).rejects.toMatchObject({ code: 'QUERY_MEMORY' });
    await expect(engine.tagValues({ tag: 'name' })).rejects.toMatchObject({ code: 'QUERY_MEMORY' });
  });
});

test('sifting ends with the query: cancelled, or out of time', async () => {
  await withEngine({}, async (engine) => {
    const stop = new AbortController();
    const search = engine.search({ query: '{ duration > 1h }', signal: stop.signal });
    stop.abort();
    await expect(search).rejects.toMatchObject({ code: 'CANCELLED' });
    const metrics = engine.metricsInstant({ query: '{ } | rate()', range, signal: stop.signal });
    await expect(metrics).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(engine.tagValues({ tag: 'name', signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test('a trace that is left out by a part of it counts as one span', async () => {
  const request = { query: '{ duration > 24ms }', limit: 1000 };
  const all = await withEngine({}, (engine) => engine.search(request));
  // 360 traces of two spans each; those that may match are written whole.
  const enough = 360 + 2 * all.stats.inspectedTraces;
  expect(enough).toBeLessThan(720);
  await withEngine({ QUERY_SPANS: enough }, async (engine) => {
    const { traces, notices } = await engine.search(request);
    expect(traces).toEqual(all.traces);
    expect(notices).toEqual([]);
  });
});

test('a trace that is not there is not answered with another, and says why', async () => {
  await withEngine({}, async (engine) => {
    const { trace, notices } = await engine.traceById('0123456789abcdef');
    expect(trace).toBeUndefined();
    expect(notices[0]?.text).toContain('this store keeps models, not that trace');
  });
});

test('two processes print the same', async () => {
  const run = (...args: string[]) => execFileSync(process.execPath, [GENT, ...args], { encoding: 'utf8' });
  const ask = () => {
    const printed = JSON.parse(run('query', '--store', directory, '--limit', '5', '{ duration > 15ms }', '--json')) as {
      traces: Array<{ traceID: string }>;
    };
    return printed.traces;
  };
  const [first, second] = [ask(), ask()];
  expect(first).toHaveLength(5);
  expect(second).toEqual(first);
  const id = first[2]?.traceID ?? '';
  const open = () => run('trace', '--store', directory, id, '--json');
  expect(open()).toBe(open());
  const here = await withEngine({}, async (engine) => {
    await engine.search({ query: '{ }', limit: 50 });
    return (await engine.traceById(id)).trace;
  });
  expect(here?.spans).toHaveLength(2);
  expect(open()).toContain(here?.spans[1]?.startTimeUnixNano.toString() ?? 'none');
});
