/**
 * @file Reads OTLP/JSON: an object with resourceSpans (a request, an exporter's line, a file), or as Tempo answers.
 * Source: OTLP specification, "JSON Protobuf Encoding": hex ids, 64-bit integers as decimal strings (numbers accepted),
 * enums as numbers (names accepted), unknown fields ignored; the proto's own field names are accepted too.
 */
import { addAnomalies, newAnomalies, type TraceAnomalies } from './anomalies';
import { checkSpanIds, type ReadContext } from './context';
import { readId, SPAN_ID_DIGITS, TRACE_ID_DIGITS } from './ids';
import { type Interner, NO_ATTRIBUTES } from './intern';
import {
  asArray,
  asEnum,
  asObject,
  asString,
  asUint32,
  asUint64,
  type JsonObject,
  malformed,
  sourceText,
} from './json-values';
import { parseJson, readExactly } from './json-exact';
import { OtlpJsonAttributes } from './otlp-json-attributes';
import type { EntityRef, Resource, Scope, Span, SpanEvent, SpanLink } from './types';

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const STATUS_CODES = ['UNSET', 'OK', 'ERROR'];
const NO_EVENTS: readonly SpanEvent[] = [];
const NO_LINKS: readonly SpanLink[] = [];

/** The first of these fields that is set. */
function field(object: JsonObject, ...names: string[]): unknown {
  for (const name of names) {
    const value = object[name];
    if (value !== undefined && value !== null) {
      return value;
    }
  }
  return undefined;
}

/** The ResourceSpans of a document, in whatever wrapper OTLP and Tempo use; undefined when it is no such document. */
export function otlpResourceSpans(document: JsonObject): unknown {
  const direct = field(document, 'resourceSpans', 'resource_spans', 'batches');
  if (direct !== undefined) {
    return direct;
  }
  // Tempo's v2 answer, and Jaeger's api_v3.
  for (const name of ['trace', 'result']) {
    const inner = document[name];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
      const wrapped = field(inner as JsonObject, 'resourceSpans', 'resource_spans', 'batches');
      if (wrapped !== undefined || name === 'trace') {
        return wrapped ?? [];
      }
    }
  }
  return undefined;
}

class OtlpJsonReader {
  readonly anomalies: TraceAnomalies = newAnomalies();
  private readonly values: OtlpJsonAttributes;
  private traceId = '';

  constructor(private readonly intern: Interner) {
    this.values = new OtlpJsonAttributes(intern, this.anomalies);
  }

  private readonly onInexact = (): void => {
    this.anomalies.inexactIntegers++;
  };

  document(document: unknown, spans: Span[]): void {
    const object = asObject(document, 'document');
    if (object === undefined) {
      throw malformed('document', 'an object with resourceSpans', document);
    }
    const resourceSpans = otlpResourceSpans(object);
    for (const item of asArray(resourceSpans, 'resourceSpans')) {
      const group = asObject(item, 'resourceSpans[]');
      if (group !== undefined) {
        this.resourceSpans(group, spans);
      }
    }
  }

  private resourceSpans(group: JsonObject, spans: Span[]): void {
    const schemaUrl = asString(field(group, 'schemaUrl', 'schema_url'), 'resourceSpans.schemaUrl');
    const raw = asObject(group.resource, 'resource');
    const resource = this.intern.resourceFrom(`${schemaUrl}\n${sourceText(raw)}`, () =>
      this.whole(() => this.resource(raw ?? {}, schemaUrl))
    );
    const scopeSpans = field(group, 'scopeSpans', 'scope_spans', 'instrumentationLibrarySpans');
    for (const item of asArray(scopeSpans, 'scopeSpans')) {
      const scopeGroup = asObject(item, 'scopeSpans[]');
      if (scopeGroup === undefined) {
        continue;
      }
      const scopeUrl = asString(field(scopeGroup, 'schemaUrl', 'schema_url'), 'scopeSpans.schemaUrl');
      const rawScope = asObject(field(scopeGroup, 'scope', 'instrumentationLibrary'), 'scope');
      const scope = this.intern.scopeFrom(`${scopeUrl}\n${sourceText(rawScope)}`, () =>
        this.whole(() => this.scope(rawScope ?? {}, scopeUrl))
      );
      for (const span of asArray(scopeGroup.spans, 'spans')) {
        const read = this.span(asObject(span, 'spans[]') ?? {}, resource, scope);
        if (read !== undefined) {
          spans.push(read);
        }
      }
    }
  }

