/** @file Programs that run for a test: a Grafana with the built plugin and the shop's models, `gent serve`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { GENT, installPlugin, PLUGIN, ROOT, trainShop } from './shop';

/** A Grafana of the test's own. {@link RunningGrafana.stop} ends it and what was started beside it. */
export interface RunningGrafana {
  readonly url: string;
  /** Directory of the models. */
  readonly store: string;
  /** Time from the start of Grafana's process until the plugin's health check said OK, ms. */
  readonly healthyMs: number;
  /** Starts `gent serve` over the store, or over a file of traces. @returns its address */
  serve(traces?: string): Promise<string>;
  /** Stops Grafana, starts it again on the same data and the same port, and waits until the data source is healthy. */
  restart(): Promise<void>;
  /** Process ids of the plugin's backend that this Grafana runs. */
  backends(): number[];
  /** One call of Grafana's HTTP API. */
  api<T = unknown>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>;
  stop(): Promise<void>;
}

/** The data source that Grafana is provisioned with. */
export const DATA_SOURCE = { type: PLUGIN, uid: 'gent' };

const HEALTH_WAIT_MS = 60_000;

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

/** Processes below one whose command line matches. Linux only, as everything here. */
function descendants(root: number, command: RegExp): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = readText(`/proc/${name}/stat`);
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const below = (pid: number): boolean => {
    const parent = parents.get(pid) ?? 0;
    return parent === root || (parent > 1 && below(parent));
  };
  return [...parents.keys()].filter((pid) => below(pid) && command.test(readText(`/proc/${pid}/cmdline`)));
}

/** A file of /proc, or nothing when its process has just ended. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
}

function apiOf(url: string): RunningGrafana['api'] {
  return async <T>(method: string, where: string, body?: unknown) => {
    const response = await fetch(`${url}${where}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
  };
}

async function untilHealthy(api: RunningGrafana['api']): Promise<void> {
  const deadline = Date.now() + HEALTH_WAIT_MS;
  const check = () => api<{ status?: string }>('GET', `/api/datasources/uid/${DATA_SOURCE.uid}/health`);
  let last = await check();
  while (last.body.status !== 'OK') {
    if (Date.now() > deadline) {
      throw new Error(`the data source is not healthy: ${JSON.stringify(last.body)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    last = await check();
  }
}

/** Trains the shop's models, builds the plugin, and starts a Grafana that is provisioned with both. */
export async function runGrafana(): Promise<RunningGrafana> {
  const directory = mkdtempSync(path.join(tmpdir(), 'gent-e2e-'));
  const store = path.join(directory, 'models');
  const plugins = path.join(directory, 'plugins');
  const children: ChildProcess[] = [];
  const stop = async () => {
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
    const script = path.join(ROOT, 'tests/e2e/run-grafana.mjs');
    const begin = performance.now();
    const line = await start([script, path.join(directory, 'grafana'), store, plugins], 'Grafana');
    const { url } = JSON.parse(line) as { url: string };
    const api = apiOf(url);
    await untilHealthy(api);
    return {
      url,
      store,
      healthyMs: performance.now() - begin,
      api,
      stop,
      async restart() {
        const [runner] = children;
        const lines = createInterface({ input: runner?.stdout as NodeJS.ReadableStream });
        runner?.kill('SIGHUP');
        await once(lines, 'line');
        await untilHealthy(api);
      },
      backends: () => descendants(children[0]?.pid ?? 0, /backend\.cjs/),
      async serve(traces) {
        const from = traces === undefined ? ['--store', store] : ['--traces', traces];
        const said = await start([GENT, 'serve', ...from, '--listen', '127.0.0.1:0'], 'gent serve');
        return said.replace('gent serve listens on ', '').trim();
      },
    };
  } catch (error) {
    const log = path.join(directory, 'grafana/grafana.log');
    const tail = statSync(log, { throwIfNoEntry: false }) ? readFileSync(log, 'utf8').slice(-3000) : '';
    await stop();
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${tail}`, { cause: error });
  }
}
