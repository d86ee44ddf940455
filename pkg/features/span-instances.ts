/**
 * @file The instance that the duration of a span is conditioned on: some pods are slower than others. A span that calls
 * another service waits for the instance it calls; every other span works in its own. The first span of a trace is drawn
 * before any instance matters.
 */
import type { Dictionary } from './dictionary';
import type { ShapeLayout } from './layout';
import type { ServiceResources } from './resources';

/** Instances beyond share a number. */
const MOST_INSTANCES = 64;
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

/** What the network sees of the instances of the nodes of a trace: 0 = nothing, else the instance's number plus 1. */
export class SpanInstances {
  private readonly many: readonly boolean[];
  /** False where no service has instances side by side. */
  readonly matter: boolean;

  constructor(
    private readonly dictionary: Dictionary,
    resources: readonly ServiceResources[],
    segments: number
  ) {
    this.many = servicesOfManyInstances(resources, segments);
    this.matter = this.many.includes(true);
  }

  private service(layout: ShapeLayout, node: number): number {
    return this.dictionary.operations[layout.operation[node] as number]?.service ?? 0;
  }

  /** @param instanceOf - instance of a node among those of its service; −1 = not known */
  of(layout: ShapeLayout, node: number, instanceOf: (node: number) => number): number {
    if (node === 0) {
      return 0;
    }
    const child = node + 1;
    const calls =
      child < layout.size &&
      layout.parent[child] === node &&
      this.service(layout, child) !== this.service(layout, node);
    const at = calls ? child : node;
    return this.many[this.service(layout, at)] === true ? Math.min(MOST_INSTANCES, instanceOf(at) + 1) : 0;
  }
}
