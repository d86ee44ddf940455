/** @file `gent evaluate`: how well a model or a file of generated traces stands for real ones, beside other ways. */
import { writeFile } from 'node:fs/promises';
import { GentError, terminalProgress } from '../../common';
import {
  compareDriver,
  type ComparisonRow,
  type Driver,
  errorsAlways,
  Evaluator,
  type Fidelity,
  halfVersusHalf,
  headSampling,
  independentColumns,
  newVocabulary,
  parseDriver,
  type Profile,
  profileOf,
  type SamplingDriver,
  type Sizes,
  sizesOf,
  spanTable,
  type TraceSource,
} from '../../fidelity';
import { readTraces, type Trace } from '../../trace';
import type { Command, CommandIo, OptionValues } from '../command';
import { countOption, requiredOption, textOption } from '../options';
import { generatedFileDriver, modelDriver, trainingDriver } from './evaluate-drivers';
import { comparisonTable, smallPlots } from './evaluate-table';
import { readModelBytes } from './generate';

const RATIOS = '2,5,10,15,20,50,100,150';

/** What `--json` prints. */
export interface EvaluationReport {
  readonly real: { readonly file: string; readonly traces: number; readonly spans: number; readonly sizes?: Sizes };
  /** Attributes that the queries look at. */
  readonly attributes: readonly string[];
  readonly rows: readonly ComparisonRow[];
  /** One random half of the real traces against the other. */
  readonly halfVersusHalf?: Fidelity;
  readonly profile?: Profile;
}

async function ownDriver(values: OptionValues): Promise<Driver> {
  const model = textOption(values, 'model');
  const file = textOption(values, 'generated');
  const given = [model !== undefined, file !== undefined, values.train === true].filter(Boolean).length;
  if (given !== 1) {
    throw new GentError('USAGE', 'evaluate: one of --model, --generated and --train is expected');
  }
  if (model !== undefined) {
    return modelDriver(await readModelBytes(model));
  }
  return file === undefined ? trainingDriver() : generatedFileDriver(file);
}

function ratiosOf(values: OptionValues): number[] {
  const text = textOption(values, 'ratios') ?? RATIOS;
  return text.split(',').map((part) => {
    const ratio = Number(part);
    if (!Number.isSafeInteger(ratio) || ratio < 2) {
      throw new GentError('USAGE', `--ratios ${text}: whole numbers of at least 2, such as ${RATIOS}, are expected`);
    }
    return ratio;
  });
}

function externalDrivers(values: OptionValues): Driver[] {
  const given = values.driver ?? [];
  return (Array.isArray(given) ? given : [given]).map((text) => parseDriver(String(text)));
}

/** Everything compared, the given side first. */
async function compareAll(
  values: OptionValues,
  source: TraceSource,
  step: (name: string) => void,
  signal: AbortSignal
): Promise<Omit<EvaluationReport, 'real' | 'attributes'> & { all?: Sizes }> {
  const own = await ownDriver(values);
  const first = countOption(values, 'seed') ?? 1;
  const seeds = Array.from({ length: countOption(values, 'seeds', 1) ?? 1 }, (_, i) => first + i);
  const baselines = values.baselines === true;
  const samplers: SamplingDriver[] = baselines ? [...ratiosOf(values).map(headSampling), errorsAlways()] : [];
  const others: Driver[] = [...samplers, ...(baselines ? [independentColumns()] : []), ...externalDrivers(values)];
  const evaluator = new Evaluator(source.table);
  const onRun = (name: string, seed: number): void => step(`${name}, seed ${seed}`);
  let profile: Profile | undefined;
  const rows = [
    await compareDriver(own, source, evaluator, {
      // A given file is one run, whatever the seed.
      seeds: values.train === true ? seeds : seeds.slice(0, 1),
      signal,
      onRun,
      onFirst: (table) => (profile = profileOf(source.table, table, evaluator.clock)),
    }),
  ];
  for (const driver of others) {
    rows.push(await compareDriver(driver, source, evaluator, { seeds, signal, onRun }));
  }
  if (!baselines) {
    return { rows, ...(profile === undefined ? {} : { profile }) };
  }
  step('half against half');
  const half = source.table.traces < 2 ? undefined : halfVersusHalf(source.table, first);
  step('sizes');
  const { all, kept } = await sizesOf(source.read(), samplers, first);
  return {
    rows: rows.map((row) => ({ ...row, sizes: kept.get(row.name) ?? row.sizes })),
    ...(half === undefined ? {} : { halfVersusHalf: half }),
    ...(profile === undefined ? {} : { profile }),
    all,
  };
}

async function run(values: OptionValues, _positionals: string[], io: CommandIo): Promise<void> {
  const file = requiredOption(values, 'real');
  const html = textOption(values, 'html');
  const terminal = terminalProgress(io.stderr);
  const step = (name: string): void => {
    terminal.stop();
    terminal.start(name, 0);
  };
  const read = (): AsyncGenerator<Trace> => readTraces(file, { signal: io.signal });
  step('reading the real traces');
  const table = await spanTable(newVocabulary(), read());
  if (table.traces === 0) {
    throw new GentError('USAGE', `evaluate: ${file} holds no traces`);
  }
  const { all, ...compared } = await compareAll(values, { table, read }, step, io.signal);
  terminal.stop('measured');
  const report: EvaluationReport = {
    real: { file, traces: table.traces, spans: table.spans, ...(all === undefined ? {} : { sizes: all }) },
    attributes: table.attributes.map((attribute) => attribute.key),
    ...compared,
  };
  if (html !== undefined) {
    await writeFile(html, '');
  }
  if (values.json === true) {
    io.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    io.stdout.write(`${comparisonTable(report.rows, all)}\n${smallPlots(report.rows, report.profile)}\n`);
  }
}

const command: Command = {
  name: 'evaluate',
  summary: 'measures how well a model stands for the traces it was made of',
  usage: [
    'evaluate --real FILE --model MODEL.gent [--baselines] [--html REPORT.html] [--json]',
    'evaluate --real FILE --generated FILE [--driver "NAME=CMD {in} {out}"] [--json]',
    'evaluate --real FILE --train [--seeds N] [--baselines] [--json]',
  ].join('\n'),
  options: {
    real: { type: 'string', value: 'FILE', help: 'the real traces' },
    model: { type: 'string', value: 'FILE', help: 'a model; all of its traces are generated' },
    generated: { type: 'string', value: 'FILE', help: 'generated traces, instead of a model' },
    train: { type: 'boolean', help: 'train a model on the real traces with each seed, instead' },
    baselines: { type: 'boolean', help: 'measure head sampling, errors always, and independent columns beside it' },
    ratios: { type: 'string', value: 'LIST', help: `of head sampling 1:N; ${RATIOS} when left out` },
    driver: {
      type: 'string',
      multiple: true,
      value: 'NAME=CMD',
      help: 'measure a program too: {in} is OTLP/JSON, one trace a line, {out} what it writes, {seed} the seed',
    },
    seeds: { type: 'string', value: 'N', help: 'how many seeds to take medians of; 1 when left out' },
    seed: { type: 'string', value: 'N', help: 'the first seed; 1 when left out' },
    html: { type: 'string', value: 'FILE', help: 'write a report with plots' },
    json: { type: 'boolean', help: 'print every measure as JSON' },
  },
  run,
};

export default command;
