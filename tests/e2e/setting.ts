/** @file A model of the demo shop's last 25 minutes, a Grafana that reads it through the built plugin, and a browser. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { simulateShop } from '../../pkg/pandora';
import { writeTraces } from '../../pkg/trace';
import { findChromium } from './requirements';

const ROOT = path.resolve(__dirname, '../..');
const GENT = path.join(ROOT, 'build/gent.cjs');
const TRACES = 700;
const MINUTES = 25;
const EPOCHS = 3;
const PLUGIN = 'gent-traces-datasource';

/** Where the test and the programs it started live. */
export interface Setting {
  readonly url: string;
  /** Directory of the model. */
  readonly store: string;
  readonly page: Page;
  /** Errors that pages threw and nobody caught. */
  readonly pageErrors: string[];
  /** Starts `gent serve` over the store. @returns its address */
  serve(): Promise<string>;
  /** Posts queries to Grafana's query API, as alert rules and the browser do. */
  queryApi(queries: object[]): Promise<{ status: number; results: Record<string, QueryResult> }>;
  /** Keeps a screenshot in the directory that GENT_E2E_SHOTS names, if it names one. */
  shot(name: string): Promise<void>;
  stop(): Promise<void>;
}

export interface QueryResult {
  readonly status: number;
  readonly error?: string;
  readonly frames?: Array<{
    schema: { name?: string; fields: Array<{ name: string; type: string; labels?: Record<string, string> }> };
    data: { values: unknown[][] };
  }>;
}

function must(command: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${path.basename(args[0] ?? command)} failed with code ${status}:\n${stdout}${stderr}`);
  }
}

function newest(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((latest, entry) => {
    const file = path.join(directory, entry.name);
    return Math.max(latest, entry.isDirectory() ? newest(file) : statSync(file).mtimeMs);
  }, 0);
}

/** The plugin as it ships, in a directory of its own. The browser half is built again only when src/ is newer. */
function installPlugin(plugins: string): void {
  const directory = path.join(plugins, PLUGIN);
  const module = path.join(ROOT, 'dist/module.js');
  const built = statSync(module, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < newest(path.join(ROOT, 'src'))) {
    must(process.execPath, [path.join(ROOT, 'scripts/build-plugin.mjs')]);
  }
  must(process.execPath, [path.join(ROOT, 'scripts/build-plugin.mjs'), '--backend-only', '--out', directory]);
  copyFileSync(module, path.join(directory, 'module.js'));
}

async function trainShop(directory: string, store: string): Promise<void> {
  const file = path.join(directory, 'traces.ndjson');
  const startUnixNano = BigInt(Date.now() - (MINUTES + 2) * 60_000) * 1_000_000n;
  await writeTraces(file, simulateShop({ seed: 7, count: TRACES, minutes: MINUTES, startUnixNano }));
  mkdirSync(store);
  must(process.execPath, [GENT, 'train', '--traces', file, '--store', store, '--epochs', String(EPOCHS)]);
}

/** The first line that a program prints. */
async function firstLine(child: ChildProcess, what: string): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${what} ended with code ${code} before it was ready`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => undefined);
  return line;
}

async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
}

/** Trains, builds, starts everything. {@link Setting.stop} ends it. */
export async function prepare(): Promise<Setting> {
  const directory = mkdtempSync(path.join(tmpdir(), 'gent-e2e-'));
  const store = path.join(directory, 'models');
  const plugins = path.join(directory, 'plugins');
  const children: ChildProcess[] = [];
  let browser: Browser | undefined;
  const stop = async () => {
    await browser?.close();
    await Promise.all(children.map(terminate));
    rmSync(directory, { recursive: true, force: true });
  };
  const start = async (args: string[], what: string): Promise<string> => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return firstLine(child, what);
  };
  try {
    await trainShop(directory, store);
    installPlugin(plugins);
    const script = path.join(__dirname, 'run-grafana.mjs');
    const line = await start([script, path.join(directory, 'grafana'), store, plugins], 'Grafana');
    const { url } = JSON.parse(line) as { url: string };
    browser = await chromium.launch({
      executablePath: findChromium(),
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    const page = await browser.newPage({ viewport: { width: 1920, height: 1000 } });
    page.setDefaultTimeout(30_000);
    const pageErrors: string[] = [];
    page.on('pageerror', (error) => pageErrors.push(error.message));
    return {
      url,
      store,
      page,
      pageErrors,
      stop,
      async serve() {
        const said = await start([GENT, 'serve', '--store', store, '--listen', '127.0.0.1:0'], 'gent serve');
        return said.replace('gent serve listens on ', '').trim();
      },
      async queryApi(queries) {
        const response = await fetch(`${url}/api/ds/query`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ from: 'now-1h', to: 'now', queries }),
        });
        const { results } = (await response.json()) as { results: Record<string, QueryResult> };
        return { status: response.status, results };
      },
      async shot(name) {
        if (process.env.GENT_E2E_SHOTS) {
          await page.screenshot({ path: path.join(process.env.GENT_E2E_SHOTS, `${name}.png`) });
        }
      },
    };
  } catch (error) {
    const log = path.join(directory, 'grafana/grafana.log');
    const tail = statSync(log, { throwIfNoEntry: false }) ? readFileSync(log, 'utf8').slice(-3000) : '';
    await stop();
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${tail}`, { cause: error });
  }
}

/** The address of Explore with one query over the last hour. */
export function exploreUrl(url: string, query: object, datasource = { type: PLUGIN, uid: 'gent' }): string {
  const pane = {
    datasource: datasource.uid,
    queries: [{ refId: 'A', datasource, ...query }],
    range: { from: 'now-1h', to: 'now' },
  };
  return `${url}/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(JSON.stringify({ gent: pane }))}`;
}
