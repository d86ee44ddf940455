// Starts a Grafana from GRAFANA_HOME with this checkout's plugin and provisioning, in a scratch directory.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { root } from './build-node.mjs';

/** GRAFANA_HOME when it holds a server, else the reason why not. */
export function findGrafana(home = process.env.GRAFANA_HOME) {
  if (!home) {
    return { reason: 'GRAFANA_HOME is not set' };
  }
  const binary = path.join(home, 'bin/grafana');
  return existsSync(binary) ? { home, binary } : { reason: `${binary} does not exist` };
}

/** A port of 127.0.0.1 that is free now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * Starts Grafana and waits until it answers.
 * @param {{ home: string, binary: string, dir: string, store: string, port?: number, plugins?: string, settings?: Record<string, string> }} options
 *   `dir`: scratch directory for data and logs; `store`: directory of models; `plugins`: directory that holds the
 *   plugin's folder (default: dist/ of the checkout as the only plugin); `settings`: more lines of the plugin's section
 *   of grafana.ini
 * @returns {Promise<{ url: string, port: number, log: string, process: import('node:child_process').ChildProcess, stop(): Promise<void> }>}
 */
export async function startGrafana({ home, binary, dir, store, port, plugins, settings = {} }) {
  mkdirSync(dir, { recursive: true });
  const listen = port ?? (await freePort());
  const log = path.join(dir, 'grafana.log');
  // Grafana's environment variables reach a plugin's section only where a file names the key.
  const config = path.join(dir, 'grafana.ini');
  const lines = Object.entries({ node: process.execPath, ...settings }).map(([key, value]) => `${key} = ${value}`);
  writeFileSync(config, ['[plugin.gent-traces-datasource]', ...lines, ''].join('\n'));
  const child = spawn(binary, ['server', '--homepath', home, '--config', config], {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      HOME: dir,
      TZ: 'UTC',
      GF_PATHS_DATA: path.join(dir, 'data'),
      GF_PATHS_LOGS: path.join(dir, 'log'),
      // Grafana looks for plugin.json anywhere below this directory.
      GF_PATHS_PLUGINS: plugins ?? path.join(root, 'dist'),
      GF_PATHS_PROVISIONING: path.join(root, 'provisioning'),
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(listen),
      GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: 'gent-traces-datasource',
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
      GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: 'true',
      GF_PLUGINS_PLUGIN_ADMIN_ENABLED: 'false',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
      GF_NEWS_NEWS_FEED_ENABLED: 'false',
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Admin',
      GF_AUTH_DISABLE_LOGIN_FORM: 'true',
      GF_LOG_FILTERS: 'plugin.gent-traces-datasource:debug',
      GENT_STORE: store,
      GENT_DASHBOARDS: path.join(root, 'provisioning/dashboards'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out = createWriteStream(log);
  child.stdout.pipe(out, { end: false });
  child.stderr.pipe(out, { end: false });
  const url = `http://127.0.0.1:${listen}`;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(timer);
    out.end();
  };
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) {
      throw new Error(`Grafana stopped with code ${child.exitCode}; its log: ${log}`);
    }
    try {
      const response = await fetch(`${url}/api/health`);
      if (response.ok) {
        return { url, port: listen, log, process: child, stop };
      }
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await stop();
  throw new Error(`Grafana did not answer within 120 s; its log: ${log}`);
}
