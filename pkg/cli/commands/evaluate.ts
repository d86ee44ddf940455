/** @file `gent evaluate`: how well a model or a file of generated traces stands for real ones, beside other ways. */
import { gunzipSync } from 'node:zlib';
import { GentError, limit, terminalProgress } from '../../common';
import {
  compareDriver,
  type Driver,
  errorsAlways,
  type EvaluationReport,
  Evaluator,
  halfVersusHalf,
  headSampling,
  independentColumns,
  newVocabulary,
  incidentRecaller,
  parseDriver,
  parseIncidentLabels,
  type IncidentLabel,
  type IncidentRecall,
  type Profile,
  profileOf,
  reportHtml,
  type SamplingDriver,
  type SpanTable,
  sizesOf,
  spanTable,
  type TraceSource,
} from '../../fidelity';
import { readAllTraces, readTraces, type Trace } from '../../trace';
import type { Command, CommandIo, OptionValues } from '../command';
import { countOption, oneOption, requiredOption, textOption } from '../options';
import { writeWhole } from '../write-whole';
import { generatedFileDriver, modelDriver, trainingDriver } from './evaluate-drivers';
import { type IntervalCoverage, intervalCoverage } from './evaluate-intervals';
import { reportText } from './evaluate-table';
import { readModelBytes } from './generate';

/** What is compared with the real traces. */
const SIDES = ['model', 'generated', 'train'] as const;
const RATIOS = '2,5,10,15,20,50,100,150';

