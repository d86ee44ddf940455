/** @file Traces as objects from what was drawn. */
import {
  isInstanceOrigin,
  isResourceOrigin,
  ORPHAN,
  type ModelContent,
  type Origin,
  type OriginIndex,
  type ShapeLayout,
} from '../features';
import type { AttributeValue, KeyValue, Resource, Scope, Span, Trace } from '../trace';
import { Attachments, valueOfInstance } from './attachments';
import { BagWriter, countOf, textOf, valueIn, writeResource, type SourceOf, type Written } from './attribute-writer';
import type { InstanceDrawer, TraceInstances } from './instances';
import type { PlacedStarts } from './placement';
import { randomStream, spanIdOf } from './random';
import type { SampledSpans } from './sampler';
import { markers } from './span-classes';
import type { TraceIndex, TracePlace } from './trace-index';

const MAX_TIME = (1n << 64n) - 1n;
const NONE: readonly never[] = [];
const NO_SOURCE: SourceOf = () => undefined;
/** Keeps the random numbers of a trace's further processes of a service apart from those of the first. */
const OTHER_PROCESS = 65_536;

/** Keys of the streams of one model. */
export interface ModelKeys {
  readonly ids: number;
  readonly values: number;
  readonly events: number;
  readonly links: number;
  readonly resources: number;
}

export class Assembler {
  private readonly writers: BagWriter[];
  private readonly attachments: Attachments;
  private readonly slotField: Array<Map<number, number>>;
  private readonly scopes: Scope[];
  private readonly shared: Array<Array<Resource | undefined>>;
  private readonly marks: KeyValue[];

  constructor(
    private readonly content: ModelContent,
    modelId: string,
    private readonly keys: ModelKeys,
    index: TraceIndex,
    private readonly origins: OriginIndex,
    private readonly instances: InstanceDrawer
  ) {
    const { attributes } = content;
    this.writers = attributes.operations.map((operation) => new BagWriter(operation.spans, attributes.list));
    this.slotField = attributes.operations.map(() => new Map());
    const seen = attributes.operations.map(() => 0);
    content.fields.forEach((field) => {
      const f = seen[field.operation] as number;
      seen[field.operation] = f + 1;
      if (field.slot >= 0) {
        this.slotField[field.operation]?.set(field.slot, f);
      }
    });
    this.attachments = new Attachments(content, keys, index);
    this.scopes = content.dictionary.scopes.map((scope) => ({ ...scope }));
    this.shared = content.resources.map(() => []);
    this.marks = markers(modelId);
  }

