/** @file Queries as older versions, links and Grafana's Tempo data source store them → the query of today. */
import { filtersFromTraceql, isTraceId, traceqlFromFilters } from './traceql';
import type { GenTQuery, GenTQueryType, TraceFilter } from './types';

/** Fields that Grafana's Tempo data source has, or had. */
interface ForeignFields {
  serviceName?: string;
  spanName?: string;
  minDuration?: string;
  maxDuration?: string;
  /** logfmt: `http.method=GET error=true`. */
  search?: string;
}

type StoredQuery = Omit<GenTQuery, 'queryType'> & { queryType?: string } & ForeignFields;

const TYPES: Record<string, GenTQueryType> = {
  '': 'traceql',
  traceql: 'traceql',
  search: 'search',
  traceId: 'traceId',
  serviceGraph: 'serviceGraph',
  models: 'models',
  compareWindows: 'compareWindows',
  import: 'import',
  traceqlSearch: 'search',
  nativeSearch: 'search',
  serviceMap: 'serviceGraph',
  upload: 'import',
};

function nativeFilters({ serviceName, spanName, minDuration, maxDuration, search }: ForeignFields): TraceFilter[] {
  const filters: TraceFilter[] = [];
  const add = (filter: Omit<TraceFilter, 'id' | 'value'> & { id: string; value?: string }) => {
    if (filter.value) {
      filters.push({ ...filter, value: filter.value });
    }
  };
  add({ id: 'service-name', scope: 'resource', tag: 'service.name', operator: '=', value: serviceName });
  add({ id: 'span-name', scope: 'intrinsic', tag: 'name', operator: '=', value: spanName });
  add({ id: 'min-duration', scope: 'intrinsic', tag: 'duration', operator: '>', value: minDuration });
  add({ id: 'max-duration', scope: 'intrinsic', tag: 'duration', operator: '<', value: maxDuration });
  for (const [, tag = '', quoted, plain] of (search ?? '').matchAll(/([^\s=]+)=(?:"([^"]*)"|(\S+))/g)) {
    add({ id: `tag-${filters.length}`, scope: 'unscoped', tag, operator: '=', value: quoted ?? plain });
  }
  return filters;
}

/** Tempo keeps whether durations are of the span or the trace in a condition of its own. */
function withoutDurationType(filters: readonly TraceFilter[]): TraceFilter[] {
  const ofTrace = filters.some(({ id, value }) => id === 'duration-type' && value === 'trace');
  return filters
    .filter(({ id }) => id !== 'duration-type')
    .map((filter) =>
      filter.id === 'min-duration' || filter.id === 'max-duration'
        ? { ...filter, scope: 'intrinsic' as const, tag: ofTrace ? 'traceDuration' : filter.tag }
        : filter
    );
}

/** The query in today's form; the same object when there is nothing to change. Never throws. */
export function migrateQuery(stored: GenTQuery): GenTQuery {
  const { serviceName, spanName, minDuration, maxDuration, search, ...rest } = stored as StoredQuery;
  const foreign = { serviceName, spanName, minDuration, maxDuration, search };
  const isNative = rest.queryType === 'nativeSearch' || Object.values(foreign).some((value) => value !== undefined);
  const queryType: GenTQueryType = isNative ? 'search' : (TYPES[rest.queryType ?? ''] ?? 'traceql');
  // A link may ask for a search by an id: it means the trace.
  if (queryType === rest.queryType && !isNative && !(rest.filters ?? []).some(({ id }) => id === 'duration-type')) {
    return stored;
  }
  const query = rest.query ?? '';
  if (queryType !== 'search' || isTraceId(query)) {
    return { ...rest, query, queryType: isTraceId(query) && queryType === 'search' ? 'traceql' : queryType };
  }
  const filters = isNative
    ? nativeFilters(foreign)
    : withoutDurationType(rest.filters ?? filtersFromTraceql(query) ?? []);
  return { ...rest, queryType, filters, query: traceqlFromFilters(filters) };
}
