/** @file How much to return and how to show it. Only what applies to the kind of query is offered. */
import { InlineField, InlineFieldRow, InlineSwitch, Input, RadioButtonGroup } from '@grafana/ui';
import React from 'react';
import { isMetricsText, isTraceId } from '../traceql';
import { DEFAULT_LIMIT, DEFAULT_SPSS, type GenTOptions, type GenTQuery, type TableType } from '../types';

interface Props {
  query: GenTQuery;
  /** What is streamed where the query does not say; left out where nothing ever is. */
  streamingDefaults?: NonNullable<GenTOptions['streamingEnabled']>;
  onChange: (change: Partial<GenTQuery>) => void;
  onRunQuery: () => void;
}

const TABLE_TYPES: Array<{ label: string; value: TableType; description: string }> = [
  { label: 'Traces', value: 'traces', description: 'A row a trace; the matched spans fold out' },
  { label: 'Spans', value: 'spans', description: 'A row a matched span, with the attributes of the query' },
  { label: 'Raw', value: 'raw', description: 'Each trace of the answer as JSON' },
];
const METRICS_TYPES = [
  { label: 'Range', value: 'range' as const, description: 'Series over the time range' },
  { label: 'Instant', value: 'instant' as const, description: 'One value for the whole time range' },
];
const MODES = [
  {
    label: 'Auto',
    value: 'auto' as const,
    description: 'Exact from counts where they suffice, else generated or estimated',
  },
  {
    label: 'Estimate quickly',
    value: 'estimate' as const,
    description: 'From a part of the traces, with a wider 95% interval',
  },
  { label: 'Generate everything', value: 'full' as const, description: 'Every trace of the range, within the limits' },
];
/** What the backend returns when nothing is asked for. */
const DEFAULT_EXEMPLARS = 100;

function whole(text: string, least: number): number | undefined {
  const value = Number.parseInt(text, 10);
  return Number.isFinite(value) && value >= least ? value : undefined;
}

interface NumberFieldProps {
  label: string;
  tooltip: string;
  labelWidth?: number;
  value: number | undefined;
  placeholder: number;
  least: number;
  onChange: (value: number | undefined) => void;
  onRunQuery: () => void;
}

function NumberField({
  label,
  tooltip,
  labelWidth,
  value,
  placeholder,
  least,
  onChange,
  onRunQuery,
}: NumberFieldProps) {
  return (
    <InlineField label={label} tooltip={tooltip} labelWidth={labelWidth}>
      <Input
        aria-label={label}
        type="number"
        min={least}
        width={10}
        placeholder={String(placeholder)}
        value={value ?? ''}
        onChange={(event) => onChange(whole(event.currentTarget.value, least))}
        onBlur={onRunQuery}
      />
    </InlineField>
  );
}

export function QueryOptions({ query, streamingDefaults, onChange, onRunQuery }: Props) {
  const set = (change: Partial<GenTQuery>) => {
    onChange(change);
    onRunQuery();
  };
  if (isTraceId(query.query)) {
    return null;
  }
  const streaming = (kind: 'search' | 'metrics', tooltip: string) =>
    streamingDefaults !== undefined && (
      <InlineField label="Streaming" tooltip={tooltip}>
        <InlineSwitch
          id={`gent-streaming-${query.refId}`}
          value={query.streaming ?? streamingDefaults[kind] ?? false}
          onChange={(event) => set({ streaming: event.currentTarget.checked })}
        />
      </InlineField>
    );
  if (isMetricsText(query.query)) {
    return (
      <>
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
            tooltip="A duration such as 30s or 1m; empty follows the panel, but no finer than the data source's shortest step. Whole minutes are answered from counts, exactly."
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
          <NumberField
            label="Exemplars"
            tooltip="Traces shown as points on the graph at most; 0 shows none"
            value={query.exemplars}
            placeholder={DEFAULT_EXEMPLARS}
            least={0}
            onChange={(exemplars) => onChange({ exemplars })}
            onRunQuery={onRunQuery}
          />
          {query.metricsQueryType !== 'instant' &&
            streaming('metrics', 'Draws the beginning of the graph while the rest is computed')}
        </InlineFieldRow>
        <InlineFieldRow>
          <InlineField label="Answer" labelWidth={14} tooltip="What to do when counts alone cannot answer">
            <RadioButtonGroup options={MODES} value={query.mode ?? 'auto'} onChange={(mode) => set({ mode })} />
          </InlineField>
          <InlineField
            label="Band"
            tooltip="Draws around each value the 95% interval of the real one: the error of the sample and, where models were measured, of the models"
          >
            <InlineSwitch
              id={`gent-intervals-${query.refId}`}
              value={query.intervals ?? true}
              onChange={(event) => set({ intervals: event.currentTarget.checked ? undefined : false })}
            />
          </InlineField>
        </InlineFieldRow>
      </>
    );
  }
  return (
    <InlineFieldRow>
      <NumberField
        label="Limit"
        labelWidth={14}
        tooltip="Traces at most"
        value={query.limit}
        placeholder={DEFAULT_LIMIT}
        least={1}
        onChange={(limit) => onChange({ limit })}
        onRunQuery={onRunQuery}
      />
      <NumberField
        label="Span limit"
        tooltip="Spans at most in each spanset"
        value={query.spss}
        placeholder={DEFAULT_SPSS}
        least={1}
        onChange={(spss) => onChange({ spss })}
        onRunQuery={onRunQuery}
      />
      <InlineField label="Table format">
        <RadioButtonGroup
          options={TABLE_TYPES}
          value={query.tableType ?? 'traces'}
          onChange={(tableType) => set({ tableType })}
        />
      </InlineField>
      {streaming('search', 'Shows what is found while the search goes on')}
    </InlineFieldRow>
  );
}