  /** What `build` builds, and whether it may be found again by its source: not if a rounded integer is in it. */
  private whole<T>(build: () => T): { item: T; keep: boolean } {
    const before = this.anomalies.inexactIntegers;
    const item = build();
    return { item, keep: this.anomalies.inexactIntegers === before };
  }

  private resource(raw: JsonObject, schemaUrl: string): Resource {
    const resource = {
      attributes: this.values.attributes(raw.attributes),
      droppedAttributesCount: asUint32(
        field(raw, 'droppedAttributesCount', 'dropped_attributes_count'),
        'resource.droppedAttributesCount'
      ),
      schemaUrl,
    };
    const refs = asArray(field(raw, 'entityRefs', 'entity_refs'), 'entityRefs');
    return refs.length === 0 ? resource : { ...resource, entityRefs: refs.map((ref) => this.entityRef(ref)) };
  }

  private entityRef(raw: unknown): EntityRef {
    const ref = asObject(raw, 'entityRefs[]') ?? {};
    const strings = (value: unknown, name: string) => asArray(value, name).map((key) => asString(key, name));
    return {
      schemaUrl: asString(field(ref, 'schemaUrl', 'schema_url'), 'entityRefs.schemaUrl'),
      type: asString(ref.type, 'entityRefs.type'),
      idKeys: strings(field(ref, 'idKeys', 'id_keys'), 'entityRefs.idKeys'),
      descriptionKeys: strings(field(ref, 'descriptionKeys', 'description_keys'), 'entityRefs.descriptionKeys'),
    };
  }

  private scope(raw: JsonObject, schemaUrl: string): Scope {
    return {
      name: asString(raw.name, 'scope.name'),
      version: asString(raw.version, 'scope.version'),
      attributes: this.values.attributes(raw.attributes),
      droppedAttributesCount: asUint32(
        field(raw, 'droppedAttributesCount', 'dropped_attributes_count'),
        'scope.droppedAttributesCount'
      ),
      schemaUrl,
    };
  }

  private span(raw: JsonObject, resource: Resource, scope: Scope): Span | undefined {
    let traceText = '';
    let spanText = '';
    let parentText = '';
    let traceState = '';
    let flags = 0;
    let name = '';
    let kind = 0;
    let start = 0n;
    let end = 0n;
    let attributes = NO_ATTRIBUTES;
    let droppedAttributesCount = 0;
    let events = NO_EVENTS;
    let droppedEventsCount = 0;
    let links = NO_LINKS;
    let droppedLinksCount = 0;
    let statusCode = 0;
    let statusMessage = '';
    // One pass over the fields that are there costs less than asking for each of two spellings of sixteen.
    for (const key in raw) {
      const value = raw[key];
      switch (key) {
        case 'traceId':
        case 'trace_id':
          traceText = asString(value, 'traceId');
          break;
        case 'spanId':
        case 'span_id':
          spanText = asString(value, 'spanId');
          break;
        case 'parentSpanId':
        case 'parent_span_id':
          parentText = asString(value, 'parentSpanId');
          break;
        case 'traceState':
        case 'trace_state':
          traceState = asString(value, 'traceState');
          break;
        case 'flags':
          flags = asUint32(value, 'flags');
          break;
        case 'name':
          name = this.intern.key(asString(value, 'name'));
          break;
        case 'kind':
          kind = asEnum(value, 'kind', 'SPAN_KIND_', KINDS);
          break;
        case 'startTimeUnixNano':
        case 'start_time_unix_nano':
          start = asUint64(value, 'startTimeUnixNano', this.onInexact);
          break;
        case 'endTimeUnixNano':
        case 'end_time_unix_nano':
          end = asUint64(value, 'endTimeUnixNano', this.onInexact);
          break;
        case 'attributes':
          attributes = this.values.attributes(value);
          break;
        case 'droppedAttributesCount':
        case 'dropped_attributes_count':
          droppedAttributesCount = asUint32(value, 'droppedAttributesCount');
          break;
        case 'events':
          events = this.events(value);
          break;
        case 'droppedEventsCount':
        case 'dropped_events_count':
          droppedEventsCount = asUint32(value, 'droppedEventsCount');
          break;
        case 'links':
          links = this.links(value);
          break;
        case 'droppedLinksCount':
        case 'dropped_links_count':
          droppedLinksCount = asUint32(value, 'droppedLinksCount');
          break;
        case 'status': {
          const status = asObject(value, 'status');
          if (status !== undefined) {
            statusCode = asEnum(status.code, 'status.code', 'STATUS_CODE_', STATUS_CODES);
            statusMessage = this.intern.value(asString(status.message, 'status.message'));
          }
          break;
        }
        default:
      }
    }
    const ids = checkSpanIds(traceText, spanText, parentText, this.anomalies);
    if (ids === undefined) {
      return undefined;
    }
    if (ids.traceId !== this.traceId) {
      this.traceId = ids.traceId;
    }
    return {
      traceId: this.traceId,
      spanId: ids.spanId,
      parentSpanId: ids.parentSpanId,
      traceState,
      flags,
      name,
      kind,
      startTimeUnixNano: start,
      endTimeUnixNano: end,
      attributes,
      droppedAttributesCount,
      events,
      droppedEventsCount,
      links,
      droppedLinksCount,
      statusCode,
      statusMessage,
      resource,
      scope,
    };
  }

