/**
 * @file What each part of a model is worth: models trained with one part switched off, measured side by side.
 * `npm run bench -- ablations --set NAME [--seeds N]`; --set is a file of OTLP or the name of one of the real sets.
 */
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import {
  type ComparisonRow,
  compareDriver,
  type Driver,
  Evaluator,
  newVocabulary,
  spanTable,
} from '../../pkg/fidelity';
import { openModel } from '../../pkg/generate';
import { simulateShop } from '../../pkg/pandora';
import { readTraces, type Trace } from '../../pkg/trace';
import { trainModel, type TrainOptions, type TrainResult } from '../../pkg/train';
import type { Bench, BenchOptions, BenchRow } from './types';

const ENDING = '.otlp.ndjson.gz';
/** Traces generated at a time. */
const SLICE = 500;
/** The shop's beginning, where no set is named: 2026-01-01T00:00:00Z. */
const SHOP_START = 1_767_225_600_000_000_000n;

/** One way to train and generate. */
interface Variant {
  readonly name: string;
  readonly options: (whole: TrainResult) => TrainOptions;
  readonly stratified?: boolean;
}

const fixed = (name: string, options: TrainOptions): Variant => ({ name, options: () => options });
/** As wide as the whole model's network, times a factor. */
const wider = (name: string, factor: number): Variant => ({
  name,
  options: ({ report }) => ({ width: Math.max(4, Math.round(widthOf(report.training.parameters) * factor)) }),
});

/** Close to the width of a network of so many parameters: most of them are the two layers and the classes. */
function widthOf(parameters: number): number {
  const [inputs, classes] = [100, 64];
  return (-(inputs + classes) + Math.sqrt((inputs + classes) ** 2 + 4 * parameters)) / 2;
}

const VARIANTS: readonly Variant[] = [
  fixed('everything', {}),
  fixed('no parent (independent chains)', { without: ['parent'] }),
  fixed('no root, no shape', { without: ['root'] }),
  fixed('no shape (no graph)', { without: ['shape'] }),
  fixed('no siblings', { without: ['siblings'] }),
  fixed('no foresight', { without: ['foresight'] }),
  fixed('no pace', { without: ['pace'] }),
  fixed('no time segments', { without: ['segments'] }),
  fixed('starts not by shape', { without: ['start-times'] }),
  fixed('no earlier fields', { without: ['earlier-fields'] }),
  fixed('attributes without times of children', { without: ['child-times'] }),
  fixed('no origins', { without: ['origins'] }),
  fixed('attributes apart', { without: ['attribute-groups'] }),
  fixed('origins and all apart', { without: ['origins', 'attribute-groups', 'earlier-fields'] }),
  fixed('no blur', { without: ['blur'] }),
  { name: 'no stratified uniforms', options: () => ({}), stratified: false },
  fixed('buckets of 60 s', { bucketSeconds: 60 }),
  fixed('no exemplars', { exemplarBytes: 0 }),
  wider('half the width', 0.5),
  wider('twice the width', 2),
  fixed('5 bits a weight', { weightBits: 5 }),
  fixed('3 bits a weight', { weightBits: 3 }),
  { name: 'a quarter of the passes', options: ({ report }) => ({ epochs: Math.ceil(report.training.epochs / 4) }) },
  fixed('one pass', { epochs: 1 }),
  fixed('no network', { epochs: 0 }),
];

/** Measures beside each other: key, head of the column. */
const COLUMNS = [
  ['correctedMean', 'corrected'],
  ['correctedMeanTv64', 'TV64'],
  ['query4', 'query 4'],
  ['redError', 'RED'],
  ['durationP99', 'p99'],
  ['taskScore', 'tasks'],
  ['attributeF1', 'attributes'],
  ['spearmanDiff', 'Spearman'],
  ['c2st', 'c2st'],
  ['c2stSpans', 'c2st spans'],
  ['rareShapeRecall', 'rare'],
] as const;

