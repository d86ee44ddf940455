/** @file Models as files and as rows: lists, coverage, operations, downloads, uploads and who may do them; Save & test. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BuiltPlugin, buildPlugin } from './built';
import { callForBytes, callResource, checkHealth, type DataSource, queryOne } from './client';
import { FIXTURE_RANGE, FIXTURE_TRACES, fixtureNdjson } from './fixture';
import type { PluginHost } from './host';

const ROOT = path.resolve(__dirname, '../..');

let plugin: BuiltPlugin;
let directory: string;
let store: string;
let host: PluginHost;
let modelFile: string;
let model: Buffer;

beforeAll(async () => {
  plugin = buildPlugin(ROOT);
  directory = mkdtempSync(path.join(tmpdir(), 'gent-models-'));
  store = path.join(directory, 'store');
  mkdirSync(store);
  const traces = path.join(directory, 'traces.ndjson');
  writeFileSync(traces, fixtureNdjson());
  const gent = path.join(ROOT, 'build/gent.cjs');
  execFileSync(process.execPath, [gent, 'train', '--traces', traces, '--store', store, '--epochs', '1'], {
    stdio: 'pipe',
  });
  modelFile = readdirSync(store)[0] ?? '';
  model = readFileSync(path.join(store, modelFile));
  host = await plugin.start();
});

afterAll(async () => {
  await host?.kill();
  plugin?.remove();
  rmSync(directory, { recursive: true, force: true });
});

const source = (more: Partial<DataSource> = {}): DataSource => ({ jsonData: { store }, ...more });
const ask = (json: unknown, more: object = {}) => queryOne(host, source(), { json, ...FIXTURE_RANGE, ...more });
const id = () => /-([0-9a-f]{32})\.gent$/.exec(modelFile)?.[1] ?? '';

/** An empty store of its own, as a data source of its own. */
function emptyStore(name: string, more: Partial<DataSource> = {}): DataSource & { directory: string } {
  const own = path.join(directory, name);
  mkdirSync(own);
  return { uid: name, jsonData: { store: own }, directory: own, ...more };
}

const upload = async (to: DataSource, body: Uint8Array) => {
  const { status, bytes } = await callForBytes(host, to, 'models/upload', 'POST', body);
  return { status, body: JSON.parse(bytes.toString('utf8')) as Record<string, unknown> };
};

describe('queries', () => {
  test('the list has sizes, shares and exemplars', async () => {
    const { frames } = await ask({ queryType: 'models' });
    expect(frames[0]?.values('model')).toEqual([id()]);
    expect(frames[0]?.values('gzipShare')[0]).toBeCloseTo(model.length / (4 * FIXTURE_TRACES * 29));
    expect(frames[0]?.values('exemplars')[0]).toBeGreaterThanOrEqual(0);
    expect(frames[0]?.meta.executedQueryString).toBe('models of the time range');
  });

  test('the timeline covers the range without holes, and shows the gaps', async () => {
    const range = { from: FIXTURE_RANGE.from - 60_000, to: FIXTURE_RANGE.to + 60_000 };
    const { frames } = await ask({ queryType: 'models', modelsView: 'timeline' }, range);
    expect(frames[0]?.values('model')).toEqual(['no model', id().slice(0, 8), 'no model']);
    const [starts, ends] = [frames[0]?.values('start') as bigint[], frames[0]?.values('end') as bigint[]];
    expect(starts[0]).toBe(BigInt(range.from) * 1_000_000n);
    expect(starts.slice(1)).toEqual(ends.slice(0, -1));
    expect(ends.at(-1)).toBe(BigInt(range.to) * 1_000_000n);
    const gap = await ask({ queryType: 'models', modelsView: 'timeline' }, { from: 1000, to: 2000 });
    expect(gap.frames[0]?.values('model')).toEqual(['no model']);
  });

  test('operations of one model, whatever the time range, by its id or the beginning of it', async () => {
    for (const modelId of [id(), id().slice(0, 8).toUpperCase()]) {
      const { frames, error } = await ask(
        { queryType: 'models', modelsView: 'operations', modelId },
        { from: 1, to: 2 }
      );
      expect(error).toBe('');
      expect(frames[0]?.values('Spans')).toEqual(new Array(4).fill(FIXTURE_TRACES));
      expect(frames[0]?.values('p50').every((ms) => typeof ms === 'number' && ms > 1 && ms < 100)).toBe(true);
      expect(frames[0]?.values('p90').every((ms) => ms === null)).toBe(true);
    }
    const missing = await ask({ queryType: 'models', modelsView: 'operations', modelId: 'ffff0000' });
    expect([missing.status, missing.error]).toEqual([404, expect.stringContaining('PLUGIN_MODEL_NOT_FOUND')]);
  });

  test('operations of the range, from counts', async () => {
    const { frames } = await ask({ queryType: 'models', modelsView: 'operations' });
    expect(frames[0]?.values('Spans')).toEqual(new Array(4).fill(FIXTURE_TRACES));
    expect(frames[0]?.meta.notices).toContainEqual({
      severity: 'info',
      text: 'Rates and errors are exact: read from the counts of the models.',
    });
  });

  test('a service graph of generated traces', async () => {
    const { frames } = await ask({ queryType: 'serviceGraph' });
    expect(frames[1]?.values('detail__calls')).toEqual([FIXTURE_TRACES, FIXTURE_TRACES]);
  });
});

