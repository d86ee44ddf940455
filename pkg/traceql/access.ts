/** @file Attributes and intrinsics → functions that read them from a span. */
import type {
  AttributeValue,
  KeyValue,
  Resource,
  Scope as InstrumentationScope,
  Span,
  SpanEvent,
  SpanLink,
} from '../trace';
import type { AttributeRef } from './ast';
import { INTRINSICS, type Intrinsic, type ValueType } from './intrinsics';
import type { TraceView } from './trace-view';
import { toValue, type Value } from './values';

/** Where evaluation stands: one span of one trace, and one event and one link of it where the query asks for them. */
export interface Place {
  view: TraceView;
  span: Span;
  index: number;
  event: SpanEvent | undefined;
  link: SpanLink | undefined;
  /** Set when a `!` or `-` met a value it is not defined for: the span does not match. */
  failed: boolean;
}

export type Getter = (place: Place) => Value;

/** A compiled expression: its type as far as known, and how to compute it. */
export interface Compiled {
  readonly type: ValueType;
  readonly get: Getter;
}

function find(attributes: readonly KeyValue[], key: string): Value {
  for (let i = 0; i < attributes.length; i++) {
    const attribute = attributes[i] as KeyValue;
    if (attribute.key === key) {
      return toValue(attribute.value);
    }
  }
  return undefined;
}

// Spans share their resource by reference: the last answer is usually the next one.
function resourceGetter(read: (resource: Resource) => Value): (span: Span) => Value {
  let last: Resource | undefined;
  let value: Value;
  return (span) => {
    if (span.resource !== last) {
      last = span.resource;
      value = read(last);
    }
    return value;
  };
}

function scopeGetter(read: (scope: InstrumentationScope) => Value): (span: Span) => Value {
  let last: InstrumentationScope | undefined;
  let value: Value;
  return (span) => {
    if (span.scope !== last) {
      last = span.scope;
      value = read(last);
    }
    return value;
  };
}

/** Duration of a span in ns; a span that ends before it starts counts as 0. */
export function spanDuration(span: Span): bigint {
  const duration = span.endTimeUnixNano - span.startTimeUnixNano;
  return duration < 0n ? 0n : duration;
}

/** A trace id as TraceQL compares it: lower case, leading zeros dropped. */
export function bareTraceId(id: string): string {
  return id.replace(/^0+/, '');
}

function traceValue<T extends Value>(read: (view: TraceView) => T): Getter {
  let last: TraceView | undefined;
  let value: T | undefined;
  return (place) => {
    if (place.view !== last) {
      last = place.view;
      value = read(last);
    }
    return value;
  };
}

function intrinsicGetter(intrinsic: Intrinsic): Getter {
  switch (intrinsic) {
    case 'duration':
      return (place) => spanDuration(place.span);
    case 'name':
      return (place) => place.span.name;
    case 'status':
      return (place) => place.span.statusCode;
    case 'statusMessage':
      return (place) => place.span.statusMessage;
    case 'kind':
      return (place) => place.span.kind;
    case 'span:id':
      return (place) => place.span.spanId;
    case 'span:parentID':
      return (place) => place.span.parentSpanId;
    case 'span:childCount':
      return (place) => BigInt(place.view.childCount(place.index));
    case 'rootName':
      return traceValue((view) => view.rootName);
    case 'rootServiceName':
      return traceValue((view) => view.rootServiceName);
    case 'traceDuration':
      return traceValue((view) => view.durationNanos);
    case 'trace:id':
      return traceValue((view) => bareTraceId(view.trace.traceId));
    case 'nestedSetLeft':
      return (place) => BigInt(place.view.nestedSets.left[place.index] ?? 0);
    case 'nestedSetRight':
      return (place) => BigInt(place.view.nestedSets.right[place.index] ?? 0);
    case 'nestedSetParent':
      return (place) => BigInt(place.view.nestedSets.parent[place.index] ?? 0);
    case 'event:name':
      return (place) => place.event?.name;
    case 'event:timeSinceStart':
      return (place) =>
        place.event === undefined ? undefined : place.event.timeUnixNano - place.span.startTimeUnixNano;
    case 'link:spanID':
      return (place) => place.link?.spanId;
    case 'link:traceID':
      return (place) => place.link?.traceId;
    case 'instrumentation:name': {
      const read = scopeGetter((scope) => scope.name);
      return (place) => read(place.span);
    }
    case 'instrumentation:version': {
      const read = scopeGetter((scope) => scope.version);
      return (place) => read(place.span);
    }
    case 'parent':
      return () => undefined;
  }
}

/** Compiles a reference. Unscoped: the span's value, else the resource's, whatever its type. */
export function compileAttribute(attribute: AttributeRef): Compiled {
  const { name, intrinsic } = attribute;
  if (intrinsic !== undefined) {
    return { type: INTRINSICS[intrinsic].type, get: intrinsicGetter(intrinsic) };
  }
  const type = 'attribute';
  switch (attribute.scope) {
    case 'span':
      return { type, get: (place) => find(place.span.attributes, name) };
    case 'event':
      return { type, get: (place) => (place.event === undefined ? undefined : find(place.event.attributes, name)) };
    case 'link':
      return { type, get: (place) => (place.link === undefined ? undefined : find(place.link.attributes, name)) };
    case 'resource': {
      const read = resourceGetter((resource) => resourceValue(resource, name));
      return { type, get: (place) => read(place.span) };
    }
    case 'instrumentation': {
      const read = scopeGetter((scope) => find(scope.attributes, name));
      return { type, get: (place) => read(place.span) };
    }
    case 'none': {
      const read = resourceGetter((resource) => resourceValue(resource, name));
      return { type, get: (place) => find(place.span.attributes, name) ?? read(place.span) };
    }
  }
}

/**
 * What an attribute of a span, its resource or its scope holds, also where TraceQL has no type for it: maps, bytes, and
 * arrays that are empty or of several types.
 */
export function rawAttribute(attribute: AttributeRef, { span }: Place): AttributeValue | undefined {
  const held = (attributes: readonly KeyValue[]): AttributeValue | undefined =>
    attributes.find(({ key }) => key === attribute.name)?.value;
  if (attribute.intrinsic !== undefined) {
    return undefined;
  }
  switch (attribute.scope) {
    case 'span':
      return held(span.attributes);
    case 'resource':
      return held(span.resource.attributes);
    case 'instrumentation':
      return held(span.scope.attributes);
    case 'none':
      return held(span.attributes) ?? held(span.resource.attributes);
    default:
      return undefined;
  }
}

function resourceValue(resource: Resource, name: string): Value {
  if (name === 'service.name') {
    // The string is the service where the key is given twice.
    const text = resource.attributes.find((attribute) => attribute.key === name && typeof attribute.value === 'string');
    if (text !== undefined) {
      return toValue(text.value);
    }
  }
  return find(resource.attributes, name);
}

/** Whether reading the attribute needs an event, or a link. */
export function needs(attribute: AttributeRef): 'event' | 'link' | undefined {
  if (attribute.scope === 'event' || attribute.intrinsic?.startsWith('event:') === true) {
    return 'event';
  }
  return attribute.scope === 'link' || attribute.intrinsic?.startsWith('link:') === true ? 'link' : undefined;
}
