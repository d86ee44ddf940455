/** @file The OTLP/gRPC receiver, asked by OpenTelemetry's own exporter and by clients that send what they should not. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, compressionAlgorithms, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { setLimit } from '../../pkg/common';
import { otlpCollector, otlpTrace } from '../../pkg/proto';
import { simulateShop } from '../../pkg/pandora';
import { otlpProtobuf } from '../../pkg/trace';
import { type Running, startTrainer, stopTrainers } from './harness';

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const shop = Buffer.from(otlpProtobuf(simulateShop({ count: 20, seed: 1, startUnixNano: 1_700_000_000_000_000_000n })));

let running: Running;
let client: Client;
beforeEach(async () => {
  running = await startTrainer({ listenGrpc: '127.0.0.1:0', idleMs: 60_000 });
  client = new Client(running.trainer.grpcAddress.replace('http://', ''), credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  setLimit('TRAINER_HELD_BYTES', undefined);
  await stopTrainers();
});

/** Sends bytes as an Export request. */
const send = (bytes: Buffer) =>
  new Promise<otlpCollector.ExportTraceServiceResponse>((resolve, reject) => {
    client.makeUnaryRequest(
      EXPORT,
      (request: Buffer) => request,
      (answer: Buffer) => fromBinary(otlpCollector.ExportTraceServiceResponseSchema, answer),
      bytes,
      (error, answer) => (error === null ? resolve(answer!) : reject(error))
    );
  });
const failure = (bytes: Buffer) =>
  send(bytes).then(
    () => undefined,
    (error: ServiceError) => ({ code: error.code, details: error.details })
  );
const received = () => running.metric('gent_trainer_received_spans_total', { receiver: 'otlp-grpc' });

it.each(['none', 'gzip'])("OpenTelemetry's exporter, %s", async (compression) => {
  const sender = path.join(__dirname, 'sdk-sender.mjs');
  const argv = [sender, running.trainer.grpcAddress, 'grpc', compression];
  const { stderr } = await promisify(execFile)(process.execPath, argv);
  expect(stderr).toBe('');
  expect(await received()).toBe(20);
  expect(running.trainer.status().held.openTraces).toBe(10);
});

it('answers with an empty message, and counts spans whose ids are not valid', async () => {
  expect((await send(shop)).partialSuccess).toBeUndefined();
  expect(running.trainer.status().held.openTraces).toBe(20);
  const spans = ['00'.repeat(16), 'ab'.repeat(16), 'ab'].map((hex) =>
    create(otlpTrace.SpanSchema, { traceId: Buffer.from(hex, 'hex'), spanId: Buffer.from('0102030405060708', 'hex') })
  );
  const request = create(otlpCollector.ExportTraceServiceRequestSchema, {
    resourceSpans: [{ scopeSpans: [{ spans }] }],
  });
  const { partialSuccess } = await send(Buffer.from(toBinary(otlpCollector.ExportTraceServiceRequestSchema, request)));
  expect(partialSuccess).toMatchObject({
    rejectedSpans: 2n,
    errorMessage: expect.stringMatching(/trace id/) as string,
  });
  expect(running.trainer.status().held.openTraces).toBe(21);
});

it('refuses what is no request, and goes on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(shop.length - 1), async (bytes, cut) => {
      const refused = [await failure(Buffer.from(bytes)), await failure(shop.subarray(0, cut))];
      refused.forEach((error) => expect([undefined, status.INVALID_ARGUMENT]).toContain(error?.code));
    }),
    { seed: 1, numRuns: 60 }
  );
  await send(shop);
  expect(await received()).toBeGreaterThan(0);
});

it('refuses what unzips to more than it may, as it unzips, and goes on', async () => {
  setLimit('OTLP_INFLATED_BYTES', 1_000_000);
  const small = await startTrainer({ listenGrpc: '127.0.0.1:0', idleMs: 60_000 });
  const zipping = new Client(small.trainer.grpcAddress.replace('http://', ''), credentials.createInsecure(), {
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
  const plain = client;
  client = zipping;
  try {
    // A span whose name is 48 MB of one letter: some 48 kB on the wire, so the length that is sent says nothing.
    const span = create(otlpTrace.SpanSchema, {
      traceId: Buffer.alloc(16, 1),
      spanId: Buffer.alloc(8, 1),
      name: 'a'.repeat(48_000_000),
    });
    const request = create(otlpCollector.ExportTraceServiceRequestSchema, {
      resourceSpans: [{ scopeSpans: [{ spans: [span] }] }],
    });
    const bomb = Buffer.from(toBinary(otlpCollector.ExportTraceServiceRequestSchema, request));
    expect(await failure(bomb)).toEqual({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/decompresses to a size larger than 1000000/) as string,
    });
    expect(small.trainer.status().held.openTraces).toBe(0);
    await send(shop);
    expect(small.trainer.status().held.openTraces).toBe(20);
  } finally {
    client = plain;
    zipping.close();
    setLimit('OTLP_INFLATED_BYTES', undefined);
  }
});

it('asks senders to come back while buffers are full, and while it ends', async () => {
  setLimit('TRAINER_HELD_BYTES', 0);
  await send(shop);
  expect(await failure(shop)).toMatchObject({
    code: status.UNAVAILABLE,
    details: expect.stringMatching(/full/) as string,
  });
  setLimit('TRAINER_HELD_BYTES', undefined);
  const stopped = running.trainer.stop();
  expect(await failure(shop)).toMatchObject({
    code: status.UNAVAILABLE,
    details: expect.stringMatching(/shutting down/) as string,
  });
  running.trainer.abort();
  await stopped;
});
