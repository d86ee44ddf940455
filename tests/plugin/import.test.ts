/** @file Trace files that are brought to the plugin: every format it reads, what it says of others, and its limits. */
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { jaegerJson, newReadContext, otlpProtobuf, spansFromOtlpJson, type Trace } from '../../pkg/trace';
import { buildPlugin, type BuiltPlugin } from './built';
import { callForBytes, callResource } from './client';
import { fixtureNdjson, fixtureTraceId } from './fixture';
import type { PluginHost } from './host';

const ROOT = path.resolve(__dirname, '../..');
/** The store does not matter: nothing is read from it, nothing is written to it. */
const SOURCE = { jsonData: { store: '/nowhere/at/all' } };

interface Answer {
  traces: Array<{
    traceId: string;
    service: string;
    name: string;
    startMs: number;
    durationMs: number;
    spans: number;
    errors: number;
    frame: {
      schema: {
        meta: { preferredVisualisationType: string; notices: Array<{ text: string }> };
        fields: Array<{ name: string }>;
      };
      data: { values: unknown[][] };
    };
  }>;
  more: boolean;
  bad: number;
}

let plugin: BuiltPlugin;
let host: PluginHost;

beforeAll(async () => {
  plugin = buildPlugin(ROOT);
  host = await plugin.start();
});
afterAll(async () => {
  await host?.kill();
  plugin?.remove();
});

async function bring(body: string | Uint8Array, to = host) {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const answer = await callForBytes(to, SOURCE, 'import', 'POST', bytes);
  return { status: answer.status, body: JSON.parse(answer.bytes.toString()) as Answer & Record<string, string> };
}

const lines = fixtureNdjson().trim().split('\n');
const document = JSON.parse(lines[0] ?? '') as { resourceSpans: object[] };
const spans = spansFromOtlpJson(document, newReadContext());
const trace: Trace = { traceId: spans[0]?.traceId ?? '', spans };

test.each<[string, string | Uint8Array]>([
  ['OTLP JSON', JSON.stringify(document)],
  ['OTLP JSON over many lines', JSON.stringify(document, undefined, 2)],
  ['the batches that Tempo’s API and Grafana’s inspector give', JSON.stringify({ batches: document.resourceSpans })],
  ['OTLP protobuf', otlpProtobuf([trace])],
  ['gzip', gzipSync(JSON.stringify(document))],
  ['Jaeger', jaegerJson([trace])],
])('%s becomes the frame that the trace view reads', async (_, file) => {
  const { status, body } = await bring(file);
  expect([status, body.message]).toEqual([200, undefined]);
  expect(body).toMatchObject({ more: false, bad: 0 });
  const [first, ...others] = body.traces;
  expect(others).toEqual([]);
  const root = spans.find(({ parentSpanId }) => parentSpanId === '');
  expect(first).toMatchObject({ traceId: fixtureTraceId(0), name: root?.name, spans: spans.length });
  expect(first?.service).not.toBe('');
  expect(first?.durationMs).toBeGreaterThan(0);
  const { schema, data } = first?.frame ?? { schema: undefined, data: { values: [] } };
  expect(schema?.meta.preferredVisualisationType).toBe('trace');
  expect(schema?.meta.notices[0]?.text).toContain('Imported from a file');
  const names = schema?.fields.map(({ name }) => name) ?? [];
  const ids = data.values[names.indexOf('spanID')] as string[];
  expect([...ids].sort()).toEqual(spans.map(({ spanId }) => spanId).sort());
});

test('a file of many traces: the first ones, in their order, and that there are more', async () => {
  const few = await plugin.start({ GF_PLUGIN_LIMIT_PLUGIN_IMPORT_TRACES: '3' });
  try {
    const { body } = await bring(fixtureNdjson(), few);
    expect(body.traces.map(({ traceId }) => traceId)).toEqual([0, 1, 2].map(fixtureTraceId));
    expect(body.more).toBe(true);
  } finally {
    await few.kill();
  }
});

test('lines that are no traces are counted and left out', async () => {
  const { body } = await bring(`${lines[0]}\n{"resourceSpans": 5}\nnot json\n${lines[1]}\n`);
  expect(body.traces).toHaveLength(2);
  expect(body.bad).toBe(2);
});

test.each([
  ['nothing', '', 422, 'TRACE_NONE_FOUND'],
  ['text', 'hello', 422, 'TRACE_NONE_FOUND'],
  ['JSON of another kind', '{"hello": 1}', 422, 'TRACE_NONE_FOUND'],
  ['a cut gzip file', gzipSync(JSON.stringify(document)).subarray(0, 40), 400, 'TRACE_GZIP_CORRUPT'],
])('%s is refused with a reason', async (_, file, status, code) => {
  const answer = await bring(file);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.body.hint).toBeTruthy();
  expect(answer.body.message).not.toContain(' -');
});

test('a file above the limit, and another method', async () => {
  const small = await plugin.start({ GF_PLUGIN_LIMIT_PLUGIN_UPLOAD_BYTES: '1000' });
  try {
    const { status, body } = await bring(' '.repeat(1001), small);
    expect([status, body.code]).toEqual([422, 'LIMIT_EXCEEDED']);
  } finally {
    await small.kill();
  }
  expect((await callResource(host, SOURCE, 'import')).status).toBe(405);
});
