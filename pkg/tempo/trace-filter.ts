/** @file A part of one trace: the spans that match a filter, and as much of the tree around them as is asked for. */
import { GentError } from '../common';
import type { Trace } from '../trace';
import { compileSearch, mentionedAttributes, parseQuery, printAttribute } from '../traceql';
import { parseUint } from './go-values';
import type { Params } from './params';

/** Which spans of a trace are wanted. */
export interface TraceFilter {
  readonly keep: (trace: Trace) => ReadonlySet<string>;
  /** Levels of children of a matching span that stay. */
  readonly matchDepth: number;
  /** Levels of parents of a matching span that stay; all of them: Infinity. */
  readonly ancestorDepth: number;
}

/** What belongs to the trace as a whole says nothing about its spans. */
const OF_TRACE = new Set(['rootName', 'rootServiceName', 'traceDuration']);

/**
 * The filter of `q`, `keep_hierarchy`, `match_depth` and `ancestor_depth`; undefined without `q`.
 * @throws GentError QUERY_BAD_REQUEST when `q` is more than one filter of spans, TRACEQL_ when it is no TraceQL
 */
export function traceFilter(params: Params): TraceFilter | undefined {
  const text = params.get('q');
  if (text === undefined || text.trim() === '') {
    return undefined;
  }
  const query = parseQuery(text);
  if (query.kind !== 'search' || query.stages.length !== 1 || query.stages[0]?.kind !== 'filter') {
    throw new GentError(
      'QUERY_BAD_REQUEST',
      'invalid TraceQL filter: only a single TraceQL filter is supported: got a structural or aggregate query'
    );
  }
  const wrong = mentionedAttributes(query).find(({ intrinsic }) => intrinsic !== undefined && OF_TRACE.has(intrinsic));
  if (wrong !== undefined) {
    throw new GentError(
      'QUERY_BAD_REQUEST',
      `invalid TraceQL filter: intrinsic is not supported by this filter: "${printAttribute(wrong)}"`
    );
  }
  const match = compileSearch(query, { spansPerSpanSet: Number.MAX_SAFE_INTEGER });
  const depth = (name: string) => {
    const given = params.get(name);
    return given === undefined || given === '' ? 0 : Number(parseUint(name, given));
  };
  return {
    keep: (trace) => new Set(match(trace)?.spanSets.flatMap((set) => set.spans.map((span) => span.spanId))),
    matchDepth: depth('match_depth'),
    ancestorDepth: params.get('keep_hierarchy') === 'true' ? Infinity : depth('ancestor_depth'),
  };
}

/** @returns the trace with the wanted spans only, the very same one when that is all of them */
export function filterTrace(trace: Trace, filter: TraceFilter): Trace {
  const kept = new Set(filter.keep(trace));
  const parentOf = new Map(trace.spans.map((span) => [span.spanId, span.parentSpanId]));
  const childrenOf = new Map<string, string[]>();
  for (const { spanId, parentSpanId } of trace.spans) {
    const siblings = childrenOf.get(parentSpanId);
    if (siblings === undefined) {
      childrenOf.set(parentSpanId, [spanId]);
    } else {
      siblings.push(spanId);
    }
  }
  const matched = [...kept];
  for (const id of matched) {
    const path = new Set([id]);
    for (let up = parentOf.get(id), level = 0; up && level < filter.ancestorDepth && !path.has(up); level++) {
      path.add(up);
      up = parentOf.get(up);
    }
    path.forEach((ancestor) => kept.add(ancestor));
  }
  let level = matched;
  const below = new Set(matched);
  for (let depth = 0; depth < filter.matchDepth && level.length > 0; depth++) {
    level = level.flatMap((id) => childrenOf.get(id) ?? []).filter((id) => !below.has(id));
    level.forEach((id) => below.add(id));
  }
  below.forEach((id) => kept.add(id));
  const spans = trace.spans.filter((span) => kept.has(span.spanId));
  return spans.length === trace.spans.length ? trace : { ...trace, spans };
}