interface Measured {
  readonly name: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly row: ComparisonRow;
}

async function* generated(bytes: Uint8Array, stratified: boolean): AsyncGenerator<Trace> {
  const model = await openModel(bytes, { stratified });
  try {
    for (let from = 0; from < model.traceCount; from += SLICE) {
      const count = Math.min(SLICE, model.traceCount - from);
      yield* await model.generate(Array.from({ length: count }, (_, i) => from + i));
    }
  } finally {
    await model.close();
  }
}

/** Where the traces are: a file, one of the real sets, or the demo shop. */
function sourceOf({ set, dataDir, quick }: BenchOptions): { name: string; read: () => AsyncIterable<Trace> } {
  if (set === undefined) {
    const count = quick ? 500 : 5000;
    return {
      name: `demo shop, ${count} traces`,
      read: async function* () {
        yield* simulateShop({ seed: 1, count, startUnixNano: SHOP_START });
      },
    };
  }
  const file = [set, path.join(dataDir ?? '', `${set}${ENDING}`)].find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw new Error(`--set ${set}: neither a file nor a set`);
  }
  return { name: path.basename(file).replace(ENDING, ''), read: () => readTraces(file) };
}

/** A table for docs: markdown. */
function tableOf(measured: readonly Measured[]): string[] {
  const cells = (list: readonly string[]): string => `| ${list.join(' | ')} |`;
  return [
    cells(['', 'bytes', 'seconds', ...COLUMNS.map(([, head]) => head)]),
    `|${'---|'.repeat(COLUMNS.length + 3)}`,
    ...measured.map(({ name, bytes, seconds, row }) =>
      cells([
        name,
        bytes.toLocaleString('en'),
        seconds.toFixed(0),
        ...COLUMNS.map(([key]) => row.summary[key]?.median.toFixed(4).replace(/^0/, '') ?? 'n/a'),
      ])
    ),
  ];
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] as number;

async function run(options: BenchOptions): Promise<BenchRow[]> {
  const { log } = options;
  const { name: set, read } = sourceOf(options);
  const seeds = Array.from({ length: Number(options.seeds ?? 1) }, (_, i) => i + 1);
  const table = await spanTable(newVocabulary(), read());
  const evaluator = new Evaluator(table);
  let whole: TrainResult | undefined;
  const measured: Measured[] = [];
  for (const variant of VARIANTS) {
    const trained: TrainResult[] = [];
    const driver: Driver = {
      name: variant.name,
      kind: 'external',
      async produce(source, seed) {
        const wanted = whole === undefined ? {} : variant.options(whole);
        const result = await trainModel(source.read(), { ...wanted, seed, fidelityCard: false });
        whole ??= result;
        trained.push(result);
        const made = await spanTable(source.table.vocabulary, generated(result.bytes, variant.stratified ?? true));
        return { table: made, sizes: { raw: null, gzip: null, model: result.bytes.length } };
      },
    };
    log(`${set}: ${variant.name} (load ${(loadavg()[0] as number).toFixed(1)})`);
    const row = await compareDriver(driver, { table, read }, evaluator, { seeds });
    const seconds = median(trained.map(({ report }) => report.seconds));
    measured.push({ name: variant.name, bytes: median(trained.map(({ bytes }) => bytes.length)), seconds, row });
  }
  tableOf(measured).forEach(log);
  return measured.flatMap(({ name, bytes, seconds, row }): BenchRow[] => [
    { what: `${name}: model`, value: bytes, unit: 'bytes' },
    { what: `${name}: training`, value: seconds, unit: 's' },
    ...COLUMNS.flatMap(([key, head]): BenchRow[] => {
      const spread = row.summary[key];
      return spread == null ? [] : [{ what: `${name}: ${head}`, value: spread.median, unit: '' }];
    }),
  ]);
}

export const bench: Bench = { name: 'ablations', run };
