/** @file The main job on real traces: bytes, training time and memory, generation speed, closeness of durations. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createGzip } from 'node:zlib';
import { openModel } from '../../pkg/generate';
import { otlpJsonLines, readAllTraces, type Trace } from '../../pkg/trace';
import { newTrainingBatch, trainOnColumns } from '../../pkg/train';
import { durationCloseness } from './duration-closeness';
import type { Bench, BenchRow } from './types';

const SETS = ['nezha-onlineboutique-10k', 'nezha-trainticket', 'dsb-media', 'mixed-500'];
/** Sets of fewer traces have no target for size. */
const MIN_TRACES = 5000;

/** Bytes of the traces as OTLP/JSON, one a line, gzip -9. */
async function gzipBytes(traces: readonly Trace[]): Promise<number> {
  const gzip = createGzip({ level: 9 });
  let bytes = 0;
  gzip.on('data', (chunk: Buffer) => (bytes += chunk.length));
  const done = new Promise((resolve, reject) => gzip.on('end', resolve).on('error', reject));
  for await (const lines of otlpJsonLines(traces)) {
    if (!gzip.write(lines)) {
      await new Promise((resolve) => gzip.once('drain', resolve));
    }
  }
  gzip.end();
  await done;
  return bytes;
}

/** Largest resident size seen while `run` runs, in MB. */
async function peakOf<T>(run: () => Promise<T>): Promise<{ value: T; megabytes: number }> {
  let peak = 0;
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 50);
  try {
    const value = await run();
    look();
    return { value, megabytes: peak / 1e6 };
  } finally {
    clearInterval(timer);
  }
}

/** Cells (operation, status, minute) whose numbers of spans differ. */
function wrongCells(real: readonly Trace[], generated: readonly Trace[]): number {
  const cells = new Map<string, number>();
  const add = (traces: readonly Trace[], sign: number): void => {
    for (const trace of traces) {
      for (const span of trace.spans) {
        const service = span.resource.attributes.find((attribute) => attribute.key === 'service.name')?.value;
        const minute = span.startTimeUnixNano / 60_000_000_000n;
        const key = `${String(service)}\0${span.name}\0${span.kind}\0${span.statusCode}\0${minute}`;
        cells.set(key, (cells.get(key) ?? 0) + sign);
      }
    }
  };
  add(real, 1);
  add(generated, -1);
  return [...cells.values()].filter((count) => count !== 0).length;
}

async function runSet(name: string, file: string, quick: boolean, log: (line: string) => void): Promise<BenchRow[]> {
  log(`${name}: reading`);
  let real: Trace[] = await readAllTraces(file);
  if (quick) {
    real = real.filter((_, i) => i % 10 === 0);
  }
  const gzip = await gzipBytes(real);
  const spans = real.reduce((sum, trace) => sum + trace.spans.length, 0);
  const batch = newTrainingBatch();
  real.forEach((trace) => batch.add(trace));
  const columns = batch.finish();
  real = [];
  log(`${name}: training on ${spans} spans`);
  const began = Date.now();
  const { value: trained, megabytes } = await peakOf(() => trainOnColumns(columns, quick ? { epochs: 2 } : {}));
  const trainSeconds = (Date.now() - began) / 1000;
  const model = await openModel(trained.bytes);
  const indices = Array.from({ length: model.traceCount }, (_, i) => i);
  await model.generate(indices.slice(0, 200));
  const generateBegan = Date.now();
  let generatedSpans = 0;
  for (let i = 0; i < indices.length; i += 1000) {
    for (const trace of await model.generate(indices.slice(i, i + 1000))) {
      generatedSpans += trace.spans.length;
    }
  }
  const generateSeconds = (Date.now() - generateBegan) / 1000;
  const oneBegan = Date.now();
  for (let i = 0; i < 20; i++) {
    await model.generate([Math.floor((i * model.traceCount) / 20)]);
  }
  const oneMs = (Date.now() - oneBegan) / 20;
  const generated = await model.generate(indices);
  await model.close();
  real = await readAllTraces(file);
  if (quick) {
    real = real.filter((_, i) => i % 10 === 0);
  }
  const close = durationCloseness(real, generated);
  const sized = real.length >= MIN_TRACES;
  const row = (what: string, value: number, unit: string, target?: string): BenchRow => ({
    what: `${name}: ${what}`,
    value: Number(value.toPrecision(4)),
    unit,
    ...(target === undefined ? {} : { target }),
  });
  return [
    row('model', trained.bytes.length, 'bytes'),
    row('of gzip -9', (100 * trained.bytes.length) / gzip, '%', sized ? '≤ 0.7' : undefined),
    row('training', trainSeconds, 's', '≤ 60 for 440,000 spans'),
    row('peak memory in training', megabytes, 'MB', '≤ 1500'),
    row('generation, one thread', generatedSpans / generateSeconds, 'spans/s', '≥ 150,000 on two cores'),
    row('one trace', oneMs, 'ms', '≤ 50'),
    row('counts by operation, status and minute that differ', wrongCells(real, generated), 'cells', '0'),
    ...(close.operations === 0
      ? []
      : [
          row(`durations of ${close.operations} operations: TV over 64 bins`, close.tv64, ''),
          row('durations: W1 over p1…p99', close.w1, ''),
          row('durations: p50', close.p50, 'relative error'),
          row('durations: p99', close.p99, 'relative error'),
          row('durations: mean', close.mean, 'relative error'),
        ]),
  ];
}

export const bench: Bench = {
  name: 'core',
  async run({ dataDir, quick, log }) {
    const rows: BenchRow[] = [];
    for (const name of SETS) {
      const file = path.join(dataDir ?? '', `${name}.otlp.ndjson.gz`);
      if (dataDir === undefined || !existsSync(file)) {
        log(`${name}: skipped, ${file} is not there`);
        continue;
      }
      rows.push(...(await runSet(name, file, quick, log)));
    }
    return rows;
  },
};