describe('downloads', () => {
  test('the file comes back byte for byte, as an attachment', async () => {
    const { status, headers, bytes } = await callForBytes(host, source({ role: 'Viewer' }), `models/${id()}/download`);
    expect(status).toBe(200);
    expect(bytes.equals(model)).toBe(true);
    expect(headers).toMatchObject({
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${modelFile}"`,
    });
  });

  test.each([
    ['ffffffff', 404, 'PLUGIN_MODEL_NOT_FOUND'],
    ['..', 404, 'PLUGIN_MODEL_NOT_FOUND'],
    ['%2e%2e%2fetc', 404, 'PLUGIN_MODEL_NOT_FOUND'],
    ['', 404, 'PLUGIN_RESOURCE'],
  ])('models/%s/download answers %d', async (name, status, code) => {
    expect(await callResource(host, source(), `models/${name}/download`)).toMatchObject({ status, body: { code } });
  });

  test('an address has no files', async () => {
    const remote = { uid: 'far', jsonData: { address: 'http://127.0.0.1:1' } };
    const answer = await callResource(host, remote, `models/${id()}/download`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'PLUGIN_NO_STORE' } });
  });
});

describe('uploads', () => {
  test('an editor puts a model in, whole, under the name the store gives it; again it changes nothing', async () => {
    const to = emptyStore('uploaded', { role: 'Editor' });
    const first = await upload(to, model);
    expect(first).toMatchObject({ status: 201, body: { known: false, model: { id: id(), traces: FIXTURE_TRACES } } });
    expect(await upload(to, model)).toMatchObject({ status: 200, body: { known: true } });
    expect(readdirSync(to.directory)).toEqual([modelFile]);
    expect(readFileSync(path.join(to.directory, modelFile)).equals(model)).toBe(true);
    const { frames } = await queryOne(host, to, { json: { query: '{ }', limit: 3 }, ...FIXTURE_RANGE });
    expect(frames[0]?.rows).toBe(3);
  });

  test.each([
    ['a viewer', 'Viewer'],
    ['nobody', null],
    ['no role', ''],
    ['a role that is none', 'editor '],
  ])('%s may not', async (name, role) => {
    const to = emptyStore(`not-${name.replaceAll(' ', '-')}`, { role });
    expect(await upload(to, model)).toMatchObject({ status: 403, body: { code: 'PLUGIN_FORBIDDEN' } });
    expect(readdirSync(to.directory)).toEqual([]);
  });

  test('what is no whole model is refused, says why, and leaves nothing behind', async () => {
    const to = emptyStore('refused');
    const damaged = Buffer.from(model);
    const at = damaged.length - 100;
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    for (const [body, code] of [
      [Buffer.alloc(0), 'STORE_BAD_MODEL'],
      [Buffer.from('not a model'), 'MODEL_NOT_GENT'],
      [model.subarray(0, model.length >> 1), 'MODEL_CORRUPT'],
      [damaged, 'MODEL_CORRUPT'],
    ] as const) {
      const answer = await upload(to, body);
      expect([answer.status, answer.body.code]).toEqual([code === 'STORE_BAD_MODEL' ? 400 : 422, code]);
      expect(answer.body.message).toEqual(expect.any(String));
    }
    expect(readdirSync(to.directory)).toEqual([]);
  });

  test('a model larger than the limit is refused by the limit’s name', async () => {
    const other = await plugin.start({ GF_PLUGIN_LIMIT_PLUGIN_UPLOAD_BYTES: '1000' });
    try {
      const { status, bytes } = await callForBytes(other, source(), 'models/upload', 'POST', model);
      expect([status, bytes.toString()]).toEqual([422, expect.stringContaining('PLUGIN_UPLOAD_BYTES=1000')]);
    } finally {
      await other.kill();
    }
  });

  test('only POST', async () => {
    expect((await callResource(host, source(), 'models/upload')).status).toBe(405);
    expect((await callResource(host, source(), `models/${id()}/download`, 'POST')).status).toBe(405);
  });
});

