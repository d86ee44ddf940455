/** @file A search → its table. */
import type { SearchResult } from '../../query';
import { type Frame, searchFrame, withNotices } from '../frames';
import type { Instance } from '../instances';
import { generatedNotice, noticesOf, statsOf, withMeta } from './notices';
import { emptyNotices } from './emptiness';
import type { AnswerOptions, TraceqlQuery } from './options';

export async function answerSearch(instance: Instance, query: TraceqlQuery, options: AnswerOptions): Promise<Frame[]> {
  const result: SearchResult = await instance.engine.search({
    query: query.text,
    range: query.range,
    limit: query.limit,
    spansPerSpanSet: query.spansPerSpanSet,
    signal: options.signal,
  });
  return [await (options.valuesOnly ? searchTable : searchTableOrWhy)(instance, query, result)];
}

/** The table of what a search found. */
export function searchTable(instance: Instance, query: TraceqlQuery, result: SearchResult): Frame {
  const frame = withMeta(searchFrame(result, query.table, instance), {
    executedQueryString: query.text,
    stats: statsOf(result.stats),
  });
  const own = generatedNotice(result.traces.map((trace) => trace.provenance));
  return withNotices(frame, noticesOf(own, result.notices));
}

/** The same, or why nothing was found. */
export async function searchTableOrWhy(instance: Instance, query: TraceqlQuery, result: SearchResult): Promise<Frame> {
  const table = searchTable(instance, query, result);
  return result.traces.length > 0
    ? table
    : withNotices(table, await emptyNotices(instance, query.range, 'a trace that matches'));
}
