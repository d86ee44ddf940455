/** @file Ad hoc filters of a dashboard, written into a query. */
import type { AdHocVariableFilter } from '@grafana/data';
import type { FilterOperator, TraceFilter } from '../types';
import { filterCondition } from './filters';
import { isTraceId, literalEnd } from './text';

/** One ad hoc filter as a TraceQL condition, or undefined when it is not complete. */
export function adHocCondition(filter: AdHocVariableFilter): string | undefined {
  const { key, operator, value, values } = filter;
  const several = operator === '=|' || operator === '!=|';
  const given: TraceFilter = {
    id: key,
    tag: key,
    operator: (several ? operator.slice(0, -1) : operator) as FilterOperator,
    value: several ? (values ?? [value]) : value,
  };
  // A filter does not say whether 200 is a number or a text.
  return operator ? filterCondition(given, { numbersMayBeText: true }) : undefined;
}

/**
 * Adds ad hoc filters to every `{ … }` of a query: `{ A } >> { B }` becomes `{ (A) && f } >> { (B) && f }`.
 * Braces inside string literals are left alone.
 */
export function addAdHocFilters(query: string, filters: AdHocVariableFilter[] | undefined): string {
  const conditions = (filters ?? []).map(adHocCondition).filter((text) => text !== undefined);
  if (conditions.length === 0 || isTraceId(query)) {
    return query;
  }
  const extra = conditions.join(' && ');
  let out = '';
  let start = -1;
  for (let i = 0; i < query.length; i++) {
    const char = query[i];
    if (char === '"' || char === '`') {
      const end = literalEnd(query, i);
      if (start < 0) {
        out += query.slice(i, end);
      }
      i = end - 1;
    } else if (char === '{' && start < 0) {
      start = i + 1;
    } else if (char === '}' && start >= 0) {
      const inner = query.slice(start, i).trim();
      out += inner === '' ? `{ ${extra} }` : `{ (${inner}) && ${extra} }`;
      start = -1;
    } else if (start < 0) {
      out += char;
    }
  }
  return start >= 0 ? query : out;
}
