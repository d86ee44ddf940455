/** @file A directory as a store: what is listed, what is skipped and why, and what a killed publisher leaves. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { modelEngine } from '../../pkg/query';
import { type ModelStore, openStore } from '../../pkg/store';
import { fixtureNdjson } from '../plugin/fixture';

const ROOT = path.resolve(__dirname, '../..');
const GENT = path.join(ROOT, 'build/gent.cjs');

let scratch: string;
let directory: string;
let bytes: Buffer;
let store: ModelStore;

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'gent-store-'));
  const traces = path.join(scratch, 'traces.ndjson');
  writeFileSync(traces, fixtureNdjson());
  const out = path.join(scratch, 'model.gent');
  execFileSync(process.execPath, [GENT, 'train', '--traces', traces, '--out', out, '--epochs', '1'], { stdio: 'pipe' });
  bytes = readFileSync(out);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

beforeEach(async () => {
  directory = mkdtempSync(path.join(scratch, 'models-'));
  store = await openStore(directory, { refreshMs: 0 });
});
afterEach(() => store.close());

const put = (name: string, content: Uint8Array | string) => writeFileSync(path.join(directory, name), content);

test('a published model is listed, with what its manifest says, and read back as it was', async () => {
  const published = await store.publish(bytes);
  expect(published).toMatchObject({
    traces: 240,
    spans: 960,
    bytes: bytes.length,
    services: ['ledger', 'payment', 'shop'],
  });
  expect(published.file).toBe(`2026-01-15T12-00-00Z-${published.id}.gent`);
  const { models, skipped } = await store.list();
  expect(skipped).toEqual([]);
  expect(models).toEqual([{ ...published, createdUnixMs: models[0]?.createdUnixMs }]);
  expect(Buffer.from(await store.read(published.file)).equals(bytes)).toBe(true);
  expect(readdirSync(directory)).toEqual([published.file]);
});

test('publishing the same model again changes nothing; under another name it is skipped as a twin', async () => {
  const { file } = await store.publish(bytes);
  await store.publish(bytes);
  await store.publish(bytes, 'z-copy.gent');
  const { models, skipped } = await store.list();
  expect(models.map((model) => model.file)).toEqual([file]);
  expect(skipped).toEqual([{ file: 'z-copy.gent', reason: `the same model as ${file}` }]);
});

test('what is no model is skipped with its reason, and noticed when it becomes one', async () => {
  put('empty.gent', '');
  put('text.gent', 'this is no model');
  put('half.gent', bytes.subarray(0, bytes.length >> 1));
  put('notes.txt', 'keep');
  put('.hidden', 'not looked at');
  mkdirSync(path.join(directory, 'folder.gent'));
  mkdirSync(path.join(directory, 'folder'));
  symlinkSync('/no/such/file', path.join(directory, 'dangling.gent'));
  const { models, skipped } = await store.list();
  expect(models).toEqual([]);
  const reasons = Object.fromEntries(skipped.map(({ file, reason }) => [file, reason]));
  expect(Object.keys(reasons).sort()).toEqual(['empty.gent', 'folder.gent', 'half.gent', 'notes.txt', 'text.gent']);
  expect(reasons['notes.txt']).toBe('not a .gent file');
  expect(Object.values(reasons).every((reason) => reason.length > 5)).toBe(true);

  put('half.gent', bytes);
  expect((await store.list()).models.map((model) => model.file)).toEqual(['half.gent']);
  rmSync(path.join(directory, 'half.gent'));
  expect((await store.list()).models).toEqual([]);
});

test('bytes that are no whole model are not published', async () => {
  for (const bad of [Buffer.alloc(0), Buffer.from('text'), bytes.subarray(0, bytes.length - 1)]) {
    await expect(store.publish(bad)).rejects.toMatchObject({ code: 'STORE_BAD_MODEL' });
  }
  for (const name of ['../escape.gent', 'a/b.gent', '..', 'model.txt', '']) {
    await expect(store.publish(bytes, name)).rejects.toMatchObject({ code: 'STORE_BAD_MODEL' });
  }
  expect(readdirSync(directory)).toEqual([]);
});

test('a store that is away says so, and works when it is back', async () => {
  await store.publish(bytes);
  rmSync(directory, { recursive: true });
  await expect(store.list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(store.publish(bytes)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  mkdirSync(directory);
  await store.publish(bytes);
  expect((await store.list()).models).toHaveLength(1);
});

test('other kinds of stores are refused by name', async () => {
  await expect(openStore('gs://bucket/models')).rejects.toMatchObject({ code: 'STORE_UNSUPPORTED' });
  await expect(openStore('')).rejects.toMatchObject({ code: 'STORE_UNSUPPORTED' });
  const made = await openStore(path.join(directory, 'new/folder'), { create: true });
  expect((await made.list()).models).toEqual([]);
});

test('a publisher killed at any moment leaves no model or a whole one, and its litter is cleared later', async () => {
  // The bytes of a publisher that died lie under a hidden temporary name; a reader never sees them.
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length), async (length) => {
      put('.publish-1-dead.tmp', bytes.subarray(0, length));
      const { models, skipped } = await store.list();
      expect([models, skipped]).toEqual([[], []]);
    }),
    { seed: 1, numRuns: 20 }
  );
  const old = path.join(directory, '.publish-1-dead.tmp');
  utimesSync(old, 0, 0);
  put('.publish-2-alive.tmp', 'being written');
  const { file } = await store.publish(bytes);
  expect(readdirSync(directory).sort()).toEqual(['.publish-2-alive.tmp', file]);
});

test('a model damaged after its manifest was read is skipped by the queries that meet it, and the others answer', async () => {
  const { file } = await store.publish(bytes);
  const damaged = Buffer.from(bytes);
  // The last byte belongs to the last section, which the catalogue does not read.
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 0xff;
  writeFileSync(path.join(directory, file), damaged);
  const engine = modelEngine(await openStore(directory, { refreshMs: 0 }));
  const { traces } = await engine.search({ query: '{ }' });
  expect(traces).toEqual([]);
  const { skipped } = await engine.describe();
  expect(skipped).toEqual([{ file, reason: expect.stringMatching(/section/) }]);
  await engine.close();
});

test('a model that is truncated under a reader is an error of that file only', async () => {
  const { file } = await store.publish(bytes);
  truncateSync(path.join(directory, file), 100);
  const { models, skipped } = await store.list();
  expect(models).toEqual([]);
  expect(skipped).toHaveLength(1);
  rmSync(path.join(directory, file));
  await expect(store.read(file)).rejects.toMatchObject({ code: 'STORE_MODEL_GONE' });
});
