/** @file The conditions that the search builder shows as fields of their own; all others are rows of tags. */
import { filtersFromTraceql } from '../../traceql';
import type { FilterOperator, GenTOptions, GenTQuery, TraceFilter } from '../../types';

/** What the builder always shows unless the settings say otherwise. */
export const DEFAULT_FIELDS: TraceFilter[] = [
  { id: 'service-name', scope: 'resource', tag: 'service.name', operator: '=', value: [] },
  { id: 'span-name', scope: 'intrinsic', tag: 'name', operator: '=', value: [] },
];

export const STATUS: TraceFilter = { id: 'status', scope: 'intrinsic', tag: 'status', operator: '=', value: [] };
export const MIN_DURATION: TraceFilter = {
  id: 'min-duration',
  scope: 'intrinsic',
  tag: 'duration',
  operator: '>',
  value: '',
  valueType: 'duration',
};
export const MAX_DURATION: TraceFilter = { ...MIN_DURATION, id: 'max-duration', operator: '<' };

/** Conditions with a field of their own: those of the settings, or the service and the span's name. */
export function staticFields(options: GenTOptions): TraceFilter[] {
  const configured = (options.search?.filters ?? []).filter(({ tag }) => tag !== '');
  return configured.length > 0 ? configured : DEFAULT_FIELDS;
}

const DURATIONS = new Set(['duration', 'traceDuration', 'span:duration', 'trace:duration']);
const LOWER: ReadonlySet<FilterOperator> = new Set(['>', '>=']);
const UPPER: ReadonlySet<FilterOperator> = new Set(['<', '<=']);

function fieldOf(filter: TraceFilter, fields: readonly TraceFilter[]): string | undefined {
  if (DURATIONS.has(filter.tag) && (LOWER.has(filter.operator) || UPPER.has(filter.operator))) {
    return LOWER.has(filter.operator) ? MIN_DURATION.id : MAX_DURATION.id;
  }
  const same = [...fields, STATUS].find(
    ({ tag, scope }) => tag === filter.tag && (scope ?? filter.scope) === filter.scope
  );
  return same?.id;
}

/** The conditions of a query, each that has a field of its own under the field's id. */
export function filtersOf(query: GenTQuery, options: GenTOptions): TraceFilter[] {
  const fields = staticFields(options);
  if (query.filters !== undefined) {
    return query.filters;
  }
  const read = filtersFromTraceql(query.query) ?? [];
  const taken = new Set<string>();
  const named = read.map((filter) => {
    const id = fieldOf(filter, fields);
    if (id === undefined || taken.has(id)) {
      return filter;
    }
    taken.add(id);
    return { ...filter, id };
  });
  // Values in the settings are where a new search begins.
  return named.length > 0 ? named : fields.filter(({ value }) => value !== undefined && value.length > 0);
}

/** The list with the condition put in place of the one with its id, or added. */
export function withFilter(filters: readonly TraceFilter[], filter: TraceFilter): TraceFilter[] {
  return filters.some(({ id }) => id === filter.id)
    ? filters.map((one) => (one.id === filter.id ? filter : one))
    : [...filters, filter];
}

/** An id that no condition of the list has. */
export function freshId(filters: readonly TraceFilter[]): string {
  let number = filters.length;
  while (filters.some(({ id }) => id === `tag-${number}`)) {
    number++;
  }
  return `tag-${number}`;
}
