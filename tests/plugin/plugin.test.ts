import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { grafana } from '../../pkg/proto';
import { type BuiltPlugin, buildPlugin } from './built';
import { callResource, checkHealth, collectMetrics, ping, queryData, queryOne, queryRequest, shutdown } from './client';
import { FIXTURE_ERRORS, FIXTURE_RANGE, FIXTURE_TRACES, fixtureNdjson, fixtureTraceId } from './fixture';
import { GRAFANA_ENV, type PluginHost } from './host';

const ROOT = path.resolve(__dirname, '../..');
const SECRET = 'a-token-that-must-stay-secret';

let plugin: BuiltPlugin;
let directory: string;
let host: PluginHost;
const others: PluginHost[] = [];

beforeAll(async () => {
  plugin = buildPlugin(ROOT, path.join(__dirname, 'raw-backend.ts'));
  directory = mkdtempSync(path.join(tmpdir(), 'gent-traces-'));
  writeFileSync(path.join(directory, 'traces.ndjson'), fixtureNdjson());
  host = await plugin.start();
});

afterAll(async () => {
  await Promise.all([...others, host].map((one) => one?.kill()));
  plugin?.remove();
  rmSync(directory, { recursive: true, force: true });
});

/** Another process of the plugin, which the end of the tests ends. */
async function startAnother(env: Record<string, string> = {}): Promise<PluginHost> {
  const other = await plugin.start(env);
  others.push(other);
  return other;
}

const source = () => ({ jsonData: { store: directory }, secure: { token: SECRET } });
const ask = (json: unknown, headers: Record<string, string> = {}) =>
  queryOne(host, source(), { json, ...FIXTURE_RANGE }, headers);

