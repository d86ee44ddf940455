/**
 * @file Reads Jaeger JSON as its query API answers it: `{"data":[{traceID, spans, processes}]}`, one such trace, or a list.
 * Source: jaegertracing model/json; OpenTelemetry specification, "OpenTelemetry to Jaeger Transformation", read backwards.
 */
import { checkSpanIds, type ReadContext } from './context';
import { padId, readId, SPAN_ID_DIGITS, TRACE_ID_DIGITS } from './ids';
import { type Built, NO_ATTRIBUTES } from './intern';
import { kindFromName, statusFromName, TAG } from './jaeger-values';
import {
  asArray,
  asBoolean,
  asBytes,
  asDouble,
  asInt64,
  asMicros,
  asObject,
  asString,
  asUint32,
  type JsonObject,
  malformed,
  sourceText,
} from './json-values';
import {
  type AttributeValue,
  type KeyValue,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanLink,
  StatusCode,
} from './types';

/** Lists of traces, each a list of spans. */
const LIST_DEPTH = 2;
const NO_EVENTS: readonly SpanEvent[] = [];

/** Whether an object has the fields of a Jaeger answer, trace or span. */
export function isJaegerDocument(document: JsonObject): boolean {
  if (Array.isArray(document.data)) {
    const [first] = document.data as unknown[];
    return first === undefined || (typeof first === 'object' && first !== null && 'spans' in first);
  }
  return 'traceID' in document && ('spans' in document || 'spanID' in document);
}

/** What a span's tags say beyond attributes. */
interface TagFields {
  attributes: KeyValue[];
  kind: number;
  statusCode: number;
  statusMessage: string;
  scopeName: string;
  scopeVersion: string;
  traceState: string;
  droppedAttributesCount: number;
  droppedEventsCount: number;
  droppedLinksCount: number;
}

class JaegerReader {
  constructor(private readonly context: ReadContext) {}

  private readonly onInexact = (): void => {
    this.context.anomalies.inexactIntegers++;
  };

  document(document: unknown, spans: Span[], depth = 0): void {
    if (Array.isArray(document) && depth < LIST_DEPTH) {
      for (const item of document as unknown[]) {
        this.document(item, spans, depth + 1);
      }
      return;
    }
    const object = asObject(document, 'document');
    if (object === undefined || !isJaegerDocument(object)) {
      throw malformed('document', 'a Jaeger answer, trace or span', document);
    }
    if (object.data !== undefined) {
      for (const trace of asArray(object.data, 'data')) {
        this.trace(asObject(trace, 'data[]') ?? {}, spans);
      }
    } else if (object.spans === undefined) {
      this.span(object, {}, spans);
    } else {
      this.trace(object, spans);
    }
  }

  private trace(trace: JsonObject, spans: Span[]): void {
    const processes = asObject(trace.processes, 'processes') ?? {};
    const resources: Record<string, Resource> = {};
    for (const [id, process] of Object.entries(processes)) {
      resources[id] = this.resource(asObject(process, 'processes[]') ?? {});
    }
    for (const span of asArray(trace.spans, 'spans')) {
      this.span(asObject(span, 'spans[]') ?? {}, resources, spans);
    }
  }

  private resource(process: JsonObject): Resource {
    return this.context.intern.resourceFrom(`jaeger\n${sourceText(process)}`, (): Built<Resource> => {
      const before = this.context.anomalies.inexactIntegers;
      const attributes: KeyValue[] = [
        { key: 'service.name', value: asString(process.serviceName, 'process.serviceName') },
        ...this.tags(process.tags, 'process.tags'),
      ];
      return {
        item: { attributes, droppedAttributesCount: 0, schemaUrl: '' },
        keep: this.context.anomalies.inexactIntegers === before,
      };
    });
  }

  private scope(name: string, version: string): Scope {
    return this.context.intern.scopeFrom(`jaeger\n${name}\n${version}`, () => ({
      item: { name, version, attributes: NO_ATTRIBUTES, droppedAttributesCount: 0, schemaUrl: '' },
      keep: true,
    }));
  }