describe('Save & test', () => {
  const OK = 1;
  const ERROR = 2;
  const health = async (of: DataSource) => {
    const { status, message, jsonDetails } = await checkHealth(host, of);
    const details = JSON.parse(Buffer.from(jsonDetails).toString('utf8')) as { verboseMessage: string };
    return { status, message, verbose: details.verboseMessage };
  };

  test('says how many models there are, of what and when', async () => {
    const { status, message, verbose } = await health(source());
    expect(status).toBe(OK);
    expect(message).toContain(`1 model of ${FIXTURE_TRACES} traces (${4 * FIXTURE_TRACES} spans), 2026-01-15 12:00:00`);
    expect(verbose).toContain(modelFile);
  });

  test('says what to do with an empty store', async () => {
    const { status, message } = await health(emptyStore('empty'));
    expect([status, message]).toEqual([OK, expect.stringContaining('holds no models yet. Start the trainer')]);
  });

  test('reads the newest model whole: damage that a listing does not see is told', async () => {
    const to = emptyStore('damaged');
    const damaged = Buffer.from(model);
    damaged[damaged.length - 20] = (damaged[damaged.length - 20] ?? 0) ^ 1;
    writeFileSync(path.join(to.directory, modelFile), damaged);
    const listed = await queryOne(host, to, { json: { queryType: 'models' }, ...FIXTURE_RANGE });
    expect(listed.frames[0]?.rows).toBe(1);
    const { status, message } = await health(to);
    expect(status).toBe(ERROR);
    expect(message).toContain('holds no models: none of the 1 file there can be used');
    expect(message).toContain('What to do:');
  });

  test('explains an address that nobody answers, and a token that is refused', async () => {
    const gone = await health({ uid: 'gone', jsonData: { address: 'http://127.0.0.1:1' } });
    expect([gone.status, gone.message]).toEqual([
      ERROR,
      expect.stringMatching(/http:\/\/127\.0\.0\.1:1.*What to do: check the address/),
    ]);
    const server = createServer((_, response) => response.writeHead(401).end('no such token'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const secret = 'a-secret-token';
    const refused = await health({ uid: 'with-token', jsonData: { address }, secure: { token: secret } });
    server.close();
    expect([refused.status, refused.message]).toEqual([
      ERROR,
      expect.stringMatching(/no such token.*What to do: check the token/),
    ]);
    expect(JSON.stringify(refused)).not.toContain(secret);
  });

  test('explains a bucket that nobody answers, without its keys', async () => {
    const s3 = { bucket: 'models', endpoint: 'http://127.0.0.1:1', pathStyle: true };
    const secure = { s3AccessKey: 'AKIAEXAMPLE', s3SecretKey: 'the-secret-key' };
    const { status, message, verbose } = await health({ uid: 'bucket', jsonData: { s3 }, secure });
    expect(status).toBe(ERROR);
    expect(message).toContain('What to do:');
    expect(`${message}${verbose}${host.stderr}`).not.toContain('the-secret-key');
  });

  test.each([
    [{ store: 'relative' }, 'must be an absolute path'],
    [{ store: '/a', address: 'http://b' }, 'models come from one place'],
    [{ s3: { bucket: 'models' }, limits: { maxSpans: 'many' } }, 'limits.maxSpans must be a positive number'],
  ])('names the setting that is wrong in %j', async (jsonData, message) => {
    const answer = await health({ uid: JSON.stringify(jsonData), jsonData });
    expect([answer.status, answer.message]).toEqual([ERROR, expect.stringContaining(message)]);
  });
});
