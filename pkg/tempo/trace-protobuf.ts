/** @file Traces as Tempo's protobuf messages, so whole that Grafana reads them: it takes for granted what OTLP leaves out. */
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { otlpCommon, otlpResource, otlpTrace } from '../proto';
import { resourceSpansMessages, type Trace } from '../trace';

/** What OpenTelemetry calls a service without a name. */
const UNKNOWN_SERVICE = 'unknown_service';

/**
 * tempopb.Trace: the same bytes as an OTLP TracesData. Every span has a status and a scope, if empty ones (Grafana's
 * Tempo data source fails without), and every resource an attribute (it drops the spans of one that has none).
 */
export function tempoTraceBytes(trace: Trace): Uint8Array {
  const resourceSpans = resourceSpansMessages([trace]);
  for (const group of resourceSpans) {
    group.resource ??= create(otlpResource.ResourceSchema);
    if (group.resource.attributes.length === 0) {
      const value = create(otlpCommon.AnyValueSchema, { value: { case: 'stringValue', value: UNKNOWN_SERVICE } });
      group.resource.attributes.push(create(otlpCommon.KeyValueSchema, { key: 'service.name', value }));
    }
    for (const scopeSpans of group.scopeSpans) {
      scopeSpans.scope ??= create(otlpCommon.InstrumentationScopeSchema);
      for (const span of scopeSpans.spans) {
        span.status ??= create(otlpTrace.StatusSchema);
      }
    }
  }
  return toBinary(otlpTrace.TracesDataSchema, create(otlpTrace.TracesDataSchema, { resourceSpans }));
}

/** A trace of /api/v2/traces, whole or filtered. */
export interface TraceAnswer {
  readonly trace: Trace | undefined;
  readonly partial: boolean;
  /** What a person should know; '' for nothing. */
  readonly message: string;
}

/**
 * tempopb.TraceByIDResponse {1: trace, 3: status (1 = PARTIAL), 4: message}. The trace is there even when it is empty:
 * Grafana fails without.
 */
export function traceByIdBytes({ trace, partial, message }: TraceAnswer): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).bytes(trace === undefined ? new Uint8Array() : tempoTraceBytes(trace));
  if (partial) {
    writer.tag(3, WireType.Varint).int32(1);
  }
  if (message !== '') {
    writer.tag(4, WireType.LengthDelimited).string(message);
  }
  return writer.finish();
}
