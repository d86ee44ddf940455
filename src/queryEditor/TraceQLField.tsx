/** @file The text of a query: several lines, run with Shift+Enter, with a word on what the text will do. */
import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeRange } from '@grafana/data';
import { Button, Combobox, Stack, Text, TextArea, useStyles2 } from '@grafana/ui';
import React, { useState, type KeyboardEvent } from 'react';
import type { GenTDataSource } from '../datasource';
import { isMetricsText, isTraceId } from '../traceql';

interface Props {
  query: string;
  datasource: GenTDataSource;
  range?: TimeRange;
  onChange: (text: string) => void;
  onRunQuery: () => void;
}

function kindOf(text: string): string {
  if (text.trim() === '') {
    return 'Write a TraceQL query such as { status = error }, or paste a trace id.';
  }
  if (isTraceId(text)) {
    return 'Opens the trace with this id.';
  }
  return isMetricsText(text) ? 'Metrics: draws time series.' : 'Search: lists the traces that match.';
}

export function TraceQLField({ query, datasource, range, onChange, onRunQuery }: Props) {
  const styles = useStyles2(getStyles);
  const [picked, setPicked] = useState<string | null>(null);

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Enter' && (event.shiftKey || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onRunQuery();
    }
  };

  const attributes = async (typed: string) => {
    const names = await datasource.tagNames(range);
    return names
      .filter((name) => name.toLowerCase().includes(typed.toLowerCase()))
      .map((name) => ({ label: name, value: name }));
  };

  const values = async (typed: string) => {
    const found = picked === null ? [] : await datasource.tagValues(picked, undefined, range);
    return found.filter((value) => value.includes(typed)).map((value) => ({ label: value || '(empty)', value }));
  };

  const addCondition = (value: string) => {
    if (picked === null) {
      return;
    }
    const bare = ['status', 'kind', 'span:status', 'span:kind'].includes(picked) || /^-?\d+(\.\d+)?$/.test(value);
    const condition = `${picked} = ${bare ? value : JSON.stringify(value)}`;
    const empty = /^\s*(\{\s*\})?\s*$/.test(query);
    const closing = query.lastIndexOf('}');
    const next =
      empty || closing < 0
        ? `{ ${condition} }`
        : `${query.slice(0, closing).trimEnd()} && ${condition} }${query.slice(closing + 1)}`;
    setPicked(null);
    onChange(next);
  };

  return (
    <Stack direction="column" gap={0.5}>
      <TextArea
        aria-label="TraceQL query"
        className={styles.text}
        value={query}
        rows={Math.min(8, Math.max(2, query.split('\n').length))}
        spellCheck={false}
        placeholder='{ resource.service.name = "checkout" && status = error }'
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={onRunQuery}
      />
      <Stack direction="row" gap={1} alignItems="center" wrap="wrap">
        <Text variant="bodySmall" color="secondary">
          {kindOf(query)} Shift+Enter runs it.
        </Text>
        <Combobox
          aria-label="Attribute to add"
          placeholder="Add a condition: attribute"
          options={attributes}
          value={picked}
          width={32}
          onChange={({ value }) => setPicked(value)}
        />
        {picked !== null && (
          <>
            <Combobox
              key={picked}
              aria-label="Value to add"
              placeholder="value"
              options={values}
              value={null}
              width={28}
              createCustomValue
              onChange={({ value }) => addCondition(value)}
            />
            <Button
              size="sm"
              variant="secondary"
              icon="times"
              aria-label="Cancel the condition"
              onClick={() => setPicked(null)}
            />
          </>
        )}
      </Stack>
    </Stack>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  text: css({ fontFamily: theme.typography.fontFamilyMonospace, fontSize: theme.typography.code.fontSize }),
});