  private events(value: unknown): readonly SpanEvent[] {
    const raw = asArray(value, 'events');
    if (raw.length === 0) {
      return NO_EVENTS;
    }
    return raw.map((item) => {
      const event = asObject(item, 'events[]') ?? {};
      return {
        timeUnixNano: asUint64(field(event, 'timeUnixNano', 'time_unix_nano'), 'events.timeUnixNano', this.onInexact),
        name: this.intern.key(asString(event.name, 'events.name')),
        attributes: this.values.attributes(event.attributes),
        droppedAttributesCount: asUint32(
          field(event, 'droppedAttributesCount', 'dropped_attributes_count'),
          'events.droppedAttributesCount'
        ),
      };
    });
  }

  private links(value: unknown): readonly SpanLink[] {
    const raw = asArray(value, 'links');
    if (raw.length === 0) {
      return NO_LINKS;
    }
    const links: SpanLink[] = [];
    for (const item of raw) {
      const link = asObject(item, 'links[]') ?? {};
      const traceId = readId(asString(field(link, 'traceId', 'trace_id'), 'links.traceId'), TRACE_ID_DIGITS);
      const spanId = readId(asString(field(link, 'spanId', 'span_id'), 'links.spanId'), SPAN_ID_DIGITS);
      if (traceId === undefined || spanId === undefined) {
        this.anomalies.invalidLinkIds++;
        continue;
      }
      links.push({
        traceId,
        spanId,
        traceState: asString(field(link, 'traceState', 'trace_state'), 'links.traceState'),
        attributes: this.values.attributes(link.attributes),
        droppedAttributesCount: asUint32(
          field(link, 'droppedAttributesCount', 'dropped_attributes_count'),
          'links.droppedAttributesCount'
        ),
        flags: asUint32(link.flags, 'links.flags'),
      });
    }
    return links;
  }
}

/**
 * The spans of a parsed OTLP/JSON document, in its order. Integers that JSON.parse rounded are counted in
 * `context.anomalies.inexactIntegers`; use {@link parseOtlpJson} where the text is at hand.
 * @throws GentError TRACE_DOCUMENT_INVALID naming the field, or LIMIT_EXCEEDED
 */
export function spansFromOtlpJson(document: unknown, context: ReadContext): Span[] {
  const reader = new OtlpJsonReader(context.intern);
  const spans: Span[] = [];
  reader.document(document, spans);
  addAnomalies(context.anomalies, reader.anomalies);
  return spans;
}

/**
 * The spans of an OTLP/JSON text, 64-bit integers exact however they are written.
 * @throws GentError TRACE_DOCUMENT_INVALID (no JSON, or a field of the wrong form), LIMIT_EXCEEDED
 */
export function parseOtlpJson(text: string, context: ReadContext): Span[] {
  return readExactly(text, parseJson(text), context, spansFromOtlpJson);
}
