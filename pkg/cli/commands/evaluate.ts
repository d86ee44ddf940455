/** @file `gent evaluate`: how well a model or a file of generated traces stands for real ones, beside head sampling. */
import Table from 'cli-table3';
import { GentError, terminalProgress } from '../../common';
import {
  Evaluator,
  type Fidelity,
  headSample,
  newVocabulary,
  sampledBytes,
  type SpanTable,
  spanTable,
  type Vocabulary,
} from '../../fidelity';
import { openModel } from '../../generate';
import { readTraces, type Trace } from '../../trace';
import type { Command, CommandIo, OptionValues } from '../command';
import { formatBytes, formatCount } from '../format';
import { countOption, requiredOption, textOption } from '../options';
import { readModelBytes } from './generate';

const RATIOS = [2, 5, 10, 15, 20, 50, 100] as const;
const TRACES_A_PART = 500;

interface Row {
  readonly what: string;
  /** Of the model, or of the kept traces gzip -9; null for a file of generated traces. */
  readonly bytes: number | null;
  readonly fidelity: Fidelity;
}

/** Lines of the table: what each shows, and which way is better. */
const MEASURES: ReadonlyArray<[string, (fidelity: Fidelity) => number | null]> = [
  ['correctedMean ↓', (f) => f.queries.correctedMean],
  ['correctedMeanTv64 ↓', (f) => f.queries.correctedMeanTv64],
  ['publishedMean ↓', (f) => f.queries.publishedMean],
  ['volume ↓', (f) => f.queries.volume],
  ['taskScore ↑', (f) => f.tasks.taskScore],
  ['monitoring F1 ↑', (f) => f.tasks.monitoringF1],
  ['trigger F1 ↑', (f) => f.tasks.triggerF1],
  ['attribute F1 ↑', (f) => f.tasks.attributeF1],
  ['duration EMD ↓', (f) => f.tasks.durationEMD],
  ['shapeTV ↓', (f) => f.structure.shapeTV],
  ['edgeTV ↓', (f) => f.structure.edgeTV],
  ['spansPerTraceW1 ↓', (f) => f.structure.spansPerTraceW1],
  ['invalid ↓', (f) => f.structure.invalid],
  ['novelShapeShare', (f) => f.structure.novelShapeShare],
  ['rareShapeRecall ↑', (f) => f.structure.rareShapeRecall],
  ['redError ↓', (f) => f.red.redError],
  ['rate ↓', (f) => f.red.rate],
  ['rateWeighted ↓', (f) => f.red.rateWeighted],
  ['durationP50 ↓', (f) => f.red.durationP50],
  ['durationP90 ↓', (f) => f.red.durationP90],
  ['durationP99 ↓', (f) => f.red.durationP99],
  ['errorRateAbs ↓', (f) => f.red.errorRateAbs],
  ['traceP50 ↓', (f) => f.red.traceP50],
  ['traceP90 ↓', (f) => f.red.traceP90],
  ['traceP99 ↓', (f) => f.red.traceP99],
  ['Spearman diff ↓', (f) => f.spearmanDiff],
  ['copied', (f) => f.copying.copied],
  ['copiedMultiSpan', (f) => f.copying.copiedMultiSpan],
];

async function* generated(model: Awaited<ReturnType<typeof openModel>>, signal: AbortSignal): AsyncGenerator<Trace> {
  for (let from = 0; from < model.traceCount; from += TRACES_A_PART) {
    const count = Math.min(TRACES_A_PART, model.traceCount - from);
    yield* await model.generate(
      Array.from({ length: count }, (_, i) => from + i),
      { signal }
    );
  }
}

async function otherTable(
  values: OptionValues,
  vocabulary: Vocabulary,
  io: CommandIo
): Promise<{ what: string; bytes: number | null; table: SpanTable }> {
  const modelFile = textOption(values, 'model');
  const file = textOption(values, 'generated');
  if ((modelFile === undefined) === (file === undefined)) {
    throw new GentError('USAGE', 'evaluate: one of --model and --generated is expected');
  }
  if (file !== undefined) {
    return {
      what: 'generated',
      bytes: null,
      table: await spanTable(vocabulary, readTraces(file, { signal: io.signal })),
    };
  }
  const bytes = await readModelBytes(modelFile as string);
  const model = await openModel(bytes);
  try {
    return { what: 'model', bytes: bytes.length, table: await spanTable(vocabulary, generated(model, io.signal)) };
  } finally {
    await model.close();
  }
}

