/** @file `gent jaeger`: traces out of a running Jaeger, and traces from one form into another. */
import { readFileSync } from 'node:fs';
import { GentError, terminalProgress } from '../../common';
import { newReadStats, readTraces, writeTraces } from '../../trace';
import type { Command, CommandIo, OptionValues } from '../command';
import { timeOption } from '../engine';
import { formatCount } from '../format';
import { DownloadTarget, downloadTraces, JaegerClient, type LineForm, lineOf } from '../jaeger';
import {
  choiceOption,
  countOption,
  FORMAT_OPTIONS,
  formatOption,
  listOption,
  requiredOption,
  textOption,
} from '../options';

/** What Jaeger's own page asks for at most. */
const MOST = 1500;
const DAY = 86_400_000_000_000n;
const MICRO = 1000n;

const FORMS: readonly LineForm[] = ['otlp', 'jaeger'];
const formOption = (values: OptionValues): LineForm => choiceOption(values, 'to-form', FORMS) ?? 'otlp';

function tokenOf(file: string | undefined): string | undefined {
  if (file === undefined) {
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new GentError('FILE_UNREADABLE', `--token-file ${file}`, { cause: error });
  }
}

async function download(values: OptionValues, io: CommandIo): Promise<void> {
  const token = tokenOf(textOption(values, 'token-file'));
  const client = new JaegerClient(textOption(values, 'url') ?? 'http://localhost:16686', {
    signal: io.signal,
    ...(token === undefined ? {} : { token }),
  });
  const now = Date.now();
  const to = timeOption(values, 'to', now) ?? BigInt(now) * 1_000_000n;
  const from = timeOption(values, 'from', now) ?? to - DAY;
  if (to <= from) {
    throw new GentError('USAGE', '--to must be after --from');
  }
  const resume = values.resume === true;
  if (resume && (values.from === undefined || values.to === undefined)) {
    throw new GentError('USAGE', '--resume needs the --from and --to of the download that it goes on with');
  }
  const target = await DownloadTarget.open(requiredOption(values, 'out'), formOption(values), resume);
  const services = listOption(values, 'service');
  const progress = terminalProgress(io.stderr);
  progress.start('downloading traces', 0);
  const got = await downloadTraces({
    ...{ client, target, most: countOption(values, 'limit', 1) ?? MOST },
    range: { start: from / MICRO, end: to / MICRO },
    ...(services.length === 0 ? {} : { services }),
    onProgress: (service, traces) => progress.update(traces, service),
    onFull: (service, at) =>
      io.stderr.write(`gent: ${service} has more traces at ${at} µs than --limit: some are missing\n`),
  });
  progress.stop();
  if (values.json === true) {
    io.stdout.write(`${JSON.stringify({ ...got, file: target.file })}\n`);
    return;
  }
  io.stdout.write(
    `${formatCount(got.traces)} traces of ${got.services} services written, ${formatCount(got.inFile)} in ${target.file}\n`
  );
}

async function translate(values: OptionValues, inputs: string[], io: CommandIo): Promise<void> {
  const files = [...(values.traces === undefined ? [] : [requiredOption(values, 'traces')]), ...inputs];
  if (files.length === 0) {
    throw new GentError('USAGE', 'jaeger translate: --traces FILE, DIR or - is missing');
  }
  for (const name of ['url', 'from', 'to', 'service', 'limit', 'resume', 'token-file']) {
    if (values[name] !== undefined) {
      const meant = name === 'to' ? '; what to write is said by --to-form' : '';
      throw new GentError('USAGE', `--${name} is an option of jaeger download${meant}`);
    }
  }
  const form = formOption(values);
  const format = formatOption(values);
  const stats = newReadStats();
  const traces = readTraces(files, {
    ...(format === undefined ? {} : { format }),
    strict: values.strict === true,
    stats,
    signal: io.signal,
    onBadInput: (bad) => io.stderr.write(`gent: ${bad.file}:${bad.line}: ${bad.error.toLine()}\n`),
  });
  const out = requiredOption(values, 'out');
  const written = await writeTraces(out === '-' ? io.stdout : out, traces, {
    signal: io.signal,
    lineOf: (trace) => lineOf(trace, form),
  });
  if (out !== '-') {
    const left = stats.bad > 0 ? `; ${stats.bad} lines or files were left out` : '';
    io.stdout.write(`${formatCount(written.traces)} traces, ${formatCount(written.spans)} spans in ${out}${left}\n`);
  }
}

const command: Command = {
  name: 'jaeger',
  summary: 'gets traces out of a running Jaeger; translates Jaeger, Zipkin, OTLP',
  usage: [
    'jaeger download --url http://localhost:16686 --out FILE.ndjson [--from T] [--to T] [--service NAME]… [--resume]',
    'jaeger translate --traces FILE|DIR|- --out FILE.ndjson[.gz]|- [--to-form otlp|jaeger]',
  ].join('\n'),
  options: {
    url: { type: 'string', value: 'URL', help: "address of Jaeger's query service (default http://localhost:16686)" },
    out: { type: 'string', value: 'FILE', help: 'file to write, one trace a line' },
    from: {
      type: 'string',
      value: 'T',
      help: 'start: ISO 8601, Unix seconds, now, now-6h (default a day before --to)',
    },
    to: { type: 'string', value: 'T', help: 'end (default now)' },
    service: { type: 'string', multiple: true, value: 'NAME', help: "services; all but Jaeger's own when left out" },
    limit: {
      type: 'string',
      value: 'N',
      help: `traces to ask for at a time (default ${MOST}); times are cut until they fit`,
    },
    resume: { type: 'boolean', help: 'go on with the file of a download that was stopped' },
    'token-file': { type: 'string', value: 'FILE', help: 'file with a bearer token' },
    traces: { type: 'string', value: 'FILE|DIR|-', help: 'traces to translate; - is stdin' },
    ...FORMAT_OPTIONS,
    'to-form': { type: 'string', value: 'otlp|jaeger', help: 'what to write (default otlp)' },
    strict: { type: 'boolean', help: 'stop at the first bad line' },
    json: { type: 'boolean', help: 'print what was downloaded as JSON' },
  },
  positionals: Number.POSITIVE_INFINITY,
  async run(values, [action, ...more], io) {
    if (action === 'download' && more.length === 0) {
      return download(values, io);
    }
    if (action === 'translate') {
      return translate(values, more, io);
    }
    const known = action === undefined || action === 'download';
    const wrong = known ? more[0] : action;
    const problem = `say download or translate${wrong === undefined ? '' : `, not '${wrong}'`}`;
    throw new GentError('USAGE', `jaeger: ${problem}`);
  },
};

export default command;
