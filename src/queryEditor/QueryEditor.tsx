/** @file The query editor: what to ask (TraceQL, a trace id, or the models) and how to show it. */
import { CoreApp, type QueryEditorProps } from '@grafana/data';
import { Alert, InlineField, RadioButtonGroup, Stack } from '@grafana/ui';
import React from 'react';
import type { GenTDataSource } from '../datasource';
import { DEFAULT_QUERY, type GenTOptions, type GenTQuery, type GenTQueryType } from '../types';
import { QueryOptions } from './QueryOptions';
import { TraceQLField } from './TraceQLField';

type Props = QueryEditorProps<GenTDataSource, GenTQuery, GenTOptions>;

const QUERY_TYPES: Array<{ label: string; value: GenTQueryType; description: string }> = [
  { label: 'TraceQL', value: 'traceql', description: 'Search, metrics, or a trace id' },
  { label: 'Models', value: 'models', description: 'The models in the store: window, traces, bytes' },
];

export function QueryEditor({ query: given, onChange, onRunQuery, app, data, range, datasource }: Props) {
  const query: GenTQuery = { ...DEFAULT_QUERY, ...given, query: given.query ?? DEFAULT_QUERY.query ?? '' };
  const update = (change: Partial<GenTQuery>) => onChange({ ...query, ...change });
  const error = data?.errors?.find(({ refId }) => refId === query.refId);

  return (
    <Stack direction="column" gap={1}>
      {app !== CoreApp.UnifiedAlerting && (
        <InlineField label="Query type" labelWidth={14}>
          <RadioButtonGroup
            id={`gent-query-type-${query.refId}`}
            options={QUERY_TYPES}
            value={query.queryType ?? 'traceql'}
            onChange={(queryType) => {
              update({ queryType });
              onRunQuery();
            }}
          />
        </InlineField>
      )}
      {query.queryType !== 'models' && (
        <>
          <TraceQLField
            query={query.query}
            datasource={datasource}
            range={range}
            onChange={(text) => update({ query: text })}
            onRunQuery={onRunQuery}
          />
          <QueryOptions query={query} onChange={update} onRunQuery={onRunQuery} />
        </>
      )}
      {error?.message !== undefined && app !== CoreApp.Explore && (
        <Alert severity="error" title="The query could not be answered">
          {error.message}
        </Alert>
      )}
    </Stack>
  );
}
