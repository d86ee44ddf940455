/** @file A query as text: what it will do or what is wrong with it, and buttons to lay it out or open it in the builder. */
import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeRange } from '@grafana/data';
import { Button, Stack, Text, useStyles2 } from '@grafana/ui';
import React, { useMemo } from 'react';
import type { GenTDataSource } from '../datasource';
import { filtersFromTraceql, isMetricsText } from '../traceql';
import { type CheckState, TraceQLEditor, useQueryCheck } from '../traceqlEditor';
import type { GenTQuery } from '../types';

interface Props {
  query: GenTQuery;
  datasource: GenTDataSource;
  range?: TimeRange;
  onChange: (change: Partial<GenTQuery>) => void;
  onRunQuery: () => void;
  /** Shows the text in the search builder; left out where there is none. */
  onOpenInSearch?: () => void;
}

const VARIABLE = /\$\{?\w|\[\[\w/;

/** One line on what the text is. */
function describe(text: string, check: CheckState): string {
  switch (check.kind) {
    case 'empty':
      return 'Write a query such as { status = error }, or paste a trace id. Ctrl+Space lists what can be typed.';
    case 'traceId':
      return 'Opens the trace with this id.';
    case 'metrics':
      return 'Metrics: draws time series.';
    case 'search':
      return 'Search: lists the traces that match.';
    case 'error': {
      const { message, hint, line, column } = check.error;
      const place = VARIABLE.test(text) ? 'With the values of the variables' : `Line ${line}, column ${column}`;
      return `${place}: ${message}. What to do: ${hint}.`;
    }
    case 'unknown':
      return isMetricsText(text) ? 'Metrics: draws time series.' : 'Search: lists the traces that match.';
  }
}

export function TraceQLTab({ query, datasource, range, onChange, onRunQuery, onOpenInSearch }: Props) {
  const styles = useStyles2(getStyles);
  const text = query.query;
  const check = useQueryCheck(text, datasource.checkQuery);
  const source = useMemo(() => datasource.completionSource(range), [datasource, range]);
  const format = () => {
    datasource.checkQuery(text).then(
      (checked) => {
        // Variables are filled in for the check: the text with them is not the user's.
        if ((checked.kind === 'search' || checked.kind === 'metrics') && !VARIABLE.test(text)) {
          onChange({ query: checked.formatted });
        }
      },
      () => undefined
    );
  };
  const canFormat = (check.kind === 'search' || check.kind === 'metrics') && !VARIABLE.test(text);

  return (
    <Stack direction="column" gap={0.5}>
      <TraceQLEditor
        value={text}
        source={source}
        // With variables filled in the place is another one.
        error={check.kind === 'error' && !VARIABLE.test(text) ? check.error : undefined}
        placeholder="{ status = error }, or a trace id (run with Shift+Enter)"
        onChange={(query) => onChange({ query })}
        onRunQuery={onRunQuery}
        onFormat={format}
      />
      <Stack direction="row" gap={1} alignItems="flex-start" justifyContent="space-between">
        <div role="status" className={styles.status}>
          <Text variant="bodySmall" color={check.kind === 'error' ? 'error' : 'secondary'}>
            {describe(text, check)} {check.kind === 'empty' || check.kind === 'error' ? '' : 'Shift+Enter runs it.'}
          </Text>
        </div>
        <Stack direction="row" gap={1} shrink={0}>
          <Button
            size="sm"
            variant="secondary"
            fill="text"
            icon="brackets-curly"
            disabled={!canFormat}
            tooltip={canFormat ? 'Lays the query out (Shift+Alt+F)' : 'Only a whole query without variables'}
            onClick={format}
          >
            Format
          </Button>
          {onOpenInSearch !== undefined && filtersFromTraceql(text) !== undefined && (
            <Button size="sm" variant="secondary" fill="text" icon="search" onClick={onOpenInSearch}>
              Edit in Search
            </Button>
          )}
        </Stack>
      </Stack>
    </Stack>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  status: css({ flex: 1, minWidth: 0, paddingTop: theme.spacing(0.25) }),
});
