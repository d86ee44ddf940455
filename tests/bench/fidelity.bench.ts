/**
 * @file How well models stand for real traces: trained with several seeds, measured beside head sampling in the same
 * run, each target as a line that holds or fails. `--reference` measures samplers beside the reference tables instead.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { intervalCoverage } from '../../pkg/cli/commands/evaluate-intervals';
import { trainingDriver } from '../../pkg/cli/commands/evaluate-drivers';
import {
  compareDriver,
  type ComparisonRow,
  Evaluator,
  halfVersusHalf,
  headSampling,
  independentColumns,
  MEASURES,
  newVocabulary,
  sizesOf,
  spanTable,
  type TraceSource,
} from '../../pkg/fidelity';
import { readAllTraces, readTraces } from '../../pkg/trace';
import { type Agreement, agreements, referenceOf } from './fidelity-reference';
import { targetLines } from './fidelity-targets';
import type { Bench, BenchOptions, BenchRow } from './types';

const ENDING = '.otlp.ndjson.gz';
/** Smaller sets have no targets. */
const MIN_TRACES = 5000;
const SAMPLERS = [2, 5, 10];
const REFERENCE_RATIOS = [2, 5, 10, 15, 20, 50, 100];

function seedsOf({ seeds, quick }: BenchOptions): number[] {
  return Array.from({ length: seeds === undefined ? (quick ? 1 : 3) : Number(seeds) }, (_, i) => i + 1);
}

/** A source that knows its file. */
interface FileSource extends TraceSource {
  readonly file: string;
}

async function sourceOf(file: string): Promise<FileSource> {
  const read = (): ReturnType<typeof readTraces> => readTraces(file);
  return { table: await spanTable(newVocabulary(), read()), read, file };
}

function printTable(rows: readonly ComparisonRow[], log: (line: string) => void): void {
  const width = Math.max(...MEASURES.map((measure) => measure.label.length));
  log(`${'medians'.padEnd(width)}  ${rows.map((row) => row.name.slice(0, 10).padStart(11)).join('')}`);
  for (const measure of MEASURES) {
    const values = rows.map((row) => row.summary[measure.key]?.median);
    log(`${measure.label.padEnd(width)}  ${values.map((v) => (v?.toFixed(4) ?? 'n/a').padStart(11)).join('')}`);
  }
}

/** Trains, generates and measures one set, with samplers beside it. */
async function measureSet(set: string, source: FileSource, options: BenchOptions): Promise<BenchRow[]> {
  const { log } = options;
  const seeds = seedsOf(options);
  const onRun = (name: string, seed: number): void => log(`${set}: ${name}, seed ${seed}`);
  const evaluator = new Evaluator(source.table);
  let first: Uint8Array | undefined;
  const seconds: number[] = [];
  const driver = trainingDriver((bytes, _seed, took) => {
    first ??= bytes;
    seconds.push(took);
  });
  const model = await compareDriver(driver, source, evaluator, { seeds, onRun });
  const samplers = new Map<string, ComparisonRow>();
  for (const ratio of SAMPLERS) {
    samplers.set(`1:${ratio}`, await compareDriver(headSampling(ratio), source, evaluator, { seeds, onRun }));
  }
  const columns = await compareDriver(independentColumns(), source, evaluator, { seeds: [1], onRun });
  printTable([model, ...samplers.values(), columns], log);
  log(`${set}: gzip -9 of all`);
  const { all } = await sizesOf(source.read());
  log(`${set}: intervals`);
  const intervals = await intervalCoverage(first as Uint8Array, source.table, await readAllTraces(source.file));
  const share = model.sizes.model === null || all.gzip === null ? null : model.sizes.model / all.gzip;
  const prefixed = (row: BenchRow): BenchRow => ({ ...row, what: `${set}: ${row.what}` });
  return [
    { what: 'model', value: model.sizes.model ?? 0, unit: 'bytes' },
    { what: 'gzip -9', value: all.gzip ?? 0, unit: 'bytes' },
    { what: 'training, median', value: seconds.sort((a, b) => a - b)[seconds.length >> 1] ?? 0, unit: 's' },
    ...targetLines(model, samplers, share, {
      sampling: intervals.generated.coverage,
      whole: intervals.real?.coverage ?? null,
    }),
    { what: 'whole intervals of all generated traces', value: intervals.realFromAll?.coverage ?? 0, unit: '' },
    { what: 'sampling alone, of real values', value: intervals.realBySampling?.coverage ?? 0, unit: '' },
    { what: 'median width by value, sampling alone', value: intervals.widths.sampling ?? 0, unit: '' },
    { what: 'median width by value, whole', value: intervals.widths.whole ?? 0, unit: '' },
    { what: 'samples with an interval', value: intervals.real?.samples ?? intervals.generated.samples, unit: '' },
  ].map(prefixed);
}

