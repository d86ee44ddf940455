/** @file Searches and metrics over Grafana Live: who may listen, what is sent, and what happens when nobody listens any more. */
import { create } from '@bufbuild/protobuf';
import { rmSync } from 'node:fs';
import { grafana } from '../../pkg/proto';
import { openStore } from '../../pkg/store';
import { emptyDirectory, tillModel } from '../store/model-file';
import { type BuiltPlugin, buildPlugin } from './built';
import { collectMetrics, type DataSource, pluginContext, queryOne } from './client';
import { FIXTURE_RANGE } from './fixture';
import type { PluginHost } from './host';
import { type RawPlugin, ROOT, startRawPlugin } from './raw-plugin';

const CHANNEL = 'search/A-0123456789abcdef';

let raw: RawPlugin;
let host: PluginHost;

beforeAll(async () => {
  raw = await startRawPlugin();
  host = raw.host;
});

afterAll(() => raw?.end());

const source = (more: Partial<DataSource> = {}): DataSource => ({ jsonData: { store: raw.directory }, ...more });
const asked = (query: unknown, range: unknown = FIXTURE_RANGE): Uint8Array =>
  Buffer.from(JSON.stringify({ query, range }), 'utf8');

async function subscribe(channel: string, more: Partial<DataSource> = {}): Promise<string> {
  const request = create(grafana.SubscribeStreamRequestSchema, {
    pluginContext: pluginContext(source(more)),
    path: channel,
    data: asked({ query: '{ }' }),
  });
  const answer = (await host.call(grafana.Stream, 'SubscribeStream', request)) as grafana.SubscribeStreamResponse;
  return grafana.SubscribeStreamResponse_Status[answer.status];
}

interface Packet {
  schema: { refId?: string; fields: Array<{ name: string }>; meta: { custom: { done: boolean; error?: string } } };
  data: { values: unknown[][] };
}

/** Listens until the last packet, then leaves, as the browser does. */
async function listen(
  data: Uint8Array,
  on = host,
  more: Partial<DataSource> = {},
  channel = CHANNEL
): Promise<Packet[]> {
  const request = create(grafana.RunStreamRequestSchema, {
    pluginContext: pluginContext(source(more)),
    path: channel,
    data,
  });
  const call = on.open(grafana.Stream, 'RunStream', request);
  return new Promise((resolve, reject) => {
    const packets: Packet[] = [];
    call.on('data', (message) => {
      const packet = JSON.parse(Buffer.from((message as grafana.StreamPacket).data).toString('utf8')) as Packet;
      packets.push(packet);
      if (packet.schema.meta.custom.done) {
        call.cancel();
        resolve(packets);
      }
    });
    call.on('error', (error) => (packets.at(-1)?.schema.meta.custom.done ? undefined : reject(error)));
  });
}

const column = (packet: Packet | undefined, name: string): unknown[] =>
  packet?.data.values[packet.schema.fields.findIndex((field) => field.name === name)] ?? [];

test.each([
  ['a search of somebody', CHANNEL, {}, 'OK'],
  ['a search of a viewer', CHANNEL, { role: 'Viewer' }, 'OK'],
  ['a search of nobody', CHANNEL, { role: null }, 'PERMISSION_DENIED'],
  ['metrics of somebody', 'metrics/A-0123456789abcdef', {}, 'OK'],
  ['metrics of nobody', 'metrics/A-0123456789abcdef', { role: null }, 'PERMISSION_DENIED'],
  ['another path', 'models/A-0123456789abcdef', {}, 'NOT_FOUND'],
  ['a key that can be guessed', 'search/A', {}, 'NOT_FOUND'],
  ['a path that leads elsewhere', 'search/../../secret-0123456', {}, 'NOT_FOUND'],
])('%s', async (_, channel, more, status) => {
  expect(await subscribe(channel, more)).toBe(status);
});

test('a data source that does not want it is not streamed from', async () => {
  const jsonData = { store: raw.directory, streamingEnabled: { search: false } };
  expect(await subscribe(CHANNEL, { uid: 'quiet', jsonData })).toBe('PERMISSION_DENIED');
  const [packet] = await listen(asked({ query: '{ }' }), host, { uid: 'quiet', jsonData });
  expect(packet?.schema.meta.custom.error).toContain('PLUGIN_STREAM');
});

test('nobody publishes', async () => {
  const request = create(grafana.PublishStreamRequestSchema, { pluginContext: pluginContext(source()), path: CHANNEL });
  const answer = (await host.call(grafana.Stream, 'PublishStream', request)) as grafana.PublishStreamResponse;
  expect(grafana.PublishStreamResponse_Status[answer.status]).toBe('PERMISSION_DENIED');
});

