/** @file The errors of models in the intervals of an answer: which models have one, and where nothing is uncertain at all. */
import type { StoredModel } from '../store';
import { Intervals, type MetricsOptions, type ModelError, type Query, type Series } from '../traceql';
import { bucketsFit, type Slots } from './counts';
import type { Notice } from './types';

/** The error of a model, where it was measured. */
export function errorOf({ answerErrors }: StoredModel): ModelError | undefined {
  if (answerErrors === undefined) {
    return undefined;
  }
  const kind = ([noise, bias]: readonly [number, number]) => ({ noise, bias });
  return {
    count: kind(answerErrors.count),
    mean: kind(answerErrors.mean),
    quantile: kind(answerErrors.quantile),
    tail: kind(answerErrors.tail),
  };
}

/**
 * How metrics over the traces of models are to be compiled so that intervals hold the real values. Of compare(), most is
 * exact, and what is not is of attributes, whose errors nobody measured.
 */
export function uncertainOf(
  query: Query,
  models: ReadonlyArray<{ readonly model: StoredModel; readonly bucketSeconds: number }>,
  slots: Slots,
  occupied: Uint8Array
): Pick<MetricsOptions, 'modelledSlots' | 'wholeBuckets'> {
  const metrics = query.kind === 'metrics' ? query.metrics : undefined;
  const compares = metrics?.kind === 'metrics' && metrics.aggregate.kind === 'compare';
  if (compares || !models.some(({ model }) => model.answerErrors !== undefined)) {
    return {};
  }
  const wholeBuckets = slots.instant !== true && models.every(({ bucketSeconds }) => bucketsFit(slots, bucketSeconds));
  return { modelledSlots: occupied.reduce((sum, one) => sum + one, 0), wholeBuckets };
}

/** Series of which slots where no trace can have a span are told exactly. */
export function exactWhereEmpty(
  series: readonly Series[],
  options: MetricsOptions,
  mayHold: (slot: number) => boolean
): Series[] {
  const intervals = new Intervals(options);
  const empty = new Set<number>();
  for (let slot = 0; slot < intervals.count; slot++) {
    if (!mayHold(slot)) {
      empty.add(intervals.timestampMs(slot));
    }
  }
  if (empty.size === 0) {
    return [...series];
  }
  return series.map((one) => ({
    ...one,
    samples: one.samples.map((sample) =>
      empty.has(sample.timestampMs) && sample.lower !== undefined
        ? { ...sample, lower: sample.value, upper: sample.value }
        : sample
    ),
  }));
}

/** Says which models are taken for the truth, for nobody knows their errors. */
export function unmeasuredNotices(models: readonly StoredModel[]): Notice[] {
  const without = models.filter(({ answerErrors }) => answerErrors === undefined).length;
  if (without === 0) {
    return [];
  }
  const which = without === models.length ? 'the models' : `${without} of ${models.length} models`;
  return [{ severity: 'info', text: `The errors of ${which} were not measured: intervals leave them out.` }];
}
