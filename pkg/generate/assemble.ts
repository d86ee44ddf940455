/** @file Traces as objects from what was drawn. */
import {
  isResourceOrigin,
  ORPHAN,
  OriginKind,
  valueIn,
  type Bag,
  type EventModel,
  type ModelContent,
  type Origin,
  type OriginIndex,
  type ShapeLayout,
} from '../features';
import type { AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, SpanLink, Trace } from '../trace';
import {
  BagWriter,
  valueIn as valueAt,
  writeResource,
  type Random,
  type SourceOf,
  type Written,
} from './attribute-writer';
import { InstanceDrawer } from './instances';
import type { PlacedStarts } from './placement';
import { hash32, hex8, randomStream, spanIdOf } from './random';
import { drawBin, weightsOfMass, type Draw } from './softmax';
import type { SampledSpans } from './sampler';
import { markers } from './span-classes';
import type { TraceIndex, TracePlace } from './trace-index';

const MAX_TIME = (1n << 64n) - 1n;
const NONE: readonly never[] = [];
const NO_SOURCE: SourceOf = () => undefined;
/** Keeps the random numbers of a trace's further processes of a service apart from those of the first. */
const OTHER_PROCESS = 65_536;
/** Links to other traces point at one of so many before. */
const LINKED_BEFORE = 64;
/** The trace that a link points at is made up, too: what it really was is not in the model. */
const LINK_MARK: KeyValue = { key: 'gent.generated', value: true };

/** Keys of the streams of one model. */
export interface ModelKeys {
  readonly ids: number;
  readonly values: number;
  readonly events: number;
  readonly links: number;
  readonly resources: number;
}

interface EventWriter {
  readonly model: EventModel;
  readonly writer: BagWriter;
}

function countOf(written: Written, key: string): number {
  const value = written.fields.get(key);
  return typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : 0;
}

function textOf(written: Written, key: string): string {
  const value = written.fields.get(key);
  return typeof value === 'string' ? value : '';
}

export class Assembler {
  private readonly writers: BagWriter[];
  private readonly eventWriters: Array<Map<string, EventWriter>>;
  private readonly linkWriters: Array<BagWriter | undefined>;
  private readonly instances: InstanceDrawer;
  private readonly slotField: Array<Map<number, number>>;
  private readonly scopes: Scope[];
  private readonly shared: Array<Array<Resource | undefined>>;
  private readonly marks: KeyValue[];
  private readonly draw: Draw = { bin: 0, share: 0 };

