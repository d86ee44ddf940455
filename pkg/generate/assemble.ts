/** @file Traces as objects from what was drawn. */
import { ORPHAN, valueIn, type EventModel, type ModelContent, type ShapeLayout } from '../features';
import type { AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, SpanLink, Trace } from '../trace';
import { BagWriter, writeResource, type Random, type Written } from './attribute-writer';
import type { PlacedStarts } from './placement';
import { hash32, hex8, randomStream, spanIdOf, stratified } from './random';
import { drawBin, weightsOfMass, type Draw } from './softmax';
import type { SampledSpans } from './sampler';
import { markers } from './span-classes';
import type { TracePlace } from './trace-index';

const MAX_TIME = (1n << 64n) - 1n;
const NONE: readonly never[] = [];

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
  private readonly groups: number[];
  private readonly slotField: Array<Map<number, number>>;
  private readonly scopes: Scope[];
  private readonly shared: Array<Array<Resource | undefined>>;
  private readonly marks: KeyValue[];
  private readonly draw: Draw = { bin: 0, share: 0 };

  constructor(
    private readonly content: ModelContent,
    modelId: string,
    private readonly keys: ModelKeys,
    private readonly traceCount: number
  ) {
    const { attributes } = content;
    this.writers = attributes.operations.map((operation) => new BagWriter(operation.spans, attributes.list));
    this.groups = attributes.operations.map((operation) => operation.spans.groups.length);
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
    const resources = new Map<number, Resource>();
    const spanIds: string[] = [];
    const spans: Span[] = [];
    for (let i = 0; i < layout.size; i++) {
      const at = from + i;
      const operation = table.operation[at] as number;
      const entry = dictionary.operations[operation] as { service: number; name: string; kind: number; scope: number };
      let resource = resources.get(entry.service);
      if (resource === undefined) {
        resource = this.resource(entry.service, index, place);
        resources.set(entry.service, resource);
      }
      const spanId = spanIdOf(this.keys.ids, index, i);
      spanIds.push(spanId);
      const parent = layout.parent[i] as number;
      const start = BigInt(starts.bucket[i] as number) * starts.width + BigInt(starts.within[i] as number);
      const duration = table.duration[at] as number;
      let end = start + BigInt(duration);
      end = end < 0n ? 0n : end > MAX_TIME ? MAX_TIME : end;
      const fieldAt = sampled.fieldOffset[at] as number;
      const written = (this.writers[operation] as BagWriter).write(
        (group) => sampled.classes[fieldAt + group] as number,
        (slot) => sampled.numbers[fieldAt + (this.slotField[operation]?.get(slot) as number)] as number,
        () => randomStream(this.keys.values, index, i)
      );
      const hasFields = written.fields.size > 0;
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
        traceState: hasFields ? textOf(written, 'traceState') : '',
        flags: hasFields ? countOf(written, 'flags') : 0,
        name: entry.name,
        kind: entry.kind,
        startTimeUnixNano: start,
        endTimeUnixNano: end,
        attributes: written.attributes,
        droppedAttributesCount: hasFields ? countOf(written, 'droppedAttributesCount') : 0,
        events: hasFields ? this.events(operation, written.fields.get('events'), index, i, start, duration) : NONE,
        droppedEventsCount: hasFields ? countOf(written, 'droppedEventsCount') : 0,
        links: hasFields ? this.links(operation, countOf(written, 'links'), traceId, index, i) : NONE,
        droppedLinksCount: hasFields ? countOf(written, 'droppedLinksCount') : 0,
        statusCode: dictionary.nodes[layout.node[i] as number]?.status ?? 0,
        statusMessage: hasFields ? textOf(written, 'statusMessage') : '',
        resource,
        scope: this.scopes[entry.scope] as Scope,
      });
    }
    return { traceId, spans };
  }

  private resource(service: number, index: number, place: TracePlace): Resource {
    const { instances, weights } = this.content.resources[service] ?? { instances: [], weights: new Float64Array(0) };
    const n = instances.length;
    let chosen = 0;
    if (n > 1) {
      const segment = this.content.segments.row[place.row] as number;
      const w = weights.subarray(segment * n, segment * n + n);
      const total = w.reduce((sum, weight) => sum + weight, 0);
      let left = stratified(index, this.traceCount, this.keys.resources ^ Math.imul(service + 1, 0x9e3779b1)) * total;
      chosen = Math.max(
        0,
        w.findIndex((weight) => (left -= weight) < 0)
      );
    }
    const known = this.shared[service]?.[chosen];
    if (known !== undefined) {
      return known;
    }
    const instance = instances[chosen];
    const resource: Resource = {
      attributes: writeResource(instance, this.marks, randomStream(this.keys.resources, index, service)),
      droppedAttributesCount: instance?.droppedAttributesCount ?? 0,
      schemaUrl: instance?.schemaUrl ?? '',
    };
    if (instance?.attributes.every((attribute) => attribute.templates === undefined) ?? true) {
      (this.shared[service] as Array<Resource | undefined>)[chosen] = resource;
    }
    return resource;
  }

  private bag(writer: BagWriter, bag: EventModel['bag'], random: Random): Written {
    const tuples = writer.drawTuples(random);
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
      () => random
    );
  }

  private events(
    operation: number,
    names: AttributeValue | undefined,
    index: number,
    node: number,
    start: bigint,
    duration: number
  ): readonly SpanEvent[] {
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
      const written = this.bag(known.writer, known.model.bag, random);
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

  private links(operation: number, count: number, traceId: string, index: number, node: number): readonly SpanLink[] {
    const writer = this.linkWriters[operation];
    if (count === 0 || writer === undefined) {
      return NONE;
    }
    const random = randomStream(this.keys.links, index, node);
    return Array.from({ length: Math.min(count, 64) }, (_, l): SpanLink => {
      const written = this.bag(
        writer,
        this.content.attributes.operations[operation]?.links as EventModel['bag'],
        random
      );
      const word = (part: number): string => hex8(hash32(this.keys.links, index, node, l * 8 + part + 1_000_000));
      return {
        traceId: countOf(written, 'sameTrace') === 1 ? traceId : word(0) + word(1) + word(2) + word(3),
        spanId: word(4) + word(5),
        traceState: textOf(written, 'traceState'),
        attributes: written.attributes,
        droppedAttributesCount: countOf(written, 'droppedAttributesCount'),
        flags: countOf(written, 'flags'),
      };
    });
  }
}
