/** @file The OTLP/HTTP receiver over real sockets: OpenTelemetry's own exporters, and every answer the specification names. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { deflateSync, gzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { setLimit } from '../../pkg/common';
import { simulateShop } from '../../pkg/pandora';
import { otlpCollector } from '../../pkg/proto';
import { otlpProtobuf } from '../../pkg/trace';
import { startTrainer, stopTrainers, type Running } from './harness';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

let running: Running;
beforeAll(async () => {
  // Longer than these tests take, so that what is open can be counted.
  running = await startTrainer({ idleMs: 600_000 });
});
afterAll(stopTrainers);

const post = (body: Uint8Array | string | null, headers: Record<string, string>, url = running.url) =>
  fetch(url, { method: 'POST', headers, body });

/** The google.rpc.Status of an answer. */
async function status(response: Response): Promise<{ code: number; message: string }> {
  if (response.headers.get('content-type')?.startsWith(JSON_TYPE)) {
    return (await response.json()) as { code: number; message: string };
  }
  const reader = new BinaryReader(new Uint8Array(await response.arrayBuffer()));
  const result = { code: 0, message: '' };
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1) {
      result.code = reader.int32();
    } else if (field === 2) {
      result.message = reader.string();
    } else {
      reader.skip(wire);
    }
  }
  return result;
}

const span = (overrides: Record<string, unknown> = {}) => ({
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  name: 'GET /',
  kind: 2,
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000000100000000',
  ...overrides,
});
const jsonBody = (...spans: unknown[]) =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'a' } }] },
        scopeSpans: [{ scope: { name: 's' }, spans }],
      },
    ],
  });
const shop = otlpProtobuf(simulateShop({ count: 20, seed: 1, startUnixNano: 1_700_000_000_000_000_000n }));

describe("OpenTelemetry's own exporters", () => {
  it.each([
    ['protobuf', 'none'],
    ['protobuf', 'gzip'],
    ['json', 'none'],
    ['json', 'gzip'],
  ])('%s, %s', async (encoding, compression) => {
    const before = {
      spans: await running.metric('gent_trainer_received_spans_total'),
      open: running.trainer.status().held.openTraces,
    };
    // A process of its own: the exporters load their HTTP client in a way that Jest's module system refuses.
    const { stderr } = await promisify(execFile)(process.execPath, [
      path.join(__dirname, 'sdk-sender.mjs'),
      running.url,
      encoding,
      compression,
    ]);
    expect(stderr).toBe('');
    expect((await running.metric('gent_trainer_received_spans_total')) - before.spans).toBe(20);
    expect(running.trainer.status().held.openTraces - before.open).toBe(10);
  });
});

describe('success', () => {
  it.each([
    ['protobuf', shop, { 'content-type': PROTOBUF }],
    ['protobuf with gzip', gzipSync(shop), { 'content-type': PROTOBUF, 'content-encoding': 'gzip' }],
    ['protobuf with deflate', deflateSync(shop), { 'content-type': PROTOBUF, 'content-encoding': 'deflate' }],
    ['protobuf, content type with capitals', shop, { 'content-type': 'Application/X-Protobuf' }],
    ['an empty protobuf message', Buffer.alloc(0), { 'content-type': PROTOBUF }],
  ])('%s: 200, an empty message, the same content type', async (_name, body, headers) => {
    const response = await post(body, headers);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, PROTOBUF]);
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });

  it.each([
    ['JSON', jsonBody(span()), { 'content-type': JSON_TYPE }],
    ['JSON with charset', jsonBody(span()), { 'content-type': 'application/json; charset=utf-8' }],
    ['JSON with gzip', gzipSync(jsonBody(span())), { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' }],
    ['no resource spans', '{}', { 'content-type': JSON_TYPE }],
    ['unknown fields', '{"resourceSpans":[],"future":{"a":[1]}}', { 'content-type': JSON_TYPE }],
  ])('%s: 200 and {}', async (_name, body, headers) => {
    const response = await post(body, headers);
    expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
      200,
      JSON_TYPE,
      {},
    ]);
  });
});

describe('partial success', () => {
  const bad = [
    span({ spanId: '0000000000000000' }),
    span({ traceId: '00000000000000000000000000000000' }),
    span({ traceId: 'abcd' }),
    span({ spanId: '' }),
  ];

  it('names the rejected spans in JSON', async () => {
    const before = await running.metric('gent_trainer_rejected_spans_total');
    const response = await post(jsonBody(span(), ...bad), { 'content-type': JSON_TYPE });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: { rejectedSpans: '4', errorMessage: expect.stringContaining('no valid trace id or span id') },
    });
    expect((await running.metric('gent_trainer_rejected_spans_total')) - before).toBe(4);
  });

  it('names them in protobuf', async () => {
    const trace = [...simulateShop({ count: 1, seed: 1 })][0]!;
    const broken = { ...trace, spans: trace.spans.map((s) => ({ ...s, spanId: '0'.repeat(16) })) };
    const response = await post(otlpProtobuf([broken]), { 'content-type': PROTOBUF });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const { partialSuccess } = fromBinary(otlpCollector.ExportTraceServiceResponseSchema, bytes);
    expect([response.status, partialSuccess?.rejectedSpans]).toEqual([200, BigInt(trace.spans.length)]);
  });
});

