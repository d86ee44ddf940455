/** @file Which instance of its service each span of a trace runs in. */
import { ALWAYS, kinOf, type ModelContent, type ShapeLayout } from '../features';
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
  constructor(
    private readonly content: ModelContent,
    private readonly traceCount: number,
    private readonly key: number
  ) {}

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
      instance[i] = this.weighted(service, segment, u, kin.node < 0 ? -1 : (instance[kin.node] as number));
      origin[i] = i;
    }
    return { instance, origin };
  }

  /** @param left - the instance that is left, −1 for none; one that stands for many processes may follow itself */
  private weighted(service: number, segment: number, u: number, left: number): number {
    const { instances = [], weights = new Float64Array(0) } = this.content.resources[service] ?? {};
    const n = instances.length;
    if (n <= 1) {
      return 0;
    }
    const stands = instances[left]?.attributes.some((attribute) => attribute.templates !== undefined) ?? true;
    const weight = (i: number): number => (i === left && !stands ? 0 : (weights[segment * n + i] as number));
    let total = 0;
    for (let i = 0; i < n; i++) {
      total += weight(i);
    }
    if (total === 0) {
      return Math.max(0, left);
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
