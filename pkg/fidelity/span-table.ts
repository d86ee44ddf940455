/** @file Traces as typed columns: what the measures need of a span in about 50 bytes, so that sets of any use fit. */
import { durationNanos, serviceName, StatusCode, type Resource, type Trace } from '../trace';
import { AttributeCollector, type AttributeColumn, columnsOfChosen } from './attribute-columns';
import { Floats, Ints } from './growable';
import { Dictionary, type Vocabulary } from './vocabulary';

/** Kinds of defects of a trace, as bits of {@link SpanTable.defects}. */
export const DEFECTS = ['noRoot', 'missingParent', 'negativeDuration', 'duplicateSpanId', 'parentCycle'] as const;

/** `parent` of a span without a parent id, and of one whose parent is not in its trace. */
export const ROOT = -1;
export const ORPHAN = -2;

/** Spans of one side of a comparison; the spans of a trace are neighbours. Row numbers index every span column. */
export interface SpanTable {
  readonly vocabulary: Vocabulary;
  readonly traces: number;
  readonly spans: number;
  /** What each trace counts for: N for a sample 1:N. */
  readonly weight: number;
  /** First row of each trace, length traces + 1. */
  readonly offsets: Int32Array;
  /** Row of the entry span of each trace. */
  readonly entry: Int32Array;
  /** Bits in the order of {@link DEFECTS}. */
  readonly defects: Int32Array;
  /** 1 for a real trace that a model keeps verbatim: its resources say `gent.generated` = false. */
  readonly exemplar: Int32Array;
  /** Hash of each trace id, 0 … 2^32 − 1: what samplers decide by. */
  readonly idHash: Float64Array;
  readonly service: Int32Array;
  /** The instance of the service that the span runs in; −1 where its resource does not say. */
  readonly instance: Int32Array;
  /** (service, name). */
  readonly operation: Int32Array;
  /** Row of the parent, {@link ROOT} or {@link ORPHAN}. */
  readonly parent: Int32Array;
  /** Steps from the top of its tree; −1 in a cycle of parents. */
  readonly depth: Int32Array;
  readonly error: Int32Array;
  /** ns since the vocabulary's origin. */
  readonly start: Float64Array;
  /** ns. */
  readonly duration: Float64Array;
  readonly attributes: readonly AttributeColumn[];
}

/** FNV-1a of a text, an unsigned 32-bit number. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** What tells the instances of a service apart, by OpenTelemetry's conventions for resources; the first that is there counts. */
const INSTANCE_KEYS = ['service.instance.id', 'k8s.pod.name', 'container.id', 'host.name'] as const;

function isExemplar(resource: Resource): boolean {
  return resource.attributes.some(({ key, value }) => key === 'gent.generated' && value === false);
}

/** Collects traces into a {@link SpanTable}. The first table of a vocabulary chooses the attributes. */
export class SpanTableBuilder {
  private readonly offsets = new Ints();
  private readonly entry = new Ints();
  private readonly defects = new Ints();
  private readonly exemplar = new Ints();
  private readonly idHash = new Floats();
  private readonly service = new Ints();
  private readonly instance = new Ints();
  private readonly operation = new Ints();
  private readonly parent = new Ints();
  private readonly depth = new Ints();
  private readonly error = new Ints();
  private readonly start = new Floats();
  private readonly duration = new Floats();
  private readonly name = new Ints();
  private readonly kind = new Ints();
  private readonly placeOf = new Map<Resource, { readonly service: number; readonly instance: number }>();
  private readonly collector: AttributeCollector;

  constructor(private readonly vocabulary: Vocabulary) {
    this.collector = new AttributeCollector(vocabulary);
  }

  private place(resource: Resource): { readonly service: number; readonly instance: number } {
    let place = this.placeOf.get(resource);
    if (place === undefined) {
      const service = this.vocabulary.services.id(serviceName(resource));
      const told = INSTANCE_KEYS.map((key) => resource.attributes.find((one) => one.key === key)).find(Boolean);
      const instance = told === undefined ? -1 : this.vocabulary.instances.id(`${service}:${String(told.value)}`);
      place = { service, instance };
      this.placeOf.set(resource, place);
    }
    return place;
  }

  /** Takes a trace; one without spans is left out. */
  add(trace: Trace): void {
    const first = trace.spans[0];
    if (first === undefined) {
      return;
    }
    this.vocabulary.origin ??= first.startTimeUnixNano;
    const origin = this.vocabulary.origin;
    const from = this.start.length;
    this.offsets.push(from);
    this.exemplar.push(isExemplar(first.resource) ? 1 : 0);
    this.idHash.push(hashText(trace.traceId));
    const rows = new Map<string, number>();
    let duplicates = false;
    trace.spans.forEach((span, i) => {
      if (rows.has(span.spanId)) {
        duplicates = true;
      } else {
        rows.set(span.spanId, from + i);
      }
    });
    let negative = false;
    let orphans = false;
    let roots = false;
    trace.spans.forEach((span, i) => {
      const { service, instance } = this.place(span.resource);
      const duration = Number(durationNanos(span));
      const parent = span.parentSpanId === '' ? ROOT : (rows.get(span.parentSpanId) ?? ORPHAN);
      negative ||= duration < 0;
      orphans ||= parent === ORPHAN;
      roots ||= parent === ROOT;
      const name = this.vocabulary.names.id(span.name);
      this.service.push(service);
      this.instance.push(instance);
      this.name.push(name);
      this.kind.push(span.kind);
      this.operation.push(this.vocabulary.operations.id(`${service}:${name}`));
      this.parent.push(parent);
      this.error.push(span.statusCode === StatusCode.Error ? 1 : 0);
      this.start.push(Number(span.startTimeUnixNano - origin));
      this.duration.push(duration);
      this.collector.add(from + i, span.attributes);
    });
    const cycle = this.addDepths(from, trace.spans.length);
    this.entry.push(this.entryOf(from, trace.spans.length));
    this.defects.push(
      (roots ? 0 : 1) | (orphans ? 2 : 0) | (negative ? 4 : 0) | (duplicates ? 8 : 0) | (cycle ? 16 : 0)
    );
  }

