/** @file The fidelity card of a model that was just trained: its traces against those of its batch. */
import type { FidelityCardBuilder } from '../fidelity';
import { openModel, type OpenedModel } from '../generate';
import type { ManifestInput } from '../model';
import type { Trace } from '../trace';

/** Traces generated at a time. */
const CHUNK = 500;

/** The part of a manifest that holds the measures; empty where there is nothing to compare. */
export type MeasuredCard = Pick<ManifestInput, 'fidelity' | 'answerErrors'>;

async function* everySoMany(
  model: OpenedModel,
  stride: number,
  signal: AbortSignal | undefined
): AsyncGenerator<Trace> {
  const options = signal === undefined ? {} : { signal };
  for (let from = 0; from < model.traceCount; from += CHUNK * stride) {
    const left = Math.ceil((model.traceCount - from) / stride);
    const indices = Array.from({ length: Math.min(CHUNK, left) }, (_, i) => from + i * stride);
    yield* await model.generate(indices, options);
  }
}

/** Measures once. @param bytes - the file, whose manifest still lacks the card */
export async function measureCard(
  bytes: Uint8Array,
  card: FidelityCardBuilder,
  signal: AbortSignal | undefined
): Promise<MeasuredCard> {
  const model = await openModel(bytes);
  try {
    const measured = await card.measure((stride) => everySoMany(model, stride, signal));
    if (measured === null) {
      return {};
    }
    const { answerErrors, ...measures } = measured;
    // four digits say all that one run can, and three of what is fitted
    const digits = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(4)));
    const pair = ({ noise, bias }: { noise: number; bias: number }): [number, number] => [
      Number(noise.toPrecision(3)),
      Number(bias.toPrecision(3)),
    ];
    return {
      fidelity: Object.fromEntries(Object.entries(measures).map(([name, value]) => [name, digits(value)])),
      ...(answerErrors === null
        ? {}
        : {
            answerErrors: {
              count: pair(answerErrors.count),
              mean: pair(answerErrors.mean),
              quantile: pair(answerErrors.quantile),
              tail: pair(answerErrors.tail),
            },
          }),
    };
  } finally {
    await model.close();
  }
}
