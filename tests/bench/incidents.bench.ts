/**
 * @file Incidents in 0.1% to 20% of the traffic: what of their shapes, errors and slow operations is found in what a model
 * generates, beside head samples of fewer, equally many and more bytes. `--set NAME` picks one; the demo shop needs no files.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { hashText, headSampling, parseIncidentLabels, type SamplingDriver, sizesOf } from '../../pkg/fidelity';
import { openModel } from '../../pkg/generate';
import { INCIDENTS, mergeTraffic, simulateShop } from '../../pkg/pandora';
import { readAllTraces, traceBounds, type Trace } from '../../pkg/trace';
import { trainModel } from '../../pkg/train';
import { effectsOf, factsOf, find, type Found, slowOperations, type TraceFacts } from './incident-facts';
import type { Bench, BenchOptions, BenchRow } from './types';

const SHARES = [0.001, 0.005, 0.01, 0.05, 0.2];
const SHOP = 'demo shop';
const SHOP_START = 1_767_225_600_000_000_000n;
const MINUTE = 60_000_000_000n;
const LABELS = '.trace-labels.tsv.gz';
const SET = '.otlp.ndjson.gz';
/** Traces of a mixture at most; a set that has fewer benign ones gives what it has. */
const MOST = 5000;
const MOST_QUICK = 1500;

interface Material {
  readonly benign: Trace[];
  readonly incident: Trace[];
}

/** The shop: traces of minutes without an incident, a minute to calm down after each included, and of those with one. */
function shopMaterial(count: number): Material {
  const material: Material = { benign: [], incident: [] };
  // A third of the half hour has an incident, and a fifth is near one.
  for (const trace of simulateShop({ seed: 1, count: 3 * count, startUnixNano: SHOP_START })) {
    const minute = Number((traceBounds(trace).start - SHOP_START) / MINUTE);
    if (INCIDENTS.some(({ from, to }) => minute >= Math.floor(from) && minute < to)) {
      material.incident.push(trace);
    } else if (!INCIDENTS.some(({ from, to }) => minute >= from - 1 && minute < to + 1)) {
      material.benign.push(trace);
    }
  }
  return material;
}

/** A real set whose traces are labelled: those from an incident, and all others. */
async function labelledMaterial(dataDir: string, set: string, labels: string): Promise<Material> {
  const text = gunzipSync(readFileSync(path.join(dataDir, 'labels', labels))).toString();
  const during = new Set(parseIncidentLabels(text).flatMap((label) => (label.during ? [label.traceId] : [])));
  const traces = await readAllTraces(path.join(dataDir, `${set}${SET}`));
  traces.sort((a, b) => (traceBounds(a).start < traceBounds(b).start ? -1 : 1));
  return {
    benign: traces.filter(({ traceId }) => !during.has(traceId)),
    incident: traces.filter(({ traceId }) => during.has(traceId)),
  };
}

/** Real sets that there are labels for: names that begin alike. */
function labelledSets(dataDir: string | undefined): Map<string, string> {
  const labels = dataDir === undefined ? '' : path.join(dataDir, 'labels');
  if (dataDir === undefined || !existsSync(labels)) {
    return new Map();
  }
  const stem = (name: string): string => name.split(/[-.]/).slice(0, 2).join('-');
  const files = readdirSync(dataDir).filter((name) => name.endsWith(SET));
  return new Map(
    readdirSync(labels)
      .filter((name) => name.endsWith(LABELS))
      .flatMap((name) => {
        const file = files.find((candidate) => stem(candidate) === stem(name));
        return file === undefined ? [] : [[file.replace(SET, ''), name] as const];
      })
  );
}

async function generated(bytes: Uint8Array): Promise<TraceFacts[]> {
  const model = await openModel(bytes);
  const facts: TraceFacts[] = [];
  for (let from = 0; from < model.traceCount; from += 500) {
    const count = Math.min(500, model.traceCount - from);
    facts.push(...(await model.generate(Array.from({ length: count }, (_, i) => from + i))).map(factsOf));
  }
  await model.close();
  return facts;
}

async function* asStream(traces: readonly Trace[]): AsyncGenerator<Trace> {
  yield* traces;
}

interface Side extends Found {
  readonly name: string;
  readonly bytes: number;
}

