/** @file Events and links of a span: drawn after it, from what it is and has. */
import {
  instanceId,
  OriginKind,
  valueIn,
  type Bag,
  type EventModel,
  type ModelContent,
  type Origin,
} from '../features';
import type { AttributeValue, KeyValue, Resource, SpanEvent, SpanLink } from '../trace';
import {
  BagWriter,
  countOf,
  textOf,
  valueIn as valueAt,
  type Random,
  type SourceOf,
  type Written,
} from './attribute-writer';
import { hash32, hex8, randomStream, spanIdOf } from './random';
import { drawBin, weightsOfMass, type Draw } from './softmax';
import type { TraceIndex } from './trace-index';

const NONE: readonly never[] = [];
/** Links to other traces point at one of so many before. */
const LINKED_BEFORE = 64;
/** The trace that a link points at is made up, too: what it really was is not in the model. */
const LINK_MARK: KeyValue = { key: 'gent.generated', value: true };

/** Keys of the streams that events and links are drawn from, and of ids. */
export interface AttachmentKeys {
  readonly ids: number;
  readonly events: number;
  readonly links: number;
}

/** The span that events and links are on. */
export interface Owner {
  readonly operation: number;
  /** Number of its trace, and its node. */
  readonly index: number;
  readonly node: number;
  readonly written: Written;
  readonly resource: Resource;
  readonly instance: number;
  /** Class that was drawn for a group of its attributes. */
  readonly classOf: (group: number) => number;
}

interface EventWriter {
  readonly model: EventModel;
  readonly writer: BagWriter;
}

/** What goes with an instance of an operation's service. */
export function valueOfInstance(
  { dictionary, attributes }: ModelContent,
  origin: Origin,
  operation: number,
  instance: number
): AttributeValue | undefined {
  const service = dictionary.operations[operation]?.service ?? 0;
  return attributes.list.pairs[origin.byInstance?.get(instanceId(service, instance)) ?? -1]?.value;
}

export class Attachments {
  private readonly eventWriters: Array<Map<string, EventWriter>>;
  private readonly linkWriters: Array<BagWriter | undefined>;
  private readonly draw: Draw = { bin: 0, share: 0 };

  constructor(
    private readonly content: ModelContent,
    private readonly keys: AttachmentKeys,
    private readonly index: TraceIndex
  ) {
    const { attributes } = content;
    this.eventWriters = attributes.operations.map(
      (operation) =>
        new Map(
          operation.events.map((model) => [model.name, { model, writer: new BagWriter(model.bag, attributes.list) }])
        )
    );
    this.linkWriters = attributes.operations.map((operation) =>
      operation.links === undefined ? undefined : new BagWriter(operation.links, attributes.list)
    );
  }

  /** Draws and writes what is on a span: an event or a link. @param drawn - tuples of those before, by writer */
  private bag(writer: BagWriter, bag: Bag, random: Random, owner: Owner, drawn: Map<BagWriter, number[]>): Written {
    const { written, resource } = owner;
    const tuples = writer.drawTuples(random, owner.classOf, drawn.get(writer));
    drawn.set(writer, tuples);
    const source: SourceOf = (slot) => {
      const origin = bag.slots[slot]?.origin;
      if (origin?.kind === OriginKind.OwnInstance) {
        return valueOfInstance(this.content, origin, owner.operation, owner.instance);
      }
      const key = this.content.attributes.list.keys[origin?.key ?? -1];
      return origin?.kind === OriginKind.Resource
        ? valueAt(resource.attributes, undefined, key)
        : valueAt(written.attributes, written.fields, key);
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

  /** Events of a span. @param start - of the span, ns since the epoch; `duration` of the span, ns */
  events(owner: Owner, start: bigint, duration: number): readonly SpanEvent[] {
    const { operation, index, node } = owner;
    const names = owner.written.fields.get('events');
    if (!Array.isArray(names)) {
      return NONE;
    }
    const random = randomStream(this.keys.events, index, node);
    const drawn = new Map<BagWriter, number[]>();
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
      const written = this.bag(known.writer, known.model.bag, random, owner, drawn);
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

  /** Links of a span. @param near - the span that links within the trace point at */
  links(owner: Owner, traceId: string, near: string): readonly SpanLink[] {
    const { operation, index, node } = owner;
    const writer = this.linkWriters[operation];
    const count = countOf(owner.written, 'links');
    const bag = this.content.attributes.operations[operation]?.links;
    if (count === 0 || writer === undefined || bag === undefined) {
      return NONE;
    }
    const random = randomStream(this.keys.links, index, node);
    const drawn = new Map<BagWriter, number[]>();
    return Array.from({ length: Math.min(count, 64) }, (_, l): SpanLink => {
      const written = this.bag(writer, bag, random, owner, drawn);
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