test.each([
  ['{ status = error }', 5],
  ['{ status = error }', 100],
  ['{ name = "no such span" }', 20],
  ['{ }', 1],
])('%s, limit %d: ever more, newest first, and in the end what a search answers', async (query, limit) => {
  const packets = await listen(asked({ refId: 'B', query, limit }));
  const { frames } = await queryOne(host, source(), { json: { query, limit }, ...FIXTURE_RANGE });
  expect(column(packets.at(-1), 'traceID')).toEqual(frames[0]?.values('traceID'));
  expect(column(packets.at(-1), 'nested')).toEqual(frames[0]?.values('nested'));
  expect(packets.at(-1)?.schema.refId).toBe('B');
  expect(packets.map((packet) => packet.schema.meta.custom.done)).toEqual([
    ...new Array<boolean>(packets.length - 1).fill(false),
    true,
  ]);
  for (const packet of packets) {
    const found = column(packet, 'traceID');
    expect(column(packets.at(-1), 'traceID').slice(0, found.length)).toEqual(found);
    const times = column(packet, 'startTime') as number[];
    expect([...times].sort((a, b) => b - a)).toEqual(times);
  }
});

test('the whole search comes in several parts when the newest traces are old', async () => {
  const later = { from: FIXTURE_RANGE.from - 3_600_000, to: FIXTURE_RANGE.to + 60_000 };
  const packets = await listen(asked({ query: '{ }', limit: 1000 }, later));
  expect(packets.length).toBeGreaterThan(2);
  expect(column(packets.at(-1), 'traceID').length).toBe(240);
});

test.each([
  ['no JSON', Buffer.from('{'), 'PLUGIN_STREAM'],
  ['a list', Buffer.from('[]'), 'PLUGIN_STREAM'],
  ['no range', asked({ query: '{ }' }, null), 'PLUGIN_STREAM'],
  ['a range that is none', asked({ query: '{ }' }, { from: 'x', to: 5 }), 'PLUGIN_STREAM'],
  ['an empty range', asked({ query: '{ }' }, { from: 5, to: 5 }), 'PLUGIN_QUERY'],
  ['no query', asked(undefined), 'PLUGIN_QUERY'],
  ['a metrics query', asked({ query: '{ } | rate()' }), 'PLUGIN_STREAM'],
  ['a trace id', asked({ query: 'abc' }), 'PLUGIN_STREAM'],
  ['a query that is none', asked({ query: '{ oops' }), 'TRACEQL_SYNTAX'],
])('%s is refused in a packet of its own', async (_, data, code) => {
  const packets = await listen(data);
  expect(packets).toHaveLength(1);
  expect(packets[0]?.schema.meta.custom).toMatchObject({ done: true, error: expect.stringContaining(code) });
});

