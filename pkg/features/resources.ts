/**
 * @file Resources: the processes of each service, and which were at work when. The first span of a service in a trace
 * draws an instance from the weights of its time segment. Spans after it stay with it as often as they did in the batch:
 * nearly always within a process, less often where a call may meet another instance.
 */
import { ByteReader, ByteWriter } from '../model';
import type { BatchColumns, ResourceEntry } from './columns';
import type { OrderedBatch } from './forest';
import { SHARE_ONE, type InstanceFailures } from './instance-failures';
import type { ShapeLayout } from './layout';
import { readTemplates, writeTemplates, type Template } from './patterns';
import { learnTemplates } from './patterns-learn';
import { readValue, writeValue } from './values';
import type { AttributeValue } from '../trace';

/** An attribute of an instance: a value, or a form to write a value in. */
export interface ResourceAttribute {
  readonly key: string;
  readonly value: AttributeValue;
  /** Set where the real value was too rare to keep. */
  readonly templates: readonly Template[] | undefined;
}

export interface ResourceInstance {
  readonly attributes: readonly ResourceAttribute[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** Instances of one service and their weights, segment by segment. */
export interface ServiceResources {
  readonly instances: readonly ResourceInstance[];
  /** segments × instances. */
  readonly weights: Float64Array;
  /** Of spans below a span of the same process, how many have its resource; out of {@link ALWAYS}. */
  readonly sameProcess: number;
  /** Of other spans after one of the same service, how many have the resource of the latest; out of {@link ALWAYS}. */
  readonly sameTrace: number;
  /** How slow each instance is, segments × instances, see `slownessOf`; undefined where they take alike, or nobody knows. */
  readonly slowness?: Int8Array;
  /** How often each instance fails, see `learnFailures`; undefined where they fail alike. */
  readonly failures?: InstanceFailures;
}

export const ALWAYS = 255;
/** Format 0 has one instance of a service in a trace, and the forms of that time. */
const FORMAT = 1;
/** Written where instances of some service differ: each service says whether its own do, how slow they are and how often they fail. */
const DIFFERING_FORMAT = 2;
/** What a service says that differs. */
const SLOW = 1;
const FAILING = 2;

const MAX_INSTANCES = 256;
/** Resources that forms of an instance are learnt from. */
const MAX_MEMBERS = 200;
const WEIGHT_SCALE = 15;

/**
 * The node whose instance a node may share: its parent within a process, else the latest node before of its service.
 * @param latest - the latest node so far of each service; brought up to date with this node
 */
export function kinOf(
  layout: Pick<ShapeLayout, 'parent' | 'process'>,
  node: number,
  service: number,
  latest: Map<number, number>
): { node: number; process: boolean } {
  const parent = layout.parent[node] as number;
  const process = parent >= 0 && layout.process[node] === layout.process[parent];
  const found = process ? parent : (latest.get(service) ?? -1);
  latest.set(service, node);
  return { node: found, process };
}

/** How often spans share the resource of their kin, by service. */
function learnSharing(
  batch: BatchColumns,
  ordered: OrderedBatch,
  layouts: readonly ShapeLayout[]
): Array<{ sameProcess: number; sameTrace: number }> {
  const tally = batch.dictionary.services.map(() => ({ process: [0, 0], trace: [0, 0] }));
  const latest = new Map<number, number>();
  for (let t = 0; t < batch.traces; t++) {
    const from = batch.spanOffset[t] as number;
    const layout = layouts[ordered.shape[t] as number] as ShapeLayout;
    latest.clear();
    for (let i = 0; i < layout.size; i++) {
      const resource = batch.resource[ordered.order[from + i] as number] as number;
      const service = batch.resources[resource]?.service ?? 0;
      const kin = kinOf(layout, i, service, latest);
      if (kin.node >= 0) {
        const counts = tally[service]?.[kin.process ? 'process' : 'trace'] as number[];
        const same = batch.resource[ordered.order[from + kin.node] as number] === resource;
        counts[same ? 0 : 1] = (counts[same ? 0 : 1] as number) + 1;
      }
    }
  }
  const rate = ([same = 0, other = 0]: readonly number[]): number =>
    other === 0 ? ALWAYS : Math.min(ALWAYS - 1, Math.round((same / (same + other)) * ALWAYS));
  return tally.map(({ process, trace }) => ({ sameProcess: rate(process), sameTrace: rate(trace) }));
}

/** An instance as it is counted: a resource that stands for it, traces by segment, the resources that are one with it and the first trace of
 * each. */
interface Counted {
  readonly entry: ResourceEntry;
  readonly counts: Float64Array;
  readonly members: Map<number, number>;
}

/**
 * Learns instances and weights.
 * @param segment - of each trace
 * @param k - values seen in fewer traces are kept as forms only
 * @returns the resources by service, and the instance of each resource of the batch (−1: one of those left out)
 */
export function learnResources(
  batch: BatchColumns,
  ordered: OrderedBatch,
  layouts: readonly ShapeLayout[],
  segment: Int32Array,
  segments: number,
  k: number
): { services: ServiceResources[]; instanceOf: Int32Array } {
  // An instance is a resource with its rare values taken out, so that a thousand short-lived pods are one.
  const instances: Array<Map<string, Counted>> = batch.dictionary.services.map(() => new Map());
  const keyOf = batch.resources.map((resource) =>
    JSON.stringify([
      resource.pairs.map((pair) =>
        (batch.pairTraces[pair] as number) >= k ? pair : -1 - (batch.pairs[pair]?.key ?? 0)
      ),
      resource.droppedAttributesCount,
      resource.schemaUrl,
    ])
  );
  const lastTrace = new Int32Array(batch.resources.length).fill(-1);
  for (let t = 0; t < batch.traces; t++) {
    for (let i = batch.spanOffset[t] as number; i < (batch.spanOffset[t + 1] as number); i++) {
      const resource = batch.resource[i] as number;
      if (lastTrace[resource] === t) {
        continue;
      }
      lastTrace[resource] = t;
      const entry = batch.resources[resource] as ResourceEntry;
      const ofService = instances[entry.service] as Map<string, Counted>;
      const key = keyOf[resource] as string;
      let instance = ofService.get(key);
      if (instance === undefined) {
        instance = { entry, counts: new Float64Array(segments), members: new Map() };
        ofService.set(key, instance);
      }
      if (instance.members.size < MAX_MEMBERS && !instance.members.has(resource)) {
        instance.members.set(resource, t);
      }
      const s = segment[t] as number;
      instance.counts[s] = (instance.counts[s] as number) + 1;
    }
  }
  const sharing = learnSharing(batch, ordered, layouts);
  const instanceOf = new Int32Array(batch.resources.length).fill(-1);
  const services = instances.map((ofService, service): ServiceResources => {
    const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
    const kept = [...ofService.values()].sort((a, b) => sum(b.counts) - sum(a.counts)).slice(0, MAX_INSTANCES);
    const numbers = new Map([...ofService.keys()].map((key) => [key, kept.indexOf(ofService.get(key) as Counted)]));
    batch.resources.forEach((resource, r) => {
      if (resource.service === service) {
        instanceOf[r] = numbers.get(keyOf[r] as string) ?? -1;
      }
    });
    const weights = new Float64Array(segments * kept.length);
    for (let s = 0; s < segments; s++) {
      const most = Math.max(...kept.map((instance) => instance.counts[s] as number), 1);
      kept.forEach((instance, i) => {
        weights[s * kept.length + i] = Math.ceil(((instance.counts[s] as number) / most) * WEIGHT_SCALE);
      });
    }
    return {
      ...(sharing[service] as { sameProcess: number; sameTrace: number }),
      weights,
      instances: kept.map(({ entry, members }) => ({
        droppedAttributesCount: entry.droppedAttributesCount,
        schemaUrl: entry.schemaUrl,
        attributes: entry.pairs.map((pair, position): ResourceAttribute => {
          const { key, value } = batch.pairs[pair] as { key: number; value: AttributeValue };
          const name = batch.keys[key]?.key ?? '';
          if ((batch.pairTraces[pair] as number) >= k || name === 'service.name') {
            return { key: name, value, templates: undefined };
          }
          const seen = [...members].map(([member, trace]) => ({
            value: batch.pairs[batch.resources[member]?.pairs[position] ?? pair]?.value ?? null,
            trace,
          }));
          return {
            key: name,
            value: null,
            templates: learnTemplates(seen, k).templates,
          };
        }),
      })),
    };
  });
  return { services, instanceOf };
}

/** Writes the resources. */
export function writeResources(writer: ByteWriter, services: readonly ServiceResources[], segments: number): void {
  // 0 where format 0 has the number of segments, which is never 0
  writer.varint(0);
  const differ = services.some(({ slowness, failures }) => slowness !== undefined || failures !== undefined);
  writer.varint(differ ? DIFFERING_FORMAT : FORMAT);
  writer.varint(segments);
  for (const service of services) {
    writer.varint(service.instances.length);
    writer.byte(service.sameProcess);
    writer.byte(service.sameTrace);
    for (const instance of service.instances) {
      writer.varint(instance.droppedAttributesCount);
      writer.string(instance.schemaUrl);
      writer.varint(instance.attributes.length);
      for (const attribute of instance.attributes) {
        writer.string(attribute.key);
        writer.byte(attribute.templates === undefined ? 0 : 1);
        if (attribute.templates === undefined) {
          writeValue(writer, attribute.value);
        } else {
          writeTemplates(writer, attribute.templates);
        }
      }
    }
    // Instance by instance over time: long runs of equal weights.
    const n = service.instances.length;
    if (n > 1) {
      for (let i = 0; i < n; i++) {
        for (let s = 0; s < segments; s++) {
          writer.byte(service.weights[s * n + i] as number);
        }
      }
    }
    if (differ) {
      const { slowness, failures } = service;
      writer.byte((slowness === undefined ? 0 : SLOW) | (failures === undefined ? 0 : FAILING));
      if (slowness !== undefined) {
        writeSlowness(writer, slowness, n, segments);
      }
      if (failures !== undefined) {
        writer.varint(failures.share);
        failures.steps.forEach((steps) => writer.byte(steps & 0xff));
      }
    }
  }
}

/** Instance by instance over time, as runs: most are slow, or not, all the time. */
function writeSlowness(writer: ByteWriter, slowness: Int8Array, n: number, segments: number): void {
  for (let i = 0; i < n; i++) {
    for (let from = 0, to = 0; from < segments; from = to) {
      const steps = slowness[from * n + i] as number;
      while (to < segments && slowness[to * n + i] === steps) {
        to++;
      }
      writer.varint(to - from);
      writer.byte(steps & 0xff);
    }
  }
}

function readSlowness(reader: ByteReader, n: number, segments: number): Int8Array {
  const slowness = new Int8Array(segments * n);
  for (let i = 0; i < n; i++) {
    for (let from = 0; from < segments;) {
      const run = reader.varint(segments - from);
      if (run === 0) {
        reader.fail('a run of no segment');
      }
      const steps = reader.byte();
      for (let left = run; left > 0; left--) {
        slowness[from++ * n + i] = steps;
      }
    }
  }
  return slowness;
}

/** Reads what {@link writeResources} wrote. */
export function readResources(reader: ByteReader, services: number, segments: number): ServiceResources[] {
  let stated = reader.varint();
  let format = 0;
  if (stated === 0) {
    format = reader.varint();
    if (format !== FORMAT && format !== DIFFERING_FORMAT) {
      reader.fail(`resources of format ${format}, this version reads up to ${DIFFERING_FORMAT}`);
    }
    stated = reader.varint();
  }
  if (stated !== segments) {
    reader.fail('the number of time segments differs from what the counts give');
  }
  return Array.from({ length: services }, () => {
    const n = reader.varint(MAX_INSTANCES);
    const sameProcess = format === 0 ? ALWAYS : reader.byte();
    const sameTrace = format === 0 ? ALWAYS : reader.byte();
    const instances = Array.from({ length: n }, (): ResourceInstance => {
      const droppedAttributesCount = reader.varint(0xffffffff);
      const schemaUrl = reader.string();
      const attributes = Array.from({ length: reader.count(2) }, (): ResourceAttribute => {
        const key = reader.string();
        return reader.byte() === 0
          ? { key, value: readValue(reader), templates: undefined }
          : { key, value: null, templates: readTemplates(reader, format) };
      });
      return { attributes, droppedAttributesCount, schemaUrl };
    });
    const weights = new Float64Array(segments * n).fill(1);
    if (n > 1) {
      for (let i = 0; i < n; i++) {
        for (let s = 0; s < segments; s++) {
          weights[s * n + i] = reader.byte();
        }
      }
    }
    const differs = format === DIFFERING_FORMAT ? reader.byte() : 0;
    const steps = (): Int8Array => Int8Array.from({ length: n }, () => reader.byte());
    const slowness = (differs & SLOW) > 0 ? readSlowness(reader, n, segments) : undefined;
    const failures = (differs & FAILING) > 0 ? { share: reader.varint(SHARE_ONE), steps: steps() } : undefined;
    return { instances, weights, sameProcess, sameTrace, ...(slowness && { slowness }), ...(failures && { failures }) };
  });
}
