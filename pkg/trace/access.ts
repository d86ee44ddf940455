/** @file Small readers of spans and attributes that every room uses. */
import type { AttributeValue, KeyValue, Resource, Span, Trace } from './types';

/** The value of the first attribute with this key, or undefined. */
export function attributeValue(attributes: readonly KeyValue[], key: string): AttributeValue | undefined {
  for (const attribute of attributes) {
    if (attribute.key === key) {
      return attribute.value;
    }
  }
  return undefined;
}

/** `service.name` of a resource, '' when it has none or it is not a string. */
export function serviceName(resource: Resource): string {
  const value = attributeValue(resource.attributes, 'service.name');
  return typeof value === 'string' ? value : '';
}

/** End − start in ns; negative when the clocks say so. */
export function durationNanos(span: Span): bigint {
  return span.endTimeUnixNano - span.startTimeUnixNano;
}

/** Earliest start and latest end of a trace in ns; a trace without spans gives zeros. */
export function traceBounds(trace: Trace): { start: bigint; end: bigint } {
  let start: bigint | undefined;
  let end = 0n;
  for (const span of trace.spans) {
    if (start === undefined || span.startTimeUnixNano < start) {
      start = span.startTimeUnixNano;
    }
    if (span.endTimeUnixNano > end) {
      end = span.endTimeUnixNano;
    }
  }
  return { start: start ?? 0n, end };
}

/** The root that TraceQL means: the last span with an empty parent id; undefined when there is none. */
export function rootSpan(trace: Trace): Span | undefined {
  for (let i = trace.spans.length - 1; i >= 0; i--) {
    const span = trace.spans[i];
    if (span !== undefined && span.parentSpanId === '') {
      return span;
    }
  }
  return undefined;
}