describe('the host', () => {
  test('reads a handshake for a unix socket', () => {
    expect(host.handshake.slice(0, 3)).toEqual(['1', '2', 'unix']);
    expect(host.handshake[4]).toBe('grpc');
  });

  test('pings it', async () => {
    expect(await ping(host)).toBe(true);
  });

  test('reads its metrics', async () => {
    await ask({ query: '{ }' });
    const text = await collectMetrics(host);
    expect(text).toMatch(/^gent_plugin_requests_total\{endpoint="query",code="OK"\} [1-9]/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  test('reads log lines that are all JSON, and nothing more on stdout', async () => {
    await ping(host);
    expect(host.logs.map((line) => line['@message'])).toContain('plugin started');
    for (const line of host.logs) {
      expect(line['@timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
    expect(host.stdoutAfterHandshake).toBe('');
  });
});

describe('health', () => {
  test('says what is there', async () => {
    const health = await checkHealth(host, source());
    expect(health.status).toBe(grafana.CheckHealthResponse_HealthStatus.OK);
    expect(health.message).toContain(`${FIXTURE_TRACES} traces`);
    expect(health.message).toContain('2026-01-15 12:00:00');
    expect(JSON.parse(Buffer.from(health.jsonDetails).toString())).toMatchObject({ message: health.message });
  });

  test.each([
    ['a directory that is not there', { store: '/no/such/directory' }, '/no/such/directory'],
    ['no store', {}, 'store'],
    ['settings that are no JSON', '{', 'not JSON'],
  ])('explains %s', async (name, jsonData, text) => {
    const health = await checkHealth(host, { uid: name, jsonData });
    expect(health.status).toBe(grafana.CheckHealthResponse_HealthStatus.ERROR);
    expect(health.message).toContain(text);
    expect(health.message).toContain('What to do:');
  });
});

describe('queries', () => {
  test('an empty query answers with nothing', async () => {
    expect(await ask({ query: '' })).toEqual({ status: 200, error: '', errorSource: '', frames: [] });
  });

  test('a search lists traces, newest first, each with a link to itself', async () => {
    const { frames, error } = await ask({ query: '{ status = error }', limit: 5 });
    expect(error).toBe('');
    expect(frames).toHaveLength(1);
    const times = frames[0]?.values('startTime') as bigint[];
    expect(times).toHaveLength(5);
    expect([...times].sort((a, b) => Number(b - a))).toEqual(times);
    expect(frames[0]?.values('traceName')).toEqual(new Array(5).fill('POST /checkout'));
    expect(frames[0]?.refId).toBe('A');
    expect(frames[0]?.meta.executedQueryString).toBe('{ status = error }');
  });

  test.each(['traces', 'spans', 'raw'])('a search as %s', async (tableType) => {
    const { frames, error } = await ask({ query: '{ resource.service.name = "payment" }', tableType, limit: 7 });
    expect(error).toBe('');
    expect(frames[0]?.rows).toBe(7);
  });

  test('a text of hex digits opens that trace, whatever the type says', async () => {
    for (const more of [{}, { queryType: 'traceql' }, { queryType: 'traceId' }]) {
      const { frames } = await ask({ query: fixtureTraceId(3).toUpperCase(), ...more });
      expect(frames[0]?.meta.preferredVisualisationType).toBe('trace');
      expect([...(frames[0]?.values('operationName') ?? [])].sort()).toEqual([
        'INSERT entries',
        'POST /charge',
        'POST /checkout',
        'charge',
      ]);
    }
    const { frames } = await ask({ query: fixtureTraceId(3) });
    const row = frames[0]?.values('operationName').indexOf('POST /charge') ?? -1;
    expect(frames[0]?.values('logs')[row]).toMatchObject([{ name: 'exception' }]);
    expect(frames[0]?.values('references')[row]).toMatchObject([{ traceID: fixtureTraceId(2) }]);
    expect(frames[0]?.values('statusMessage')[row]).toBe('card declined');
  });

  test('a trace that is not there is an answer of its own, never another trace', async () => {
    const { status, error, errorSource, frames } = await ask({ query: 'ffffffffffffffffffffffffffffffff' });
    expect(status).toBe(404);
    expect(error).toContain('this store keeps models, not that trace');
    expect(errorSource).toBe('downstream');
    expect(frames).toEqual([]);
  });

  test('rates are series that add up to the traces', async () => {
    const { frames } = await ask({ query: '{ } | count_over_time() by (status)', step: '10s', exemplars: 0 });
    const series = frames.filter((frame) => frame.meta.dataTopic === undefined);
    expect(series.length).toBeGreaterThanOrEqual(2);
    const sum = (values: unknown[]) => (values as number[]).reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
    const total = series.reduce((all, frame) => all + sum(frame.values('value')), 0);
    expect(total).toBe(4 * FIXTURE_TRACES);
    const errors = series.find((frame) => Object.values(frame.fields[1]?.labels ?? {}).includes('error'));
    expect(sum(errors?.values('value') ?? [])).toBe(3 * FIXTURE_ERRORS);
    expect(series[0]?.meta).toMatchObject({
      type: 'timeseries-multi',
      executedQueryString: expect.stringContaining('Step: 10s'),
    });
  });

  test('durations are in seconds', async () => {
    const { frames } = await ask({ query: '{ name = "charge" } | quantile_over_time(duration, .5)', step: '30s' });
    expect(frames[0]?.fields[1]?.config.unit).toBe('s');
  });

  test('histograms are heat maps', async () => {
    const { frames } = await ask({ query: '{ } | histogram_over_time(duration)', step: '30s' });
    expect(frames[0]?.meta.preferredVisualisationPluginId).toBe('heatmap');
  });

  test('an instant query is a table of numbers', async () => {
    const { frames } = await ask({
      query: '{ } | count_over_time() by (resource.service.name)',
      metricsQueryType: 'instant',
    });
    expect(frames[0]?.meta.type).toBe('numeric-long');
    expect(frames[0]?.rows).toBe(3);
  });

  test('an alert rule gets values only', async () => {
    const query = { query: '{ } | rate()', exemplars: 10 };
    const { frames } = await ask(query, { FromAlert: 'true' });
    expect(frames.map((frame) => frame.meta.dataTopic)).toEqual([undefined]);
  });

  test('queries of one request are answered on their own: an error of one is not the others’', async () => {
    const answers = await queryData(host, source(), [
      { refId: 'good', json: { query: '{ }' }, ...FIXTURE_RANGE },
      { refId: 'syntax', json: { query: '{ oops' }, ...FIXTURE_RANGE },
      { refId: 'json5', json: "{ query: '{}' }", ...FIXTURE_RANGE },
      { refId: 'type', json: { query: ['{}'] }, ...FIXTURE_RANGE },
      { refId: 'range', json: { query: '{ }' }, from: 5, to: 5 },
    ]);
    expect(Object.fromEntries(Object.entries(answers).map(([refId, { status }]) => [refId, status]))).toEqual({
      good: 200,
      syntax: 400,
      json5: 400,
      type: 400,
      range: 400,
    });
    expect(answers.syntax?.error).toContain('line 1');
    expect(answers.good?.frames[0]?.rows).toBe(20);
  });

  test('a store that is not there is an error of each query', async () => {
    const { status, error } = await queryOne(
      host,
      { uid: 'gone', jsonData: { store: '/no/such' } },
      { json: { query: '{ }' } }
    );
    expect(status).toBeGreaterThanOrEqual(400);
    expect(error).toContain('/no/such');
  });

  test('a query may not take longer than the data source allows', async () => {
    const slow = { uid: 'slow', jsonData: { store: directory, limits: { timeoutSeconds: 0.000001 } } };
    const { status } = await queryOne(host, slow, { json: { query: '{ }' }, ...FIXTURE_RANGE });
    expect([200, 504]).toContain(status);
  });
});

describe('resources', () => {
  test('tags by scope', async () => {
    const { status, body } = await callResource(host, source(), 'tags');
    expect(status).toBe(200);
    const { scopes } = body as { scopes: Array<{ name: string; tags: string[] }> };
    expect(scopes.find((scope) => scope.name === 'resource')?.tags).toContain('service.name');
    expect(scopes.find((scope) => scope.name === 'span')?.tags).toContain('http.route');
  });

  test('values of a tag, and only those that a query leaves', async () => {
    const url = `tag-values?tag=resource.service.name`;
    const all = (await callResource(host, source(), url)).body as { tagValues: Array<{ type: string; value: string }> };
    expect(all.tagValues.map((value) => value.value).sort()).toEqual(['ledger', 'payment', 'shop']);
    const q = encodeURIComponent('{ span.db.namespace = "ledger" }');
    const some = (await callResource(host, source(), `${url}&q=${q}`)).body;
    expect(some).toEqual({ tagValues: [{ type: 'string', value: 'ledger' }] });
  });

  test('models and health', async () => {
    expect((await callResource(host, source(), 'models')).body).toMatchObject({ traces: FIXTURE_TRACES });
    expect((await callResource(host, source(), 'health')).body).toMatchObject({ status: 'OK' });
  });

  test.each([
    ['nothing', 404],
    ['toString', 404],
    ['tag-values', 400],
    ['tags?start=1', 400],
    ['tags?start=9&end=8', 400],
    ['tags?limit=-1', 400],
    ['tags?scope=planet', 400],
  ])('%s answers %d', async (url, status) => {
    const answer = await callResource(host, source(), url);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      code: expect.any(String),
      message: expect.any(String),
      hint: expect.any(String),
    });
  });

  test('only GET is allowed', async () => {
    expect((await callResource(host, source(), 'tags', 'POST')).status).toBe(405);
  });
});

describe('bad requests', () => {
  test('random bytes are refused, and the process goes on', async () => {
    const paths = ['Data/QueryData', 'Diagnostics/CheckHealth', 'Diagnostics/CollectMetrics', 'Nothing/AtAll'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 300 }), async (method, bytes) => {
        await host.raw(`/pluginv2.${method}`, Buffer.from(bytes)).catch(() => undefined);
      }),
      { seed: 1, numRuns: 200 }
    );
    expect(await ping(host)).toBe(true);
  });

  test('a damaged request is refused or answered, and the process goes on', async () => {
    const good = queryRequest(source(), [{ json: { query: '{ }', limit: 3 }, ...FIXTURE_RANGE }]);
    const { toBinary } = await import('@bufbuild/protobuf');
    const bytes = toBinary(grafana.QueryDataRequestSchema, good);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        await host.raw('/pluginv2.Data/QueryData', damaged).catch(() => undefined);
      }),
      { seed: 2, numRuns: 100 }
    );
    expect(await ping(host)).toBe(true);
  });

  test('a request without a data source, without a range, without anything', async () => {
    const request = create(grafana.QueryDataRequestSchema, { queries: [{ refId: 'A' }, { refId: '' }] });
    const answer = (await host.call(grafana.Data, 'QueryData', request)) as grafana.QueryDataResponse;
    expect(Object.keys(answer.responses)).toEqual(['A', '']);
    expect(answer.responses.A?.status).toBe(400);
  });

  test('secrets are not in the logs', () => {
    expect(host.stderr).not.toContain(SECRET);
  });
});

