/** @file `gent inspect`: what a model holds, without generating anything. */
import Table from 'cli-table3';
import pc from '../colors';
import { GentError } from '../../common';
import { readModelFile, type Manifest, type ModelFile } from '../../model';
import type { Command, CommandIo, OptionValues } from '../command';
import { bar, formatBytes, counted, formatCount, formatNanos, formatTime } from '../format';
import { countOption, textOption } from '../options';
import { readModelBytes } from './generate';

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

function plainTable(head: string[], aligns: Array<'left' | 'right'>): InstanceType<typeof Table> {
  const line = Object.fromEntries(
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid'
      .split(' ')
      .map((part) => [part, ''])
  );
  return new Table({
    head: head.map((text) => pc.dim(text)),
    colAligns: aligns,
    chars: { ...line, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
}

function operationsTable(manifest: Manifest, most: number): string {
  const table = plainTable(
    ['service', 'operation', 'kind', 'spans', 'errors', 'p50', 'p99'],
    ['left', 'left', 'left', 'right', 'right', 'right', 'right']
  );
  for (const operation of manifest.operations.slice(0, most)) {
    const { errors, spans } = operation;
    table.push([
      pc.cyan(operation.service),
      operation.name,
      KINDS[operation.kind] ?? String(operation.kind),
      formatCount(spans),
      errors > 0 ? pc.red(`${formatCount(errors)} (${((100 * errors) / spans).toFixed(1)}%)`) : '',
      formatNanos(operation.p50),
      formatNanos(operation.p99),
    ]);
  }
  const left = manifest.operations.length - most;
  return table.toString() + (left > 0 ? `\n${pc.dim(`… and ${left} more (--operations N)`)}` : '');
}

function sectionsTable(file: ModelFile): string {
  const table = plainTable(['section', 'bytes', 'share', ''], ['left', 'right', 'right', 'left']);
  for (const [name, bytes] of Object.entries(file.sectionBytes)) {
    const share = bytes / file.bytes;
    table.push([name, formatBytes(bytes), `${(100 * share).toFixed(1)}%`, pc.green(bar(share))]);
  }
  return table.toString();
}

function report(file: ModelFile, most: number): string {
  const { manifest } = file;
  const { counts, window, training } = manifest;
  const start = BigInt(window.start);
  const end = BigInt(window.end);
  const lines = [
    `${pc.bold(`model ${manifest.id}`)}  ${formatBytes(file.bytes)}  ${pc.dim(manifest.generator)}`,
    `${formatTime(start)} to ${formatTime(end)}  (${formatNanos(Number(end - start))})`,
    `${formatCount(counts.traces)} traces, ${formatCount(counts.spans)} spans, ${formatCount(counts.errors)} errors; ` +
      `${counts.services} services, ${counts.operations} operations, ${formatCount(counts.shapes)} shapes; counts by ${counts.bucketSeconds} s; ` +
      (counts.exemplars > 0 ? `${counted(counts.exemplars, 'real trace')} kept verbatim` : 'no exemplars'),
    training.parameters > 0
      ? `${formatCount(training.parameters)} parameters, ${counted(training.epochs, 'epoch')} over ${formatCount(training.rows)} rows, seed ${training.seed}; ` +
        `loss ${training.integerLoss?.toFixed(4) ?? '?'} nats a field`
      : 'no network: marginals only',
    ...(training.from === undefined
      ? []
      : [
          `went on from ${training.from}: ${formatCount(training.takenOver?.rows ?? 0)} of ${formatCount(training.takenOver?.of ?? 0)} embeddings`,
        ]),
    ...(training.anew === undefined ? [] : [`started anew: ${training.anew}`]),
    ...(training.without === undefined ? [] : [pc.yellow(`left out: ${training.without.join(', ')}`)]),
    '',
    operationsTable(manifest, most),
    '',
    sectionsTable(file),
  ];
  const { span, event, resource } = manifest.attributes;
  for (const [scope, keys] of Object.entries({ span, event, resource })) {
    if (keys.length > 0) {
      lines.push('', `${pc.dim(`${scope} attributes:`)} ${keys.join(', ')}`);
    }
  }
  if (manifest.fidelity !== undefined) {
    const card = Object.entries(manifest.fidelity).map(
      ([name, value]) => `${name} ${value === null ? 'n/a' : Number.isInteger(value) ? value : value.toFixed(4)}`
    );
    lines.push('', `${pc.dim('fidelity on its own batch:')} ${card.join('  ')}`);
  }
  if (manifest.answerErrors !== undefined) {
    const errors = Object.entries(manifest.answerErrors).map(
      ([kind, [noise, bias]]) => `${kind} noise ${noise} bias ${(100 * Math.sqrt(bias)).toFixed(1)}%`
    );
    lines.push(`${pc.dim('errors of answers over short times:')} ${errors.join('  ')}`);
  }
  return `${lines.join('\n')}\n`;
}

async function run(values: OptionValues, positionals: string[], io: CommandIo): Promise<void> {
  const path = positionals[0] ?? textOption(values, 'model');
  if (path === undefined) {
    throw new GentError('USAGE', 'inspect: the model file is missing');
  }
  const file = readModelFile(await readModelBytes(path));
  if (values.json === true) {
    io.stdout.write(`${JSON.stringify({ ...file.manifest, bytes: file.bytes, sections: file.sectionBytes })}\n`);
  } else {
    io.stdout.write(report(file, countOption(values, 'operations', 1) ?? 20));
  }
}

const command: Command = {
  name: 'inspect',
  summary: 'shows what a model holds',
  positionals: 1,
  usage: 'inspect MODEL.gent [--json]',
  options: {
    model: { type: 'string', value: 'FILE', help: 'the model' },
    operations: { type: 'string', value: 'N', help: 'rows of the table of operations', default: '20' },
    json: { type: 'boolean', help: 'print the manifest as one JSON document' },
  },
  run,
};

export default command;
