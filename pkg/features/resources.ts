/**
 * @file Resources: the processes of each service, and which were at work when. A trace draws one instance for each of
 * its services from the weights of its time segment, so spans of one process share their resource.
 */
import { ByteReader, ByteWriter } from '../model';
import type { BatchColumns, ResourceEntry } from './columns';
import { readTemplates, writeTemplates, learnTemplates, type Template } from './patterns';
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
}

const MAX_INSTANCES = 256;
const WEIGHT_SCALE = 15;

/**
 * Learns instances and weights.
 * @param segment - of each trace
 * @param k - values seen in fewer traces are kept as forms only
 */
export function learnResources(
  batch: BatchColumns,
  segment: Int32Array,
  segments: number,
  k: number
): ServiceResources[] {
  // An instance is a resource with its rare values taken out, so that a thousand short-lived pods are one.
  const instances: Array<Map<string, { entry: ResourceEntry; counts: Float64Array; members: number[] }>> =
    batch.dictionary.services.map(() => new Map());
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
      const ofService = instances[entry.service] as Map<
        string,
        { entry: ResourceEntry; counts: Float64Array; members: number[] }
      >;
      const key = keyOf[resource] as string;
      let instance = ofService.get(key);
      if (instance === undefined) {
        instance = { entry, counts: new Float64Array(segments), members: [] };
        ofService.set(key, instance);
      }
      if (!instance.members.includes(resource) && instance.members.length < 200) {
        instance.members.push(resource);
      }
      const s = segment[t] as number;
      instance.counts[s] = (instance.counts[s] as number) + 1;
    }
  }
  return instances.map((ofService) => {
    const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
    const kept = [...ofService.values()].sort((a, b) => sum(b.counts) - sum(a.counts)).slice(0, MAX_INSTANCES);
    const weights = new Float64Array(segments * kept.length);
    for (let s = 0; s < segments; s++) {
      const most = Math.max(...kept.map((instance) => instance.counts[s] as number), 1);
      kept.forEach((instance, i) => {
        weights[s * kept.length + i] = Math.ceil(((instance.counts[s] as number) / most) * WEIGHT_SCALE);
      });
    }
    return {
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
          const seen = members.map(
            (member) => batch.pairs[batch.resources[member]?.pairs[position] ?? pair]?.value ?? null
          );
          return {
            key: name,
            value: null,
            templates: learnTemplates(
              seen.map((item, trace) => ({ value: item, trace })),
              k
            ),
          };
        }),
      })),
    };
  });
}

/** Writes the resources. */
export function writeResources(writer: ByteWriter, services: readonly ServiceResources[], segments: number): void {
  writer.varint(segments);
  for (const service of services) {
    writer.varint(service.instances.length);
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
  }
}

/** Reads what {@link writeResources} wrote. */
export function readResources(reader: ByteReader, services: number, segments: number): ServiceResources[] {
  if (reader.varint() !== segments) {
    reader.fail('the number of time segments differs from what the counts give');
  }
  return Array.from({ length: services }, () => {
    const n = reader.varint(MAX_INSTANCES);
    const instances = Array.from({ length: n }, (): ResourceInstance => {
      const droppedAttributesCount = reader.varint(0xffffffff);
      const schemaUrl = reader.string();
      const attributes = Array.from({ length: reader.count(2) }, (): ResourceAttribute => {
        const key = reader.string();
        return reader.byte() === 0
          ? { key, value: readValue(reader), templates: undefined }
          : { key, value: null, templates: readTemplates(reader) };
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
    return { instances, weights };
  });
}
