/**
 * @file Traces in memory. Everything OTLP 1.x records about a span has a place here, so that
 * OTLP → memory → OTLP loses nothing. Source: opentelemetry-proto, trace/v1, common/v1 and resource/v1.
 */

/**
 * An OTLP AnyValue. The JavaScript type tells the OTLP type: string → stringValue, boolean → boolValue,
 * **bigint → intValue (int64, exact)**, **number → doubleValue**, Uint8Array → bytesValue, array → arrayValue,
 * {@link KeyValueList} → kvlistValue, null → a value with nothing set.
 */
export type AttributeValue =
  string | boolean | bigint | number | Uint8Array | null | readonly AttributeValue[] | KeyValueList;

/** An attribute. Order and repeated keys are kept as received. */
export interface KeyValue {
  readonly key: string;
  readonly value: AttributeValue;
}

/** An OTLP kvlistValue: a map as an attribute's value. */
export class KeyValueList {
  constructor(readonly entries: readonly KeyValue[]) {}
}

/** What produced the spans (OTLP Resource and the schema URL of its ResourceSpans). Shared by its spans by reference. */
export interface Resource {
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
  readonly entityRefs?: readonly EntityRef[];
}

/** OTLP EntityRef (development status in the proto; kept so that nothing is lost). */
export interface EntityRef {
  readonly schemaUrl: string;
  readonly type: string;
  readonly idKeys: readonly string[];
  readonly descriptionKeys: readonly string[];
}

/** The instrumentation scope (and the schema URL of its ScopeSpans). Shared by its spans by reference. */
export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** OTLP SpanKind. */
export enum SpanKind {
  Unspecified = 0,
  Internal = 1,
  Server = 2,
  Client = 3,
  Producer = 4,
  Consumer = 5,
}

/** OTLP Status.StatusCode. */
export enum StatusCode {
  Unset = 0,
  Ok = 1,
  Error = 2,
}

export interface SpanEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

/** One span. Ids are lower-case hex; '' where absent. Times are ns since the Unix epoch. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly events: readonly SpanEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly SpanLink[];
  readonly droppedLinksCount: number;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly resource: Resource;
  readonly scope: Scope;
}

/** The spans of one trace id, in the order they were received or generated. */
export interface Trace {
  /** Lower-case hex. */
  readonly traceId: string;
  readonly spans: readonly Span[];
}
