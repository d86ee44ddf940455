/** @file Tag names and tag values, as an editor asks for them while a query is typed. */
import { limit } from '../common';
import type { AttributeValue, KeyValue, Trace } from '../trace';
import { AnswerBytes, valueBytes } from './answer-bytes';
import { KIND_NAMES, STATUS_NAMES, type AttributeRef, type FieldExpr, type Query, type Stage } from './ast';
import { compileAttribute, needs, type Place } from './access';
import { visitAttributes } from './compile';
import { isComparison } from './fold';
import { mentionedIn, spansetStages } from './mentions';
import { attributeType } from './parse-field';
import { compilePipeline } from './pipeline';
import { judge, type StaticSpan, type Tri } from './static-spans';
import { compareStrings } from './statics';
import { TraceView } from './trace-view';
import { toValue, type Value } from './values';

/** A value of a tag; `keyword` for statuses and kinds. */
export interface TagValueEntry {
  readonly type: 'string' | 'int' | 'float' | 'bool' | 'duration' | 'keyword';
  readonly value: string;
}

type NamedScope = 'resource' | 'span' | 'event' | 'link' | 'instrumentation';

/** Gathers from traces, one after another. */
export interface TagCollector<T> {
  observe(trace: Trace): void;
  result(): T;
}

/** Gathers values from traces, and values that are known without them. */
export interface TagValueCollector extends TagCollector<TagValueEntry[]> {
  include(values: readonly AttributeValue[]): void;
}

// Suggestions are not narrowed by attributes without a scope: such conditions count as true, as in Tempo.
function scopedOnly(expression: FieldExpr): FieldExpr {
  if (expression.kind !== 'binary') {
    return expression;
  }
  if (isComparison(expression.operator)) {
    let unscoped = false;
    visitAttributes(expression, (attribute) => {
      unscoped ||= attribute.scope === 'none' && attribute.intrinsic === undefined;
    });
    return unscoped ? { kind: 'static', value: { type: 'bool', value: true }, at: expression.at } : expression;
  }
  return { ...expression, left: scopedOnly(expression.left), right: scopedOnly(expression.right) };
}

function scopedStages(query: Query): Stage[] {
  return spansetStages(query).map((stage) =>
    stage.kind === 'filter' ? { ...stage, expression: scopedOnly(stage.expression) } : stage
  );
}

/**
 * Whether tags of the spans of a class are listed: the condition of a query that is one filter, as suggestions read it.
 * undefined: more than one filter decides.
 */
export function compileTagPredicate(query: Query): ((span: StaticSpan) => Tri) | undefined {
  const [stage, more] = scopedStages(query);
  return stage?.kind === 'filter' && more === undefined ? (span) => judge(stage.expression, span) : undefined;
}

function matchingPlaces(stages: readonly Stage[], visit: (place: Place) => void): (trace: Trace) => void {
  const run = compilePipeline(stages);
  return (trace) => {
    const view = new TraceView(trace);
    for (const set of run(view)) {
      for (const index of set.spans) {
        const span = trace.spans[index];
        if (span !== undefined) {
          visit({ view, span, index, event: undefined, link: undefined, failed: false });
        }
      }
    }
  };
}

function entryOf(value: string | boolean | bigint | number): TagValueEntry {
  switch (typeof value) {
    case 'string':
      return { type: 'string', value };
    case 'boolean':
      return { type: 'bool', value: String(value) };
    case 'bigint':
      return { type: 'int', value: value.toString() };
    default:
      return {
        type: 'float',
        value: Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toFixed(1) : String(value),
      };
  }
}

// Every value counts here, wherever the attribute is: in the span and in the resource, in each event and link.
function readersOf(tag: AttributeRef): Array<(place: Place) => Value> {
  if (tag.intrinsic === undefined && tag.scope === 'none') {
    return [compileAttribute({ ...tag, scope: 'span' }).get, compileAttribute({ ...tag, scope: 'resource' }).get];
  }
  return [compileAttribute(tag).get];
}

function eachPlace(place: Place, need: 'event' | 'link' | undefined, visit: () => void): void {
  if (need === 'event') {
    place.span.events.forEach((event) => {
      place.event = event;
      visit();
    });
  } else if (need === 'link') {
    place.span.links.forEach((link) => {
      place.link = link;
      visit();
    });
  } else {
    visit();
  }
}

