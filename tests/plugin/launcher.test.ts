import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SCRIPT = path.resolve(__dirname, '../../scripts/launcher/gpx.sh');

let directory: string;
let launcher: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'gent-launcher-'));
  launcher = path.join(directory, 'gpx_gent_linux_amd64');
  copyFileSync(SCRIPT, launcher);
  chmodSync(launcher, 0o755);
  writeFileSync(path.join(directory, 'backend.cjs'), 'console.log(JSON.stringify([process.pid, process.execPath]))');
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Something that calls itself node, of some version; when run, it names itself. */
function fakeNode(file: string, version: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n[ "$1" = --version ] && echo '${version}' && exit\necho "${file} ran $1"\n`);
  chmodSync(file, 0o755);
  return file;
}

const start = (env: Record<string, string>) => spawnSync(launcher, [], { env, encoding: 'utf8' });

test('Node takes the place of the launcher, so that Grafana watches Node itself', () => {
  const run = start({ GF_PLUGIN_NODE: process.execPath });
  expect(run.stderr).toBe('');
  const [pid, execPath] = JSON.parse(run.stdout) as [number, string];
  expect(pid).toBe(run.pid);
  expect(execPath).toBe(process.execPath);
});

test('the node packaged beside the launcher goes before those of PATH', () => {
  const packaged = fakeNode(path.join(directory, 'node'), 'v22.1.0');
  const other = path.dirname(fakeNode(path.join(directory, 'bin/node'), 'v24.0.0'));
  expect(start({ PATH: other }).stdout).toBe(`${packaged} ran ${directory}/backend.cjs\n`);
});

test('a Node that is too old or does not run is passed over', () => {
  const old = fakeNode(path.join(directory, 'old/node'), 'v18.19.0');
  const broken = fakeNode(path.join(directory, 'broken/node'), '');
  const good = fakeNode(path.join(directory, 'good/node'), 'v20.0.0');
  const PATH = [broken, good].map((file) => path.dirname(file)).join(':');
  expect(start({ GF_PLUGIN_NODE: old, PATH }).stdout).toBe(`${good} ran ${directory}/backend.cjs\n`);
});

test('without a Node, one line in the form Grafana logs says what to do', () => {
  // The usual places of this machine are hidden by a version no Node there has.
  writeFileSync(launcher, spawnSync('sed', ['s/-ge 20/-ge 2000/', SCRIPT], { encoding: 'utf8' }).stdout);
  const old = fakeNode(path.join(directory, 'old/node'), 'v18.19.0');
  const run = start({ GF_PLUGIN_NODE: old, PATH: '/nowhere' });
  expect(run.status).toBe(1);
  expect(run.stdout).toBe('');
  const line = JSON.parse(run.stderr) as Record<string, string>;
  expect(line['@level']).toBe('error');
  expect(line['@message']).toContain('no Node 20 or newer found');
  expect(line['@message']).toContain(`${old} (v18.19.0)`);
  expect(line['@message']).toContain('grafana.ini');
});
