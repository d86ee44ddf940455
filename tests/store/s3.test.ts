/** @file A bucket as a store, against an S3 server written by others: publishing, listing, reading, caching, failures. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type LimitName, setLimit } from '../../pkg/common';
import { modelEngine } from '../../pkg/query';
import { type ModelStore, openStore, type S3Options } from '../../pkg/store';
import { type FaultyProxy, faultyProxy } from './faulty-proxy';
import { emptyDirectory, tillModel } from './model-file';
import { s3Obstacle, type S3Server, startS3Server } from './s3-server';

const EARLY = 1_700_000_000;
const LATE = 1_700_003_600;
const describeS3 = s3Obstacle === undefined ? describe : describe.skip;

describeS3(`a bucket as a store${s3Obstacle === undefined ? '' : ` (skipped: ${s3Obstacle})`}`, () => {
  let server: S3Server;
  let proxy: FaultyProxy;
  let early: Uint8Array;
  let late: Uint8Array;
  let bucket: string;
  let cache: string;
  let count = 0;
  const stores: ModelStore[] = [];

  beforeAll(async () => {
    server = await startS3Server();
    proxy = await faultyProxy(server.endpoint);
    early = await tillModel(EARLY);
    late = await tillModel(LATE);
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });
  const limits = (values: Partial<Record<LimitName, number>>) =>
    Object.entries(values).forEach(([name, value]) => setLimit(name as LimitName, value));
  beforeEach(() => {
    bucket = `models-${++count}`;
    server.bucket(bucket);
    cache = emptyDirectory();
    proxy.seen.length = 0;
    limits({ STORE_RETRY_MILLISECONDS: 1 });
  });
  afterEach(async () => {
    proxy.faults.length = 0;
    await Promise.all(stores.splice(0).map((store) => store.close()));
    rmSync(cache, { recursive: true, force: true });
    for (const name of [
      'STORE_RETRY_MILLISECONDS',
      'STORE_CACHE_BYTES',
      'STORE_REQUEST_MILLISECONDS',
      'STORE_MODEL_BYTES',
    ] as const) {
      setLimit(name, undefined);
    }
  });

  async function open(address = `s3://${bucket}/team/a`, s3: S3Options = {}): Promise<ModelStore> {
    const { accessKey, secretKey } = server;
    const options = { endpoint: proxy.url, accessKey, secretKey, cacheDirectory: cache, ...s3 };
    const store = await openStore(address, { refreshMs: 0, s3: options });
    stores.push(store);
    return store;
  }

  test('what is published is listed by time and read back, and lies under the prefix', async () => {
    const store = await open();
    expect(store.location).toBe(`s3://${bucket}/team/a/`);
    expect(await store.list()).toEqual({ models: [], skipped: [] });
    const second = await store.publish(late);
    const first = await store.publish(early);
    const { models, skipped } = await store.list();
    expect(skipped).toEqual([]);
    expect(models.map(({ file }) => file)).toEqual([first.file, second.file]);
    expect(models[0]).toEqual({ ...first, createdUnixMs: models[0]?.createdUnixMs });
    expect(Math.abs((models[0]?.createdUnixMs ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(Buffer.compare(await store.read(first.file), early)).toBe(0);
    expect((await (await open(`s3://${bucket}/team`)).list()).models).toEqual([]);
    const named = await (await open(`s3://${bucket}/team/a`)).publish(early, "odd name (é) +&'*!.gent");
    expect((await store.list()).skipped).toEqual([{ file: named.file, reason: `the same model as ${first.file}` }]);
    expect(Buffer.compare(await store.read(named.file), early)).toBe(0);
  });

  test('the same model is written once; several writers at a time give one', async () => {
    const store = await open();
    const { file } = await store.publish(early);
    await store.list();
    const at = (await store.list()).models[0]?.createdUnixMs;
    await Promise.all([store.publish(early), store.publish(early), (await open()).publish(early)]);
    const { models } = await store.list();
    expect(models.map((model) => [model.file, model.createdUnixMs])).toEqual([[file, at]]);
  });

  test('questions are answered from a bucket as from a directory', async () => {
    const store = await open();
    await store.publish(early);
    await store.publish(late);
    const local = await openStore(cache, { refreshMs: 0 });
    await local.publish(early);
    await local.publish(late);
    const [remote, near] = [
      modelEngine(await open(`s3://${bucket}/team/a`, { cacheDirectory: '' })),
      modelEngine(local),
    ];
    const request = { query: '{ name = "card" && status = error }', limit: 50 };
    const [found, expected] = [await remote.search(request), await near.search(request)];
    expect(found.traces.length).toBeGreaterThan(5);
    expect(found.traces).toEqual(expected.traces);
    await remote.close();
    await near.close();
  });

  test('an unchanged object is looked into once, also by the next process; a replaced one again', async () => {
    const { file } = await (await open()).publish(early);
    const first = await open();
    await first.list();
    await first.read(file);
    proxy.seen.length = 0;
    await first.list();
    await first.read(file);
    const next = await open();
    await next.list();
    expect(Buffer.compare(await next.read(file), early)).toBe(0);
    expect(proxy.seen.filter((line) => !line.includes('list-type'))).toEqual([]);
    await next.publish(late, file);
    const { models } = await first.list();
    expect(models[0]?.window.start).toBeGreaterThan(BigInt(LATE - 1) * 1_000_000_000n);
    expect(Buffer.compare(await first.read(file), late)).toBe(0);
  });

  test('a listing reads no more than the head of a large file', async () => {
    const store = await open(undefined, { cacheDirectory: '' });
    // A head that promises more than 64 KiB: what follows it is not asked for.
    await server.put(bucket, 'team/a/big.gent', Buffer.concat([early.subarray(0, 16), Buffer.alloc(3_000_000)]));
    const { skipped } = await store.list();
    expect(skipped.map(({ file }) => file)).toEqual(['big.gent']);
    expect(proxy.seen.filter((line) => line.includes('big.gent'))).toHaveLength(1);
  });

  test('what is no model is skipped with its reason; folders and hidden names are not looked at', async () => {
    for (const [name, bytes] of Object.entries({
      'empty.gent': '',
      'text.gent': 'this is no model',
      'half.gent': early.subarray(0, early.length >> 1),
      'notes.txt': 'keep',
      '.hidden.gent': 'x',
      'deeper/inner.gent': early,
    })) {
      await server.put(bucket, `team/a/${name}`, bytes);
    }
    const store = await open();
    const { models, skipped } = await store.list();
    expect(models).toEqual([]);
    expect(skipped.map(({ file }) => file)).toEqual(['empty.gent', 'half.gent', 'notes.txt', 'text.gent']);
    expect(skipped.every(({ reason }) => reason.length > 5)).toBe(true);
    await expect(store.publish(early.subarray(0, 100))).rejects.toMatchObject({ code: 'STORE_BAD_MODEL' });
    await expect(store.publish(early, '../x.gent')).rejects.toMatchObject({ code: 'STORE_BAD_MODEL' });
  });

  test('listings of more than one page are whole', async () => {
    for (let i = 0; i < 1203; i++) {
      await server.put(bucket, `many/note-${i}.txt`, 'x');
    }
    const { skipped } = await (await open(`s3://${bucket}/many`)).list();
    expect(skipped).toHaveLength(1203);
    expect(proxy.seen.length).toBe(2);
  });

  test('a model that is gone or replaced meanwhile is said to be; one over the limit is not read', async () => {
    const store = await open(undefined, { cacheDirectory: '' });
    const { file } = await store.publish(early);
    await store.list();
    await (await open()).publish(late, file);
    await expect(store.read(file)).rejects.toMatchObject({ code: 'STORE_MODEL_GONE', status: 404 });
    await expect(store.read('nothing.gent')).rejects.toMatchObject({ code: 'STORE_MODEL_GONE' });
    await store.list();
    limits({ STORE_MODEL_BYTES: 1000 });
    await expect(store.read(file)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('a rejected model stays out until it changes', async () => {
    const store = await open();
    const { file } = await store.publish(early);
    await store.list();
    store.reject(file, 'section network: damaged');
    expect(await store.list()).toEqual({ models: [], skipped: [{ file, reason: 'section network: damaged' }] });
    await store.publish(late, file);
    expect((await store.list()).models).toHaveLength(1);
  });

  test('the local cache keeps to its budget and is private; without one everything works', async () => {
    limits({ STORE_CACHE_BYTES: early.length * 2.5 });
    const store = await open();
    const files = [];
    for (let i = 0; i < 5; i++) {
      files.push((await store.publish(await tillModel(EARLY + i * 7200, 60 + i))).file);
    }
    await store.list();
    for (const file of files) {
      await store.read(file);
    }
    const held = readdirSync(cache).map((name) => statSync(path.join(cache, name)));
    expect(held.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(early.length * 2.5);
    expect(held.length).toBeGreaterThan(0);
    expect(held.every(({ mode }) => (mode & 0o077) === 0)).toBe(true);
    const blocked = path.join(cache, 'file');
    writeFileSync(blocked, 'not a directory');
    const without = await open(undefined, { cacheDirectory: blocked });
    expect((await without.list()).models).toHaveLength(5);
    expect((await without.read(files[0] as string)).length).toBeGreaterThan(1000);
    expect(readFileSync(blocked, 'utf8')).toBe('not a directory');
  });

  test('a request that fails for the moment is made again', async () => {
    const store = await open(undefined, { cacheDirectory: '' });
    const slow = '<Error><Code>SlowDown</Code><Message>later</Message></Error>';
    proxy.faults.push({ status: 503, body: slow }, { status: 500 });
    const { file } = await store.publish(early);
    proxy.faults.push('cut', 'cut');
    await store.list();
    proxy.faults.push('cut', { status: 429 });
    expect(Buffer.compare(await store.read(file), early)).toBe(0);
    proxy.faults.push(...Array.from({ length: 4 }, () => ({ status: 503, body: slow })));
    await expect(store.list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: /503 SlowDown: later/ });
    expect((await store.list()).models).toHaveLength(1);
  });

  test('a server that is silent or away is an error in bounded time', async () => {
    limits({ STORE_REQUEST_MILLISECONDS: 50 });
    proxy.faults.push('silence', 'silence', 'silence', 'silence');
    await expect((await open()).list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: /within 50 ms/ });
    const away = await open(undefined, { endpoint: 'http://127.0.0.1:1' });
    await expect(away.list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 });
    await expect(away.publish(early)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('no such bucket, no access, and a wrong clock are told apart', async () => {
    const nowhere = await open('s3://no-such-bucket-here/x');
    await expect(nowhere.list()).rejects.toMatchObject({ code: 'STORE_NO_BUCKET' });
    await expect(nowhere.publish(early)).rejects.toMatchObject({ code: 'STORE_NO_BUCKET' });
    const stranger = await open(undefined, { secretKey: 'wrong' });
    await expect(stranger.list()).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED' });
    await expect(stranger.publish(early)).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED' });
    jest.useFakeTimers({
      now: Date.now() - 3_600_000,
      doNotFake: [
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'setInterval',
        'setTimeout',
        'clearImmediate',
        'clearInterval',
        'clearTimeout',
        'hrtime',
      ],
    });
    try {
      await expect((await open()).list()).rejects.toMatchObject({ code: 'STORE_CLOCK_SKEW' });
    } finally {
      jest.useRealTimers();
    }
    const checked = openStore('s3://no-such-bucket-here', {
      create: true,
      s3: { endpoint: server.endpoint, accessKey: server.accessKey, secretKey: server.secretKey },
    });
    await expect(checked).rejects.toMatchObject({ code: 'STORE_NO_BUCKET' });
  });

  test('answers that no S3 server gives are an error, not a crash', async () => {
    const store = await open(undefined, { cacheDirectory: '' });
    for (const body of [
      '',
      'not xml',
      '<html></html>',
      '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>',
      '<ListBucketResult><Contents><Key>a.gent</Key><Size>-1</Size></Contents></ListBucketResult>',
    ]) {
      proxy.faults.push({ status: 200, body });
      await expect(store.list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: /no listing/ });
    }
  });
});
