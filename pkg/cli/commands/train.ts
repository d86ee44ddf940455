/** @file `gent train`: traces in, one model out. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import pc from '../colors';
import { GentError, terminalProgress } from '../../common';
import { type ModelStore, openStore } from '../../store';
import { newReadStats, readTraces, TRACE_FORMATS } from '../../trace';
import { trainModel } from '../../train';
import type { Command, CommandIo, OptionValues } from '../command';
import { counted, formatBytes, formatCount } from '../format';
import { FORMAT_OPTIONS, formatOption, requiredOption, textOption } from '../options';
import { NETWORK_OPTIONS, SELECTION_OPTIONS, selectTraces, trainSettings } from '../train-options';
import { writeWhole } from '../write-whole';
import { readModelBytes } from './generate';

/** Said before an hour of training, not after it. @throws GentError FILE_UNWRITABLE */
async function checkDirectory(out: string): Promise<void> {
  const directory = path.dirname(path.resolve(out));
  try {
    await access(directory, constants.W_OK);
  } catch (error) {
    throw new GentError('FILE_UNWRITABLE', `--out ${out}: ${directory} is no directory to write to`, { cause: error });
  }
}

async function run(values: OptionValues, positionals: string[], io: CommandIo): Promise<void> {
  const inputs = [...(values.traces === undefined ? [] : [requiredOption(values, 'traces')]), ...positionals];
  const out = textOption(values, 'out');
  const storeDirectory = textOption(values, 'store');
  if (inputs.length === 0) {
    throw new GentError('USAGE', 'train: --traces FILE, DIR or - is missing');
  }
  if (out === undefined && storeDirectory === undefined) {
    throw new GentError('USAGE', 'train: say where the model goes: --out FILE.gent or --store DIR');
  }
  if (out !== undefined) {
    await checkDirectory(out);
  }
  // Opened before training, too: a new directory is made, a bucket that cannot be reached is said at once.
  const store = storeDirectory === undefined ? undefined : await openStore(storeDirectory, { create: true });
  try {
    await trainInto(store, { values, inputs, out, storeDirectory }, io);
  } finally {
    await store?.close();
  }
}

interface Given {
  readonly values: OptionValues;
  readonly inputs: readonly string[];
  readonly out: string | undefined;
  readonly storeDirectory: string | undefined;
}

/** Trains, writes and publishes the model, and says what came of it. */
async function trainInto(
  store: ModelStore | undefined,
  { values, inputs, out, storeDirectory }: Given,
  io: CommandIo
): Promise<void> {
  const json = values.json === true;
  const format = formatOption(values);
  const stats = newReadStats();
  const traces = readTraces(inputs, {
    ...(format === undefined ? {} : { format }),
    strict: values.strict === true,
    stats,
    signal: io.signal,
    onBadInput: (bad) => io.stderr.write(`gent: ${bad.file}:${bad.line}: ${bad.error.toLine()}\n`),
  });
  const given = trainSettings(values);
  const selected = selectTraces(values, traces);
  const previous = textOption(values, 'from');
  const from = previous === undefined ? undefined : await readModelBytes(previous);
  const began = Date.now();
  const { bytes, manifest, report } = await trainModel(selected, {
    ...given,
    ...(from === undefined ? {} : { from }),
    signal: io.signal,
    ...(json ? {} : { progress: terminalProgress(io.stderr) }),
  });
  if (out !== undefined) {
    await writeWhole(out, bytes);
  }
  const published = (await store?.publish(bytes))?.file;
  const seconds = (Date.now() - began) / 1000;
  if (json) {
    const document = {
      model: manifest.id,
      out,
      store: storeDirectory,
      file: published,
      read: stats,
      ...report,
      wallSeconds: seconds,
    };
    io.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  const share =
    stats.bytes > 0 ? `, ${((100 * bytes.length) / stats.bytes).toFixed(3)}% of ${formatBytes(stats.bytes)} read` : '';
  const { from: model, takenOver } = report.training;
  io.stdout.write(
    `${pc.bold(published ?? out ?? '')}  ${formatBytes(bytes.length)}${share}\n` +
      `${formatCount(report.traces)} traces, ${formatCount(report.spans)} spans, ${formatCount(manifest.counts.shapes)} shapes; ` +
      `${counted(manifest.counts.exemplars, 'exemplar')}; ` +
      `${formatCount(report.training.parameters)} parameters, ${counted(report.training.epochs, 'epoch')}, ${seconds.toFixed(1)} s\n` +
      (model === undefined
        ? ''
        : `went on from ${model}: ${formatCount(takenOver?.rows ?? 0)} of ${formatCount(takenOver?.of ?? 0)} embeddings\n`) +
      (report.anew === undefined ? '' : `${pc.yellow(`started anew: ${report.anew}`)}\n`) +
      (stats.bad > 0 ? `${pc.yellow(`${stats.bad} lines or files were left out`)}\n` : '')
  );
}

const command: Command = {
  name: 'train',
  summary: 'learns a model from traces',
  usage: `train --traces FILE|DIR|- [--format ${TRACE_FORMATS.join('|')}] [--from PREVIOUS.gent] --out MODEL.gent
train --traces FILE|DIR|- --store DIR`,
  positionals: Number.POSITIVE_INFINITY,
  options: {
    traces: { type: 'string', value: 'FILE|DIR|-', help: 'traces to learn from; - is stdin' },
    ...FORMAT_OPTIONS,
    out: { type: 'string', value: 'FILE', help: 'file to write the model to' },
    store: { type: 'string', value: 'DIR', help: 'store to publish the model in: a directory, or s3://BUCKET/PREFIX' },
    seed: { type: 'string', value: 'N', help: 'same seed and traces, same file', default: '1' },
    from: {
      type: 'string',
      value: 'MODEL.gent',
      help: 'go on from the network of this model, in half the passes; anew where it does not fit',
    },
    epochs: { type: 'string', value: 'N', help: 'most passes over the data; 0 = marginals only, no network' },
    'max-bytes': { type: 'string', value: 'N', help: 'largest model wanted' },
    'privacy-k': { type: 'string', value: 'N', help: 'values seen in fewer traces are not kept', default: '5' },
    'exemplar-bytes': {
      type: 'string',
      value: 'N',
      help: 'bytes for real traces kept verbatim (default 5% of the rest)',
    },
    'no-exemplars': { type: 'boolean', help: 'keep no real trace: no value seen in fewer traces than --privacy-k' },
    ...SELECTION_OPTIONS,
    ...NETWORK_OPTIONS,
    strict: { type: 'boolean', help: 'stop at the first bad line' },
    json: { type: 'boolean', help: 'print one JSON document' },
  },
  run,
};

export default command;
