/** @file The backend as one executable with Node in it: nothing of Node is installed for it, and it answers all the same. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BuiltPlugin, buildPlugin } from './built';
import { checkHealth, queryOne } from './client';
import { FIXTURE_RANGE, FIXTURE_TRACES, fixtureNdjson } from './fixture';
import { PluginHost } from './host';

const ROOT = path.resolve(__dirname, '../..');

let plugin: BuiltPlugin | undefined;
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'gent-executable-test-'));
  plugin = buildPlugin(ROOT, undefined, ['--executable']);
});

afterAll(() => {
  plugin?.remove();
  rmSync(directory, { recursive: true, force: true });
});

test('generates traces from a model, with the native runtime that lies beside it', async () => {
  const { executable, directory: built } = plugin as BuiltPlugin;
  expect(readdirSync(built).filter((name) => name.startsWith('gpx_'))).toEqual([path.basename(executable)]);
  expect(existsSync(path.join(built, 'backend.cjs'))).toBe(false);
  expect(readFileSync(path.join(built, 'THIRD_PARTY_NOTICES.txt'), 'utf8')).toContain(
    `\nNode.js ${process.version.slice(1)}\n`
  );
  const traces = path.join(directory, 'traces.ndjson');
  const store = path.join(directory, 'store');
  mkdirSync(store);
  writeFileSync(traces, fixtureNdjson());
  const gent = path.join(ROOT, 'build/gent.cjs');
  execFileSync(process.execPath, [gent, 'train', '--traces', traces, '--store', store, '--epochs', '2'], {
    stdio: 'pipe',
  });
  const host = await PluginHost.start(executable, [], {});
  try {
    const health = await checkHealth(host, { jsonData: { store } });
    expect(health.message).toContain(`1 model of ${FIXTURE_TRACES} traces`);
    const { frames, error } = await queryOne(
      host,
      { jsonData: { store } },
      { json: { query: '{ status = error }', limit: 5 }, ...FIXTURE_RANGE }
    );
    expect(error).toBe('');
    expect(frames[0]?.rows).toBe(5);
  } finally {
    await host.kill();
  }
});
