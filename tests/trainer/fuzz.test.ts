/** @file Seeded fuzz of the receiver: whatever is sent, it answers with a status of the specification and goes on. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { simulateShop } from '../../pkg/pandora';
import { otlpJson, otlpProtobuf } from '../../pkg/trace';
import { startTrainer, stopTrainers, type Running } from './harness';

let running: Running;
beforeAll(async () => {
  running = await startTrainer();
});
afterAll(stopTrainers);

// Small, so that a counterexample can be read.
const traces = [...simulateShop({ count: 100, seed: 2, startUnixNano: 1_700_000_000_000_000_000n })].filter(
  (trace) => trace.spans.length <= 3
);
const seeds = {
  'application/x-protobuf': Buffer.from(otlpProtobuf(traces.slice(0, 1))),
  'application/json': Buffer.from(otlpJson(traces.slice(0, 1))),
};

/** A valid body with some bytes changed, cut, or put in. */
const mutated = (body: Buffer) =>
  fc
    .array(
      fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 0, max: 255 }), fc.constantFrom('set', 'cut', 'insert')),
      {
        minLength: 1,
        maxLength: 8,
      }
    )
    .map((edits) => {
      let bytes = Buffer.from(body);
      for (const [at, value, edit] of edits) {
        if (edit === 'set' && at < bytes.length) {
          bytes[at] = value;
        } else if (edit === 'cut') {
          bytes = bytes.subarray(0, at);
        } else {
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([value]), bytes.subarray(at)]);
        }
      }
      return bytes;
    });

describe.each(Object.entries(seeds))('%s', (contentType, body) => {
  it.each([
    ['changed bodies', mutated(body), false],
    ['changed bodies, gzipped', mutated(body), true],
    ['any bytes', fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)), false],
  ])('%s', async (_name, arbitrary, zip) => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (bytes) => {
        const response = await fetch(running.url, {
          method: 'POST',
          headers: { 'content-type': contentType, ...(zip ? { 'content-encoding': 'gzip' } : {}) },
          body: zip ? gzipSync(bytes) : bytes,
        });
        expect([200, 400]).toContain(response.status);
        expect(response.headers.get('content-type')).toBe(contentType);
        await response.arrayBuffer();
      }),
      { seed: 7, numRuns: 120 }
    );
    expect((await fetch(`${running.trainer.address}/healthz`)).status).toBe(200);
  });

  it('gzip with changed bytes', async () => {
    const zipped = gzipSync(body);
    await fc.assert(
      fc.asyncProperty(mutated(zipped), async (bytes) => {
        const response = await fetch(running.url, {
          method: 'POST',
          headers: { 'content-type': contentType, 'content-encoding': 'gzip' },
          body: bytes,
        });
        expect([200, 400, 413]).toContain(response.status);
        await response.arrayBuffer();
      }),
      { seed: 8, numRuns: 80 }
    );
  });
});
