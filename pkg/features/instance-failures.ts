/**
 * @file Which instances fail: a pod that cannot reach its database fails, its neighbours do not. Whether a span fails is in the
 * shape of its trace, which counts know; so where failures are not alike, instances are drawn given them.
 */
import type { BatchColumns } from './columns';
import type { OrderedBatch } from './forest';
import { STEPS_A_DOUBLING, timesUsual } from './instance-slowness';
import type { ShapeLayout } from './layout';

/** How often what runs in the instances of a service fails. */
export interface InstanceFailures {
  /** Share of all that fails, in {@link SHARE_ONE}ths. */
  readonly share: number;
  /** By instance: how many times as often as that, in the steps of `timesUsual`. */
  readonly steps: Int8Array;
}

export const SHARE_ONE = 65_535;
const FAILED = 2;
/** Nats that it must say of failures, beyond what chance gives. */
const LEAST_NATS = 12;
/** Of an instance that never fails, and of one that always does. */
const SMOOTHING = 0.5;
const MOST_STEPS = 127;

/** For each node of a shape, whether anything fails in the process that it is part of. */
export function failingProcesses({
  size,
  process,
  status,
}: Pick<ShapeLayout, 'size' | 'process' | 'status'>): Uint8Array {
  const failing = new Uint8Array(size);
  for (let node = 0; node < size; node++) {
    if (status[node] === FAILED) {
      failing[process[node] as number] = 1;
    }
  }
  return failing.map((_, node) => failing[process[node] as number] as number);
}

/** Weights of the instances of a service beside those of the time, given that something fails in the process or that nothing does. */
export function failureWeights({ share, steps }: InstanceFailures, failing: boolean): Float64Array {
  const p = share / SHARE_ONE;
  return Float64Array.from(steps, (own) => {
    const times = timesUsual(own);
    return failing ? times : Math.max(0, 1 - p * times) / Math.max(1 / SHARE_ONE, 1 - p);
  });
}

/** What one of some instances has seen: processes in traces, and those of them in which something failed. */
interface Seen {
  all: number;
  failed: number;
}

const nats = (part: number, whole: number, expected: number): number =>
  part > 0 ? part * Math.log(part / (whole * expected)) : 0;

/** @returns undefined where instances fail alike (G-test: Sokal and Rohlf, Biometry) */
function failuresOf(seen: readonly Seen[]): InstanceFailures | undefined {
  const all = seen.reduce((sum, one) => sum + one.all, 0);
  const failed = seen.reduce((sum, one) => sum + one.failed, 0);
  if (failed === 0 || failed === all) {
    return undefined;
  }
  const p = failed / all;
  const says = seen.reduce(
    (sum, one) => sum + nats(one.failed, one.all, p) + nats(one.all - one.failed, one.all, 1 - p),
    0
  );
  if (says - (seen.length - 1) / 2 < LEAST_NATS) {
    return undefined;
  }
  return {
    share: Math.round(p * SHARE_ONE),
    steps: Int8Array.from(seen, (one) => {
      const own = (one.failed + SMOOTHING * p) / (one.all + SMOOTHING);
      return Math.max(-MOST_STEPS, Math.min(MOST_STEPS, Math.round(STEPS_A_DOUBLING * Math.log2(own / p))));
    }),
  };
}

/**
 * Learns which instances fail, by service.
 * @param instances - how many each service has
 * @param instanceOf - instance of each resource among those of its service; −1 = not kept
 */
export function learnFailures(
  batch: BatchColumns,
  ordered: OrderedBatch,
  layouts: readonly ShapeLayout[],
  instances: readonly number[],
  instanceOf: Int32Array
): Array<InstanceFailures | undefined> {
  const seen = instances.map((n) => Array.from({ length: n }, (): Seen => ({ all: 0, failed: 0 })));
  const failing = layouts.map(failingProcesses);
  for (let t = 0; t < batch.traces; t++) {
    const from = batch.spanOffset[t] as number;
    const shape = ordered.shape[t] as number;
    const { size, process } = layouts[shape] as ShapeLayout;
    for (let node = 0; node < size; node++) {
      if (process[node] !== node) {
        continue;
      }
      const resource = batch.resource[ordered.order[from + node] as number] as number;
      const one = seen[batch.resources[resource]?.service ?? 0]?.[instanceOf[resource] as number];
      if (one !== undefined) {
        one.all++;
        one.failed += failing[shape]?.[node] as number;
      }
    }
  }
  return seen.map((ofService) => (ofService.length > 1 ? failuresOf(ofService) : undefined));
}
