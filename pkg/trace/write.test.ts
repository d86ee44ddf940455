import fs, { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { otlpJson } from './otlp-json-write';
import { readAllTraces } from './read';
import { makeSpan, traceId } from './test-spans';
import type { Trace } from './types';
import { writeTraces } from './write';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'gent-write-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const trace = (n: number): Trace => ({ traceId: traceId(n), spans: [makeSpan(1, 0, { traceId: traceId(n) })] });
const TRACES = [trace(1), trace(2)];

test('a file: one trace a line, directories made, read back the same', async () => {
  const target = path.join(dir, 'new', 'out.ndjson');
  expect(await writeTraces(target, TRACES)).toEqual({ traces: 2, spans: 2 });
  expect(readFileSync(target, 'utf8')).toBe(TRACES.map((t) => `${otlpJson([t])}\n`).join(''));
  expect(await readAllTraces(target)).toEqual(TRACES);
});

test('a .gz file is gzip', async () => {
  const target = path.join(dir, 'out.ndjson.gz');
  await writeTraces(target, TRACES, { gzipLevel: 9 });
  expect(gunzipSync(readFileSync(target)).toString()).toContain(traceId(2));
  expect(await readAllTraces(target)).toEqual(TRACES);
});

test('no traces make an empty file', async () => {
  const target = path.join(dir, 'none.ndjson');
  expect(await writeTraces(target, [])).toEqual({ traces: 0, spans: 0 });
  expect(readFileSync(target)).toHaveLength(0);
});

test('a slow stream holds the writer back', async () => {
  let made = 0;
  let taken = 0;
  let ahead = 0;
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      taken += chunk.toString().split('\n').length - 1;
      ahead = Math.max(ahead, made - taken);
      setImmediate(done);
    },
  });
  function* many(): Generator<Trace> {
    for (let i = 1; i <= 20_000; i++) {
      made = i;
      yield trace(i);
    }
  }
  await writeTraces(slow, many());
  expect(taken).toBe(20_000);
  // A chunk is some 1,000 of these traces; a handful may be under way.
  expect(ahead).toBeLessThan(8_000);
  expect(slow.writableEnded).toBe(false);
});

test('a stream that is closed ends the writing with an error', async () => {
  const closing = new Writable({
    highWaterMark: 1,
    write() {
      this.destroy();
    },
  });
  await expect(writeTraces(closing, TRACES)).rejects.toThrow(/closed/);
});

test('a file that cannot be written is a coded error', async () => {
  writeFileSync(path.join(dir, 'plain'), '');
  await expect(writeTraces(path.join(dir, 'plain', 'x.ndjson'), TRACES)).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
  });
});

test.each(['cancelled.ndjson', 'cancelled.ndjson.gz'])(
  'cancelling ends the writing, and then %s is closed',
  async (name) => {
    // A disk that is slow to open, which a busy machine is at times.
    const { open } = fs;
    const slow = (...args: unknown[]): unknown => setTimeout(() => (open as (...all: unknown[]) => void)(...args), 100);
    jest.spyOn(fs, 'open').mockImplementationOnce(slow as typeof open);
    const abort = new AbortController();
    abort.abort();
    const target = path.join(dir, name);
    await expect(writeTraces(target, TRACES, { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    // Not made or written any more once the caller knows: who is told may clean up.
    expect(existsSync(target)).toBe(true);
  }
);
