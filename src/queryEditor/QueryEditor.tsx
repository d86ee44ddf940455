/** @file The query editor: a tab for each kind of question, and how to show the answer. */
import { css } from '@emotion/css';
import {
  CoreApp,
  LoadingState,
  type PanelData,
  type QueryEditorProps,
  type QueryResultMetaNotice,
} from '@grafana/data';
import { Alert, InlineField, RadioButtonGroup, Stack } from '@grafana/ui';
import React, { useLayoutEffect, useRef, useState } from 'react';
import type { GenTDataSource } from '../datasource';
import { migrateQuery } from '../migration';
import { filtersFromTraceql, isTraceId, traceqlFromFilters } from '../traceql';
import { DEFAULT_QUERY, type GenTOptions, type GenTQuery, type GenTQueryType } from '../types';
import { ImportTab } from './ImportTab';
import { ModelsTab } from './models';
import { QueryOptions } from './QueryOptions';
import { filtersOf, SearchTab } from './search';
import { ServiceGraphTab } from './ServiceGraphTab';
import { TraceIdTab } from './TraceIdTab';
import { TraceQLTab } from './TraceQLTab';

type Props = QueryEditorProps<GenTDataSource, GenTQuery, GenTOptions>;
type Tab = Exclude<GenTQueryType, 'compareWindows'>;

const TABS: Array<{ label: string; value: Tab; description: string }> = [
  { label: 'Search', value: 'search', description: 'Traces by service, name, status, duration and tags' },
  { label: 'TraceQL', value: 'traceql', description: 'Search or metrics as text' },
  { label: 'Trace ID', value: 'traceId', description: 'One trace' },
  { label: 'Service graph', value: 'serviceGraph', description: 'Services, their calls, rates and errors' },
  { label: 'Models', value: 'models', description: 'What the store holds, and what changed between two windows' },
  { label: 'Import', value: 'import', description: 'A trace of a file' },
];

// A half of a split Explore is narrower than the tabs; the padding leaves room for the outline of what has the focus.
const narrow = css({ overflowX: 'auto', margin: -2, padding: 2 });

/** The change that shows the query in another tab. Texts are carried over where they mean the same. */
function toTab(given: GenTQuery, tab: Tab, options: GenTOptions): Partial<GenTQuery> {
  // The id of a trace in a file is in no store.
  const query = given.queryType === 'import' ? { ...given, query: '' } : given;
  switch (tab) {
    case 'search': {
      const { filters: _, ...withoutFilters } = query;
      const read = filtersFromTraceql(query.query) !== undefined;
      const filters = (read ? filtersOf(withoutFilters, options) : query.filters) ?? [];
      // What the builder shows is what is asked, also after a text that it cannot show.
      return { queryType: 'search', filters, query: traceqlFromFilters(filters) };
    }
    case 'traceql':
      return { queryType: 'traceql', query: query.query === '' ? (DEFAULT_QUERY.query ?? '') : query.query };
    case 'traceId':
      return isTraceId(query.query) ? { queryType: 'traceql' } : { queryType: 'traceId', query: '' };
    default:
      return { queryType: tab };
  }
}

/** What the backend remarks on an answer in which nothing was found: Grafana shows an empty table, and hides why. */
function emptiness(data: PanelData | undefined, refId: string): QueryResultMetaNotice[] {
  const frames = data?.series.filter((frame) => frame.refId === refId) ?? [];
  return data?.state === LoadingState.Done && frames.every(({ length }) => length === 0)
    ? frames.flatMap(({ meta }) => meta?.notices ?? [])
    : [];
}

export function QueryEditor({ query: given, onChange, onRunQuery, app, data, range, datasource }: Props) {
  const stored = migrateQuery({ ...DEFAULT_QUERY, ...given, query: given.query ?? DEFAULT_QUERY.query ?? '' });
  // Hex digits typed as TraceQL stay there; an id from elsewhere is shown as one.
  const [typing, setTyping] = useState(false);
  const { queryType = 'traceql' } = stored;
  const tab: Tab =
    queryType === 'compareWindows'
      ? 'models'
      : queryType === 'traceql' && isTraceId(stored.query) && !typing
        ? 'traceId'
        : queryType;
  const alerting = app === CoreApp.UnifiedAlerting;
  const query = stored;
  const latest = useRef(query);
  useLayoutEffect(() => {
    latest.current = query;
  });
  /** Grafana's Combobox may report a choice again while Explore draws it, for ever: only what differs goes on. */
  const update = (change: Partial<GenTQuery>): boolean => {
    const next = { ...latest.current, ...change };
    const differs = JSON.stringify(next) !== JSON.stringify(latest.current);
    if (differs) {
      onChange(next);
    }
    return differs;
  };
  const updateAndRun = (change: Partial<GenTQuery>) => {
    if (update(change)) {
      onRunQuery();
    }
  };
  // In Explore a person runs the query; a panel follows its editor.
  const updateSearch = app === CoreApp.Explore ? update : updateAndRun;
  const show = (next: Tab) => {
    setTyping(next === 'traceql');
    updateAndRun(toTab(query, next, datasource.options));
  };
  const offered: Partial<Record<Tab, boolean>> = {
    search: !datasource.options.search?.hide,
    // A file is open in one tab of one browser: no dashboard can show it.
    import: app === CoreApp.Explore,
  };
  const tabs = TABS.filter(({ value }) => (offered[value] ?? true) || value === tab);
  const nothing = emptiness(data, query.refId);
  const error = data?.errors?.find(({ refId }) => refId === query.refId);

  return (
    <div className={narrow}>
      <Stack direction="column" gap={1}>
        {!alerting && (
          <InlineField label="Query type" labelWidth={14}>
            <RadioButtonGroup id={`gent-query-type-${query.refId}`} options={tabs} value={tab} onChange={show} />
          </InlineField>
        )}
        {tab === 'search' && (
          <SearchTab
            query={query}
            datasource={datasource}
            range={range}
            onChange={updateSearch}
            onOpenInTraceql={() => show('traceql')}
          />
        )}
        {tab === 'traceql' && (
          <TraceQLTab
            query={query}
            datasource={datasource}
            range={range}
            onChange={(change) => {
              setTyping(true);
              update(change);
            }}
            onRunQuery={onRunQuery}
            onOpenInSearch={alerting ? undefined : () => show('search')}
          />
        )}
        {tab === 'traceId' && <TraceIdTab query={query} onChange={update} onRunQuery={onRunQuery} />}
        {tab === 'serviceGraph' && (
          <ServiceGraphTab query={query} datasource={datasource} range={range} onChange={updateAndRun} />
        )}
        {tab === 'models' && (
          <ModelsTab query={query} datasource={datasource} onChange={updateAndRun} onRunQuery={onRunQuery} />
        )}
        {tab === 'import' && <ImportTab query={query} datasource={datasource} onChange={updateAndRun} />}
        {(tab === 'search' || tab === 'traceql') && (
          <QueryOptions
            query={query}
            streamingDefaults={alerting ? undefined : (datasource.options.streamingEnabled ?? {})}
            onChange={update}
            onRunQuery={onRunQuery}
          />
        )}
        {nothing.map(({ severity, text }) => (
          <Alert key={text} severity={severity} title={text} />
        ))}
        {error?.message !== undefined && app !== CoreApp.Explore && (
          <Alert severity="error" title="The query could not be answered">
            {error.message}
          </Alert>
        )}
      </Stack>
    </div>
  );
}
