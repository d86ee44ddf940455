/** @file Queries through a real Grafana's HTTP API, as a panel asks them: time of each type, start, bytes of the plugin. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { DATA_SOURCE, runGrafana, type RunningGrafana } from '../e2e/running';
import type { Bench, BenchRow } from './types';

const HOUR_MS = 3_600_000;

interface Answers {
  results: Record<string, { status: number; error?: string; frames?: Array<{ data: { values: unknown[][] } }> }>;
}

/** Every question asked here, by what it is called. `ID` stands for the id of a trace that was found. */
const QUESTIONS: ReadonlyArray<readonly [string, object]> = [
  ['search, 20 traces', { query: '{ status = error }', limit: 20 }],
  ['search, spans with attributes', { query: '{ kind = server } | select(resource.service.name)', tableType: 'spans' }],
  ['trace by id', { query: 'ID' }],
  ['rate by service, exact', { query: '{ } | rate() by (resource.service.name)', step: '1m' }],
  ['quantiles, estimated', { query: '{ kind = server } | quantile_over_time(duration, .5, .9, .99)', step: '1m' }],
  ['histogram', { query: '{ kind = server } | histogram_over_time(duration)', step: '1m' }],
  ['service graph', { queryType: 'serviceGraph', query: '' }],
  ['models', { queryType: 'models', query: '' }],
  ['compare windows', { queryType: 'compareWindows', query: '', baselineShift: '30m' }],
];

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

async function ask(grafana: RunningGrafana, query: object): Promise<Answers['results'][string]> {
  const to = Date.now();
  const { body } = await grafana.api<Answers>('POST', '/api/ds/query', {
    from: String(to - HOUR_MS),
    to: String(to),
    queries: [{ refId: 'A', datasource: DATA_SOURCE, intervalMs: 60_000, maxDataPoints: 100, ...query }],
  });
  const answer = body.results.A;
  if (answer === undefined || answer.status !== 200) {
    throw new Error(`${JSON.stringify(query)}: ${answer?.error ?? 'no answer'}`);
  }
  return answer;
}

/** p50 and p95 of one question. Time goes on between asks, so no answer is one of before. */
async function timed(grafana: RunningGrafana, what: string, query: object, times: number): Promise<BenchRow[]> {
  const first = performance.now();
  await ask(grafana, query);
  const cold = performance.now() - first;
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    await ask(grafana, query);
    taken.push(performance.now() - begin);
  }
  taken.sort((a, b) => a - b);
  return [
    { what: `${what}: p50`, value: at(taken, 0.5), unit: 'ms', note: `first ${cold.toFixed(0)} ms` },
    { what: `${what}: p95`, value: at(taken, 0.95), unit: 'ms' },
  ];
}

/** Bytes of what Grafana's users load and download. */
function sizes(root: string): BenchRow[] {
  const packaged = spawnSync(process.execPath, [path.join(root, 'scripts/package.mjs')], { encoding: 'utf8' });
  const [, zip] = /^(artifacts\/\S+\.zip) /m.exec(packaged.stdout) ?? [];
  if (packaged.status !== 0 || zip === undefined) {
    throw new Error(`the plugin was not packaged:\n${packaged.stdout}${packaged.stderr}`);
  }
  const dist = path.join(root, 'dist');
  const scripts = readdirSync(dist).filter((name) => name.endsWith('.js'));
  return [
    { what: 'module.js', value: statSync(path.join(dist, 'module.js')).size, unit: 'bytes' },
    {
      what: 'all scripts of the browser half',
      value: scripts.reduce((sum, name) => sum + statSync(path.join(dist, name)).size, 0),
      unit: 'bytes',
    },
    { what: 'zip of this platform', value: statSync(path.join(root, zip)).size, unit: 'bytes' },
  ];
}

export const bench: Bench = {
  name: 'grafana',
  async run({ quick, log }): Promise<BenchRow[]> {
    const root = process.cwd();
    const rows = sizes(root);
    const home = process.env.GRAFANA_HOME;
    if (!home || !existsSync(path.join(home, 'bin/grafana'))) {
      log('queries were not measured: GRAFANA_HOME names no Grafana');
      return rows;
    }
    const grafana = await runGrafana();
    try {
      rows.push({ what: 'start of Grafana to a healthy data source', value: grafana.healthyMs, unit: 'ms' });
      const found = await ask(grafana, { query: '{ status = error }', limit: 1 });
      const id = String(found.frames?.[0]?.data.values[0]?.[0]);
      for (const [what, query] of QUESTIONS) {
        const text = JSON.stringify(query).replace('"ID"', JSON.stringify(id));
        rows.push(...(await timed(grafana, what, JSON.parse(text) as object, quick ? 5 : 40)));
        log(what);
      }
      return rows;
    } finally {
      await grafana.stop();
    }
  },
};
