/** @file Hints: `with (…)` at the end of a query. Unknown hints and hints of another type than theirs mean nothing. */
import type { Query } from './ast';

/** The hints that have a meaning here. */
export interface Hints {
  /** Newest traces first, however long it takes (answers here always are). */
  readonly mostRecent?: boolean;
  /** false, or how many exemplars; overrides what the request asks for. */
  readonly exemplars?: boolean | number;
}

export function hintsOf(query: Query): Hints {
  let hints: Hints = {};
  for (const { name, value } of query.hints) {
    if (name === 'most_recent' && value.type === 'bool') {
      hints = { ...hints, mostRecent: value.value };
    } else if (name === 'exemplars' && (value.type === 'bool' || value.type === 'int')) {
      hints = { ...hints, exemplars: value.type === 'bool' ? value.value : Number(value.value) };
    }
  }
  return hints;
}
