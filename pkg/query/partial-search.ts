/**
 * @file A search in parts: the newest stretch of time first, then ever more of it, until the newest traces are certain.
 * Works over any engine: each part is a search of its own, and what the engine looked at for one it knows for the next.
 */
import type { SearchRequest, SearchResult, TimeRange, TracesEngine } from './types';

/** The first stretch is this part of the range; each that follows is FACTOR times as long. */
const FIRST_PART = 64n;
const FACTOR = 4n;

/** The beginnings of the stretches, which all end where the range does; the last is the whole range. */
export function stretches({ start, end }: TimeRange): TimeRange[] {
  const ranges: TimeRange[] = [];
  for (let part = FIRST_PART; part > 1n; part /= FACTOR) {
    const from = end - (end - start) / part;
    if (from > start) {
      ranges.push({ start: from, end });
    }
  }
  return [...ranges, { start, end }];
}

/** Whether more time cannot change what was found: `limit` traces, all of which begin within the stretch. */
function settled({ traces }: SearchResult, limit: number, { start }: TimeRange): boolean {
  const oldest = traces[traces.length - 1];
  return oldest !== undefined && traces.length >= limit && oldest.startTimeUnixNano >= start;
}

/** One part of a search. */
export interface SearchPart {
  readonly result: SearchResult;
  /** The last part: what `engine.search` answers. */
  readonly done: boolean;
  /** Traces that begin here or later are part of the whole answer; of the others only the last part knows. */
  readonly certainFrom: bigint;
}

/**
 * Answers a search in parts; the last one is what `engine.search` answers.
 * @param request - with its range and limit
 */
export async function* searchInParts(
  engine: TracesEngine,
  request: SearchRequest & { readonly range: TimeRange; readonly limit: number }
): AsyncGenerator<SearchPart, void, void> {
  const ranges = stretches(request.range);
  for (const [i, range] of ranges.entries()) {
    const result = await engine.search({ ...request, range });
    const done = i === ranges.length - 1 || settled(result, request.limit, range);
    yield { result, done, certainFrom: range.start };
    if (done) {
      return;
    }
  }
}
