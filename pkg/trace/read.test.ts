import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { setLimit } from '../common';
import { newAnomalies } from './anomalies';
import { jaegerJson } from './jaeger-write';
import { otlpJson, resourceSpansJson } from './otlp-json-write';
import { otlpProtobuf } from './otlp-proto-write';
import { type BadInput, newReadStats, readAllTraces, readTraces, type ReadTracesOptions } from './read';
import { type ByteSource, byteSources, readBytes } from './source';
import { makeSpan, traceId } from './test-spans';
import type { Trace } from './types';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'gent-read-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let files = 0;
/** A new file with this content. */
function file(content: string | Uint8Array, name = `input-${files++}`): string {
  const full = path.join(dir, name);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

const trace = (n: number, spans = [1, 2]): Trace => ({
  traceId: traceId(n),
  spans: spans.map((id) => makeSpan(id, id - 1, { traceId: traceId(n) })),
});
const TRACES = [trace(1), trace(2), trace(3)];
const NDJSON = `${TRACES.map((t) => otlpJson([t])).join('\n')}\n`;
const pretty = (text: string): string => JSON.stringify(JSON.parse(text), null, 2);

/** A four-byte big-endian length and the message, as the collector's file exporter writes. */
function delimited(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(message.length);
  return Buffer.concat([prefix, message]);
}

async function read(input: string | string[], options: ReadTracesOptions = {}) {
  const bad: BadInput[] = [];
  const stats = newReadStats();
  const traces: Trace[] = [];
  let error: unknown;
  try {
    for await (const one of readTraces(input, { stats, onBadInput: (b) => bad.push(b), ...options })) {
      traces.push(one);
    }
  } catch (thrown) {
    error = thrown;
  }
  return { traces, bad, stats, error };
}

const ZIPKIN = TRACES.map((t) =>
  t.spans.map((s) => ({
    traceId: s.traceId,
    id: s.spanId,
    ...(s.parentSpanId && { parentId: s.parentSpanId }),
    name: s.name,
  }))
);

describe('forms', () => {
  test.each<[string, string | Uint8Array]>([
    ['NDJSON', NDJSON],
    ['NDJSON without a last line end', NDJSON.trimEnd()],
    ['NDJSON with CRLF, blank lines and a byte order mark', `\uFEFF\n${NDJSON.replace(/\n/g, '\r\n\r\n')}`],
    ['gzip', gzipSync(NDJSON)],
    ['gzip in several members', Buffer.concat(TRACES.map((t) => gzipSync(`${otlpJson([t])}\n`)))],
    ['one document', otlpJson(TRACES)],
    ['one pretty document', pretty(otlpJson(TRACES))],
    ['pretty documents, one after the other', TRACES.map((t) => pretty(otlpJson([t]))).join('\n')],
    ['a list of documents', `[${TRACES.map((t) => otlpJson([t])).join(',')}]`],
    ['a list of documents, one a line', `[\n${TRACES.map((t) => otlpJson([t])).join(',\n')}\n]`],
    ['a list with one document', `[\n${otlpJson(TRACES)}\n]`],
    ["Tempo's first answer", `{"batches":${resourceSpansJson(TRACES, 'tempo')}}`],
    [
      "Tempo's second answer, pretty",
      pretty(`{"trace":{"resourceSpans":${resourceSpansJson(TRACES, 'tempo')}},"metrics":{}}`),
    ],
    ["Jaeger's answer, as OTLP", `{"result":{"resourceSpans":${resourceSpansJson(TRACES)}}}`],
    ['protobuf', otlpProtobuf(TRACES)],
    ['protobuf after lengths', Buffer.concat(TRACES.map((t) => delimited(otlpProtobuf([t]))))],
    ['gzipped protobuf', gzipSync(otlpProtobuf(TRACES))],
  ])('%s', async (_name, content) => {
    const { traces, bad, stats, error } = await read(file(content));
    expect(error).toBeUndefined();
    expect(bad).toEqual([]);
    expect(traces).toEqual(TRACES);
    expect(stats).toMatchObject({ files: 1, spans: 6, traces: 3, bad: 0 });
  });

  test.each<[string, string]>([
    ['Jaeger', jaegerJson(TRACES)],
    ['Jaeger, pretty', pretty(jaegerJson(TRACES))],
    ['Zipkin', JSON.stringify(ZIPKIN)],
    ['Zipkin, one trace a line', ZIPKIN.map((t) => JSON.stringify(t)).join('\n')],
    [
      'Zipkin, one span a line',
      ZIPKIN.flat()
        .map((s) => JSON.stringify(s))
        .join('\n'),
    ],
  ])('%s', async (_name, content) => {
    const { traces, bad } = await read(file(content));
    expect(bad).toEqual([]);
    expect(traces.map((t) => t.spans.map((s) => [s.traceId, s.spanId, s.parentSpanId, s.name]))).toEqual(
      TRACES.map((t) => t.spans.map((s) => [s.traceId, s.spanId, s.parentSpanId, s.name]))
    );
  });

  test('a named format refuses the others', async () => {
    const { error, bad } = await read(file(jaegerJson(TRACES)), { format: 'zipkin' });
    expect(error).toMatchObject({ code: 'TRACE_NONE_FOUND' });
    expect(bad[0]?.error.code).toBe('TRACE_DOCUMENT_INVALID');
  });

  test('stdin, and several inputs in order', async () => {
    const chunks = [...NDJSON].map((character) => Buffer.from(character));
    const { traces } = await read([file(otlpJson([trace(9)])), '-'], {
      stdin: (async function* () {
        yield* chunks;
      })(),
    });
    expect(traces).toEqual([trace(9), ...TRACES]);
  });

  test('a directory: every file below it, sorted, hidden ones left out', async () => {
    file(otlpJson([trace(3)]), 'tree/b.json');
    file(otlpJson([trace(1)]), 'tree/a/z.ndjson');
    file(gzipSync(otlpJson([trace(2)])), 'tree/a/zz.ndjson.gz');
    file('# words', 'tree/README.md');
    file('{', 'tree/.hidden');
    const { traces, bad } = await read(path.join(dir, 'tree'));
    expect(traces).toEqual(TRACES);
    expect(bad.map((b) => [path.basename(b.file), b.line, b.error.code])).toEqual([
      ['README.md', 0, 'TRACE_FORMAT_UNKNOWN'],
    ]);
  });
});

describe('bad input', () => {
  test.each<[string, string]>([
    ['cut short', otlpJson([trace(9)]).slice(0, 100)],
    ['no JSON', 'hello'],
    ['other JSON', '{"resourceLogs":[]}'],
    ['a wrong field', '{"resourceSpans":5}'],
    ['nested deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['nested deep in a resource', `{"resourceSpans":[{"resource":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}]}`],
  ])('a line that is %s is reported and left out, first or in the middle', async (_name, line) => {
    const lines = NDJSON.trimEnd().split('\n');
    const middle = await read(file([lines[0], line, '', lines[1], lines[2]].join('\n')));
    expect(middle.traces).toEqual(TRACES);
    expect(middle.bad.map((b) => b.line)).toEqual([2]);
    expect(middle.stats.bad).toBe(1);
    expect(middle.bad[0]?.error.code).toMatch(/TRACE_DOCUMENT_INVALID|TRACE_FORMAT_UNKNOWN|LIMIT_EXCEEDED/);
    if (line.startsWith('{')) {
      const first = await read(file([line, ...lines].join('\n')));
      expect(first.traces).toEqual(TRACES);
      expect(first.bad.map((b) => b.line)).toEqual([1]);
    }
  });

  test('strict makes it fatal, with file and line, after the traces before it', async () => {
    const input = file(`${otlpJson([trace(1)])}\nnonsense\n${otlpJson([trace(2)])}\n`);
    const { traces, error } = await read(input, { strict: true });
    expect(traces).toEqual([trace(1)]);
    expect(error).toMatchObject({
      code: 'TRACE_LINE_INVALID',
      message: expect.stringContaining(`${input}:2: no JSON`),
    });
  });

  test('a line over the limit is skipped', async () => {
    const long = `{"x":"${'y'.repeat(5000)}"}`;
    setLimit('JSON_LINE_BYTES', 4000);
    try {
      const { traces, bad } = await read(file(`${otlpJson([trace(1)])}\n${long}\n${otlpJson([trace(2)])}\n${long}`));
      expect(traces).toEqual([trace(1), trace(2)]);
      expect(bad.map((b) => [b.line, b.error.code])).toEqual([
        [2, 'LIMIT_EXCEEDED'],
        [4, 'LIMIT_EXCEEDED'],
      ]);
      const big = await read(file(`{\n${'"a": 1,\n'.repeat(2000)}"b": 1}`));
      expect(big.bad[0]?.error.code).toBe('LIMIT_EXCEEDED');
    } finally {
      setLimit('JSON_LINE_BYTES', undefined);
    }
  });

  test.each<[string, string, number]>([
    ['blanks in a document', '{ ', 0x20],
    ['a string without an end', '{"resourceSpans":"', 0x61],
    ['empty lines', '', 0x0a],
  ])(
    'a file that unzips to 64 MB of %s is read within bounds, and what lies around it is read',
    async (_, start, byte) => {
      setLimit('JSON_LINE_BYTES', 1_000_000);
      setLimit('TRACE_FILE_BYTES', 1_000_000);
      const lines = NDJSON.trimEnd().split('\n');
      const blown = gzipSync(Buffer.alloc(8 << 20, byte));
      const zipped = [
        gzipSync(`${lines[0]}\n${start}`),
        ...Array.from({ length: 8 }, () => blown),
        gzipSync(`\n${lines[1]}\n`),
      ];
      const bomb = file(Buffer.concat(zipped));
      expect(statSync(bomb).size).toBeLessThan(300_000);
      try {
        const { traces, bad, stats, error } = await read(bomb);
        expect(error).toBeUndefined();
        expect(traces.map((one) => one.traceId)).toEqual([traceId(1), traceId(2)]);
        expect(bad.length).toBe(start === '' ? 0 : 1);
        expect(stats.bytes).toBeGreaterThan(64 << 20);
      } finally {
        setLimit('JSON_LINE_BYTES', undefined);
        setLimit('TRACE_FILE_BYTES', undefined);
      }
    }
  );

  test('protobuf that unzips to more than a file may have is refused before it is held', async () => {
    setLimit('TRACE_FILE_BYTES', 1_000_000);
    try {
      const zipped = [gzipSync(otlpProtobuf(TRACES)), gzipSync(Buffer.alloc(64 << 20))];
      const { traces, stats, error } = await read(file(Buffer.concat(zipped)));
      expect(traces).toEqual([]);
      expect(error).toMatchObject({ code: 'TRACE_NONE_FOUND' });
      expect(stats.bytes).toBeLessThan(40 << 20);
    } finally {
      setLimit('TRACE_FILE_BYTES', undefined);
    }
  });

  test('no more than a piece of what it unzips to is held at a time', async () => {
    const member = gzipSync(Buffer.alloc(8 << 20));
    const [source] = await byteSources([file(Buffer.concat(Array.from({ length: 32 }, () => member)))]);
    let most = 0;
    let bytes = 0;
    const before = process.memoryUsage().arrayBuffers;
    for await (const chunk of readBytes(source as ByteSource)) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      bytes += chunk.length;
    }
    expect(bytes).toBe(256 << 20);
    // A piece makes 32 MiB; as much again waits to be collected.
    expect(most).toBeLessThan(160 << 20);
  });

  test('a gzip file cut short gives what is whole, then an error', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => otlpJson([trace(i + 1)])).join('\n');
    const whole = gzipSync(many);
    const { traces, error, bad } = await read(file(whole.subarray(0, whole.length >> 1)));
    expect(error).toMatchObject({ code: 'TRACE_GZIP_CORRUPT' });
    expect(bad).toEqual([]);
    expect(traces.length).toBeGreaterThan(1000);
    expect(traces.length).toBeLessThan(2900);
    expect(traces[traces.length - 1]).toEqual(trace(traces.length));
  });

  test('a damaged file does not keep the next from being read', async () => {
    const cut = gzipSync(NDJSON).subarray(0, 40);
    const { traces, error } = await read([file(cut), file(otlpJson([trace(5)]))]);
    expect(traces).toEqual([trace(5)]);
    expect(error).toMatchObject({ code: 'TRACE_GZIP_CORRUPT' });
  });

  test('protobuf cut short is reported; whole messages before the cut are read', async () => {
    const cut = await read(file(otlpProtobuf(TRACES).subarray(0, 150)));
    expect(cut.bad[0]?.error.code).toBe('TRACE_DOCUMENT_INVALID');
    const messages = Buffer.concat(TRACES.map((t) => delimited(otlpProtobuf([t]))));
    const { traces, bad } = await read(file(messages.subarray(0, -5)));
    expect(traces).toEqual(TRACES.slice(0, 2));
    expect(bad[0]?.error.message).toMatch(/cut short/);
  });

  test.each<[string, string | Uint8Array]>([
    ['empty', ''],
    ['blank', ' \n\n'],
    ['a document without spans', '{"resourceSpans":[]}'],
    ['an empty answer', '{"trace":{}}'],
    ['words', 'no traces here'],
    ['binary', Uint8Array.from({ length: 300 }, (_, i) => (i * 7 + 128) % 256)],
    ['an empty gzip file', gzipSync('')],
  ])('a file without traces (%s) is an error', async (_name, content) => {
    const input = file(content);
    const { error } = await read(input);
    expect(error).toMatchObject({ code: 'TRACE_NONE_FOUND', message: expect.stringContaining(input) });
  });

  test('a file that does not exist is an error', async () => {
    expect((await read(path.join(dir, 'nowhere'))).error).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  test('a reader that stops early closes the file', async () => {
    const input = file(NDJSON.repeat(3000));
    const openFiles = () =>
      readdirSync('/proc/self/fd').map((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          return '';
        }
      });
    for await (const one of readTraces(input, { windowSpans: 0 })) {
      expect(one).toEqual(trace(1));
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(existsSync('/proc/self/fd') ? openFiles() : []).not.toContain(input);
  });

  test('reading stops when it is cancelled', async () => {
    const abort = new AbortController();
    const input = file(NDJSON);
    const seen: Trace[] = [];
    const reading = (async () => {
      for await (const one of readTraces(input, { signal: abort.signal, windowSpans: 0 })) {
        seen.push(one);
        abort.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen).toHaveLength(1);
  });
});

describe('assembly', () => {
  const scattered = [trace(1, [1]), trace(2, [1, 2]), trace(1, [2])].map((t) => otlpJson([t])).join('\n');

  test('pieces of a trace in nearby lines are joined', async () => {
    const anomalies = newAnomalies();
    const { traces } = await read(file(scattered), { anomalies });
    expect(new Set(traces)).toEqual(new Set([trace(1), trace(2)]));
    expect(anomalies.lateTraces).toBe(0);
  });

  test('beyond the window they leave apart, counted', async () => {
    const anomalies = newAnomalies();
    const { traces } = await read(file(scattered), { windowSpans: 0, anomalies });
    expect(traces.map((t) => t.spans.length)).toEqual([1, 2, 1]);
    expect(anomalies.lateTraces).toBe(1);
  });

  test('a line of several traces gives several traces', async () => {
    expect(await readAllTraces(file(otlpJson(TRACES)), { windowSpans: 0 })).toEqual(TRACES);
  });
});

test('spans without usable ids are dropped and counted; zero parent ids mean none', async () => {
  const anomalies = newAnomalies();
  const span = (traceIdText: string, spanIdText: string, parentSpanId = '') => ({
    traceId: traceIdText,
    spanId: spanIdText,
    parentSpanId,
  });
  const good = [traceId(1), '00000000000000a1'] as const;
  const spans = [
    span(...good),
    span(...good, '0'.repeat(16)),
    span(...good, 'zz'),
    span('0'.repeat(32), good[1]),
    span(good[0], '0'.repeat(16)),
    span('', good[1]),
    span(good[0], ''),
    span('abcd', good[1]),
    span(good[0], 'abcd'),
    span('not hex', good[1]),
  ];
  const [read1] = await readAllTraces(file(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })), {
    anomalies,
  });
  expect(read1?.spans.map((s) => s.parentSpanId)).toEqual(['', '', '']);
  expect(anomalies).toEqual({ ...newAnomalies(), invalidIds: 7, invalidParentIds: 2 });
});
