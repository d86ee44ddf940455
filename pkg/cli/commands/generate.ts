/** @file `gent generate`: a model in, traces out as OTLP/JSON, one a line. */
import { readFile } from 'node:fs/promises';
import { GentError, terminalProgress } from '../../common';
import { openModel, type TraceGenerator } from '../../generate';
import { writeTraces, type Trace } from '../../trace';
import type { Command, CommandIo, OptionValues } from '../command';
import { formatCount } from '../format';
import { countOption, requiredOption } from '../options';

const TRACES_A_PART = 500;

/** Reads a file that holds a model. @throws GentError FILE_NOT_FOUND or FILE_UNREADABLE */
export async function readModelBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing
      ? new GentError('FILE_NOT_FOUND', `${file} does not exist`, { cause: error })
      : new GentError('FILE_UNREADABLE', `${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** `count` trace numbers spread evenly over the model's window. */
function spread(count: number, total: number): number[] {
  return Array.from({ length: Math.min(count, total) }, (_, i) => Math.floor((i * total) / Math.min(count, total)));
}

async function* traces(model: TraceGenerator, indices: number[], signal: AbortSignal): AsyncGenerator<Trace> {
  for (let i = 0; i < indices.length; i += TRACES_A_PART) {
    yield* await model.generate(indices.slice(i, i + TRACES_A_PART), { signal });
  }
}

async function run(values: OptionValues, positionals: string[], io: CommandIo): Promise<void> {
  const file = positionals[0] ?? requiredOption(values, 'model');
  const out = requiredOption(values, 'out');
  const model = await openModel(await readModelBytes(file), { runtime: values.wasm === true ? 'wasm' : 'native' });
  try {
    const count = countOption(values, 'count') ?? model.traceCount;
    const indices = spread(count, model.traceCount);
    const progress = terminalProgress(io.stderr);
    progress.start('generating traces', indices.length);
    const began = Date.now();
    const written = await writeTraces(out === '-' ? io.stdout : out, traces(model, indices, io.signal), {
      signal: io.signal,
      onProgress: (done) => progress.update(done),
    });
    const seconds = (Date.now() - began) / 1000;
    progress.stop(
      `${formatCount(written.traces)} traces, ${formatCount(written.spans)} spans, ${formatCount(Math.round(written.spans / seconds))} spans/s with writing`
    );
  } finally {
    await model.close();
  }
}

const command: Command = {
  name: 'generate',
  summary: 'writes the traces of a model',
  positionals: 1,
  usage: 'generate --model MODEL.gent [--count N] --out FILE.ndjson[.gz]',
  options: {
    model: { type: 'string', value: 'FILE', help: 'the model' },
    count: { type: 'string', value: 'N', help: 'how many traces, spread over the window; all when left out' },
    out: { type: 'string', value: 'FILE', help: 'OTLP/JSON, one trace a line; .gz is gzipped; - is stdout' },
    wasm: { type: 'boolean', help: 'evaluate the network with WebAssembly instead of the native runtime' },
  },
  run,
};

export default command;
