/** @file What the manifest says of the batch: window, counts, operations. */
import type { LearntBatch } from '../features';
import { exemplarFingerprints, type ManifestInput, type OperationSummary, type TrainingSummary } from '../model';

function percentile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** Two significant digits are enough to read and give no measured value away. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** The manifest of a model learnt from a batch. */
export function summarise(
  learnt: LearntBatch,
  privacyK: number,
  training: TrainingSummary,
  exemplarTraceIds: readonly string[] = []
): ManifestInput {
  const { content, spans } = learnt;
  const { dictionary } = content;
  const durations: number[][] = dictionary.operations.map(() => []);
  const errors = new Float64Array(dictionary.operations.length);
  for (let i = 0; i < spans.size; i++) {
    const operation = spans.operation[i] as number;
    durations[operation]?.push(spans.duration[i] as number);
    if (spans.status[i] === 2) {
      errors[operation] = (errors[operation] as number) + 1;
    }
  }
  const operations = dictionary.operations
    .map((operation, i): OperationSummary => {
      const sorted = Float64Array.from(durations[i] ?? []).sort();
      return {
        service: dictionary.services[operation.service] as string,
        name: operation.name,
        kind: operation.kind,
        spans: sorted.length,
        errors: errors[i] as number,
        p50: rounded(percentile(sorted, 0.5)),
        p99: rounded(percentile(sorted, 0.99)),
      };
    })
    .sort((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1));
  const { keys } = content.attributes.list;
  const keysOf = (slots: ReadonlyArray<{ key: number }>): string[] =>
    slots.flatMap((slot) => (keys[slot.key]?.role === 'attribute' ? [keys[slot.key]?.key ?? ''] : []));
  const unique = (list: readonly string[]): string[] => [...new Set(list)].sort();
  return {
    window: { start: String(content.window.minStart), end: String(content.window.maxEnd) },
    counts: {
      traces: spans.traces,
      spans: spans.size,
      errors: errors.reduce((sum, n) => sum + n, 0),
      shapes: content.layouts.length,
      services: dictionary.services.length,
      operations: dictionary.operations.length,
      exemplars: exemplarTraceIds.length,
      bucketSeconds: content.counts.bucketSeconds,
    },
    services: unique(dictionary.services),
    operations,
    attributes: {
      span: unique(content.attributes.operations.flatMap((operation) => keysOf(operation.spans.slots))),
      resource: unique(
        content.resources.flatMap((service) =>
          service.instances.flatMap((instance) => instance.attributes.map((attribute) => attribute.key))
        )
      ),
      event: unique(
        content.attributes.operations.flatMap((operation) =>
          operation.events.flatMap((event) => keysOf(event.bag.slots))
        )
      ),
    },
    privacyK,
    training,
    ...(exemplarTraceIds.length > 0 ? { exemplarIds: exemplarFingerprints(exemplarTraceIds) } : {}),
  };
}