/** Types of tags whose values nobody can list: durations and ids. */
function isOpenEnded(tag: AttributeRef): boolean {
  const ids = ['trace:id', 'span:id', 'span:parentID', 'link:traceID', 'link:spanID'];
  return attributeType(tag) === 'duration' || ids.includes(tag.intrinsic ?? '');
}

/**
 * The values that a tag has in spans matching the query (parsed with parseIncomplete), sorted by type and value.
 * Statuses and kinds are the fixed keywords; durations and ids have no list.
 */
export function compileTagValues(query: Query, tag: AttributeRef): TagValueCollector {
  const fixed = tag.intrinsic === 'status' ? STATUS_NAMES : tag.intrinsic === 'kind' ? KIND_NAMES : undefined;
  if (fixed !== undefined || isOpenEnded(tag)) {
    const entries = (fixed ?? []).map((value): TagValueEntry => ({ type: 'keyword', value }));
    return { observe: () => undefined, include: () => undefined, result: () => entries };
  }
  const most = limit('TRACEQL_TAG_VALUES');
  const found = new Map<string, TagValueEntry>();
  const bytes = new AnswerBytes();
  const add = (value: AttributeValue | undefined) => {
    if (
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      typeof value === 'bigint' ||
      typeof value === 'number'
    ) {
      const entry = entryOf(value);
      const key = `${entry.type} ${entry.value}`;
      if (found.size < most && !found.has(key)) {
        bytes.add(valueBytes(entry.value));
        found.set(key, entry);
      }
    }
  };
  const readers = readersOf(tag);
  const need = needs(tag);
  const observe = matchingPlaces(scopedStages(query), (place) => {
    eachPlace(place, need, () => {
      for (const read of readers) {
        const value = read(place);
        if (typeof value === 'object') {
          value.forEach(add);
        } else {
          add(value);
        }
      }
    });
  });
  return {
    observe,
    include: (values) => {
      for (const value of values) {
        const seen = toValue(value);
        if (typeof seen === 'object') {
          seen.forEach(add);
        } else {
          add(seen);
        }
      }
    },
    result: () =>
      [...found.values()].sort((a, b) => compareStrings(a.type, b.type) || compareStrings(a.value, b.value)),
  };
}

/** The names of attributes, by scope, of spans matching the query; sorted. */
export function compileTagNames(query: Query): TagCollector<Record<NamedScope, string[]>> {
  const found: Record<NamedScope, Set<string>> = {
    resource: new Set(),
    span: new Set(),
    event: new Set(),
    link: new Set(),
    instrumentation: new Set(),
  };
  const most = limit('TRACEQL_TAG_VALUES');
  const seen = new Set<unknown>();
  const bytes = new AnswerBytes();
  const add = (scope: NamedScope, attributes: readonly KeyValue[]) => {
    for (const { key, value } of attributes) {
      if (value !== null && found[scope].size < most && !found[scope].has(key)) {
        bytes.add(valueBytes(key));
        found[scope].add(key);
      }
    }
  };
  const observe = matchingPlaces(scopedStages(query), ({ span }) => {
    add('span', span.attributes);
    // Spans share these by reference.
    if (!seen.has(span.resource)) {
      seen.add(span.resource);
      add('resource', span.resource.attributes);
    }
    if (!seen.has(span.scope)) {
      seen.add(span.scope);
      add('instrumentation', span.scope.attributes);
    }
    span.events.forEach((event) => {
      add('event', event.attributes);
    });
    span.links.forEach((link) => {
      add('link', link.attributes);
    });
  });
  return {
    observe,
    result: () => {
      const sorted = (scope: NamedScope) => [...found[scope]].sort(compareStrings);
      return {
        resource: sorted('resource'),
        span: sorted('span'),
        event: sorted('event'),
        link: sorted('link'),
        instrumentation: sorted('instrumentation'),
      };
    },
  };
}

/** The attributes a query's spanset part mentions, each once: what its answers carry. */
export function mentionedAttributes(query: Query): AttributeRef[] {
  return mentionedIn(spansetStages(query));
}