/** @param onModel - handed the bytes of a model, given or trained */
async function ownDriver(values: OptionValues, onModel: (bytes: Uint8Array) => void): Promise<Driver> {
  const side = oneOption(values, SIDES);
  if (side === 'train') {
    return trainingDriver(onModel);
  }
  const file = requiredOption(values, side);
  if (side === 'generated') {
    return generatedFileDriver(file);
  }
  const bytes = await readModelBytes(file);
  onModel(bytes);
  return modelDriver(bytes);
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

type Step = (name: string) => void;
/** Handed what a driver made with its first seed. */
type OnFirst = (name: string, table: SpanTable) => void;

/** Reads labels of incidents, gzipped or not. */
async function readLabels(file: string): Promise<IncidentLabel[]> {
  const bytes = await readModelBytes(file);
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const most = limit('TRACE_FILE_BYTES');
  let text: Uint8Array = bytes;
  try {
    text = zipped ? gunzipSync(bytes, { maxOutputLength: most }) : bytes;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'ERR_BUFFER_TOO_LARGE'
      ? new GentError('LIMIT_EXCEEDED', `${file} unzips to more than TRACE_FILE_BYTES (${most})`, { cause: error })
      : new GentError('TRACE_GZIP_CORRUPT', `${file}: ${message}`, { cause: error });
  }
  return parseIncidentLabels(new TextDecoder().decode(text), file);
}

/** Measures the recall of incidents where there are labels; keeps what it measures in `found`. */
async function incidentMeter(
  values: OptionValues,
  real: SpanTable,
  found: Array<IncidentRecall & { name: string }>
): Promise<OnFirst> {
  const labels = textOption(values, 'labels');
  if (labels === undefined) {
    return () => undefined;
  }
  const recall = incidentRecaller(real, await readLabels(labels));
  if (recall === null) {
    throw new GentError('USAGE', `evaluate: no trace of the real ones is labelled in ${labels}`);
  }
  return (name, table) => found.push({ name, ...recall(table) });
}

/** What is measured of the side that was asked about, and of nothing else. */
async function measureOwn(
  values: OptionValues,
  source: TraceSource,
  evaluator: Evaluator,
  seeds: readonly number[],
  step: Step,
  onFirst: OnFirst,
  signal: AbortSignal
): Promise<Pick<EvaluationReport, 'rows' | 'profile'> & { readonly intervals?: IntervalCoverage }> {
  let model: Uint8Array | undefined;
  const driver = await ownDriver(values, (bytes) => (model ??= bytes));
  let profile: Profile | undefined;
  const row = await compareDriver(driver, source, evaluator, {
    // A given file is one run, whatever the seed.
    seeds: values.train === true ? seeds : seeds.slice(0, 1),
    signal,
    onRun: (name, seed) => step(`${name}, seed ${seed}`),
    onFirst: (table) => {
      profile = profileOf(source.table, table, evaluator.clock);
      onFirst(driver.name, table);
    },
  });
  if (values.intervals !== true || model === undefined) {
    return { rows: [row], profile };
  }
  step('intervals of estimated answers');
  const traces = await readAllTraces(requiredOption(values, 'real'), { signal });
  return {
    rows: [row],
    profile,
    intervals: await intervalCoverage(model, source.table, traces, { signal }),
  };
}

/** Everything compared, the side that was asked about first. */
async function compareAll(
  values: OptionValues,
  file: string,
  source: TraceSource,
  step: Step,
  signal: AbortSignal
): Promise<EvaluationReport & { readonly intervals?: IntervalCoverage }> {
  const { table } = source;
  const first = countOption(values, 'seed') ?? 1;
  const seeds = Array.from({ length: countOption(values, 'seeds', 1) ?? 1 }, (_, i) => first + i);
  const samplers: SamplingDriver[] =
    values.baselines === true ? [...ratiosOf(values).map(headSampling), errorsAlways()] : [];
  const others = [
    ...samplers,
    ...(values.baselines === true ? [independentColumns()] : []),
    ...externalDrivers(values),
  ];
  const evaluator = new Evaluator(table);
  const incidents: Array<IncidentRecall & { name: string }> = [];
  const onFirst = await incidentMeter(values, table, incidents);
  const own = await measureOwn(values, source, evaluator, seeds, step, onFirst, signal);
  const rows = [...own.rows];
  for (const driver of others) {
    const onRun = (name: string, seed: number): void => step(`${name}, seed ${seed}`);
    const keep = (made: SpanTable): void => onFirst(driver.name, made);
    rows.push(await compareDriver(driver, source, evaluator, { seeds, signal, onRun, onFirst: keep }));
  }
  const report = {
    real: { file, traces: table.traces, spans: table.spans },
    attributes: table.attributes.map((attribute) => attribute.key),
    ...own,
    rows,
    ...(incidents.length === 0 ? {} : { incidents }),
  };
  if (values.baselines !== true) {
    return report;
  }
  step('half against half');
  const half = table.traces < 2 ? undefined : halfVersusHalf(table, first);
  step('sizes');
  const { all, kept } = await sizesOf(source.read(), samplers, first);
  return {
    ...report,
    real: { ...report.real, sizes: all },
    rows: rows.map((row) => ({ ...row, sizes: kept.get(row.name) ?? row.sizes })),
    halfVersusHalf: half,
  };
}

/** What is wrong is said before the traces are read, which may take minutes. @throws GentError USAGE */
function checkOptions(values: OptionValues): void {
  if (oneOption(values, SIDES) === 'generated' && values.intervals === true) {
    throw new GentError('USAGE', 'evaluate: --intervals needs --model or --train');
  }
  ratiosOf(values);
  externalDrivers(values);
  countOption(values, 'seed');
  countOption(values, 'seeds', 1);
}

async function run(values: OptionValues, _positionals: string[], io: CommandIo): Promise<void> {
  const file = requiredOption(values, 'real');
  const html = textOption(values, 'html');
  checkOptions(values);
  const progress = terminalProgress(io.stderr);
  let running = false;
  const step = (name: string): void => {
    if (running) {
      progress.stop();
    }
    running = true;
    progress.start(name, 0);
  };
  const read = (): AsyncGenerator<Trace> => readTraces(file, { signal: io.signal });
  step('reading the real traces');
  const table = await spanTable(newVocabulary(), read());
  if (table.traces === 0) {
    throw new GentError('USAGE', `evaluate: ${file} holds no traces`);
  }
  const report = await compareAll(values, file, { table, read }, step, io.signal);
  if (html !== undefined) {
    await writeWhole(html, new TextEncoder().encode(reportHtml(report)));
  }
  progress.stop(html === undefined ? 'measured' : `measured; the report is ${html}`);
  io.stdout.write(values.json === true ? `${JSON.stringify(report, null, 2)}\n` : `${reportText(report)}\n`);
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
    labels: {
      type: 'string',
      value: 'FILE',
      help: 'labels of incidents by trace, tab-separated: measures incident recall',
    },
    intervals: { type: 'boolean', help: 'measure how often 95% intervals hold the generated and the real answers' },
    html: { type: 'string', value: 'FILE', help: 'write a report with plots' },
    json: { type: 'boolean', help: 'print every measure as JSON' },
  },
  run,
};

export default command;
