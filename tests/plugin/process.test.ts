/** @file The plugin as a process and as a directory: handshake, logs, damaged requests, its ends, what is shipped. */
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { grafana } from '../../pkg/proto';
import { collectMetrics, ping, queryOne, queryRequest, shutdown } from './client';
import { FIXTURE_RANGE } from './fixture';
import { GRAFANA_ENV, type PluginHost } from './host';
import { type RawPlugin, ROOT, startRawPlugin } from './raw-plugin';

const SECRET = 'a-token-that-must-stay-secret';

let raw: RawPlugin;
let host: PluginHost;

beforeAll(async () => {
  raw = await startRawPlugin();
  host = raw.host;
});

afterAll(() => raw?.end());

const source = () => ({ jsonData: { store: raw.directory }, secure: { token: SECRET } });
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
    const other = await raw.start();
    await shutdown(other);
    expect(await other.exited()).toBe(0);
    expect(other.logs.at(-1)).toMatchObject({ '@message': 'plugin ends' });
  });

  test('ends on SIGTERM, and stays on SIGINT', async () => {
    const other = await raw.start();
    other.process.kill('SIGINT');
    expect(await ping(other)).toBe(true);
    other.process.kill('SIGTERM');
    expect(await other.exited()).toBe(0);
  });

  test('ends when its parent is killed', async () => {
    // A shell in the host's place, which leaves the plugin behind when it is killed.
    const shell = spawn('/bin/sh', ['-c', `"${raw.plugin.executable}" & echo "pid $!"; wait`], {
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
    const run = spawn(process.execPath, [path.join(raw.plugin.directory, 'backend.cjs')], { env: {} });
    let text = '';
    run.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect(await new Promise((resolve) => run.once('exit', resolve))).toBe(1);
    expect(text).toContain('install it in Grafana');
  });

  test('logs an error that nobody caught in the host’s form before it ends', async () => {
    const other = await raw.start({ GENT_TEST_CRASH: '1' });
    await queryOne(other, source(), { json: { query: '{ }' }, ...FIXTURE_RANGE }).catch(() => undefined);
    expect(await other.exited()).toBe(1);
    expect(other.logs.at(-1)).toMatchObject({ '@level': 'error', '@message': 'uncaught exception: crash on purpose' });
  });

  test('listens on a local port where a socket path would be too long', async () => {
    const deep = path.join(raw.directory, 'x'.repeat(120));
    mkdirSync(deep);
    const other = await raw.start({ PLUGIN_UNIX_SOCKET_DIR: deep });
    expect(other.handshake.slice(2, 4)).toEqual(['tcp', expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
    expect(await ping(other)).toBe(true);
  });
});

describe('the plugin directory', () => {
  const file = (name: string) => path.join(raw.plugin.directory, name);

  test('is complete: the native runtime loads from it alone', () => {
    const local = createRequire(file('backend.cjs'));
    expect(local.resolve('onnxruntime-node').startsWith(raw.plugin.directory)).toBe(true);
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
