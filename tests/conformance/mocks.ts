/** @file Spans of the unit cases: a few attributes and numbers of a nested set, made into spans of a trace. */
import type { AttributeValue, KeyValue, Span, Trace } from '../../pkg/trace';

interface MockValue {
  type: string;
  value?: unknown;
}
export interface MockAttribute {
  name: string;
  scope?: string;
  intrinsic?: string;
  value: MockValue;
}
export interface MockSpan {
  id?: string;
  attributes?: MockAttribute[];
  nestedSetLeft?: number;
  nestedSetParent?: number;
  nestedSetRight?: number;
  durationNano?: string;
  startTimeUnixNano?: string;
}

/** A value of a case; durations in attributes are whole numbers of ns. */
export function mockValue({ type, value }: MockValue): AttributeValue {
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2);
    return (value as unknown[]).map((one) => mockValue({ type: element, value: one }));
  }
  switch (type) {
    case 'int':
    case 'duration':
      return BigInt(String(value));
    case 'float':
      return Number(value);
    case 'bool':
      return value === true || value === 'true';
    default:
      return String((value as string | undefined) ?? '');
  }
}

function attributesOf(span: MockSpan, scopes: string[]): KeyValue[] {
  return (span.attributes ?? [])
    .filter(({ scope, intrinsic }) => intrinsic === undefined && scopes.includes(scope ?? 'none'))
    .map(({ name, value }) => ({ key: name, value: mockValue(value) }));
}

function intrinsic(span: MockSpan, name: string): AttributeValue | undefined {
  const found = (span.attributes ?? []).find((attribute) => attribute.intrinsic === name);
  return found === undefined ? undefined : mockValue(found.value);
}

// Parents follow from the nested set: the span whose left number is this one's parent number.
function parentId(span: MockSpan, spans: readonly MockSpan[]): string {
  const parent = span.nestedSetParent ?? 0;
  if (parent <= 0) {
    return '';
  }
  const at = spans.findIndex((other) => other.nestedSetLeft === parent);
  return at >= 0 ? `span-${at}` : `absent-${parent}`;
}

/** One trace of mock spans; span i has the id `span-i`. */
export function mockTrace(spans: readonly MockSpan[], traceId = 'aa'): Trace {
  return {
    traceId,
    spans: spans.map((mock, i): Span => {
      const start = BigInt(mock.startTimeUnixNano ?? '0');
      const duration = intrinsic(mock, 'duration') ?? BigInt(mock.durationNano ?? '0');
      return {
        traceId,
        spanId: `span-${i}`,
        parentSpanId: parentId(mock, spans),
        traceState: '',
        flags: 0,
        name: String((intrinsic(mock, 'name') as string | undefined) ?? ''),
        kind: 0,
        startTimeUnixNano: start,
        endTimeUnixNano: start + (duration as bigint),
        attributes: attributesOf(mock, ['none', 'span']),
        droppedAttributesCount: 0,
        events: [],
        droppedEventsCount: 0,
        links: [],
        droppedLinksCount: 0,
        statusCode: 0,
        statusMessage: '',
        resource: { attributes: attributesOf(mock, ['resource']), droppedAttributesCount: 0, schemaUrl: '' },
        scope: { name: '', version: '', attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
      };
    }),
  };
}