function cell(value: number | null): string {
  return value === null ? 'n/a' : value.toFixed(4);
}

function print(rows: readonly Row[], fullBytes: number | undefined, io: CommandIo): void {
  const table = new Table({ head: ['', ...rows.map((row) => row.what)], style: { head: [], border: [] } });
  const own = rows.map((row) => row.bytes);
  table.push(['bytes', ...own.map((bytes) => (bytes === null ? 'n/a' : formatBytes(bytes)))]);
  if (fullBytes !== undefined) {
    const share = (bytes: number | null): string =>
      bytes === null ? 'n/a' : `${((100 * bytes) / fullBytes).toFixed(2)}%`;
    table.push(['of gzip -9', ...own.map(share)]);
  }
  table.push(['traces', ...rows.map((row) => formatCount(row.fidelity.traces))]);
  for (const [what, value] of MEASURES) {
    table.push([what, ...rows.map((row) => cell(value(row.fidelity)))]);
  }
  for (const { query } of rows[0]?.fidelity.queries.queries ?? []) {
    table.push([
      `query ${query} ↓`,
      ...rows.map((row) => cell(row.fidelity.queries.queries[query - 1]?.corrected ?? null)),
    ]);
  }
  io.stdout.write(`${table.toString()}\n`);
}

async function run(values: OptionValues, _positionals: string[], io: CommandIo): Promise<void> {
  const file = requiredOption(values, 'real');
  const seed = countOption(values, 'seed') ?? 1;
  const progress = terminalProgress(io.stderr);
  const read = (): AsyncGenerator<Trace> => readTraces(file, { signal: io.signal });
  const vocabulary = newVocabulary();
  progress.start('reading the real traces', 0);
  const real = await spanTable(vocabulary, read());
  if (real.traces === 0) {
    throw new GentError('USAGE', `evaluate: ${file} holds no traces`);
  }
  progress.start('reading or generating the others', 0);
  const { what, bytes, table } = await otherTable(values, vocabulary, io);
  progress.start('measuring', 0);
  const evaluator = new Evaluator(real);
  const rows: Row[] = [{ what, bytes, fidelity: evaluator.measure(table, { seed, control: true }) }];
  let sizes: Map<number, number> | undefined;
  if (values.baselines === true) {
    sizes = await sampledBytes(read(), RATIOS, seed);
    for (const ratio of RATIOS) {
      rows.push({
        what: `1:${ratio}`,
        bytes: sizes.get(ratio) ?? null,
        fidelity: evaluator.measure(headSample(real, ratio, seed), { seed }),
      });
    }
  }
  progress.stop('measured');
  const fullBytes = sizes?.get(1);
  if (values.json === true) {
    const report = {
      real: { file, traces: real.traces, spans: real.spans, gzipBytes: fullBytes ?? null },
      attributes: real.attributes.map((attribute) => attribute.key),
      seed,
      rows,
    };
    io.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    print(rows, fullBytes, io);
  }
}

const command: Command = {
  name: 'evaluate',
  summary: 'measures how well a model stands for the traces it was made of',
  usage:
    'evaluate --real FILE --model MODEL.gent [--baselines] [--json]\nevaluate --real FILE --generated FILE [--baselines] [--json]',
  options: {
    real: { type: 'string', value: 'FILE', help: 'the real traces' },
    model: { type: 'string', value: 'FILE', help: 'a model; all of its traces are generated' },
    generated: { type: 'string', value: 'FILE', help: 'generated traces, instead of a model' },
    baselines: { type: 'boolean', help: 'measure head sampling 1:2 … 1:100 beside it' },
    seed: { type: 'string', value: 'N', help: 'of the samplers; 1 when left out' },
    json: { type: 'boolean', help: 'print every measure as JSON' },
  },
  run,
};

export default command;
