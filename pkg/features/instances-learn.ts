/** @file Learns the instances of services: which were at work when, and which are slow, or fail, more than others. */
import type { BatchColumns } from './columns';
import type { OrderedBatch } from './forest';
import { learnFailures } from './instance-failures';
import { slownessOf } from './instance-slowness';
import type { ShapeLayout } from './layout';
import { learnResources, type ServiceResources } from './resources';
import { SpanInstances } from './span-instances';
import type { SpanTable } from './span-table';
import type { TimingModel } from './timing';

/** A batch as instances are learnt from it. */
export interface InstanceSource {
  readonly batch: BatchColumns;
  readonly ordered: OrderedBatch;
  readonly layouts: readonly ShapeLayout[];
  /** Of each trace. */
  readonly segment: Int32Array;
  readonly segments: number;
  /** Values seen in fewer traces are kept as forms only. */
  readonly k: number;
}

/**
 * Learns the resources of services.
 * @param times - measured times at their sites
 * @returns besides, the instance of each resource of the batch (−1: one of those left out)
 */
export function learnInstances(
  { batch, ordered, layouts, segment, segments, k }: InstanceSource,
  times: { readonly spans: SpanTable; readonly timing: TimingModel; readonly withSlowness: boolean }
): { resources: ServiceResources[]; instanceOf: Int32Array } {
  const { services, instanceOf } = learnResources(batch, ordered, layouts, segment, segments, k);
  const seen = new SpanInstances(batch.dictionary, services, segments, true);
  const instanceAt = (i: number): number => instanceOf[batch.resource[ordered.order[i] as number] as number] as number;
  const slowness = times.withSlowness
    ? slownessOf(times.spans, segments, layouts, times.timing, services, seen, instanceAt)
    : [];
  const instances = services.map((service) => service.instances.length);
  const failures = learnFailures(batch, ordered, layouts, instances, instanceOf);
  const resources = services.map((service, s) => ({
    ...service,
    ...(slowness[s] && { slowness: slowness[s] }),
    ...(failures[s] && { failures: failures[s] }),
  }));
  return { resources, instanceOf };
}