function agreementRow(set: string, measure: string, all: readonly Agreement[]): BenchRow {
  const logs = all.filter((one) => one.ours > 0 && one.reference > 0).map((one) => Math.log(one.ours / one.reference));
  const ratio = Math.exp(logs.reduce((sum, one) => sum + one, 0) / Math.max(1, logs.length));
  const deviations = all.filter((one) => one.error > 0).map((one) => (one.ours - one.reference) / one.error);
  const rms = Math.sqrt(deviations.reduce((sum, one) => sum + one * one, 0) / Math.max(1, deviations.length));
  return {
    what: `${set}: ${measure}`,
    value: Number(ratio.toPrecision(4)),
    unit: '× ref.',
    note: `${rms.toFixed(1)} standard errors apart; ours/reference ${all
      .map((one) => `${one.row} ${one.ours.toFixed(4)}/${one.reference.toFixed(4)}`)
      .join(', ')}`,
  };
}

/** Samplers and half against half beside the reference tables. */
async function measureReference(set: string, source: TraceSource, options: BenchOptions): Promise<BenchRow[]> {
  const reference = referenceOf(options.dataDir ?? '', set);
  if (reference === undefined) {
    options.log(`${set}: skipped, there are no reference tables`);
    return [];
  }
  const seeds = seedsOf(options);
  const evaluator = new Evaluator(source.table);
  const found: Agreement[] = [];
  for (const ratio of REFERENCE_RATIOS) {
    options.log(`${set}: 1:${ratio}`);
    const row = await compareDriver(headSampling(ratio), source, evaluator, { seeds });
    found.push(...agreements(`1:${ratio}`, row.runs, reference));
  }
  options.log(`${set}: half vs half`);
  const halves = seeds.map((seed) => halfVersusHalf(source.table, seed));
  found.push(...agreements('half vs half', halves, reference));
  return [...new Set(found.map((one) => one.measure))].map((measure) =>
    agreementRow(
      set,
      measure,
      found.filter((one) => one.measure === measure)
    )
  );
}

export const bench: Bench = {
  name: 'fidelity',
  async run(options) {
    const { dataDir, log } = options;
    if (dataDir === undefined) {
      log('skipped: there are no real traces');
      return [];
    }
    const sets = readdirSync(dataDir)
      .filter((file) => file.endsWith(ENDING))
      .map((file) => file.slice(0, -ENDING.length))
      .filter((set) => options.set === undefined || set === options.set);
    if (sets.length === 0) {
      log(`skipped: no set ${options.set ?? ''} in ${dataDir}`);
    }
    const rows: BenchRow[] = [];
    for (const set of sets) {
      const source = await sourceOf(path.join(dataDir, `${set}${ENDING}`));
      if (source.table.traces < MIN_TRACES) {
        log(`${set}: skipped, ${source.table.traces} traces are fewer than ${MIN_TRACES}`);
        continue;
      }
      rows.push(...(await (options.reference === true ? measureReference : measureSet)(set, source, options)));
    }
    return rows;
  },
};
