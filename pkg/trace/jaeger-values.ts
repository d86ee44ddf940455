/** @file Names and small conversions that Jaeger's and Zipkin's forms of OpenTelemetry spans share. */
import { SpanKind, StatusCode } from './types';

/** Tags by which OpenTelemetry's exporters keep what Jaeger and Zipkin have no field for (specification, "Trace SDK exporters"). */
export const TAG = {
  kind: 'span.kind',
  error: 'error',
  statusCode: 'otel.status_code',
  statusDescription: 'otel.status_description',
  scopeName: 'otel.scope.name',
  scopeVersion: 'otel.scope.version',
  libraryName: 'otel.library.name',
  libraryVersion: 'otel.library.version',
  traceState: 'w3c.tracestate',
  droppedAttributes: 'otel.dropped_attributes_count',
  droppedEvents: 'otel.dropped_events_count',
  droppedLinks: 'otel.dropped_links_count',
  refType: 'opentracing.ref_type',
} as const;

const KIND_NAMES: Record<string, SpanKind> = {
  internal: SpanKind.Internal,
  server: SpanKind.Server,
  client: SpanKind.Client,
  producer: SpanKind.Producer,
  consumer: SpanKind.Consumer,
};

/** The kind that a name (of any case) means; undefined when it is no kind. */
export function kindFromName(name: unknown): SpanKind | undefined {
  return typeof name === 'string' ? KIND_NAMES[name.toLowerCase()] : undefined;
}

/** The lower-case name of a kind; undefined for unspecified and unknown ones. */
export function kindName(kind: number): string | undefined {
  return Object.keys(KIND_NAMES).find((name) => KIND_NAMES[name] === kind);
}

/** The status that otel.status_code means; undefined when it is none. */
export function statusFromName(name: unknown): StatusCode | undefined {
  switch (name) {
    case 'OK':
    case 'STATUS_CODE_OK':
      return StatusCode.Ok;
    case 'ERROR':
    case 'STATUS_CODE_ERROR':
      return StatusCode.Error;
    case 'UNSET':
    case 'STATUS_CODE_UNSET':
      return StatusCode.Unset;
    default:
      return undefined;
  }
}
