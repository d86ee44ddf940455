import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { GentError } from '../common';
import { trace as arbitraryTrace } from './arbitraries';
import { newReadContext } from './context';
import { jaegerJson } from './jaeger-write';
import { otlpJson } from './otlp-json-write';
import { parseOtlpJson } from './otlp-json-read';
import { parseOtlpProtobuf } from './otlp-proto-read';
import { otlpProtobuf } from './otlp-proto-write';
import { readTraces } from './read';
import { makeSpan, traceId } from './test-spans';
import type { Trace } from './types';

/** Changes to bytes: overwrite, cut, repeat. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  byte: fc.integer({ min: 0, max: 255 }),
  how: fc.constantFrom('set', 'set', 'set', 'cut', 'insert', 'double'),
});

function mutate(bytes: Buffer, mutations: Array<{ at: number; byte: number; how: string }>): Buffer {
  let result = Buffer.from(bytes);
  for (const { at, byte, how } of mutations) {
    const position = Math.floor(at * result.length);
    if (how === 'set' && result.length > 0) {
      result[Math.min(position, result.length - 1)] = byte;
    } else if (how === 'cut') {
      result = result.subarray(0, position);
    } else if (how === 'insert') {
      result = Buffer.concat([result.subarray(0, position), Buffer.of(byte), result.subarray(position)]);
    } else if (how === 'double') {
      result = Buffer.concat([result.subarray(0, position), result]);
    }
  }
  return result;
}

const damage = fc.array(mutation, { minLength: 1, maxLength: 4 });
const GOOD: Trace = { traceId: traceId(77), spans: [makeSpan(1, 0, { traceId: traceId(77) })] };

/** Reads bytes as stdin; anything but a coded error is a failure. */
async function readBytes(bytes: Buffer): Promise<Trace[]> {
  const traces: Trace[] = [];
  const stdin = (async function* () {
    yield bytes;
  })();
  try {
    for await (const one of readTraces('-', { stdin })) {
      traces.push(one);
    }
  } catch (error) {
    if (!(error instanceof GentError) || error.code === 'INTERNAL') {
      throw error;
    }
  }
  return traces;
}

const FORMS: Array<[string, (traces: Trace[]) => Buffer]> = [
  ['NDJSON', (traces) => Buffer.from(traces.map((t) => `${otlpJson([t])}\n`).join(''))],
  ['pretty JSON', (traces) => Buffer.from(JSON.stringify(JSON.parse(otlpJson(traces)), null, 1))],
  ['Jaeger', (traces) => Buffer.from(jaegerJson(traces))],
  ['protobuf', (traces) => Buffer.from(otlpProtobuf(traces))],
  ['gzip', (traces) => gzipSync(traces.map((t) => otlpJson([t])).join('\n'))],
];

test.each(FORMS)('damaged %s is read or refused, never worse', async (_name, encode) => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryTrace, { minLength: 1, maxLength: 3 }), damage, async (traces, mutations) => {
      for (const one of await readBytes(mutate(encode(traces), mutations))) {
        // What was read can be written.
        otlpJson([one]);
        otlpProtobuf([one]);
      }
    }),
    { seed: 11, numRuns: 150 }
  );
});

test('a damaged line of NDJSON costs only itself', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryTrace, damage, async (one, mutations) => {
      const line = mutate(Buffer.from(otlpJson([one])), mutations).filter((byte) => byte !== 0x0a);
      const good = Buffer.from(`${otlpJson([GOOD])}\n`);
      const traces = await readBytes(Buffer.concat([good, line, Buffer.from('\n'), good]));
      const whole = traces.filter((t) => t.traceId === GOOD.traceId).flatMap((t) => t.spans);
      expect(whole).toEqual([...GOOD.spans, ...GOOD.spans]);
    }),
    { seed: 12, numRuns: 150 }
  );
});

test('any bytes are read or refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      await readBytes(Buffer.from(bytes));
    }),
    { seed: 13, numRuns: 300 }
  );
});

test('any JSON is read or refused', () => {
  const names = fc.constantFrom(
    ...['resourceSpans', 'batches', 'trace', 'resource', 'scopeSpans', 'spans', 'attributes', 'value', 'arrayValue'],
    ...['values', 'kvlistValue', 'events', 'links', 'status', 'traceId', 'data', 'spanID', 'traceID', 'tags', 'id']
  );
  const json = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom(null, true, 0, -1, 1e300, '', 'x', traceId(1)),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(names, tie('node'), { maxKeys: 4 })
    ),
  })).node;
  const coded = (read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      expect(error).toBeInstanceOf(GentError);
    }
  };
  return fc.assert(
    fc.asyncProperty(json, async (document) => {
      const text = JSON.stringify(document);
      coded(() => parseOtlpJson(text, newReadContext()));
      await readBytes(Buffer.from(text));
    }),
    { seed: 14, numRuns: 1000 }
  );
});

test('any bytes after a protobuf head are read or refused', () => {
  const message = Buffer.from(otlpProtobuf([GOOD]));
  fc.assert(
    fc.property(fc.nat(message.length), fc.uint8Array({ maxLength: 40 }), (keep, rest) => {
      try {
        parseOtlpProtobuf(Buffer.concat([message.subarray(0, keep), rest]), newReadContext());
      } catch (error) {
        expect(error).toMatchObject({ name: 'GentError' });
      }
    }),
    { seed: 15, numRuns: 1000 }
  );
});
