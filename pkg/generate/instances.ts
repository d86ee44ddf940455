/** @file Which instance of its service each span of a trace runs in. */
import {
  ALWAYS,
  failingProcesses,
  failureWeights,
  kinOf,
  type ModelContent,
  type ServiceResources,
  type ShapeLayout,
} from '../features';
import { hash32, stratified } from './random';

const TWO_32 = 4294967296;

/** Instances of the nodes of a trace. */
export interface TraceInstances {
  /** Index into the instances of the node's service. */
  readonly instance: Int32Array;
  /** The node that first ran there: nodes of one origin share their resource. */
  readonly origin: Int32Array;
}

/** Draws instances; a function of the trace's number and shape only. */
export class InstanceDrawer {
  /** Weights by service, where something fails and where nothing does; undefined where instances fail alike. */
  private readonly byFailing: ReadonlyArray<readonly [Float64Array, Float64Array] | undefined>;
  private readonly failing = new Map<ShapeLayout, Uint8Array>();

  constructor(
    private readonly content: ModelContent,
    private readonly traceCount: number,
    private readonly key: number
  ) {
    this.byFailing = content.resources.map(
      ({ failures }) => failures && [failureWeights(failures, false), failureWeights(failures, true)]
    );
  }

  /** Weights by instance for what fails, or does not, in the process of a node. */
  private failureWeights(service: number, layout: ShapeLayout, node: number): Float64Array | undefined {
    const weights = this.byFailing[service];
    if (weights === undefined) {
      return undefined;
    }
    let failing = this.failing.get(layout);
    if (failing === undefined) {
      failing = failingProcesses(layout);
      this.failing.set(layout, failing);
    }
    return weights[failing[node] as 0 | 1];
  }

  /** @param index - number of the trace; `row` its row of the counts */
  draw(index: number, row: number, layout: ShapeLayout): TraceInstances {
    const { dictionary, resources } = this.content;
    const segment = this.content.segments.row[row] as number;
    const instance = new Int32Array(layout.size);
    const origin = new Int32Array(layout.size);
    const latest = new Map<number, number>();
    for (let i = 0; i < layout.size; i++) {
      const service = dictionary.operations[layout.operation[i] as number]?.service ?? 0;
      const kin = kinOf(layout, i, service, latest);
      const own = resources[service];
      const rate = kin.process ? own?.sameProcess : own?.sameTrace;
      const stays = rate === ALWAYS || hash32(this.key, index, i, 0x51) / TWO_32 < (rate ?? ALWAYS) / ALWAYS;
      if (kin.node >= 0 && stays) {
        instance[i] = instance[kin.node] as number;
        origin[i] = origin[kin.node] as number;
        continue;
      }
      const salt = this.key ^ Math.imul(service + 1, 0x9e3779b1);
      const u = kin.node < 0 ? stratified(index, this.traceCount, salt) : hash32(salt, index, i, 0x52) / TWO_32;
      const left = kin.node < 0 ? -1 : (instance[kin.node] as number);
      instance[i] = this.weighted(own, segment, u, left, this.failureWeights(service, layout, i));
      origin[i] = i;
    }
    return { instance, origin };
  }

  /** @param left - the instance that is left, −1 for none; one that stands for many processes may follow itself */
  private weighted(
    service: ServiceResources | undefined,
    segment: number,
    u: number,
    left: number,
    given: Float64Array | undefined
  ): number {
    const { instances = [], weights = new Float64Array(0) } = service ?? {};
    const n = instances.length;
    if (n <= 1) {
      return 0;
    }
    const stands = instances[left]?.attributes.some((attribute) => attribute.templates !== undefined) ?? true;
    const weight = (i: number): number =>
      i === left && !stands ? 0 : (weights[segment * n + i] as number) * (given?.[i] ?? 1);
    let total = 0;
    for (let i = 0; i < n; i++) {
      total += weight(i);
    }
    if (total === 0) {
      // of those at work then, none ever fails, or all always do
      return given === undefined ? Math.max(0, left) : this.weighted(service, segment, u, left, undefined);
    }
    let rest = u * total;
    for (let i = 0; i < n; i++) {
      rest -= weight(i);
      if (rest < 0) {
        return i;
      }
    }
    return Math.max(0, left);
  }
}
