/** @file Our own side of a comparison: a model that is given, one that is trained, or a file of generated traces. */
import { type Driver, sizesOf, spanTable, type Vocabulary, type SpanTable } from '../../fidelity';
import { openModel } from '../../generate';
import { readTraces, type Trace } from '../../trace';
import { trainModel } from '../../train';

const TRACES_A_PART = 500;

/** Every trace of a model. The model is closed when the last has been read. */
export async function* allTraces(bytes: Uint8Array, signal?: AbortSignal): AsyncGenerator<Trace> {
  const model = await openModel(bytes);
  try {
    for (let from = 0; from < model.traceCount; from += TRACES_A_PART) {
      const count = Math.min(TRACES_A_PART, model.traceCount - from);
      const indices = Array.from({ length: count }, (_, i) => from + i);
      yield* await model.generate(indices, signal === undefined ? {} : { signal });
    }
  } finally {
    await model.close();
  }
}

function generatedTable(vocabulary: Vocabulary, bytes: Uint8Array, signal?: AbortSignal): Promise<SpanTable> {
  return spanTable(vocabulary, allTraces(bytes, signal));
}

/** A model that is given. It generates the same traces whatever the seed. */
export function modelDriver(bytes: Uint8Array): Driver {
  return {
    name: 'model',
    kind: 'model',
    produce: async ({ table }, _seed, signal) => ({
      table: await generatedTable(table.vocabulary, bytes, signal),
      sizes: { raw: null, gzip: null, model: bytes.length },
    }),
  };
}

/** Trains a model with each seed, with default settings, and generates all of its traces. */
export function trainingDriver(onTrained?: (bytes: Uint8Array, seed: number, seconds: number) => void): Driver {
  return {
    name: 'model',
    kind: 'model',
    async produce(source, seed, signal) {
      const { bytes, report } = await trainModel(source.read(), { seed, ...(signal === undefined ? {} : { signal }) });
      onTrained?.(bytes, seed, report.seconds);
      return {
        table: await generatedTable(source.table.vocabulary, bytes, signal),
        sizes: { raw: null, gzip: null, model: bytes.length },
      };
    },
  };
}

/** A file of generated traces, whatever wrote it. */
export function generatedFileDriver(file: string): Driver {
  return {
    name: 'generated',
    kind: 'model',
    async produce({ table }, _seed, signal) {
      const read = (): AsyncGenerator<Trace> => readTraces(file, signal === undefined ? {} : { signal });
      return { table: await spanTable(table.vocabulary, read()), sizes: (await sizesOf(read())).all };
    },
  };
}
