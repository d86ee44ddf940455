/** @file The log on disk: whatever is cut or damaged, whole records come back in order; what is done with leaves the disk. */
import fc from 'fast-check';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeLogger, setLimit, silentLogger } from '../common';
import { decodeRecords, encodeRecord, type LogRecord } from './log-records';
import { WriteAheadLog } from './write-ahead-log';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'gent-wal-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
  setLimit('TRAINER_LOG_BYTES', undefined);
});

const id = (n: number) => n.toString(16).padStart(32, '0');
const body = (text: string) => ({ encoding: 'json' as const, coding: 'gzip', bytes: Buffer.from(text) });

const record: fc.Arbitrary<LogRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('received' as const),
    number: fc.nat(),
    body: fc.record({
      encoding: fc.constantFrom('protobuf' as const, 'json' as const),
      coding: fc.constantFrom('', 'gzip', 'deflate'),
      bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    }),
  }),
  fc.record({
    kind: fc.constant('done' as const),
    number: fc.nat(),
    traces: fc.array(fc.record({ traceId: fc.nat().map(id), last: fc.nat() }), { maxLength: 5 }),
  })
);

function decoded(bytes: Buffer): { records: LogRecord[]; whole: number } {
  const records: LogRecord[] = [];
  const iterator = decodeRecords(bytes);
  let step = iterator.next();
  for (; step.done !== true; step = iterator.next()) {
    records.push(step.value);
  }
  return { records, whole: step.value };
}

test('records come back as they were; a cut or a flipped bit leaves those before it', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), fc.nat(), fc.nat(7), (records, at, bit) => {
      const parts = records.map(encodeRecord);
      const bytes = Buffer.concat(parts);
      expect(decoded(bytes)).toEqual({ records, whole: bytes.length });
      const place = at % bytes.length;
      let end = 0;
      const before = parts.filter((part) => (end += part.length) <= place).length;
      expect(decoded(bytes.subarray(0, place)).records).toEqual(records.slice(0, before));
      const flipped = Buffer.from(bytes);
      flipped[place] = (flipped[place] ?? 0) ^ (1 << bit);
      expect(decoded(flipped).records.slice(0, before)).toEqual(records.slice(0, before));
      expect(decoded(flipped).records.length).toBe(before);
    }),
    { seed: 1, numRuns: 300 }
  );
});

async function left(log: WriteAheadLog): Promise<Array<[number, string]>> {
  const found: Array<[number, string]> = [];
  for await (const { number, body: sent } of log.replay()) {
    found.push([number, Buffer.from(sent.bytes).toString()]);
  }
  return found;
}

test('what was written is there after a crash, in order; a torn end is cut off, and numbers go on', async () => {
  const log = await WriteAheadLog.open(directory, silentLogger);
  const calls = Array.from({ length: 50 }, (_, i) => log.append(body(`request ${i}`)));
  const order: number[] = [];
  await Promise.all(calls.map(({ number, written }) => written.then(() => order.push(number))));
  expect(order).toEqual(calls.map(({ number }) => number));
  await log.close();
  const [segment] = readdirSync(directory) as [string];
  writeFileSync(path.join(directory, segment), readFileSync(path.join(directory, segment)).subarray(0, -3));
  const warnings: string[] = [];
  const again = await WriteAheadLog.open(
    directory,
    makeLogger((_level, message) => void warnings.push(message))
  );
  expect(await left(again)).toEqual(Array.from({ length: 49 }, (_, i) => [i + 1, `request ${i}`]));
  expect(warnings).toEqual(['the log ends in a record that was not written whole: it is cut off']);
  expect(again.append(body('next')).number).toBe(50);
  await again.close();
  const third = await WriteAheadLog.open(directory, silentLogger);
  expect((await left(third)).map(([number]) => number)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  await third.close();
});

test('done traces are said to be done up to their last record, also after a restart; all done leaves nothing', async () => {
  const log = await WriteAheadLog.open(directory, silentLogger);
  for (const text of ['one', 'two', 'three']) {
    await log.append(body(text)).written;
  }
  await log.done([{ traceId: id(7), last: 2 }], () => 1);
  await log.close();
  const again = await WriteAheadLog.open(directory, silentLogger);
  const seen: Array<[number, boolean, boolean]> = [];
  for await (const { number, done } of again.replay()) {
    seen.push([number, done(id(7)), done(id(8))]);
  }
  expect(seen).toEqual([
    [1, true, false],
    [2, true, false],
    [3, false, false],
  ]);
  expect(again.bytes).toBeGreaterThan(0);
  await again.done([{ traceId: id(8), last: 3 }], () => undefined);
  expect(again.bytes).toBe(0);
  expect(readdirSync(directory)).toEqual(['lock']);
  // And it takes more.
  const { number, written } = again.append(body('more'));
  await written;
  await again.close();
  expect(await left(await WriteAheadLog.open(directory, silentLogger))).toEqual([[number, 'more']]);
});

test('segments before the oldest that is needed go; the limit says when the log is full', async () => {
  const log = await WriteAheadLog.open(directory, silentLogger);
  const large = body('x'.repeat(12 * 1024 * 1024));
  for (let i = 0; i < 7; i++) {
    await log.append(large).written;
  }
  expect(readdirSync(directory).filter((name) => name.endsWith('.log'))).toHaveLength(3);
  setLimit('TRAINER_LOG_BYTES', 80 * 1024 * 1024);
  expect(log.full).toBe(true);
  await log.done([], () => 5);
  expect(
    readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .sort()[0]
  ).toBe('0000000000000004.log');
  expect(log.full).toBe(false);
  await log.close();
});

test('one process at a time; a directory that cannot be used is an error', async () => {
  const log = await WriteAheadLog.open(directory, silentLogger);
  await expect(WriteAheadLog.open(directory, silentLogger)).rejects.toMatchObject({ code: 'TRAINER_LOG' });
  await log.close();
  writeFileSync(path.join(directory, 'lock'), '1');
  const other = WriteAheadLog.open(directory, silentLogger);
  await expect(other).rejects.toMatchObject({
    code: 'TRAINER_LOG',
    message: expect.stringMatching(/process 1/) as string,
  });
  writeFileSync(path.join(directory, 'file'), '');
  await expect(WriteAheadLog.open(path.join(directory, 'file'), silentLogger)).rejects.toMatchObject({
    code: 'TRAINER_LOG',
  });
});
