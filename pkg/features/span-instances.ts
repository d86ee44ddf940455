/**
 * @file The instance that the duration of a span is conditioned on: some pods are slower than others. A span that calls
 * another service waits for the instance it calls; every other span works in its own.
 */
import { SpanKind } from '../trace';
import type { Dictionary } from './dictionary';
import type { ShapeLayout } from './layout';
import type { ServiceResources } from './resources';

/** Instances beyond share a number. */
export const MOST_INSTANCES = 64;
/** Instances that take turns are told apart by time: those count that are at work side by side in so many segments. */
const SIDE_BY_SIDE = 0.3;

/** For each service, whether several of its instances are at work at the same time. */
export function servicesOfManyInstances(resources: readonly ServiceResources[], segments: number): boolean[] {
  return resources.map(({ instances, weights }) => {
    const n = instances.length;
    let together = 0;
    for (let s = 0; s < segments && n > 1; s++) {
      together += weights.subarray(s * n, s * n + n).filter((weight) => weight > 0).length > 1 ? 1 : 0;
    }
    return n > 1 && together >= SIDE_BY_SIDE * segments;
  });
}

/** Whether some instances are known to be slower than others of their service. */
export function instancesDiffer(resources: readonly ServiceResources[]): boolean {
  return resources.some(({ slowness }) => slowness !== undefined);
}

/** What the network sees of the instances of the nodes of a trace: 0 = nothing, else the instance's number plus 1. */
export class SpanInstances {
  private readonly many: readonly boolean[];
  /** False where no service has instances side by side. */
  readonly matter: boolean;

  /**
   * @param differ - whether some instances are slower than others of their service, as far as is known. Then the first span of
   * a trace has an instance as well, and servers work in their own whatever they call, for what calls take is foreseen.
   * Models of before know nothing of that, nor do those whose instances take alike.
   */
  constructor(
    private readonly dictionary: Dictionary,
    private readonly resources: readonly ServiceResources[],
    segments: number,
    readonly differ: boolean = instancesDiffer(resources)
  ) {
    this.many = servicesOfManyInstances(resources, segments);
    this.matter = this.many.includes(true);
  }

  /** The service of a node, by its number in the dictionary. */
  serviceOf(layout: ShapeLayout, node: number): number {
    return this.dictionary.operations[layout.operation[node] as number]?.service ?? 0;
  }

  private serves(layout: ShapeLayout, node: number): boolean {
    const kind = this.dictionary.operations[layout.operation[node] as number]?.kind;
    return kind === SpanKind.Server || kind === SpanKind.Consumer;
  }

  /** The node in whose instance a span waits; −1 where the service there has no instances side by side. */
  waitsFor(layout: ShapeLayout, node: number): number {
    const child = node + 1;
    const calls =
      !(this.differ && this.serves(layout, node)) &&
      child < layout.size &&
      layout.parent[child] === node &&
      this.serviceOf(layout, child) !== this.serviceOf(layout, node);
    const at = calls ? child : node;
    return this.many[this.serviceOf(layout, at)] === true ? at : -1;
  }

  /** @param instanceOf - instance of a node among those of its service; −1 = not known */
  of(layout: ShapeLayout, node: number, instanceOf: (node: number) => number): number {
    const at = node === 0 && !this.differ ? -1 : this.waitsFor(layout, node);
    return at < 0 ? 0 : Math.min(MOST_INSTANCES, instanceOf(at) + 1);
  }

  /**
   * How slow the instance is in which a node waits, in the steps of `timesUsual`; undefined where instances of its service take
   * alike, or which one it is is not known.
   */
  slownessOf(
    layout: ShapeLayout,
    node: number,
    segment: number,
    instanceOf: (node: number) => number
  ): number | undefined {
    const at = this.waitsFor(layout, node);
    const service = at < 0 ? undefined : this.resources[this.serviceOf(layout, at)];
    const instance = at < 0 ? -1 : instanceOf(at);
    return instance < 0 ? undefined : service?.slowness?.[segment * service.instances.length + instance];
  }
}
