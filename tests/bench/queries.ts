/** @file Five typical queries as data, for whoever evaluates them: this engine, or another beside it. */

export interface TypicalQuery {
  /** What it stands for. */
  readonly what: string;
  /** TraceQL, about the set nezha-onlineboutique-10k. */
  readonly query: string;
  readonly kind: 'search' | 'metrics';
  readonly target?: string;
}

export const DATA_SET = 'nezha-onlineboutique-10k.otlp.ndjson.gz';

export const TYPICAL_QUERIES: readonly TypicalQuery[] = [
  {
    what: 'filter',
    kind: 'search',
    query: '{ resource.service.name = "currencyservice" && duration > 5ms }',
    target: '≥ 1,000,000 spans/s',
  },
  {
    what: 'structural',
    kind: 'search',
    query: '{ resource.service.name = "frontend" } >> { resource.service.name = "adservice" && duration > 5ms }',
  },
  {
    what: 'aggregate',
    kind: 'search',
    query: '{ resource.service.name = "productcatalogservice" } | avg(duration) > 2ms',
  },
  { what: 'by', kind: 'metrics', query: '{ } | rate() by (resource.service.name, name)' },
  {
    what: 'quantile',
    kind: 'metrics',
    query: '{ } | quantile_over_time(duration, .5, .9, .99) by (resource.service.name)',
  },
];
