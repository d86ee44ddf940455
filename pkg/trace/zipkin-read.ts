/**
 * @file Reads Zipkin v2 JSON: a list of spans, a list of traces, or one span.
 * Source: zipkin-api zipkin2-api.yaml; OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation", read backwards.
 */
import { checkSpanIds, type ReadContext } from './context';
import { padId, SPAN_ID_DIGITS, TRACE_ID_DIGITS } from './ids';
import { NO_ATTRIBUTES } from './intern';
import { kindFromName, statusFromName, TAG } from './jaeger-values';
import { asArray, asObject, asString, asUint32, asMicros, type JsonObject, malformed, sourceText } from './json-values';
import {
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
const NO_LINKS: readonly SpanLink[] = [];
const SAMPLED = 1;

/** Whether an object has the fields that every Zipkin v2 span has. */
export function isZipkinSpan(document: JsonObject): boolean {
  return typeof document.traceId === 'string' && typeof document.id === 'string';
}

class ZipkinReader {
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
    if (object === undefined || !isZipkinSpan(object)) {
      throw malformed('document', 'a Zipkin span', document);
    }
    this.span(object, spans);
  }

  private span(raw: JsonObject, spans: Span[]): void {
    const { intern, anomalies } = this.context;
    const ids = checkSpanIds(
      padId(asString(raw.traceId, 'traceId'), TRACE_ID_DIGITS),
      padId(asString(raw.id, 'id'), SPAN_ID_DIGITS),
      padId(asString(raw.parentId, 'parentId'), SPAN_ID_DIGITS),
      anomalies
    );
    if (ids === undefined) {
      return;
    }
    const local = asObject(raw.localEndpoint, 'localEndpoint') ?? {};
    const tags = asObject(raw.tags, 'tags') ?? {};
    const special: Record<string, string> = {};
    const attributes: KeyValue[] = [];
    for (const [key, value] of Object.entries(tags)) {
      const text = typeof value === 'string' ? value : sourceText(value);
      if (SPECIAL_TAGS.has(key)) {
        special[key] = text;
      } else {
        attributes.push({ key: intern.key(key), value: intern.value(text) });
      }
    }
    this.endpoint(attributes, local, 'network.local');
    this.endpoint(attributes, asObject(raw.remoteEndpoint, 'remoteEndpoint') ?? {}, 'network.peer');
    const start = asMicros(raw.timestamp, 'timestamp', this.onInexact);
    const error = special[TAG.error];
    const failed = error !== undefined && error !== 'false';
    const status = statusFromName(special[TAG.statusCode]);
    spans.push({
      ...ids,
      traceState: '',
      flags: raw.debug === true ? SAMPLED : 0,
      name: intern.key(asString(raw.name, 'name')),
      kind: kindFromName(raw.kind) ?? 0,
      startTimeUnixNano: start,
      endTimeUnixNano: asMicros(raw.duration, 'duration', this.onInexact, start),
      attributes: attributes.length === 0 ? NO_ATTRIBUTES : attributes,
      droppedAttributesCount: Number(special[TAG.droppedAttributes] ?? 0) || 0,
      events: this.annotations(raw.annotations),
      droppedEventsCount: Number(special[TAG.droppedEvents] ?? 0) || 0,
      links: NO_LINKS,
      droppedLinksCount: Number(special[TAG.droppedLinks] ?? 0) || 0,
      statusCode: failed ? StatusCode.Error : (status ?? StatusCode.Unset),
      statusMessage: intern.value(special[TAG.statusDescription] ?? (failed && error !== 'true' ? error : '')),
      resource: this.resource(asString(local.serviceName, 'localEndpoint.serviceName')),
      scope: this.scope(
        special[TAG.scopeName] ?? special[TAG.libraryName] ?? '',
        special[TAG.scopeVersion] ?? special[TAG.libraryVersion] ?? ''
      ),
    });
  }

  /** The address, port and, of a peer, name of an endpoint as attributes of the semantic conventions. */
  private endpoint(attributes: KeyValue[], endpoint: JsonObject, prefix: 'network.local' | 'network.peer'): void {
    const { intern } = this.context;
    const service = asString(endpoint.serviceName, 'endpoint.serviceName');
    if (prefix === 'network.peer' && service !== '') {
      attributes.push({ key: intern.key('peer.service'), value: intern.value(service) });
    }
    const address = asString(endpoint.ipv4, 'endpoint.ipv4') || asString(endpoint.ipv6, 'endpoint.ipv6');
    if (address !== '') {
      attributes.push({ key: intern.key(`${prefix}.address`), value: intern.value(address) });
    }
    const port = asUint32(endpoint.port, 'endpoint.port');
    if (port !== 0) {
      attributes.push({ key: intern.key(`${prefix}.port`), value: BigInt(port) });
    }
  }

  private annotations(raw: unknown): readonly SpanEvent[] {
    const annotations = asArray(raw, 'annotations');
    if (annotations.length === 0) {
      return NO_EVENTS;
    }
    return annotations.map((item) => {
      const annotation = asObject(item, 'annotations[]') ?? {};
      return {
        timeUnixNano: asMicros(annotation.timestamp, 'annotations.timestamp', this.onInexact),
        name: this.context.intern.key(asString(annotation.value, 'annotations.value')),
        attributes: NO_ATTRIBUTES,
        droppedAttributesCount: 0,
      };
    });
  }

  private resource(service: string): Resource {
    return this.context.intern.resourceFrom(`zipkin\n${service}`, () => ({
      item: {
        attributes: service === '' ? NO_ATTRIBUTES : [{ key: 'service.name', value: service }],
        droppedAttributesCount: 0,
        schemaUrl: '',
      },
      keep: true,
    }));
  }

  private scope(name: string, version: string): Scope {
    return this.context.intern.scopeFrom(`zipkin\n${name}\n${version}`, () => ({
      item: { name, version, attributes: NO_ATTRIBUTES, droppedAttributesCount: 0, schemaUrl: '' },
      keep: true,
    }));
  }
}

const SPECIAL_TAGS: ReadonlySet<string> = new Set([
  TAG.error,
  TAG.statusCode,
  TAG.statusDescription,
  TAG.scopeName,
  TAG.scopeVersion,
  TAG.libraryName,
  TAG.libraryVersion,
  TAG.droppedAttributes,
  TAG.droppedEvents,
  TAG.droppedLinks,
]);

/**
 * The spans of a parsed Zipkin v2 document. Times are whole microseconds there; 64-bit trace ids are padded with zeros.
 * @throws GentError TRACE_DOCUMENT_INVALID naming the field
 */
export function spansFromZipkin(document: unknown, context: ReadContext): Span[] {
  const spans: Span[] = [];
  new ZipkinReader(context).document(document, spans);
  return spans;
}
