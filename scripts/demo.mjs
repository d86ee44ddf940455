// npm run demo [-- --once --traces N --seed N]: a demo shop's traces → trainer → model → traces again, in the terminal;
// then Grafana where GRAFANA_HOME names one, else the Tempo-compatible API, until Ctrl-C. Needs nothing but Node.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildNode, root } from './build-node.mjs';
import { findGrafana, freePort, startGrafana } from './grafana.mjs';

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    traces: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
});
const gent = path.join(root, 'build/gent.cjs');
const dir = path.join('.gent', 'demo');
const store = path.join(root, dir, 'models');
const say = (text = '') => process.stdout.write(`${text}\n`);

/** Runs a program in the foreground. Resolves with its exit code; Ctrl-C reaches it through the terminal. */
function foreground(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal === null ? code : 130));
  });
}

function untilInterrupted() {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

function dockerAnswers() {
  const { status } = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], {
    timeout: 5000,
    stdio: 'ignore',
  });
  return status === 0;
}

/** Whether this port of 127.0.0.1 is free, else another one. */
async function portOr(wanted) {
  const { createServer } = await import('node:net');
  const free = await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(wanted, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  return free ? wanted : freePort();
}

/** Grafana looks for plugins in the folders of a directory: one whose only folder is a link to dist/. */
function pluginsDirectory() {
  const plugins = path.join(root, dir, 'plugins');
  const link = path.join(plugins, 'gent-traces-datasource');
  mkdirSync(plugins, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(path.join(root, 'dist'), link, 'dir');
  return plugins;
}

async function grafana(found) {
  say('Building the plugin …');
  const built = spawnSync('npm', ['run', '-s', 'build'], { cwd: root, encoding: 'utf8' });
  if (built.status !== 0) {
    throw new Error(`the plugin could not be built:\n${built.stdout}${built.stderr}`);
  }
  say(`Starting Grafana from ${found.home} …`);
  const running = await startGrafana({
    ...found,
    dir: path.join(root, dir, 'grafana'),
    store,
    plugins: pluginsDirectory(),
    port: await portOr(3000),
  });
  const query = encodeURIComponent(
    JSON.stringify({
      demo: {
        datasource: 'gent',
        queries: [
          { refId: 'A', datasource: { type: 'gent-traces-datasource', uid: 'gent' }, query: '{ status = error }' },
        ],
        range: { from: 'now-1h', to: 'now' },
      },
    })
  );
  say();
  say(`  Grafana     ${running.url}  (no log-in needed)`);
  say(`  Explore     ${running.url}/explore?schemaVersion=1&orgId=1&panes=${query}`);
  say(`  Dashboard   ${running.url}/d/gent-overview`);
  say(`  Its log     ${path.relative(root, running.log)}`);
  say();
  say('Ctrl-C ends it.');
  await untilInterrupted();
  await running.stop();
}

async function serve() {
  const listen = `127.0.0.1:${await portOr(3200)}`;
  say(`Serving the Tempo-compatible API on http://${listen} (add it to a Grafana as a Tempo data source). Try:`);
  say();
  say(`  curl -s 'http://${listen}/api/search?limit=3' --get --data-urlencode 'q={ status = error }'`);
  say(`  curl -s 'http://${listen}/api/v2/search/tag/resource.service.name/values'`);
  say();
  say('Ctrl-C ends it.');
  const child = spawn(process.execPath, [gent, 'serve', '--store', store, '--listen', listen], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => child.kill('SIGTERM');
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const code = await exit;
  if (code !== 0 && code !== null) {
    throw new Error(`gent serve ended with code ${code}`);
  }
}

async function main() {
  await buildNode();
  const code = await foreground(process.execPath, [
    gent,
    'demo',
    'tour',
    '--traces',
    values.traces,
    '--seed',
    values.seed,
    '--dir',
    dir,
  ]);
  if (code !== 0) {
    return code;
  }
  const found = findGrafana();
  if (values.once) {
    if (found.reason === undefined) {
      say(`Without --once, Grafana is started now, from ${found.home}.`);
    }
    return 0;
  }
  if (found.reason === undefined) {
    await grafana(found);
    return 0;
  }
  if (dockerAnswers()) {
    say('Docker is here: `docker compose up` starts Grafana with the plugin, the trainer and live traffic,');
    say('then open http://localhost:3000.');
  } else {
    say(
      `No Grafana to start (${found.reason}): set GRAFANA_HOME to an unpacked Grafana 12.4, or use docker compose up.`
    );
  }
  say();
  await serve();
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(`demo: ${error.message}`);
    process.exitCode = 1;
  }
);