describe('refusals', () => {
  it.each<[string, number, Uint8Array | string, Record<string, string>]>([
    ['no protobuf', 400, Buffer.from('ffffffffff', 'hex'), { 'content-type': PROTOBUF }],
    ['protobuf cut short', 400, shop.subarray(0, shop.length - 3), { 'content-type': PROTOBUF }],
    ['no JSON', 400, '{"resourceSpans":', { 'content-type': JSON_TYPE }],
    ['JSON that is no object', 400, '[1,2]', { 'content-type': JSON_TYPE }],
    ['empty JSON', 400, '', { 'content-type': JSON_TYPE }],
    ['a field of the wrong type', 400, jsonBody(span({ name: { a: 1 } })), { 'content-type': JSON_TYPE }],
    ['no gzip', 400, 'plain', { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' }],
    ['gzip cut short', 400, gzipSync(shop).subarray(0, 200), { 'content-type': PROTOBUF, 'content-encoding': 'gzip' }],
    ['an unknown encoding', 415, shop, { 'content-type': PROTOBUF, 'content-encoding': 'br' }],
    ['an unknown type', 415, '<a/>', { 'content-type': 'application/xml' }],
  ])('%s: %d with a status', async (_name, expected, body, headers) => {
    const response = await post(body, headers);
    expect(response.status).toBe(expected);
    const { code, message } = await status(response);
    expect([code, message.length > 5]).toEqual([3, true]);
    expect(response.headers.get('retry-after')).toBeNull();
  });

  it('a body without a content type: 415', async () => {
    const response = await fetch(running.url, { method: 'POST', body: new Blob([shop]) });
    expect(response.status).toBe(415);
  });

  it('too large, as sent and as inflated: 413', async () => {
    setLimit('OTLP_BODY_BYTES', 2000);
    setLimit('OTLP_INFLATED_BYTES', 1000);
    const small = await startTrainer();
    try {
      const large = await post(Buffer.alloc(3000), { 'content-type': PROTOBUF }, small.url);
      expect([large.status, await status(large)]).toEqual([
        413,
        { code: 3, message: expect.stringContaining('OTLP_BODY_BYTES') },
      ]);
      const bomb = gzipSync(Buffer.alloc(1_000_000));
      expect(bomb.length).toBeLessThan(2000);
      const inflated = await post(bomb, { 'content-type': PROTOBUF, 'content-encoding': 'gzip' }, small.url);
      expect([inflated.status, (await status(inflated)).message]).toEqual([
        413,
        expect.stringContaining('OTLP_INFLATED_BYTES'),
      ]);
    } finally {
      setLimit('OTLP_BODY_BYTES', undefined);
      setLimit('OTLP_INFLATED_BYTES', undefined);
    }
  });

  it('another method: 405; another path: 404', async () => {
    const get = await fetch(running.url);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await fetch(running.url, { method: 'DELETE' })).status).toBe(405);
    expect((await post(shop, { 'content-type': PROTOBUF }, `${running.trainer.address}/v1/logs`)).status).toBe(404);
  });

  it('full buffers: 429 with Retry-After, and taken again when there is room', async () => {
    const full = await startTrainer();
    setLimit('TRAINER_HELD_BYTES', 1);
    try {
      expect((await post(shop, { 'content-type': PROTOBUF }, full.url)).status).toBe(200);
      const response = await post(shop, { 'content-type': PROTOBUF }, full.url);
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5']);
      expect((await status(response)).code).toBe(8);
    } finally {
      setLimit('TRAINER_HELD_BYTES', undefined);
    }
    expect((await post(shop, { 'content-type': PROTOBUF }, full.url)).status).toBe(200);
  });
});

describe('the other pages', () => {
  it('/healthz, /metrics, / as text and HTML', async () => {
    const { address } = running.trainer;
    expect(await (await fetch(`${address}/healthz`)).json()).toEqual({ status: 'ok' });
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toMatch(/^gent_trainer_received_spans_total\{receiver="otlp-http"\} \d+$/m);
    expect(metrics).toMatch(/^gent_trainer_open_traces \d+$/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(await (await fetch(address)).text()).toContain(`${address}/v1/traces`);
    const html = await fetch(address, { headers: { accept: 'text/html' } });
    expect(html.headers.get('content-type')).toContain('text/html');
    expect(await html.text()).toContain('<h1>GenT trainer');
  });
});
