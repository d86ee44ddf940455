/** @file What `gent train` learns and how, by its options: times, attributes, network, parts left out. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCli } from '../../pkg/cli';
import { openModel } from '../../pkg/generate';
import { readModelFile, type Manifest } from '../../pkg/model';
import { simulateShop } from '../../pkg/pandora';
import { otlpJson, serviceName, type Trace } from '../../pkg/trace';

const directory = mkdtempSync(path.join(tmpdir(), 'gent-train-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const inside = (name: string): string => path.join(directory, name);

const START = 1_760_000_000_000_000_000n;
const TRACES = [...simulateShop({ count: 120, seed: 5, minutes: 30, startUnixNano: START })];
writeFileSync(inside('traces.ndjson'), TRACES.map((trace) => `${otlpJson([trace])}\n`).join(''));

async function gent(...argv: string[]): Promise<{ code: number; err: string }> {
  let err = '';
  const io = {
    stdout: { write: () => true } as never,
    stderr: { write: (text: string) => ((err += text), true), isTTY: false } as never,
    signal: new AbortController().signal,
  };
  const code = await runCli(['train', '--traces', inside('traces.ndjson'), '--out', inside('m.gent'), ...argv], io);
  return { code, err };
}

async function trained(...argv: string[]): Promise<{ manifest: Manifest; bytes: Buffer }> {
  const { code, err } = await gent(...argv, '--no-exemplars', '--json');
  expect(code === 0 ? '' : err).toBe('');
  const bytes = readFileSync(inside('m.gent'));
  return { bytes, manifest: readModelFile(bytes).manifest };
}

async function generated(bytes: Uint8Array): Promise<Trace[]> {
  const model = await openModel(bytes);
  const traces = await model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
  await model.close();
  return traces;
}

const firstStart = ({ spans }: Trace): bigint =>
  spans.reduce((least, { startTimeUnixNano: at }) => (at < least ? at : least), spans[0]!.startTimeUnixNano);

it('learns the traces of a time range', async () => {
  const [from, to] = [START + 300_000_000_000n, START + 900_000_000_000n];
  const expected = TRACES.filter((trace) => firstStart(trace) >= from && firstStart(trace) < to);
  expect(expected.length).toBeGreaterThan(20);
  const seconds = (time: bigint): string => String(time / 1_000_000_000n);
  const { manifest } = await trained('--epochs', '0', '--from-time', seconds(from), '--to-time', seconds(to));
  expect(manifest.counts.traces).toBe(expected.length);
});

it('keeps the most frequent attributes of each operation, and every span', async () => {
  const all = await trained('--epochs', '0');
  const { bytes, manifest } = await trained('--epochs', '0', '--attributes', '2');
  expect(manifest.counts.spans).toBe(all.manifest.counts.spans);
  expect(manifest.attributes.span.length).toBeLessThan(all.manifest.attributes.span.length);
  expect(manifest.attributes.resource).toEqual(all.manifest.attributes.resource);
  const byOperation = new Map<string, Set<string>>();
  for (const span of (await generated(bytes)).flatMap(({ spans }) => spans)) {
    const operation = `${serviceName(span.resource)} ${span.scope.name} ${span.kind} ${span.name}`;
    const keys = byOperation.get(operation) ?? new Set();
    span.attributes.forEach(({ key }) => keys.add(key));
    byOperation.set(operation, keys);
  }
  expect(Math.max(...Array.from(byOperation.values(), ({ size }) => size))).toBe(2);
  const none = await generated((await trained('--epochs', '0', '--attributes', '0')).bytes);
  expect(none.flatMap(({ spans }) => spans.flatMap(({ attributes }) => attributes))).toEqual([]);
});

it('drops, hashes and keeps attributes', async () => {
  writeFileSync(inside('key'), 'secret');
  const { bytes, manifest } = await trained(
    ...['--epochs', '0', '--drop-attribute', 'http.*', '--drop-attribute', 'url.path'],
    ...['--hash-attribute', 'db.system.name', '--hash-key', inside('key')]
  );
  expect(manifest.attributes.span.filter((key) => key.startsWith('http.') || key === 'url.path')).toEqual([]);
  const values = (await generated(bytes)).flatMap(({ spans }) =>
    spans.flatMap(({ attributes }) => attributes.filter(({ key }) => key === 'db.system.name'))
  );
  expect(values.length).toBeGreaterThan(10);
  values.forEach(({ value }) => expect(value).toMatch(/^[0-9a-f]{16}$/));
  const kept = await trained('--epochs', '0', '--keep-attribute', 'db.*');
  expect(kept.manifest.attributes.span.every((key) => key.startsWith('db.'))).toBe(true);
  expect(kept.manifest.attributes.resource).toEqual(['service.name']);
});

it('trains a network of the width, weights and buckets asked for', async () => {
  const narrow = await trained('--epochs', '1', '--width', '8', '--weight-bits', '3', '--bucket-seconds', '60');
  const wide = await trained('--epochs', '1', '--width', '40');
  expect(wide.manifest.training.parameters).toBeGreaterThan(2 * narrow.manifest.training.parameters);
  expect(narrow.manifest.counts.bucketSeconds).toBe(60);
  expect(wide.manifest.counts.bucketSeconds).toBeLessThan(60);
  const { code, err } = await gent('--width', '200', '--max-bytes', '60000');
  expect([code, err]).toEqual([1, expect.stringContaining('TRAIN_MAX_BYTES: a network 200 wide does not fit')]);
});

it('leaves parts out, says so in the manifest, and still counts exactly', async () => {
  const parts = [
    'parent',
    'root',
    'segments',
    'earlier-fields',
    'blur',
    'origins',
    'attribute-groups',
    'foresight',
    'pace',
    'child-times',
  ];
  const whole = await trained('--epochs', '1');
  const without = await trained('--epochs', '1', ...parts.flatMap((part) => ['--without', part]));
  expect(without.manifest.training.without).toEqual(parts);
  expect(whole.manifest.training.without).toBeUndefined();
  expect(without.manifest.counts).toEqual(whole.manifest.counts);
  const moved = await trained('--epochs', '0', '--without', 'start-times');
  expect(moved.manifest.counts).toMatchObject({ traces: 120, spans: whole.manifest.counts.spans });
  expect((await generated(moved.bytes)).map(({ spans }) => spans.length).sort()).toEqual(
    TRACES.map(({ spans }) => spans.length).sort()
  );
});

it.each([
  [['--without', 'luck'], '--without luck: one of parent, root'],
  [['--weight-bits', '8'], '--weight-bits 8: at most 7'],
  [['--bucket-seconds', '7'], '--bucket-seconds 7: one of 5, 10'],
  [['--from-time', '200', '--to-time', '100'], '--to-time must be after'],
  [['--from-time', 'soon'], '--from-time soon: a time'],
  [['--drop-attribute', ''], 'a rule for attributes names no key'],
])('refuses %p', async (argv, words) => {
  const { code, err } = await gent(...argv);
  expect([code, err]).toEqual([2, expect.stringContaining(words)]);
});

it('publishes into a store that is not there yet', async () => {
  const { code, err } = await gent('--store', inside('new/store'), '--epochs', '0', '--no-exemplars', '--json');
  expect([code, err]).toEqual([0, '']);
  expect(readdirSync(inside('new/store'))).toEqual([expect.stringMatching(/\.gent$/)]);
});