describe('the process', () => {
  test('ends when the host says so', async () => {
    const other = await startAnother();
    await shutdown(other);
    expect(await other.exited()).toBe(0);
    expect(other.logs.at(-1)).toMatchObject({ '@message': 'plugin ends' });
  });

  test('ends on SIGTERM, and stays on SIGINT', async () => {
    const other = await startAnother();
    other.process.kill('SIGINT');
    expect(await ping(other)).toBe(true);
    other.process.kill('SIGTERM');
    expect(await other.exited()).toBe(0);
  });

  test('ends when its parent is killed', async () => {
    // A shell in the host's place, which leaves the plugin behind when it is killed.
    const shell = spawn('/bin/sh', ['-c', `"${plugin.executable}" & echo "pid $!"; wait`], {
      env: { ...GRAFANA_ENV, GF_PLUGIN_NODE: process.execPath },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    await new Promise<void>((resolve) =>
      shell.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('|grpc|') && text.includes('pid ')) {
          resolve();
        }
      })
    );
    const pid = Number(/pid (\d+)/.exec(text)?.[1]);
    const alive = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    expect(alive()).toBe(true);
    shell.kill('SIGKILL');
    while (alive()) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });

  test('is not started by hand', async () => {
    const run = spawn(process.execPath, [path.join(plugin.directory, 'backend.cjs')], { env: {} });
    let text = '';
    run.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect(await new Promise((resolve) => run.once('exit', resolve))).toBe(1);
    expect(text).toContain('install it in Grafana');
  });

  test('logs an error that nobody caught in the host’s form before it ends', async () => {
    const other = await startAnother({ GENT_TEST_CRASH: '1' });
    await queryOne(other, source(), { json: { query: '{ }' }, ...FIXTURE_RANGE }).catch(() => undefined);
    expect(await other.exited()).toBe(1);
    expect(other.logs.at(-1)).toMatchObject({ '@level': 'error', '@message': 'uncaught exception: crash on purpose' });
  });

  test('listens on a local port where a socket path would be too long', async () => {
    const deep = path.join(directory, 'x'.repeat(120));
    mkdirSync(deep);
    const other = await startAnother({ PLUGIN_UNIX_SOCKET_DIR: deep });
    expect(other.handshake.slice(2, 4)).toEqual(['tcp', expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
    expect(await ping(other)).toBe(true);
  });
});

describe('the plugin directory', () => {
  const file = (name: string) => path.join(plugin.directory, name);

  test('is complete: the native runtime loads from it alone', () => {
    const local = createRequire(file('backend.cjs'));
    expect(local.resolve('onnxruntime-node').startsWith(plugin.directory)).toBe(true);
    const ort = local('onnxruntime-node') as { InferenceSession: { create: unknown } };
    expect(typeof ort.InferenceSession.create).toBe('function');
  });

  test('has a manifest that Grafana takes, with nothing left to fill in', () => {
    const manifest = JSON.parse(readFileSync(file('plugin.json'), 'utf8')) as Record<string, unknown> & {
      info: { version: string; updated: string; logos: { small: string; large: string }; keywords: string[] };
    };
    expect(manifest).toMatchObject({
      type: 'datasource',
      id: expect.stringMatching(/^[0-9a-z]+-([0-9a-z]+-)?datasource$/),
      backend: true,
      executable: 'gpx_gent',
      metrics: true,
      tracing: true,
      alerting: true,
      annotations: true,
      dependencies: { grafanaDependency: expect.any(String) },
    });
    expect(manifest.info.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(manifest.info.updated).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(manifest.info.keywords.length).toBeGreaterThan(0);
    for (const logo of Object.values(manifest.info.logos)) {
      expect(existsSync(file(logo))).toBe(true);
    }
  });

  test('has a launcher for each platform, and the native library of this one only', () => {
    for (const platform of ['linux_amd64', 'linux_arm64', 'darwin_arm64']) {
      expect(statSync(file(`gpx_gent_${platform}`)).mode & 0o111).toBe(0o111);
    }
    const native = readdirSync(file('node_modules/onnxruntime-node/bin/napi-v6'), { recursive: true }).map(String);
    expect(native.filter((name) => name.endsWith('.node'))).toEqual([
      path.join(process.platform, process.arch, 'onnxruntime_binding.node'),
    ]);
  });

  test('names the licences of what was bundled, and no path of the machine that built it', () => {
    expect(readFileSync(file('LICENSE'), 'utf8')).toContain('Apache License');
    const notices = readFileSync(file('THIRD_PARTY_NOTICES.txt'), 'utf8');
    for (const name of ['@grpc/grpc-js', 'apache-arrow', 'onnxruntime-node', 'pako', 'prom-client']) {
      expect(notices).toContain(`${name} `);
    }
    expect(readFileSync(file('backend.cjs'), 'utf8')).not.toContain(ROOT);
  });
});
