/** @file Service graphs, comparisons and coverage through the plugin: over traces that a test knows, and over gent serve. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { remoteEngine } from '../../pkg/grafana';
import { rawEngine } from '../../pkg/query';
import { listenTempo, tempoServer } from '../../pkg/tempo';
import { readAllTraces } from '../../pkg/trace';
import { queryOne } from './client';
import type { DecodedFrame } from './decode-frame';
import { FIXTURE_ERRORS, FIXTURE_RANGE, FIXTURE_TRACES } from './fixture';
import type { PluginHost } from './host';
import { type RawPlugin, startRawPlugin } from './raw-plugin';

let raw: RawPlugin;
let host: PluginHost;

beforeAll(async () => {
  raw = await startRawPlugin();
  host = raw.host;
});

afterAll(() => raw?.end());

const ask = (json: unknown, more: object = {}, headers: Record<string, string> = {}) =>
  queryOne(host, { jsonData: { store: raw.directory } }, { json, ...FIXTURE_RANGE, ...more }, headers);
const byName = (frames: DecodedFrame[], name: string): DecodedFrame => {
  const found = frames.find((frame) => frame.name === name);
  if (found === undefined) {
    throw new Error(`no frame ${name}`);
  }
  return found;
};
const SECONDS = (FIXTURE_RANGE.to - FIXTURE_RANGE.from) / 1000;

test('the service graph: nodes, edges and a table, as Grafana’s node graph reads them', async () => {
  const { frames, error } = await ask({ queryType: 'serviceGraph' });
  expect(error).toBe('');
  const nodes = byName(frames, 'nodes');
  expect(nodes.meta.preferredVisualisationType).toBe('nodeGraph');
  expect(nodes.values('id')).toEqual(['ledger', 'payment', 'shop']);
  expect(nodes.values('mainstat')).toEqual([1, 1, 2].map((spans) => (spans * FIXTURE_TRACES) / SECONDS));
  expect(nodes.values('arc__failed')).toEqual([0, FIXTURE_ERRORS / FIXTURE_TRACES, FIXTURE_ERRORS / FIXTURE_TRACES]);
  expect(nodes.values('arc__success')).toEqual([1, 0.9, 0.9]);
  const links = nodes.fields[0]?.config.links as Array<{ title: string; internal: { query: { query: string } } }>;
  expect(links[1]?.internal.query.query).toBe('${__data.fields.errorQuery}');
  expect(nodes.values('errorQuery')[1]).toBe('{ resource.service.name = "payment" && status = error }');

  const edges = byName(frames, 'edges');
  expect(edges.meta.preferredVisualisationType).toBe('nodeGraph');
  expect(edges.values('source')).toEqual(['payment', 'shop']);
  expect(edges.values('target')).toEqual(['ledger', 'payment']);
  expect(edges.values('detail__calls')).toEqual([FIXTURE_TRACES, FIXTURE_TRACES]);
  expect(edges.values('secondarystat')).toEqual([0, (100 * FIXTURE_ERRORS) / FIXTURE_TRACES]);

  const red = byName(frames, 'Services');
  expect(red.values('Service')).toEqual(['ledger', 'payment', 'shop']);
  expect(red.values('Rate')).toEqual(new Array(3).fill(FIXTURE_TRACES / SECONDS));
  // A request of the shop takes 12 ms more than its payment: 32 to 80 ms.
  expect(red.values('p50')[2]).toBe(56);
  expect(red.values('p99')[2]).toBe(80);
});

test('its links ask TraceQL that finds what they say', async () => {
  const { frames } = await ask({ queryType: 'serviceGraph' });
  const count = async (query: unknown) => (await ask({ query, limit: 1000 })).frames[0]?.rows;
  const [nodes, edges] = [byName(frames, 'nodes'), byName(frames, 'edges')];
  expect(await count(nodes.values('query')[1])).toBe(FIXTURE_TRACES);
  expect(await count(nodes.values('errorQuery')[1])).toBe(FIXTURE_ERRORS);
  expect(await count(edges.values('query')[1])).toBe(FIXTURE_TRACES);
  expect(await count(edges.values('errorQuery')[1])).toBe(FIXTURE_ERRORS);
  expect((await ask({ query: nodes.values('rateQuery')[1] })).error).toBe('');
});

test('one service shows its neighbours; a time without traffic shows nothing', async () => {
  const { frames } = await ask({ queryType: 'serviceGraph', service: 'ledger' });
  expect(byName(frames, 'nodes').values('id')).toEqual(['ledger', 'payment']);
  const empty = await ask({ queryType: 'serviceGraph' }, { from: 1000, to: 2000 });
  expect(empty.error).toBe('');
  expect(empty.frames.map((frame) => frame.rows)).toEqual([0, 0, 0]);
});

test('an alert rule gets one table of numbers', async () => {
  const { frames } = await ask({ queryType: 'serviceGraph' }, {}, { FromAlert: 'true' });
  expect(frames.map((frame) => [frame.name, frame.meta.type])).toEqual([['Services', 'numeric-long']]);
  expect(frames[0]?.fields.filter((field) => field.arrow === 'Utf8').map((field) => field.name)).toEqual(['Service']);
});

test('two halves of the same traffic do not differ; a window without traffic is said to be empty', async () => {
  const half = (FIXTURE_RANGE.to - FIXTURE_RANGE.from) / 2;
  const same = await ask(
    { queryType: 'compareWindows', baselineShift: '25s' },
    { from: FIXTURE_RANGE.from + half - 5000 }
  );
  expect(same.error).toBe('');
  const scores = byName(same.frames, 'Changes').values('Score') as number[];
  expect(scores.every((score) => score === 0)).toBe(true);
  const empty = await ask({ queryType: 'compareWindows', baselineShift: '7d' });
  expect(empty.frames[0]?.rows).toBe(0);
  expect(empty.frames[0]?.meta.notices).toContainEqual({
    severity: 'warning',
    text: 'The baseline holds no traces: nothing can be compared.',
  });
});

test('operations of the time range', async () => {
  const { frames } = await ask({ queryType: 'models', modelsView: 'operations' });
  expect(frames[0]?.values('Operation')).toEqual(
    expect.arrayContaining(['charge', 'POST /charge', 'POST /checkout', 'INSERT entries'])
  );
  expect(frames[0]?.values('Spans')).toEqual(new Array(4).fill(FIXTURE_TRACES));
  expect((frames[0]?.values('p50') as number[]).every((ms) => ms >= 20 && ms <= 80)).toBe(true);
});

test('operations of a model need a store', async () => {
  const { error, status } = await ask({ queryType: 'models', modelsView: 'operations', modelId: 'abcd' });
  expect([status, error]).toEqual([400, expect.stringContaining('PLUGIN_NO_STORE')]);
});

describe('over an address', () => {
  test('gent serve answers the same as the engine behind it', async () => {
    const near = rawEngine(await readAllTraces(path.join(raw.directory, 'traces.ndjson')), 'here');
    const server = tempoServer(near);
    const remote = remoteEngine(await listenTempo(server, '127.0.0.1:0'));
    try {
      const range = { start: BigInt(FIXTURE_RANGE.from) * 1_000_000n, end: BigInt(FIXTURE_RANGE.to) * 1_000_000n };
      const baseline = { start: range.start - 30_000_000_000n, end: range.end - 30_000_000_000n };
      const timeless = (value: object) => ({ ...value, stats: undefined });
      for (const more of [{}, { services: ['shop', 'a "b" & c'] }, { durations: false }]) {
        expect(timeless(await remote.overview({ range, ...more }))).toEqual(
          timeless(await near.overview({ range, ...more }))
        );
      }
      expect(timeless(await remote.compareWindows({ range, baseline, limit: 5 }))).toEqual(
        timeless(await near.compareWindows({ range, baseline, limit: 5 }))
      );
      expect(await remote.describe()).toMatchObject({
        kind: 'traces',
        traces: FIXTURE_TRACES,
        window: { start: expect.any(BigInt) },
      });
      const backwards = { range: { start: range.end, end: range.start } };
      await expect(remote.overview(backwards)).rejects.toMatchObject({ code: 'REMOTE_REFUSED' });
    } finally {
      await server.close();
    }
  });

  test('another server with Tempo’s API is told apart', async () => {
    const server: Server = createServer((request, response) => {
      response.writeHead(request.url === '/api/echo' ? 200 : 404).end('echo');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const remote = remoteEngine(address);
      const range = { start: 0n, end: 1n };
      await expect(remote.overview({ range })).rejects.toMatchObject({ code: 'REMOTE_UNSUPPORTED', status: 501 });
      await expect(remote.compareWindows({ range, baseline: range })).rejects.toMatchObject({
        code: 'REMOTE_UNSUPPORTED',
      });
      expect(await remote.describe()).toMatchObject({ kind: 'traces', models: [], traces: 0 });
    } finally {
      server.close();
    }
  });
});
