/**
 * @file One trace as the frame Grafana's trace view reads.
 * Field names and types: TraceSpanRow in @grafana/data, and the frame of Grafana's Tempo data source.
 */
import { durationNanos, serviceName, type Span, SpanKind, StatusCode, type Trace } from '../../trace';
import type { Field, Frame, FrameMeta, Json } from './frame';
import { tagsOf, toMs } from './values';

const KINDS: Record<number, string> = {
  [SpanKind.Internal]: 'internal',
  [SpanKind.Server]: 'server',
  [SpanKind.Client]: 'client',
  [SpanKind.Producer]: 'producer',
  [SpanKind.Consumer]: 'consumer',
};

const STATUSES: Record<number, string> = {
  [StatusCode.Unset]: 'unset',
  [StatusCode.Ok]: 'ok',
  [StatusCode.Error]: 'error',
};

function logsOf(span: Span): Json {
  return span.events.map((event) => ({
    timestamp: toMs(event.timeUnixNano),
    name: event.name,
    fields: tagsOf(event.attributes),
  }));
}

function referencesOf(span: Span): Json {
  return span.links.map((link) => ({ traceID: link.traceId, spanID: link.spanId, tags: tagsOf(link.attributes) }));
}

/** What was lost before the trace came here, in words that the trace view shows beside the span. */
function warningsOf(span: Span): Json {
  const lost = (count: number, what: string): string[] =>
    count > 0 ? [`${count} ${what}${count === 1 ? '' : 's'} of this span ${count === 1 ? 'was' : 'were'} dropped`] : [];
  return [
    ...lost(span.droppedAttributesCount, 'attribute'),
    ...lost(span.droppedEventsCount, 'event'),
    ...lost(span.droppedLinksCount, 'link'),
  ];
}

/** Attributes of the span, then those of its instrumentation scope, for which the trace view has no place of its own. */
function spanTags({ attributes, scope }: Span): Json {
  const ofScope = scope.attributes.map(({ key, value }) => ({ key: `otel.scope.${key}`, value }));
  return tagsOf([...attributes, ...ofScope]);
}

/** The frame of a trace, one row a span. @param meta - merged into the frame's own metadata */
export function traceFrame(trace: Trace, meta: FrameMeta = {}): Frame {
  const spans = trace.spans;
  const text = (name: string, of: (span: Span) => string): Field => ({ name, type: 'string', values: spans.map(of) });
  const number = (name: string, of: (span: Span) => number): Field => ({ name, type: 'number', values: spans.map(of) });
  const json = (name: string, of: (span: Span) => Json): Field => ({ name, type: 'json', values: spans.map(of) });
  return {
    name: 'Trace',
    fields: [
      text('traceID', () => trace.traceId),
      text('spanID', (span) => span.spanId),
      text('parentSpanID', (span) => span.parentSpanId),
      text('operationName', (span) => span.name),
      text('serviceName', (span) => serviceName(span.resource)),
      text('kind', (span) => KINDS[span.kind] ?? 'unspecified'),
      { name: 'statusCode', type: 'int32', values: spans.map((span) => span.statusCode) },
      text('status', (span) => STATUSES[span.statusCode] ?? String(span.statusCode)),
      text('statusMessage', (span) => span.statusMessage),
      text('instrumentationLibraryName', (span) => span.scope.name),
      text('instrumentationLibraryVersion', (span) => span.scope.version),
      text('traceState', (span) => span.traceState),
      json('serviceTags', (span) => tagsOf(span.resource.attributes)),
      // The trace view reads fractional ms, not a time column; a span that starts at 0 would be dropped by it.
      number('startTime', (span) => Math.max(toMs(span.startTimeUnixNano), Number.MIN_VALUE)),
      number('duration', (span) => Math.max(0, toMs(durationNanos(span)))),
      json('logs', logsOf),
      json('references', referencesOf),
      json('tags', spanTags),
      json('warnings', warningsOf),
    ],
    meta: { preferredVisualisationType: 'trace', ...meta },
  };
}