async function measureShare(set: string, { benign, incident }: Material, share: number, { log, quick }: BenchOptions) {
  const usual = benign.map(factsOf);
  const slow = slowOperations(usual, incident.map(factsOf));
  const count = Math.floor(
    Math.min(quick ? MOST_QUICK : MOST, (benign.length / (1 - share)) * 0.95, (incident.length / share) * 0.8)
  );
  const merged = [...mergeTraffic(benign, incident, { share, count })];
  const traces = merged.map(({ trace }) => trace);
  const facts = traces.map(factsOf);
  const isOf = (kind: boolean): TraceFacts[] => facts.filter((_, i) => merged[i]?.incident === kind);
  // Against all benign traces there are: what the mixture happens to lack of them is no effect of the incident.
  const effects = effectsOf(usual, isOf(true), slow);
  log(
    `${set}, ${100 * share}%: ${count} traces, ${isOf(true).length} of incidents (load ${(loadavg()[0] as number).toFixed(1)})`
  );
  const { bytes } = await trainModel(traces, { fidelityCard: false });
  const { all } = await sizesOf(asStream(traces));
  const gzip = all.gzip ?? 0;
  const equal = Math.max(2, Math.floor(gzip / bytes.length));
  const samplers: SamplingDriver[] = [...new Set([10, equal, 100])].sort((a, b) => a - b).map(headSampling);
  const { kept } = await sizesOf(asStream(traces), samplers);
  const sides: Side[] = [
    { name: 'real', bytes: gzip, ...find(effects, facts) },
    { name: 'model', bytes: bytes.length, ...find(effects, await generated(bytes)) },
    ...samplers.map((sampler): Side => {
      const sample = facts.filter((_, i) => {
        const trace = traces[i] as Trace;
        return sampler.keepsTrace(trace, hashText(trace.traceId), 1);
      });
      const weight = facts.length / Math.max(1, sample.length);
      return { name: sampler.name, bytes: kept.get(sampler.name)?.gzip ?? 0, ...find(effects, sample, weight) };
    }),
  ];
  return { sides, effects };
}

async function run(options: BenchOptions): Promise<BenchRow[]> {
  const { quick, log, set, dataDir } = options;
  const labelled = labelledSets(dataDir);
  const names = [SHOP, ...labelled.keys()].filter((name) => set === undefined || name === set);
  if (names.length === 0) {
    throw new Error(`--set ${set}: one of ${[SHOP, ...labelled.keys()].join(', ')} is expected`);
  }
  const rows: BenchRow[] = [];
  const lines = [
    '| traffic | share | | bytes | shapes | errors | slow operations | traces with such an error |',
    `|${'---|'.repeat(8)}`,
  ];
  const percent = (value: number | null): string => (value === null ? 'n/a' : `${(100 * value).toFixed(0)}%`);
  for (const name of names) {
    const labels = labelled.get(name);
    const material =
      labels === undefined ? shopMaterial(quick ? 800 : MOST) : await labelledMaterial(dataDir ?? '', name, labels);
    for (const share of quick ? SHARES.slice(2) : SHARES) {
      const { sides, effects } = await measureShare(name, material, share, options);
      const wanted = [effects.shapes.size, effects.errors.size, effects.slow.size];
      for (const side of sides) {
        const cells = [side.shapes, side.errors, side.slow].map((value, i) =>
          side.name === 'real' ? String(wanted[i]) : percent(value)
        );
        const head = side.name === 'real' ? [name, `${100 * share}%`] : ['', ''];
        lines.push(
          `| ${[...head, side.name, side.bytes.toLocaleString('en'), ...cells, Math.round(side.failures)].join(' | ')} |`
        );
        const what = `${name}, ${100 * share}%, ${side.name}`;
        rows.push({ what: `${what}: bytes`, value: side.bytes, unit: 'bytes' });
        for (const key of ['shapes', 'errors', 'slow'] as const) {
          const value = side[key];
          if (value !== null && side.name !== 'real') {
            rows.push({ what: `${what}: ${key} found`, value: 100 * value, unit: '%' });
          }
        }
        rows.push({ what: `${what}: failures of the incident`, value: side.failures, unit: 'traces' });
      }
    }
  }
  lines.forEach(log);
  return rows;
}

export const bench: Bench = { name: 'incidents', run };
