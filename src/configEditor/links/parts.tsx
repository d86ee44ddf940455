/** @file Fields that the settings of links share. */
import { DataSourcePicker } from '@grafana/runtime';
import { Box, Field, InlineField, InlineFieldRow, Input, Switch } from '@grafana/ui';
import React from 'react';
import { TextField } from '../TextField';

interface TargetProps {
  id: string;
  description: string;
  types: readonly string[];
  uid: string | undefined;
  onChange: (uid: string | undefined) => void;
}

/** The data source that a link leads to; only those that Grafana can link a span to. */
export function LinkTarget({ id, description, types, uid, onChange }: TargetProps) {
  return (
    <Field label="Data source" description={description} htmlFor={id}>
      <DataSourcePicker
        inputId={id}
        filter={({ type }) => types.includes(type)}
        current={uid ?? null}
        noDefault
        width={60}
        placeholder="none"
        onChange={(settings) => onChange(settings.uid)}
        onClear={() => onChange(undefined)}
      />
    </Field>
  );
}

const SHIFT = /^(-?\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w|M|y))?$|^0$/;

interface ShiftsProps {
  id: string;
  start: string | undefined;
  end: string | undefined;
  onChange: (change: { spanStartTimeShift?: string; spanEndTimeShift?: string }) => void;
}

/** How much longer than the span the linked time range is. */
export function TimeShifts({ id, start = '', end = '', onChange }: ShiftsProps) {
  const field = (label: string, value: string, key: 'spanStartTimeShift' | 'spanEndTimeShift', placeholder: string) => (
    <InlineField
      label={label}
      labelWidth={20}
      tooltip="Added to the time of the span; a duration such as -1h or 5m. A span is short, and clocks differ."
      invalid={!SHIFT.test(value)}
      error="Write a duration such as 5s, -1m or 2h"
    >
      <Input
        id={`${id}-${key}`}
        width={15}
        value={value}
        placeholder={placeholder}
        onChange={(event) => onChange({ [key]: event.currentTarget.value.trim() || undefined })}
      />
    </InlineField>
  );
  return (
    <Box marginBottom={2}>
      <InlineFieldRow>
        {field('Shift of the start', start, 'spanStartTimeShift', '-1m')}
        {field('Shift of the end', end, 'spanEndTimeShift', '1m')}
      </InlineFieldRow>
    </Box>
  );
}

interface CustomQueryProps {
  id: string;
  enabled: boolean;
  query: string | undefined;
  placeholder: string;
  onChange: (change: { customQuery?: boolean; query?: string }) => void;
}

/** A query of one's own instead of the one made from the attributes. */
export function CustomQuery({ id, enabled, query, placeholder, onChange }: CustomQueryProps) {
  return (
    <>
      <Field
        label="Use a query of your own"
        description="With variables of the span: ${__span.traceId}, ${__span.spanId}, ${__span.tags['name']}, and ${__tags} for the attributes above"
      >
        <Switch
          id={`${id}-custom`}
          value={enabled}
          onChange={(event) => onChange({ customQuery: event.currentTarget.checked })}
        />
      </Field>
      {enabled && (
        <TextField
          id={`${id}-query`}
          label="Query"
          placeholder={placeholder}
          value={query}
          onChange={(own = '') => onChange({ query: own })}
        />
      )}
    </>
  );
}