  /** @returns whether there is a cycle */
  private addDepths(from: number, count: number): boolean {
    const depths = new Int32Array(count).fill(-3);
    let cycle = false;
    for (let i = 0; i < count; i++) {
      const path: number[] = [];
      let at = i;
      while (at >= 0 && depths[at] === -3) {
        depths[at] = -4;
        path.push(at);
        const parent = this.parent.at(from + at);
        at = parent < 0 ? -1 : parent - from;
      }
      // −4: the walk met itself; −1: it met a cycle found before.
      let depth = at < 0 ? -1 : (depths[at] as number);
      const broken = at >= 0 && depth < 0;
      cycle ||= broken;
      for (let j = path.length - 1; j >= 0; j--) {
        depth += 1;
        depths[path[j] as number] = broken ? -1 : depth;
      }
    }
    for (let i = 0; i < count; i++) {
      this.depth.push(depths[i] as number);
    }
    return cycle;
  }

  private entryOf(from: number, count: number): number {
    let best = from;
    let rank = 3;
    for (let row = from; row < from + count; row++) {
      const parent = this.parent.at(row);
      const own = parent === ROOT ? 0 : parent === ORPHAN ? 1 : 2;
      if (own < rank || (own === rank && this.start.at(row) < this.start.at(best))) {
        rank = own;
        best = row;
      }
    }
    return best;
  }

  finish(): SpanTable {
    const spans = this.start.length;
    const traces = this.offsets.length;
    this.offsets.push(spans);
    return {
      vocabulary: this.vocabulary,
      traces,
      spans,
      weight: 1,
      offsets: this.offsets.done(),
      entry: this.entry.done(),
      defects: this.defects.done(),
      exemplar: this.exemplar.done(),
      idHash: this.idHash.done(),
      service: this.service.done(),
      instance: this.instance.done(),
      operation: this.operation.done(),
      parent: this.parent.done(),
      depth: this.depth.done(),
      error: this.error.done(),
      start: this.start.done(),
      duration: this.duration.done(),
      attributes: columnsOfChosen(this.collector, this.vocabulary, {
        spans,
        name: this.name.done(),
        kind: this.kind.done(),
      }),
    };
  }
}

/** A vocabulary for the tables of one comparison. */
export function newVocabulary(): Vocabulary {
  return {
    services: new Dictionary(),
    instances: new Dictionary(),
    names: new Dictionary(),
    operations: new Dictionary(),
    shapes: new Dictionary(),
    origin: undefined,
    attributes: undefined,
  };
}

/** Reads traces into a table, one at a time. */
export async function spanTable(
  vocabulary: Vocabulary,
  traces: Iterable<Trace> | AsyncIterable<Trace>,
  onTrace?: (count: number) => void
): Promise<SpanTable> {
  const builder = new SpanTableBuilder(vocabulary);
  let count = 0;
  for await (const trace of traces) {
    builder.add(trace);
    count += 1;
    onTrace?.(count);
  }
  return builder.finish();
}

/** The table of some traces of a table, in the order given, each counting for `weight`. */
export function subset(table: SpanTable, chosen: readonly number[], weight = 1): SpanTable {
  const offsets = new Int32Array(chosen.length + 1);
  chosen.forEach((trace, i) => {
    offsets[i + 1] = (offsets[i] as number) + (table.offsets[trace + 1] as number) - (table.offsets[trace] as number);
  });
  const spans = offsets[chosen.length] as number;
  const column = <T extends Int32Array | Float64Array>(source: T, target: T): T => {
    chosen.forEach((trace, i) => {
      target.set(source.subarray(table.offsets[trace], table.offsets[trace + 1]), offsets[i]);
    });
    return target;
  };
  const ints = (source: Int32Array): Int32Array => column(source, new Int32Array(spans));
  const shift = (i: number): number => (offsets[i] as number) - (table.offsets[chosen[i] as number] as number);
  const parent = ints(table.parent);
  chosen.forEach((_, i) => {
    for (let row = offsets[i] as number; row < (offsets[i + 1] as number); row++) {
      const up = parent[row] as number;
      parent[row] = up < 0 ? up : up + shift(i);
    }
  });
  return {
    vocabulary: table.vocabulary,
    traces: chosen.length,
    spans,
    weight,
    offsets,
    entry: Int32Array.from(chosen, (trace, i) => (table.entry[trace] as number) + shift(i)),
    defects: Int32Array.from(chosen, (trace) => table.defects[trace] as number),
    exemplar: Int32Array.from(chosen, (trace) => table.exemplar[trace] as number),
    idHash: Float64Array.from(chosen, (trace) => table.idHash[trace] as number),
    service: ints(table.service),
    instance: ints(table.instance),
    operation: ints(table.operation),
    parent,
    depth: ints(table.depth),
    error: ints(table.error),
    start: column(table.start, new Float64Array(spans)),
    duration: column(table.duration, new Float64Array(spans)),
    attributes: table.attributes.map((attribute) => ({ ...attribute, values: ints(attribute.values) })),
  };
}
