/** @file A model opened for generating: what query needs of it. */
import type { AttributeValue, KeyValue, Trace } from '../trace';

/**
 * A class of spans that a model generates: everything about a span that follows from its place in a shape.
 * Spans of one class differ only in times, in the resource's varying attributes and in `variableKeys`.
 */
export interface SpanClass {
  readonly id: number;
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly statusCode: number;
  /** Of the TraceQL root of the trace; '' when it has none. */
  readonly rootService: string;
  readonly rootName: string;
  readonly isRoot: boolean;
  /** Attributes that every span of the class has with this very value. */
  readonly spanConstants: readonly KeyValue[];
  readonly resourceConstants: readonly KeyValue[];
  /** Keys that some spans of the class have, or have with different values. A key in neither list never occurs. */
  readonly spanVariables: ReadonlySet<string>;
  readonly resourceVariables: ReadonlySet<string>;
}

/** Exact counts of spans: class × time bucket, sparse, sorted by class then bucket. */
export interface SpanCounts {
  /** Seconds of one bucket; divides 60. Bucket b covers [b·s, (b+1)·s) in Unix time. */
  readonly bucketSeconds: number;
  /** Offsets into buckets/counts, length classes + 1. */
  readonly offsets: Uint32Array;
  /** Bucket numbers (Unix seconds / bucketSeconds). */
  readonly buckets: Float64Array;
  readonly counts: Uint32Array;
}

/** How many traces of which shape begin in which time bucket, one row a bucket, shape and pattern; sorted by bucket. */
export interface TraceRows {
  readonly bucketSeconds: number;
  /** Bucket of the first span of each trace of the row. */
  readonly buckets: Float64Array;
  readonly shapes: Int32Array;
  readonly counts: Float64Array;
  /** Buckets from the first span's to each span's, in generation order; undefined when all spans begin in one bucket. */
  shiftsOf(row: number): Float64Array | undefined;
}

/** Bounds of the durations of some spans, ns. */
export interface DurationRanges {
  readonly least: Float64Array;
  readonly most: Float64Array;
}

/** Attributes of a span as far as its drawn fields tell: those with one value, and those that may have any. */
export interface DrawnAttributes {
  readonly constants: readonly KeyValue[];
  readonly variables: ReadonlySet<string>;
}

/** Values that an attribute can have. */
export interface KnownValues {
  readonly values: readonly AttributeValue[];
  /** Whether it can have others: numbers, forms, what is elsewhere in the trace. */
  readonly others: boolean;
}

/** Where {@link TraceGenerator.possibleValues} looks; 'event:name' asks for the names of events. */
export type PossibleScope = 'span' | 'resource' | 'event' | 'event:name';

/** The spans of a shape that decide whether a trace matters. */
export interface SieveSpans {
  /** Numbers of the spans in generation order, rising. */
  readonly spans: Int32Array;
  /** 1 for each whose attributes are asked for, too. */
  readonly attributes: Uint8Array;
}

/** A question to partly drawn traces: whether they may matter. */
export interface Sieve {
  /** Keys of the span attributes that are asked for. */
  readonly keys: ReadonlySet<string>;
  /** undefined: nothing that is drawn decides about traces of this shape; they are all kept. */
  spansOf(shape: number): SieveSpans | undefined;
  /**
   * Whether a trace may matter.
   * @param least - what is known of the durations (ns) of the spans asked for, with `most`; both included
   * @param variants - of their attributes, see {@link TraceGenerator.attributesOf}; −1: not known
   */
  keeps(shape: number, least: Float64Array, most: Float64Array, variants: Float64Array): boolean;
}

/** What is left of some traces. */
export interface Sifted {
  /** Indices of traces that may matter, in the order given. */
  readonly kept: readonly number[];
  /** Spans that were drawn, in part. */
  readonly drawn: number;
}

/** An opened model. Trace i of a model is always the same trace, whatever else is generated. */
export interface TraceGenerator {
  readonly modelId: string;
  /** Traces are numbered 0 … traceCount − 1 by the time bucket of their root, ascending. */
  readonly traceCount: number;
  readonly spanCount: number;
  readonly classes: readonly SpanClass[];
  readonly spanCounts: SpanCounts;
  /** The shape of trace i: an index below `shapeCount`. */
  shapeOf(index: number): number;
  readonly shapeCount: number;
  /** The class of each span of a shape, in generation order. */
  shapeClasses(shape: number): Uint32Array;
  /** The parent of each span of a shape, in generation order; negative for a root, and where the parent is missing. */
  shapeParents(shape: number): Int32Array;
  /** The exact counts of traces. */
  readonly rows: TraceRows;
  /** Earliest possible start and latest possible end of trace i, ns: a superset known without generating. */
  boundsOf(index: number): { start: bigint; end: bigint };
  /** First trace index whose root bucket ends after `time` (ns); traceCount when none. */
  firstIndexAt(time: bigint): number;
  traceId(index: number): string;
  /** The index behind a trace id of this model, generated or real (32 lower-case hex digits); undefined when it is not one. */
  indexOf(traceId: string): number | undefined;
  /** Whether trace i is a real trace kept verbatim. */
  isExemplar(index: number): boolean;
  /** The numbers of those traces, rising. */
  readonly exemplars: readonly number[];
  /** Bounds of the durations of a shape's spans, in generation order, whatever is drawn. Real traces may lie outside. */
  durationBounds(shape: number): DurationRanges;
  /** The attributes with these keys of a span of a shape, given the variant that was drawn. */
  attributesOf(shape: number, span: number, keys: ReadonlySet<string>, variant: number): DrawnAttributes;
  /** Values of an attribute of the spans of a class, or of their resources, as far as the model lists them. */
  valuesOf(spanClass: number, scope: 'span' | 'resource', key: string): KnownValues;
  /**
   * All values that an attribute of generated spans of a class, of their resources or events can have where it is there.
   * Attributes that mark what is generated are not among them.
   */
  possibleValues(spanClass: number, scope: PossibleScope, key: string): KnownValues;
  /**
   * Draws no more of each of these traces than it takes to tell that it cannot matter; the values are those of the whole
   * trace. Real traces are always kept. Whoever remembers traces may keep those, too, unless `all` is set.
   */
  sift(indices: readonly number[], sieve: Sieve, options?: { signal?: AbortSignal; all?: boolean }): Promise<Sifted>;
  /** Generates the traces with these indices, in that order. */
  generate(indices: ArrayLike<number>, options?: { signal?: AbortSignal }): Promise<Trace[]>;
  close(): Promise<void>;
}
