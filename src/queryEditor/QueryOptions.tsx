/** @file How much to return and how to show it. Only what applies to the kind of query is offered. */
import { InlineField, InlineFieldRow, Input, RadioButtonGroup } from '@grafana/ui';
import React from 'react';
import { isMetricsText, isTraceId } from '../traceql';
import { DEFAULT_LIMIT, DEFAULT_SPSS, type GenTQuery, type TableType } from '../types';

interface Props {
  query: GenTQuery;
  onChange: (change: Partial<GenTQuery>) => void;
  onRunQuery: () => void;
}

const TABLE_TYPES: Array<{ label: string; value: TableType }> = [
  { label: 'Traces', value: 'traces' },
  { label: 'Spans', value: 'spans' },
  { label: 'Raw', value: 'raw' },
];
const METRICS_TYPES = [
  { label: 'Range', value: 'range' as const },
  { label: 'Instant', value: 'instant' as const },
];
const MODES = [
  {
    label: 'Auto',
    value: 'auto' as const,
    description: 'Exact from counts where they suffice, else generated or estimated',
  },
  { label: 'Estimate', value: 'estimate' as const, description: 'From a part of the traces, with a 95% interval' },
  { label: 'Everything', value: 'full' as const, description: 'Generate every trace of the range' },
];

function positive(text: string): number | undefined {
  const value = Number.parseInt(text, 10);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

export function QueryOptions({ query, onChange, onRunQuery }: Props) {
  const set = (change: Partial<GenTQuery>) => {
    onChange(change);
    onRunQuery();
  };
  if (isTraceId(query.query)) {
    return null;
  }
  if (isMetricsText(query.query)) {
    return (
      <InlineFieldRow>
        <InlineField label="Type" labelWidth={14}>
          <RadioButtonGroup
            options={METRICS_TYPES}
            value={query.metricsQueryType ?? 'range'}
            onChange={(metricsQueryType) => set({ metricsQueryType })}
          />
        </InlineField>
        <InlineField
          label="Step"
          tooltip="A duration such as 30s or 1m; empty follows the panel. Multiples of a model's count bucket are answered exactly."
        >
          <Input
            aria-label="Step"
            width={10}
            placeholder="auto"
            value={query.step ?? ''}
            onChange={(event) => onChange({ step: event.currentTarget.value.trim() || undefined })}
            onBlur={onRunQuery}
          />
        </InlineField>
        <InlineField label="Answer" tooltip="What to do when counts alone cannot answer">
          <RadioButtonGroup options={MODES} value={query.mode ?? 'auto'} onChange={(mode) => set({ mode })} />
        </InlineField>
      </InlineFieldRow>
    );
  }
  return (
    <InlineFieldRow>
      <InlineField label="Limit" labelWidth={14} tooltip="Traces at most">
        <Input
          aria-label="Limit"
          type="number"
          min={1}
          width={10}
          placeholder={String(DEFAULT_LIMIT)}
          value={query.limit ?? ''}
          onChange={(event) => onChange({ limit: positive(event.currentTarget.value) })}
          onBlur={onRunQuery}
        />
      </InlineField>
      <InlineField label="Span limit" tooltip="Spans at most in each spanset">
        <Input
          aria-label="Span limit"
          type="number"
          min={1}
          width={10}
          placeholder={String(DEFAULT_SPSS)}
          value={query.spss ?? ''}
          onChange={(event) => onChange({ spss: positive(event.currentTarget.value) })}
          onBlur={onRunQuery}
        />
      </InlineField>
      <InlineField label="Table format">
        <RadioButtonGroup
          options={TABLE_TYPES}
          value={query.tableType ?? 'traces'}
          onChange={(tableType) => set({ tableType })}
        />
      </InlineField>
    </InlineFieldRow>
  );
}