  private span(raw: JsonObject, resources: Record<string, Resource>, spans: Span[]): void {
    const traceId = padId(asString(raw.traceID, 'traceID'), TRACE_ID_DIGITS);
    const refs = this.references(raw, traceId);
    const spanId = padId(asString(raw.spanID, 'spanID'), SPAN_ID_DIGITS);
    const ids = checkSpanIds(traceId, spanId, refs.parent, this.context.anomalies);
    if (ids === undefined) {
      return;
    }
    const tags = this.spanTags(raw.tags);
    const start = asMicros(raw.startTime, 'startTime', this.onInexact);
    const process = asObject(raw.process, 'process');
    const known = process === undefined ? resources[asString(raw.processID, 'processID')] : this.resource(process);
    spans.push({
      ...ids,
      traceState: tags.traceState,
      flags: asUint32(raw.flags, 'flags'),
      name: this.context.intern.key(asString(raw.operationName, 'operationName')),
      kind: tags.kind,
      startTimeUnixNano: start,
      endTimeUnixNano: asMicros(raw.duration, 'duration', this.onInexact, start),
      attributes: tags.attributes.length === 0 ? NO_ATTRIBUTES : tags.attributes,
      droppedAttributesCount: tags.droppedAttributesCount,
      events: this.logs(raw.logs),
      droppedEventsCount: tags.droppedEventsCount,
      links: refs.links,
      droppedLinksCount: tags.droppedLinksCount,
      statusCode: tags.statusCode,
      statusMessage: tags.statusMessage,
      resource: known ?? this.resource({}),
      scope: this.scope(tags.scopeName, tags.scopeVersion),
    });
  }

  /** The parent: the first CHILD_OF to this trace, else the first FOLLOWS_FROM to it; every other reference is a link. */
  private references(raw: JsonObject, traceId: string): { parent: string; links: SpanLink[] } {
    const references = asArray(raw.references, 'references').map((item) => {
      const reference = asObject(item, 'references[]') ?? {};
      return {
        follows: reference.refType === 'FOLLOWS_FROM',
        traceId: padId(asString(reference.traceID, 'references.traceID'), TRACE_ID_DIGITS),
        spanId: padId(asString(reference.spanID, 'references.spanID'), SPAN_ID_DIGITS),
      };
    });
    const here = (follows: boolean) => references.find((r) => r.follows === follows && sameId(r.traceId, traceId));
    const written = padId(asString(raw.parentSpanID, 'parentSpanID'), SPAN_ID_DIGITS);
    const parent = here(false) ??
      (written === '' ? here(true) : undefined) ?? { follows: false, traceId, spanId: written };
    const links: SpanLink[] = [];
    for (const reference of references) {
      if (reference === parent) {
        continue;
      }
      const linkTrace = readId(reference.traceId, TRACE_ID_DIGITS);
      const linkSpan = readId(reference.spanId, SPAN_ID_DIGITS);
      if (linkTrace === undefined || linkSpan === undefined) {
        this.context.anomalies.invalidLinkIds++;
        continue;
      }
      links.push({
        traceId: linkTrace,
        spanId: linkSpan,
        traceState: '',
        // A plain link is written as FOLLOWS_FROM; only a second parent has to be told from it.
        attributes: reference.follows ? NO_ATTRIBUTES : [{ key: TAG.refType, value: 'child_of' }],
        droppedAttributesCount: 0,
        flags: 0,
      });
    }
    return { parent: parent.spanId, links };
  }

