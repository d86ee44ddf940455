/** @file `gent pandora`: PandoraTrace over the demo shop. Traffic with an incident, mixed into benign traffic, and the ten queries. */
import { gzipSync } from 'node:zlib';
import Table from 'cli-table3';
import { GentError, terminalProgress } from '../../common';
import { clockOf, newVocabulary, queries, type Queries, spanTable } from '../../fidelity';
import { mergeTraffic, RECORDABLE, recordTraffic, type RecordOptions } from '../../pandora';
import { readAllTraces, readTraces, type Trace, writeTraces } from '../../trace';
import type { Command, CommandIo, OptionValues } from '../command';
import { formatCount } from '../format';
import { choiceOption, countOption, oneOption, requiredOption, textOption } from '../options';
import { writeWhole } from '../write-whole';
import evaluate from './evaluate';
import { allTraces } from './evaluate-drivers';
import { readModelBytes } from './generate';

/** As many as the published benchmark records of an incident, and merges. */
const RECORDED = 3000;
const MERGED = 10_000;

const QUERY_NAMES = [
  'error traces of a service',
  'traces with an attribute',
  'calls from a service to another',
  'bottlenecks',
  'RED: rate',
  'RED: errors',
  'RED: duration',
  'frequency of an attribute',
  'largest value of an attribute',
  'frequency of an attribute, by service',
];

async function record(values: OptionValues, io: CommandIo): Promise<void> {
  const incident = choiceOption(values, 'incident', RECORDABLE) ?? 'none';
  const options: RecordOptions = {
    incident,
    count: countOption(values, 'count', 1) ?? RECORDED,
    seed: countOption(values, 'seed') ?? 1,
  };
  const out = requiredOption(values, 'out');
  const progress = terminalProgress(io.stderr);
  progress.start(`recording ${incident === 'none' ? 'benign traffic' : incident}`, options.count);
  const { traces, spans } = await writeTraces(out, recordTraffic(options), {
    signal: io.signal,
    onProgress: (done) => progress.update(done),
  });
  progress.stop();
  io.stdout.write(`${formatCount(traces)} traces, ${formatCount(spans)} spans in ${out}\n`);
}

function shareOption(values: OptionValues): number {
  const text = textOption(values, 'share') ?? '0.01';
  const share = Number(text);
  if (text.trim() === '' || !(share > 0 && share < 1)) {
    throw new GentError('USAGE', `--share ${text}: more than 0 and less than 1 is expected`);
  }
  return share;
}

async function merge(values: OptionValues, io: CommandIo): Promise<void> {
  const share = shareOption(values);
  const out = requiredOption(values, 'out');
  const read = (name: string): Promise<Trace[]> => readAllTraces(requiredOption(values, name), { signal: io.signal });
  const benign = await read('benign');
  const incident = await read('incident');
  const name = textOption(values, 'name') ?? 'incident';
  const rows: string[] = [];
  const merged = function* (): Generator<Trace> {
    const options = { share, count: countOption(values, 'count', 1) ?? MERGED, seed: countOption(values, 'seed') ?? 1 };
    for (const { trace, incident: during } of mergeTraffic(benign, incident, options)) {
      rows.push([trace.traceId, during ? 'post-injection' : 'pre-injection', name, name].join('\t'));
      yield trace;
    }
  };
  const { traces } = await writeTraces(out, merged(), { signal: io.signal });
  const labels = textOption(values, 'labels');
  if (labels !== undefined) {
    const text = ['trace_id\tphase\tfault_id\tinject_type', ...rows, ''].join('\n');
    await writeWhole(labels, labels.endsWith('.gz') ? gzipSync(text) : new TextEncoder().encode(text));
  }
  const during = rows.filter((row) => row.includes('\tpost-')).length;
  io.stdout.write(
    `${formatCount(traces)} traces, ${formatCount(during)} of the incident (${((100 * during) / traces).toFixed(2)}%), in ${out}\n`
  );
}

