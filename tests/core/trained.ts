/** @file Models trained on traces made for a test, and what is known of their traces when little of them is drawn. */
import { openModel, type OpenedModel, type Sieve } from '../../pkg/generate';
import type { Span, Trace } from '../../pkg/trace';
import { newTrainingBatch, trainOnColumns, type TrainOptions } from '../../pkg/train';

/** Trains without exemplars and opens the model; close it. */
export async function trainedOn(real: readonly Trace[], options: TrainOptions): Promise<OpenedModel> {
  const batch = newTrainingBatch();
  real.forEach((trace) => batch.add(trace));
  const { bytes } = await trainOnColumns(batch.finish(), {
    seed: 3,
    exemplarBytes: 0,
    fidelityCard: false,
    ...options,
  });
  return openModel(bytes);
}

/** Numbers of all traces of a model. */
export const allOf = (model: OpenedModel): number[] => Array.from({ length: model.traceCount }, (_, i) => i);

/** Trains before the tests of a file, hands over the model and all traces that it generates, and closes it after the tests. */
export function whenTrained(
  real: readonly Trace[],
  options: TrainOptions,
  ready: (model: OpenedModel, traces: readonly Trace[]) => void
): void {
  let model: OpenedModel | undefined;
  beforeAll(async () => {
    model = await trainedOn(real, options);
    ready(model, await model.generate(allOf(model)));
  }, 120_000);
  afterAll(async () => model?.close());
}

/** Duration of a span, ns. */
export const durationOf = ({ startTimeUnixNano, endTimeUnixNano }: Span): number =>
  Number(endTimeUnixNano - startTimeUnixNano);

/** Traces whose span (counted from the end where negative) may last longer than some time, drawn in part. */
async function longerThan(model: OpenedModel, span: number, least: number): Promise<readonly number[]> {
  const sieve: Sieve = {
    keys: new Set(),
    spansOf: (shape) => ({
      spans: Int32Array.of(span < 0 ? model.shapeClasses(shape).length + span : span),
      attributes: new Uint8Array(1),
    }),
    keeps: (_shape, _least, most) => (most[0] as number) > least,
  };
  return (await model.sift(allOf(model), sieve)).kept;
}

/** Expects of all traces that a span lasts as long alone as in them. */
export async function expectAlike(model: OpenedModel, traces: readonly Trace[], span: number): Promise<void> {
  const durations = traces.map(({ spans }) => durationOf(spans.at(span) as Span));
  const sorted = [...durations].sort((a, b) => a - b);
  for (const share of [0.2, 0.4, 0.6, 0.8, 0.9]) {
    const least = sorted[Math.floor(share * sorted.length)] as number;
    const kept = new Set(await longerThan(model, span, least));
    expect(durations.flatMap((duration, i) => (duration > least && !kept.has(i) ? [i] : []))).toEqual([]);
    expect(kept.size).toBeLessThan(traces.length);
  }
}
