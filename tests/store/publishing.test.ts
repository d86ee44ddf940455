/** @file Many writers, readers, kills and damages: what a store answers with stays whole. The single steps: directory.test.ts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { makeLogger } from '../../pkg/common';
import { modelEngine } from '../../pkg/query';
import { modelFileName, type ModelStore, openStore } from '../../pkg/store';
import { emptyDirectory, tillModel } from './model-file';

const ROOT = path.resolve(__dirname, '../..');
const EARLY = 1_700_000_000;
const LATE = 1_700_003_600;

let early: Uint8Array;
let late: Uint8Array;
let directory: string;

beforeAll(async () => {
  early = await tillModel(EARLY);
  late = await tillModel(LATE);
});
beforeEach(() => {
  directory = emptyDirectory();
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const look = (location = directory): Promise<ModelStore> => openStore(location, { refreshMs: 0 });

test('what is published is listed by time, and read as it was written', async () => {
  const store = await look();
  const second = await store.publish(late);
  const first = await store.publish(early);
  const { models, skipped } = await store.list();
  expect(skipped).toEqual([]);
  expect(models.map(({ file }) => file)).toEqual([first.file, second.file]);
  expect(first.file).toBe(modelFileName(first));
  expect(first.file).toMatch(/^2023-11-14T22-13-20Z-[0-9a-f]{32}\.gent$/);
  expect(models[0]).toMatchObject({ traces: 120, spans: 240, services: ['till'], bytes: early.length });
  expect(models[0]?.window.start).toBeGreaterThanOrEqual(BigInt(EARLY) * 1_000_000_000n);
  expect(Buffer.compare(await store.read(first.file), early)).toBe(0);
});

test('publishing again changes nothing, and leaves no temporary file', async () => {
  const store = await look();
  await Promise.all(Array.from({ length: 8 }, (_, i) => store.publish(i % 2 === 0 ? early : late)));
  expect((await store.list()).models).toHaveLength(2);
  expect(readdirSync(directory)).toHaveLength(2);
});

test('two readers see what a third publishes; a listing is used again for a moment', async () => {
  const [writer, eager, lazy] = [await look(), await look(), await openStore(directory, { refreshMs: 60_000 })];
  expect((await lazy.list()).models).toHaveLength(0);
  await writer.publish(early);
  expect((await eager.list()).models).toHaveLength(1);
  expect((await lazy.list()).models).toHaveLength(0);
});

test.each([
  ['an empty file', 'empty.gent', () => new Uint8Array()],
  ['another kind of file', 'notes.gent', () => Buffer.from('these are notes')],
  ['another name', 'README.md', () => Buffer.from('# Models')],
  ['a newer format', 'new.gent', () => Buffer.concat([early.subarray(0, 8), Buffer.from([9, 0]), early.subarray(10)])],
  ['bytes after the end', 'long.gent', () => Buffer.concat([early, Buffer.from('x')])],
])('%s is skipped with a reason, and logged once', async (_, name, bytes) => {
  const logged: string[] = [];
  const logger = makeLogger((level, message, { file, reason }) => {
    logged.push(`${level} ${message} ${String(file)} ${String(reason)}`);
  });
  const store = await openStore(directory, { logger, refreshMs: 0 });
  await store.publish(late);
  writeFileSync(path.join(directory, name), bytes());
  for (let i = 0; i < 3; i++) {
    const { models, skipped } = await store.list();
    expect(models).toHaveLength(1);
    expect(skipped).toEqual([{ file: name, reason: expect.stringMatching(/\w+ \w+/) as string }]);
  }
  expect(logged.filter((line) => line.startsWith(`warn model file skipped ${name}`))).toHaveLength(1);
});

test('a file cut at any byte is refused at once; a flipped bit when it is opened, by name', async () => {
  const store = await look();
  const name = 'cut.gent';
  const file = path.join(directory, name);
  const cuts = [...Array(40).keys(), ...Array.from({ length: 60 }, (_, i) => Math.floor((i * early.length) / 60))];
  for (const length of [...cuts, early.length - 1]) {
    writeFileSync(file, early.subarray(0, length));
    utimesSync(file, length + 1, length + 1);
    const { models, skipped } = await store.list();
    expect([length, models.length]).toEqual([length, 0]);
    expect(skipped[0]?.reason).toMatch(/section|begin/);
  }
  const engine = modelEngine(store);
  const healthy = await store.publish(late);
  for (let i = 0; i < 30; i++) {
    const at = Math.floor(((i + 0.5) * early.length) / 30);
    const flipped = Uint8Array.from(early);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8));
    writeFileSync(file, flipped);
    utimesSync(file, 1_000_000 + i, 1_000_000 + i);
    const { traces } = await engine.search({ query: '{ }', limit: 1000 });
    expect(traces.every(({ provenance }) => provenance.model === healthy.id)).toBe(true);
    expect(traces).toHaveLength(120);
    expect((await engine.describe()).skipped).toEqual([
      { file: name, reason: expect.stringMatching(/section [a-z]+/) as string },
    ]);
  }
  await engine.close();
});

test('a store that vanishes gives coded errors and works again when it is back', async () => {
  const location = path.join(directory, 'store');
  const engine = modelEngine(await look(location));
  const store = await look(location);
  await expect(store.list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 });
  await expect(engine.search({ query: '{ }' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(store.publish(early)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  mkdirSync(location);
  const { file } = await store.publish(early);
  expect((await engine.search({ query: '{ }', limit: 500 })).traces).toHaveLength(120);
  renameSync(location, `${location}-away`);
  await expect(engine.describe()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(store.read(file)).rejects.toMatchObject({ code: 'STORE_MODEL_GONE' });
  renameSync(`${location}-away`, location);
  expect((await engine.describe()).models).toHaveLength(1);
  // One model goes while the store stays: its traces are gone, the rest is answered.
  await store.publish(late);
  rmSync(path.join(location, file));
  expect((await engine.search({ query: '{ }', limit: 500 })).traces).toHaveLength(120);
  writeFileSync(path.join(directory, 'file'), '');
  await expect((await look(path.join(directory, 'file'))).list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await engine.close();
});

test('a publisher killed at any moment leaves a store that can be read', async () => {
  const bundle = path.join(directory, 'store.cjs');
  await build({
    entryPoints: [path.join(ROOT, 'pkg/store/index.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    define: { __GENT_VERSION__: '"0"', __GENT_BUNDLED__: 'true' },
    logLevel: 'error',
  });
  const files = [early, late].map((bytes, i) => {
    const file = path.join(directory, `model-${i}`);
    writeFileSync(file, bytes);
    return file;
  });
  const location = path.join(directory, 'store');
  const script = path.join(__dirname, 'publish-until-killed.mjs');
  let published = 0;
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, [script, bundle, location, ...files], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, (round * 7919) % 23));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await look(location);
    const { models, skipped } = await store.list();
    expect(skipped).toEqual([]);
    for (const model of models) {
      const bytes = await store.read(model.file);
      expect([early, late].some((whole) => Buffer.compare(whole, bytes) === 0)).toBe(true);
      published++;
    }
  }
  expect(published).toBeGreaterThan(0);
  expect(readFileSync(files[0] ?? '').length).toBe(early.length);
});
