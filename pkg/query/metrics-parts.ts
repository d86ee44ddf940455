/** @file Metrics in parts: the beginning of each series, which the models still to come cannot change. */
import type { StoredModel } from '../store';
import type { Query, Sample, Series } from '../traceql';
import type { MetricsRequest } from './types';

/**
 * Tells what is certain once some of the models are done: the samples of steps that end before all others begin.
 * @param begin - of the range, ns
 * @param models - in the order in which they are done
 * @param series - the series so far
 * @returns tells `onPart` when so many models are done
 */
export function partsOf(
  onPart: MetricsRequest['onPart'],
  begin: bigint,
  query: Query,
  models: readonly StoredModel[],
  series: () => readonly Series[]
): (done: number) => Promise<void> {
  // compare() and arithmetic choose or bound their series by all that was seen: nothing of them is certain before the end.
  const metrics = query.kind === 'metrics' ? query.metrics : undefined;
  if (onPart === undefined || metrics?.kind !== 'metrics' || metrics.aggregate.kind === 'compare') {
    return async () => undefined;
  }
  const begins: bigint[] = [];
  for (let m = models.length - 1; m >= 0; m--) {
    const [start, later] = [(models[m] as StoredModel).window.start, begins[m + 1]];
    begins[m] = later === undefined || start < later ? start : later;
  }
  return async (done) => {
    const until = begins[done];
    if (done > 0 && until !== undefined && until > begin) {
      // A step ends at the time of its sample, which has no part of a millisecond.
      const certain = ({ timestampMs }: Sample) => BigInt(timestampMs + 1) * 1_000_000n <= until;
      await onPart({
        series: () => series().map((one) => ({ ...one, samples: one.samples.filter(certain), exemplars: [] })),
      });
    }
  };
}
