/** @file The plugin's process: start to first healthy answer, memory when idle, time of a call, sizes. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { buildPlugin, type BuiltPlugin } from '../plugin/built';
import { checkHealth, queryOne } from '../plugin/client';
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

export const bench: Bench = {
  name: 'plugin',
  async run({ quick, log }): Promise<BenchRow[]> {
    const root = process.cwd();
    const store = mkdtempSync(path.join(tmpdir(), 'gent-store-'));
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
      ];
    } finally {
      plugin.remove();
      rmSync(store, { recursive: true, force: true });
    }
  },
};
