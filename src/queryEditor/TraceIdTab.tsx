/** @file Opens one trace by its id. */
import { InlineField, Input } from '@grafana/ui';
import React, { type KeyboardEvent } from 'react';
import { isTraceId } from '../traceql';
import type { GenTQuery } from '../types';

interface Props {
  query: GenTQuery;
  onChange: (change: Partial<GenTQuery>) => void;
  onRunQuery: () => void;
}

const VARIABLE = /^\s*(\$\w+|\$\{[^}]+\}|\[\[\w+\]\])\s*$/;

export function TraceIdTab({ query, onChange, onRunQuery }: Props) {
  const text = query.query;
  const valid = text === '' || isTraceId(text) || VARIABLE.test(text);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      onRunQuery();
    }
  };
  return (
    <InlineField
      label="Trace ID"
      labelWidth={14}
      grow
      invalid={!valid}
      error="A trace id is up to 32 hexadecimal digits, or a variable"
      tooltip="A generated trace keeps its id: it names the model and the trace's number in it"
    >
      <Input
        id={`gent-trace-id-${query.refId}`}
        value={text}
        placeholder="8b51e36eaee3265bec099d0c5c63fd37"
        spellCheck={false}
        onChange={(event) => {
          const value = event.currentTarget.value;
          // Grafana's links to a span of the same trace look for TraceQL with an id.
          onChange({ query: value.trim(), queryType: isTraceId(value) ? 'traceql' : 'traceId' });
        }}
        onKeyDown={onKeyDown}
        onBlur={() => valid && text !== '' && onRunQuery()}
      />
    </InlineField>
  );
}