  /**
   * Writes one trace.
   * @param t - its number in `sampled`
   */
  trace(
    index: number,
    traceId: string,
    place: TracePlace,
    sampled: SampledSpans,
    t: number,
    starts: PlacedStarts
  ): Trace {
    const { spans: table } = sampled;
    const layout = this.content.layouts[place.shape] as ShapeLayout;
    const { dictionary } = this.content;
    const from = table.offset[t] as number;
    const instances = this.instances.draw(index, place.row, layout);
    const resources = this.resourcesOf(index, layout, instances);
    const written: Written[] = [];
    const spanIds: string[] = [];
    const spans: Span[] = [];
    for (let i = 0; i < layout.size; i++) {
      const at = from + i;
      const operation = table.operation[at] as number;
      const entry = dictionary.operations[operation] as { service: number; name: string; kind: number; scope: number };
      const spanId = spanIdOf(this.keys.ids, index, i);
      spanIds.push(spanId);
      const parent = layout.parent[i] as number;
      const start = BigInt(starts.bucket[i] as number) * starts.width + BigInt(starts.within[i] as number);
      const duration = table.duration[at] as number;
      let end = start + BigInt(duration);
      end = end < 0n ? 0n : end > MAX_TIME ? MAX_TIME : end;
      const fieldAt = sampled.fieldOffset[at] as number;
      const own = (this.writers[operation] as BagWriter).write(
        (group) => sampled.classes[fieldAt + group] as number,
        (slot) => sampled.numbers[fieldAt + (this.slotField[operation]?.get(slot) as number)] as number,
        () => randomStream(this.keys.values, index, i),
        this.origins.has(operation)
          ? (slot) => this.sourceValue(layout, place.shape, i, slot, written, resources, instances)
          : NO_SOURCE
      );
      written.push(own);
      const hasFields = own.fields.size > 0;
      const owner = hasFields
        ? {
            operation,
            index,
            node: i,
            written: own,
            resource: resources[i] as Resource,
            instance: instances.instance[i] as number,
            classOf: (group: number) => sampled.classes[fieldAt + group] as number,
          }
        : undefined;
      spans.push({
        traceId,
        spanId,
        // a parent that is not in the trace: an id of no node
        parentSpanId:
          parent >= 0
            ? (spanIds[parent] as string)
            : parent === ORPHAN
              ? spanIdOf(this.keys.ids, index, layout.size + i)
              : '',
        traceState: hasFields ? textOf(own, 'traceState') : '',
        flags: hasFields ? countOf(own, 'flags') : 0,
        name: entry.name,
        kind: entry.kind,
        startTimeUnixNano: start,
        endTimeUnixNano: end,
        attributes: own.attributes,
        droppedAttributesCount: hasFields ? countOf(own, 'droppedAttributesCount') : 0,
        events: owner === undefined ? NONE : this.attachments.events(owner, start, duration),
        droppedEventsCount: hasFields ? countOf(own, 'droppedEventsCount') : 0,
        links:
          owner === undefined
            ? NONE
            : this.attachments.links(owner, traceId, parent >= 0 ? (spanIds[parent] as string) : spanId),
        droppedLinksCount: hasFields ? countOf(own, 'droppedLinksCount') : 0,
        statusCode: dictionary.nodes[layout.node[i] as number]?.status ?? 0,
        statusMessage: hasFields ? textOf(own, 'statusMessage') : '',
        resource: resources[i] as Resource,
        scope: this.scopes[entry.scope] as Scope,
      });
    }
    return { traceId, spans };
  }

  /** What the origin of a slot has. */
  private sourceValue(
    layout: ShapeLayout,
    shape: number,
    node: number,
    slot: number,
    written: readonly Written[],
    resources: readonly Resource[],
    { instance }: TraceInstances
  ): AttributeValue | undefined {
    const at = this.origins.source(shape, node, slot);
    const operation = layout.operation[node] as number;
    const origin = this.content.attributes.operations[operation]?.spans.slots[slot]?.origin as Origin;
    if (at < 0) {
      return undefined;
    }
    if (isInstanceOrigin(origin.kind)) {
      return valueOfInstance(this.content, origin, layout.operation[at] as number, instance[at] as number);
    }
    const key = this.content.attributes.list.keys[origin.key];
    const source = written[at];
    return isResourceOrigin(origin.kind)
      ? valueIn(resources[at]?.attributes ?? NONE, undefined, key)
      : source === undefined
        ? undefined
        : valueIn(source.attributes, source.fields, key);
  }

  /** The resource of each node. Nodes of one process share it. */
  private resourcesOf(index: number, layout: ShapeLayout, { instance, origin }: TraceInstances): Resource[] {
    const first = new Map<number, number>();
    const resources: Resource[] = [];
    for (let i = 0; i < layout.size; i++) {
      const from = origin[i] as number;
      if (from < i) {
        resources.push(resources[from] as Resource);
        continue;
      }
      const service = this.content.dictionary.operations[layout.operation[i] as number]?.service ?? 0;
      const again = first.has(service);
      first.set(service, i);
      resources.push(
        this.resource(service, instance[i] as number, index, again ? service + OTHER_PROCESS * (i + 1) : service)
      );
    }
    return resources;
  }

  private resource(service: number, chosen: number, index: number, salt: number): Resource {
    const known = this.shared[service]?.[chosen];
    if (known !== undefined) {
      return known;
    }
    const instance = this.content.resources[service]?.instances[chosen];
    const resource: Resource = {
      attributes: writeResource(instance, this.marks, randomStream(this.keys.resources, index, salt)),
      droppedAttributesCount: instance?.droppedAttributesCount ?? 0,
      schemaUrl: instance?.schemaUrl ?? '',
    };
    if (instance?.attributes.every((attribute) => attribute.templates === undefined) ?? true) {
      (this.shared[service] as Array<Resource | undefined>)[chosen] = resource;
    }
    return resource;
  }
}
