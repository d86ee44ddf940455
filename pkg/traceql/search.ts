/** @file Searches: one trace in, its summary out when it matches. */
import { limit } from '../common';
import { serviceName, StatusCode, type AttributeValue, type KeyValue, type Trace } from '../trace';
import type { AttributeRef, Query } from './ast';
import { rawAttribute, spanDuration, type Place } from './access';
import { compileValue } from './compile';
import { mentionedIn, spansetStages } from './mentions';
import { printAttribute } from './print';
import { compilePipeline, type WorkingSet } from './pipeline';
import type { MatchedSpan, SpanSet, TraceSummary } from './results';
import { TraceView } from './trace-view';
import { toAnswer } from './values';

/** What a search says instead of a service when the trace has no root yet. */
export const NO_ROOT = '<root span not yet received>';

export interface SearchOptions {
  /** Spans at most in each spanset; default 3, 0 = all. */
  readonly spansPerSpanSet?: number;
}

// The summary says these itself.
const IN_SUMMARY = new Set<string>([
  ...['name', 'duration', 'traceDuration', 'rootName', 'rootServiceName', 'trace:id', 'span:id'],
]);

interface Decoration {
  readonly key: string;
  readonly read: (place: Place) => AttributeValue | undefined;
}

/** @param selected - attributes that select() names: they come back whatever they hold */
function decorations(attributes: readonly AttributeRef[], selected: readonly AttributeRef[]): Decoration[] {
  const names = new Set(selected.map((attribute) => printAttribute(attribute)));
  return attributes
    .filter((attribute) => attribute.intrinsic === undefined || !IN_SUMMARY.has(attribute.intrinsic))
    .map((attribute): Decoration => {
      const { type, get } = compileValue({ kind: 'attribute', attribute, at: 0 }, limit('TRACEQL_EVENT_PAIRS'));
      const whole = names.has(printAttribute(attribute));
      return {
        key: attribute.name,
        read: (place) => toAnswer(get(place), type) ?? (whole ? rawAttribute(attribute, place) : undefined),
      };
    });
}

function keyValue(key: string, value: AttributeValue | undefined): KeyValue[] {
  return value === undefined ? [] : [{ key, value }];
}

function serviceStats(trace: Trace): Record<string, { spanCount: number; errorCount: number }> {
  const stats = new Map<string, { spanCount: number; errorCount: number }>();
  for (const span of trace.spans) {
    const service = serviceName(span.resource);
    let entry = stats.get(service);
    if (entry === undefined) {
      entry = { spanCount: 0, errorCount: 0 };
      stats.set(service, entry);
    }
    entry.spanCount++;
    entry.errorCount += span.statusCode === (StatusCode.Error as number) ? 1 : 0;
  }
  return Object.fromEntries(stats);
}

/**
 * Compiles the spanset part of a query (all of a search, what precedes the first metrics function otherwise).
 * @returns a function from a trace to its summary, undefined when the trace does not match
 */
export function compileSearch(query: Query, options: SearchOptions = {}): (trace: Trace) => TraceSummary | undefined {
  const stages = spansetStages(query);
  const run = compilePipeline(stages);
  const mentioned = mentionedIn(stages);
  const withName = mentioned.some((attribute) => attribute.intrinsic === 'name');
  const decorate = decorations(mentioned, mentionedIn(stages.filter(({ kind }) => kind === 'select')));
  const most = options.spansPerSpanSet ?? 3;

  const matchedSpan = (place: Place, index: number): MatchedSpan | undefined => {
    const span = place.view.spans[index];
    if (span === undefined) {
      return undefined;
    }
    place.span = span;
    place.index = index;
    place.event = undefined;
    place.link = undefined;
    return {
      spanId: span.spanId,
      ...(withName ? { name: span.name } : {}),
      startTimeUnixNano: span.startTimeUnixNano,
      durationNanos: spanDuration(span),
      attributes: decorate.flatMap(({ key, read }) => keyValue(key, read(place) ?? undefined)),
    };
  };
  const spanSet = (place: Place, set: WorkingSet): SpanSet => ({
    spans: (most === 0 ? set.spans : set.spans.slice(0, most)).flatMap((index) => matchedSpan(place, index) ?? []),
    matched: set.spans.length,
    attributes: set.attributes.flatMap(({ key, value, type }) => keyValue(key, toAnswer(value, type))),
  });

  return (trace) => {
    const view = new TraceView(trace);
    const sets = run(view);
    const [span] = trace.spans;
    if (sets.length === 0 || span === undefined) {
      return undefined;
    }
    const place: Place = { view, span, index: 0, event: undefined, link: undefined, failed: false };
    return {
      traceId: trace.traceId,
      rootServiceName: view.root === undefined ? NO_ROOT : view.rootServiceName,
      rootTraceName: view.rootName,
      startTimeUnixNano: view.startTimeUnixNano,
      durationNanos: view.durationNanos,
      spanSets: sets.map((set) => spanSet(place, set)),
      serviceStats: serviceStats(trace),
    };
  };
}

/** Evaluates a query on one trace; compile once with {@link compileSearch} for many. */
export function searchTrace(query: Query, trace: Trace, options: SearchOptions = {}): TraceSummary | undefined {
  return compileSearch(query, options)(trace);
}
