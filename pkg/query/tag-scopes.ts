/** @file Tag names by scope, as requests ask for them. */
import { GentError } from '../common';
import { INTRINSICS } from '../traceql';
import type { TagNamesRequest, TagScope } from './types';

/** What Tempo does not offer either: it cannot be filtered by, or only machines want it. */
const NOT_OFFERED = /^(parent|nestedSet.*|span:childCount)$/;

/** Every spelling of the intrinsics that an editor offers. */
const INTRINSIC_NAMES = Object.entries(INTRINSICS)
  .filter(([name]) => !NOT_OFFERED.test(name))
  .flatMap(([, row]) => [...('bare' in row ? [row.bare] : []), ...('scoped' in row ? [row.scoped] : [])])
  .sort();

const SCOPES: ReadonlyArray<TagScope | 'none'> = [
  ...(['none', 'resource', 'span', 'intrinsic', 'event', 'link', 'instrumentation'] as const),
];

/**
 * The scopes a request asks for, each cut to its limit. Without a scope (or with `none`) all of them.
 * @throws GentError QUERY_BAD_REQUEST for an unknown scope
 */
export function scopedNames(
  found: Readonly<Record<Exclude<TagScope, 'intrinsic'>, readonly string[]>>,
  request: Pick<TagNamesRequest, 'scope' | 'limit'>
): Partial<Record<TagScope, string[]>> {
  const { scope, limit } = request;
  if (scope !== undefined && !SCOPES.includes(scope)) {
    throw new GentError('QUERY_BAD_REQUEST', `the scope ${String(scope)} is not one of ${SCOPES.join(', ')}`);
  }
  const all: Partial<Record<TagScope, readonly string[]>> = { ...found, intrinsic: INTRINSIC_NAMES };
  const wanted = Object.entries(all).filter(
    ([name, names]) =>
      (scope === undefined || scope === 'none' || scope === name) && (names.length > 0 || scope === name)
  );
  return Object.fromEntries(wanted.map(([name, names]) => [name, limit ? names.slice(0, limit) : [...names]]));
}