  private spanTags(raw: unknown): TagFields {
    const fields: TagFields = {
      attributes: [],
      kind: 0,
      statusCode: StatusCode.Unset,
      statusMessage: '',
      scopeName: '',
      scopeVersion: '',
      traceState: '',
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
    let error = false;
    for (const tag of this.tags(raw, 'tags')) {
      if (tag.key === TAG.error && (tag.value === true || tag.value === 'true')) {
        error = true;
      } else if (!takeTag(tag, fields)) {
        fields.attributes.push(tag);
      }
    }
    if (error && fields.statusCode === StatusCode.Unset) {
      fields.statusCode = StatusCode.Error;
    }
    return fields;
  }

  private logs(raw: unknown): readonly SpanEvent[] {
    const logs = asArray(raw, 'logs');
    if (logs.length === 0) {
      return NO_EVENTS;
    }
    return logs.map((item) => {
      const log = asObject(item, 'logs[]') ?? {};
      let name = '';
      const attributes: KeyValue[] = [];
      for (const tag of this.tags(log.fields, 'logs.fields')) {
        if (tag.key === 'event' && name === '' && typeof tag.value === 'string') {
          name = tag.value;
        } else {
          attributes.push(tag);
        }
      }
      return {
        timeUnixNano: asMicros(log.timestamp, 'logs.timestamp', this.onInexact),
        name: this.context.intern.key(name),
        attributes: attributes.length === 0 ? NO_ATTRIBUTES : attributes,
        droppedAttributesCount: 0,
      };
    });
  }

  private tags(raw: unknown, field: string): KeyValue[] {
    return asArray(raw, field).map((item) => {
      const tag = asObject(item, `${field}[]`) ?? {};
      const key = this.context.intern.key(asString(tag.key, `${field}.key`));
      return { key, value: this.tagValue(tag.type, tag.value, `${field} '${key}'`) };
    });
  }

  private tagValue(type: unknown, value: unknown, field: string): AttributeValue {
    if (value === null || value === undefined) {
      return null;
    }
    switch (typeof type === 'string' ? type.toLowerCase() : undefined) {
      case 'bool':
        return asBoolean(value, field);
      case 'int64':
        return asInt64(value, field, this.onInexact);
      case 'float64':
        return asDouble(value, field);
      case 'binary':
        return asBytes(value, field);
      case 'string':
        return this.context.intern.value(typeof value === 'string' ? value : sourceText(value));
      default:
        // Without a type, as some tools write: the JSON type tells.
        return untypedValue(value, field, this.onInexact);
    }
  }
}

function untypedValue(value: unknown, field: string, onInexact: () => void): AttributeValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isInteger(value) ? asInt64(value, field, onInexact) : value;
    default:
      return sourceText(value);
  }
}

function sameId(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}

/** Takes a tag that stands for a field of the span. @returns false when it is an attribute like any other */
function takeTag({ key, value }: KeyValue, fields: TagFields): boolean {
  const text = typeof value === 'string' ? value : undefined;
  const count = typeof value === 'bigint' && value >= 0n && value < 2n ** 32n ? Number(value) : undefined;
  switch (key) {
    case TAG.kind: {
      const kind = kindFromName(value);
      fields.kind = kind ?? fields.kind;
      return kind !== undefined;
    }
    case TAG.statusCode: {
      const status = statusFromName(value);
      fields.statusCode = status ?? fields.statusCode;
      return status !== undefined;
    }
    case TAG.statusDescription:
      fields.statusMessage = text ?? '';
      return text !== undefined;
    case TAG.scopeName:
    case TAG.libraryName:
      fields.scopeName ||= text ?? '';
      return text !== undefined;
    case TAG.scopeVersion:
    case TAG.libraryVersion:
      fields.scopeVersion ||= text ?? '';
      return text !== undefined;
    case TAG.traceState:
      fields.traceState = text ?? '';
      return text !== undefined;
    case TAG.droppedAttributes:
      fields.droppedAttributesCount = count ?? 0;
      return count !== undefined;
    case TAG.droppedEvents:
      fields.droppedEventsCount = count ?? 0;
      return count !== undefined;
    case TAG.droppedLinks:
      fields.droppedLinksCount = count ?? 0;
      return count !== undefined;
    default:
      return false;
  }
}

/**
 * The spans of a parsed Jaeger document. Times are whole microseconds there; 64-bit trace ids are padded with zeros.
 * @throws GentError TRACE_DOCUMENT_INVALID naming the field
 */
export function spansFromJaeger(document: unknown, context: ReadContext): Span[] {
  const spans: Span[] = [];
  new JaegerReader(context).document(document, spans);
  return spans;
}