describe('metrics of models', () => {
  const CHANNEL_OF_METRICS = 'metrics/A-0123456789abcdef';
  const START = 1_700_000_000;
  /** Each model covers two minutes, the first of them together with the one before. */
  const EVERY = 60;
  const range = { from: START * 1000, to: (START + 6 * EVERY) * 1000 };
  let models: PluginHost;
  let plugin: BuiltPlugin;
  let store: string;
  beforeAll(async () => {
    store = emptyDirectory();
    const opened = await openStore(store);
    for (let i = 0; i < 5; i++) {
      await opened.publish(await tillModel(START + EVERY * i));
    }
    await opened.close();
    plugin = buildPlugin(ROOT);
    models = await plugin.start({
      GF_PLUGIN_LIMIT_PLUGIN_PART_MILLISECONDS: '0',
      GF_PLUGIN_LIMIT_QUERY_ESTIMATE_SPANS: '200',
    });
  });
  afterAll(async () => {
    await models?.kill();
    plugin?.remove();
    rmSync(store, { recursive: true, force: true });
  });
  const over = () => ({ jsonData: { store } });

  interface SeriesJson {
    schema: { name: string; fields: Array<{ name: string }> };
    data: { values: Array<Array<number | null>> };
  }
  const seriesOf = (packet: Packet): SeriesJson[] =>
    (column(packet, 'frames') as string[]).map((text) => JSON.parse(text) as SeriesJson);

  test.each([
    ['from counts', { query: '{ } | count_over_time() by (name)' }],
    ['from all traces', { query: '{ } | quantile_over_time(duration, .9) by (name)', mode: 'full' }],
    ['estimated', { query: '{ } | avg_over_time(duration)', mode: 'estimate' }],
  ])('%s: the beginning of the graph first, and in the end what a query answers', async (_, query) => {
    const json = { ...query, step: '20s', exemplars: 0 };
    const packets = await listen(asked(json, range), models, over(), CHANNEL_OF_METRICS);
    expect(packets.length).toBeGreaterThan(1);
    const last = seriesOf(packets.at(-1) as Packet);
    const { frames } = await queryOne(models, over(), { json, ...range });
    expect(last.map(({ schema }) => schema.name)).toEqual(frames.map(({ name }) => name));
    expect(last.map(({ data }) => data.values[1])).toEqual(
      frames.map((frame) => frame.values('value').map((value) => (Number.isNaN(value) ? null : value)))
    );
    const lengths = packets.map((packet) => seriesOf(packet)[0]?.data.values[0]?.length ?? 0);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    for (const packet of packets) {
      for (const { schema, data } of seriesOf(packet)) {
        const whole = last.find((one) => one.schema.name === schema.name)?.data.values ?? [];
        // Bounds of an estimate take in what all models are to add, and move a little.
        const [times, values] = data.values;
        expect(whole.slice(0, 2).map((all) => all.slice(0, times?.length))).toEqual([times, values]);
      }
    }
  });

  test('compare() comes whole, for nothing of it is certain before the end', async () => {
    const json = { query: '{ } | compare({ duration > 15ms })', step: '20s' };
    expect(await listen(asked(json, range), models, over(), CHANNEL_OF_METRICS)).toHaveLength(1);
  });

  test('the step is that of the panel, as over HTTP', async () => {
    const data = Buffer.from(JSON.stringify({ query: { query: '{ } | rate()' }, range, intervalMs: 60_000 }), 'utf8');
    const packets = await listen(data, models, over(), CHANNEL_OF_METRICS);
    const [times] = seriesOf(packets.at(-1) as Packet)[0]?.data.values ?? [];
    expect(Number(times?.[1]) - Number(times?.[0])).toBe(60_000);
  });

  test('a search is refused there, and so is what the settings forbid', async () => {
    const errorOf = async (query: string, jsonData: object) => {
      const more = { uid: query, jsonData: { store, ...jsonData } };
      const [packet] = await listen(asked({ query }, range), models, more, CHANNEL_OF_METRICS);
      return packet?.schema.meta.custom.error;
    };
    expect(await errorOf('{ }', {})).toContain('PLUGIN_STREAM');
    expect(await errorOf('{ } | rate()', { streamingEnabled: { metrics: false } })).toContain('PLUGIN_STREAM');
    expect(await errorOf('{ } | rate() by (name)', { streamingEnabled: { search: false } })).toBeUndefined();
  });
});

test('streams are limited in number, and end when nobody listens', async () => {
  const limited = await raw.start({ GF_PLUGIN_LIMIT_PLUGIN_STREAMS: '2' });
  const request = create(grafana.RunStreamRequestSchema, {
    pluginContext: pluginContext(source()),
    path: CHANNEL,
    data: asked({ query: '{ }', limit: 1 }),
  });
  // The first questions of a process wait side by side until its store is open; later ones may end before the next begins.
  const packets = await Promise.all(Array.from({ length: 6 }, () => listen(asked({ query: '{ }' }), limited)));
  const errors = packets.flatMap((list) => list.at(-1)?.schema.meta.custom.error ?? []);
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.every((error) => error.includes('PLUGIN_STREAMS=2'))).toBe(true);
  // Searches that have ended count no more, however long somebody stays.
  const calls = Array.from({ length: 4 }, () => limited.open(grafana.Stream, 'RunStream', request));
  calls.forEach((call) => call.on('error', () => undefined));
  await Promise.all(calls.map((call) => new Promise((resolve) => call.once('data', resolve))));
  expect((await listen(asked({ query: '{ }' }), limited)).at(-1)?.schema.meta.custom.error).toBeUndefined();
  calls.forEach((call) => call.cancel());
  expect((await listen(asked({ query: '{ }' }), limited)).at(-1)?.schema.meta.custom.error).toBeUndefined();
  expect(await collectMetrics(limited)).toMatch(/gent_plugin_requests_total\{endpoint="runStream",code="OK"\} \d+/);
});

test('a stream that was left stops its search', async () => {
  const data = asked({ query: '{ }', limit: 1000 }, { from: 0, to: FIXTURE_RANGE.to });
  const request = create(grafana.RunStreamRequestSchema, {
    pluginContext: pluginContext(source()),
    path: CHANNEL,
    data,
  });
  const calls = Array.from({ length: 20 }, () => host.open(grafana.Stream, 'RunStream', request));
  calls.forEach((call) => call.on('error', () => undefined).cancel());
  expect((await listen(asked({ query: '{ }', limit: 3 }))).at(-1)?.schema.meta.custom.done).toBe(true);
});
