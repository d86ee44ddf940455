/** @file The plugin's process: start to first healthy answer, memory when idle and under load, times of calls, sizes. */
import { execFileSync } from 'node:child_process';
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
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { buildPlugin, type BuiltPlugin } from '../plugin/built';
import { checkHealth, queryData, queryOne } from '../plugin/client';
import { FIXTURE_RANGE, fixtureNdjson } from '../plugin/fixture';
import { askOne, heapOf, SMALL_CACHES } from '../plugin/load';
import type { Bench, BenchRow } from './types';

const IDLE_AFTER_MS = 2000;

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Resident MiB of a process, where /proc says. */
function residentMiB(pid: number | undefined): number {
  const file = `/proc/${pid}/status`;
  const kib = existsSync(file) ? /VmRSS:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  return kib === undefined ? NaN : Number(kib) / 1024;
}

function directoryMB(directory: string): number {
  const names = readdirSync(directory, { recursive: true }).map((name) => path.join(directory, String(name)));
  return names.reduce((sum, name) => sum + (statSync(name).isFile() ? statSync(name).size : 0), 0) / 1e6;
}

async function startOnce(plugin: BuiltPlugin, store: string) {
  const begin = performance.now();
  const host = await plugin.start();
  const health = await checkHealth(host, { jsonData: { store } });
  const healthyMs = performance.now() - begin;
  if (health.status !== 1) {
    throw new Error(`not healthy: ${health.message}`);
  }
  return { host, healthyMs };
}

const QUESTIONS = 10_000;
const WARM_UP = 100;
const PANELS = 50;

/** Trains a model of the small batch of the tests. */
function trainedStore(root: string, directory: string): string {
  const [traces, store] = [path.join(directory, 'traces.ndjson'), path.join(directory, 'store')];
  mkdirSync(store);
  writeFileSync(traces, fixtureNdjson());
  const gent = path.join(root, 'build/gent.cjs');
  execFileSync(process.execPath, [gent, 'train', '--traces', traces, '--store', store, '--epochs', '1'], {
    stdio: 'pipe',
  });
  return store;
}

/** Asks a mixed load, one question at a time, and looks at the memory before and after. */
async function underLoad(root: string, store: string, questions: number): Promise<BenchRow[]> {
  const plugin = buildPlugin(root, path.join(root, 'tests/plugin/gc-backend.ts'));
  const host = await plugin.start(SMALL_CACHES.env);
  try {
    const source = { jsonData: { store, limits: SMALL_CACHES.limits } };
    const { frames } = await queryOne(host, source, { json: { query: '{ }', limit: 50 }, ...FIXTURE_RANGE });
    const ids = frames[0]?.values('traceID') as string[];
    const ask = async (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        await askOne(host, source, i, ids);
      }
    };
    await ask(0, WARM_UP);
    const before = await heapOf(host);
    const begin = performance.now();
    await ask(WARM_UP, questions);
    const each = (performance.now() - begin) / (questions - WARM_UP);
    const after = await heapOf(host);
    const queries = Array.from({ length: PANELS }, (_, i) => ({
      refId: `Q${i}`,
      json: i % 2 === 0 ? { query: '{ } | rate() by (name)', step: '5s' } : { query: `{ duration > ${i}ms }` },
      ...FIXTURE_RANGE,
    }));
    const panels = performance.now();
    await queryData(host, source, queries);
    return [
      {
        what: `heap after ${questions} mixed questions, of that after ${WARM_UP}; without compiled code`,
        value: after.used / before.used,
        unit: 'times',
        target: '≤ 1.2',
      },
      {
        what: 'the same with compiled code',
        value: (after.used + after.code) / (before.used + before.code),
        unit: 'times',
        target: '≤ 1.2',
      },
      {
        what: 'the same of V8’s heap alone, without buffers',
        value: (after.used + after.code - after.buffers) / (before.used + before.code - before.buffers),
        unit: 'times',
      },
      { what: `resident memory after ${questions} mixed questions`, value: after.rss / 2 ** 20, unit: 'MiB' },
      { what: 'a question of the mixed load, mean', value: each, unit: 'ms' },
      { what: `${PANELS} panels at once`, value: performance.now() - panels, unit: 'ms' },
    ];
  } finally {
    await host.kill();
    plugin.remove();
  }
}

export const bench: Bench = {
  name: 'plugin',
  async run({ quick, log }): Promise<BenchRow[]> {
    const root = process.cwd();
    const directory = mkdtempSync(path.join(tmpdir(), 'gent-bench-'));
    const store = path.join(directory, 'empty');
    mkdirSync(store);
    const plugin = buildPlugin(root);
    try {
      log(`plugin built in ${plugin.directory}`);
      const starts: number[] = [];
      const idle: number[] = [];
      const calls: number[] = [];
      for (let i = 0; i < (quick ? 3 : 11); i++) {
        const { host, healthyMs } = await startOnce(plugin, store);
        starts.push(healthyMs);
        for (let n = 0; n < (quick ? 20 : 200); n++) {
          const begin = performance.now();
          await queryOne(host, { jsonData: { store } }, { json: { queryType: 'models' } });
          calls.push(performance.now() - begin);
        }
        if (i === 0) {
          await new Promise((resolve) => setTimeout(resolve, IDLE_AFTER_MS));
          idle.push(residentMiB(host.process.pid));
        }
        await host.kill();
      }
      const bundle = statSync(path.join(plugin.directory, 'backend.cjs')).size / 1e6;
      return [
        { what: 'start to first healthy answer', value: median(starts), unit: 'ms', target: '≤ 500 ms' },
        { what: 'resident memory, idle', value: median(idle), unit: 'MiB', target: '≤ 200 MiB' },
        { what: 'a query without work (models, empty store)', value: median(calls), unit: 'ms' },
        { what: 'backend.cjs', value: bundle, unit: 'MB' },
        { what: 'plugin directory without module.js', value: directoryMB(plugin.directory), unit: 'MB' },
        ...(await underLoad(root, trainedStore(root, directory), quick ? QUESTIONS / 10 : QUESTIONS)),
      ];
    } finally {
      plugin.remove();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