  constructor(
    private readonly content: ModelContent,
    modelId: string,
    private readonly keys: ModelKeys,
    private readonly index: TraceIndex,
    private readonly origins: OriginIndex
  ) {
    const { attributes } = content;
    this.instances = new InstanceDrawer(content, index.traceCount, keys.resources);
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
    this.eventWriters = attributes.operations.map(
      (operation) =>
        new Map(
          operation.events.map((model) => [model.name, { model, writer: new BagWriter(model.bag, attributes.list) }])
        )
    );
    this.linkWriters = attributes.operations.map((operation) =>
      operation.links === undefined ? undefined : new BagWriter(operation.links, attributes.list)
    );
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
    const resources = this.resourcesOf(index, place, layout);
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
          ? (slot) => this.sourceValue(place.shape, i, operation, slot, written, resources)
          : NO_SOURCE
      );
      written.push(own);
      const hasFields = own.fields.size > 0;
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
        events: hasFields ? this.events(operation, own, resources[i] as Resource, index, i, start, duration) : NONE,
        droppedEventsCount: hasFields ? countOf(own, 'droppedEventsCount') : 0,
        links: hasFields
          ? this.links(
              operation,
              own,
              resources[i] as Resource,
              traceId,
              index,
              i,
              parent >= 0 ? (spanIds[parent] as string) : spanId
            )
          : NONE,
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
    shape: number,
    node: number,
    operation: number,
    slot: number,
    written: readonly Written[],
    resources: readonly Resource[]
  ): AttributeValue | undefined {
    const at = this.origins.source(shape, node, slot);
    const origin = this.content.attributes.operations[operation]?.spans.slots[slot]?.origin as Origin;
    if (at < 0) {
      return undefined;
    }
    const key = this.content.attributes.list.keys[origin.key];
    const source = written[at];
    return isResourceOrigin(origin.kind)
      ? valueAt(resources[at]?.attributes ?? NONE, undefined, key)
      : source === undefined
        ? undefined
        : valueAt(source.attributes, source.fields, key);
  }

  /** The resource of each node. Nodes of one process share it. */
  private resourcesOf(index: number, place: TracePlace, layout: ShapeLayout): Resource[] {
    const { instance, origin } = this.instances.draw(index, place.row, layout);
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

  /** Draws and writes what is on a span: an event or a link. */
  private bag(writer: BagWriter, bag: Bag, random: Random, owner: Written, resource: Resource): Written {
    const tuples = writer.drawTuples(random);
    const source: SourceOf = (slot) => {
      const origin = bag.slots[slot]?.origin;
      const key = this.content.attributes.list.keys[origin?.key ?? -1];
      return origin?.kind === OriginKind.Resource
        ? valueAt(resource.attributes, undefined, key)
        : valueAt(owner.attributes, owner.fields, key);
    };
    return writer.write(
      (group) => tuples[group] as number,
      (slot) => {
        const table = bag.slots[slot]?.table;
        if (table === undefined) {
          return 0;
        }
        const bins = table.codes.length - 1;
        drawBin(weightsOfMass(table.mass, bins), bins, random(0x40000000) / 0x40000000, this.draw);
        return valueIn(table, this.draw.bin, this.draw.share);
      },
      () => random,
      source
    );
  }

  private events(
    operation: number,
    owner: Written,
    resource: Resource,
    index: number,
    node: number,
    start: bigint,
    duration: number
  ): readonly SpanEvent[] {
    const names = owner.fields.get('events');
    if (!Array.isArray(names)) {
      return NONE;
    }
    const random = randomStream(this.keys.events, index, node);
    const times: number[] = [];
    const drafts = (names as readonly AttributeValue[]).map((name) => {
      const known = this.eventWriters[operation]?.get(String(name));
      if (known === undefined) {
        times.push(0);
        return { name: String(name), attributes: NONE, droppedAttributesCount: 0 };
      }
      const { time } = known.model;
      const bins = time.codes.length - 1;
      drawBin(weightsOfMass(time.mass, bins), bins, random(0x40000000) / 0x40000000, this.draw);
      times.push(
        Math.floor(
          (Math.max(0, duration) * Math.min(1_000_000, valueIn(time, this.draw.bin, this.draw.share))) / 1_000_000
        )
      );
      const written = this.bag(known.writer, known.model.bag, random, owner, resource);
      return {
        name: known.model.name,
        attributes: written.attributes,
        droppedAttributesCount: countOf(written, 'droppedAttributesCount'),
      };
    });
    // events are recorded in the order in which they happen
    times.sort((a, b) => a - b);
    return drafts.map((draft, e) => ({ timeUnixNano: start + BigInt(times[e] as number), ...draft }));
  }

  private links(
    operation: number,
    owner: Written,
    resource: Resource,
    traceId: string,
    index: number,
    node: number,
    near: string
  ): readonly SpanLink[] {
    const writer = this.linkWriters[operation];
    const count = countOf(owner, 'links');
    const bag = this.content.attributes.operations[operation]?.links;
    if (count === 0 || writer === undefined || bag === undefined) {
      return NONE;
    }
    const random = randomStream(this.keys.links, index, node);
    return Array.from({ length: Math.min(count, 64) }, (_, l): SpanLink => {
      const written = this.bag(writer, bag, random, owner, resource);
      const target = this.linkTarget(countOf(written, 'sameTrace') === 1, traceId, index, node, l, near);
      return {
        traceId: target.traceId,
        spanId: target.spanId,
        traceState: textOf(written, 'traceState'),
        attributes: target.marked ? [...written.attributes, LINK_MARK] : written.attributes,
        droppedAttributesCount: countOf(written, 'droppedAttributesCount'),
        flags: countOf(written, 'flags'),
      };
    });
  }

  /**
   * Where a link points: at the parent in its own trace, or at the first span of a trace shortly before it in this
   * model. Format 0 made ids up.
   */
  private linkTarget(
    sameTrace: boolean,
    traceId: string,
    index: number,
    node: number,
    l: number,
    near: string
  ): { traceId: string; spanId: string; marked: boolean } {
    const word = (part: number): number => hash32(this.keys.links, index, node, l * 8 + part + 1_000_000);
    if (this.content.attributes.format === 0) {
      const hex = (part: number): string => hex8(word(part));
      return {
        traceId: sameTrace ? traceId : hex(0) + hex(1) + hex(2) + hex(3),
        spanId: hex(4) + hex(5),
        marked: false,
      };
    }
    if (sameTrace) {
      // what a consumer links to in its own trace is what it was called by
      return { traceId, spanId: near, marked: false };
    }
    const back = 1 + (word(0) % LINKED_BEFORE);
    const other = index >= back ? index - back : Math.min(index + back, this.index.traceCount - 1);
    return { traceId: this.index.traceId(other), spanId: spanIdOf(this.keys.ids, other, 0), marked: true };
  }
}