function table(all: Queries): string {
  const shown = new Table({
    head: ['query', '', 'as published', 'corrected', 'corrected, 64 bins', 'volume'],
    colAligns: ['right', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  const number = (value: number | null): string => (value === null ? 'n/a' : value.toFixed(4));
  for (const one of all.queries) {
    const cells = [one.published, one.corrected, one.tv64 ?? one.corrected, one.volume].map(number);
    shown.push([one.query, QUERY_NAMES[one.query - 1] ?? '', ...cells]);
  }
  const means = [all.publishedMean, all.correctedMean, all.correctedMeanTv64, all.volume].map(number);
  shown.push(['', 'mean', ...means]);
  return shown.toString();
}

/** The other side: a model, or a file. */
async function otherTraces(values: OptionValues, signal: AbortSignal): Promise<AsyncIterable<Trace>> {
  const side = oneOption(values, ['model', 'generated']);
  const file = requiredOption(values, side);
  return side === 'generated' ? readTraces(file, { signal }) : allTraces(await readModelBytes(file), signal);
}

async function query(values: OptionValues, io: CommandIo): Promise<void> {
  const other = await otherTraces(values, io.signal);
  const real = await spanTable(newVocabulary(), readTraces(requiredOption(values, 'real'), { signal: io.signal }));
  const answers = queries(real, await spanTable(real.vocabulary, other), clockOf(real));
  io.stdout.write(values.json === true ? `${JSON.stringify(answers, null, 2)}\n` : `${table(answers)}\n`);
}

/** The page of `gent evaluate`, with the baselines of the published benchmark. */
async function report(values: OptionValues, io: CommandIo): Promise<void> {
  requiredOption(values, 'html');
  await evaluate.run({ ...values, baselines: true }, [], io);
}

const ACTIONS: Record<string, (values: OptionValues, io: CommandIo) => Promise<void>> = {
  record,
  merge,
  query,
  report,
};

const command: Command = {
  name: 'pandora',
  summary: 'PandoraTrace over the demo shop: records incidents, merges traffic, asks the ten queries',
  usage: [
    `pandora record --incident ${RECORDABLE.join('|')} --out FILE.ndjson.gz [--count N]`,
    'pandora merge --benign FILE --incident FILE --share 0.01 --out FILE.ndjson.gz [--labels LABELS.tsv.gz]',
    'pandora query --real FILE --model MODEL.gent|--generated FILE [--json]',
    'pandora report --real FILE --model MODEL.gent|--generated FILE --html REPORT.html [--labels LABELS.tsv.gz]',
  ].join('\n'),
  options: {
    incident: { type: 'string', value: 'NAME|FILE', help: 'record: the incident (default none); merge: its traces' },
    benign: { type: 'string', value: 'FILE', help: 'merge: traffic without an incident' },
    share: { type: 'string', value: 'S', help: 'merge: mean share of the incident (default 0.01)' },
    count: { type: 'string', value: 'N', help: `traces to record (${RECORDED}) or merge (${formatCount(MERGED)})` },
    seed: { type: 'string', value: 'N', help: 'the same seed gives the same traffic (default 1)' },
    out: { type: 'string', value: 'FILE', help: 'file to write, OTLP/JSON, one trace a line' },
    labels: { type: 'string', value: 'FILE', help: 'merge: write which traces are of the incident; report: read them' },
    name: { type: 'string', value: 'TEXT', help: 'merge: what the labels call the incident' },
    real: { type: 'string', value: 'FILE', help: 'query, report: the real traces' },
    model: { type: 'string', value: 'FILE', help: 'query, report: a model' },
    generated: { type: 'string', value: 'FILE', help: 'query, report: generated traces, instead of a model' },
    html: { type: 'string', value: 'FILE', help: 'report: the page to write' },
    json: { type: 'boolean', help: 'query, report: print every measure as JSON' },
  },
  positionals: 1,
  async run(values, [action, ...more], io) {
    const run = action === undefined ? undefined : ACTIONS[action];
    if (run === undefined || more.length > 0) {
      throw new GentError('USAGE', `pandora: say one of ${Object.keys(ACTIONS).join(', ')}`);
    }
    await run(values, io);
  },
};

export default command;
