/** @file Edits the query of a template variable. */
import type { DataSourceApi, QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField, InlineFieldRow, Input } from '@grafana/ui';
import React from 'react';
import type { GenTDataSource } from '../datasource';
import type { GenTOptions, GenTQuery } from '../types';
import type { GenTVariableQuery } from './GenTVariableSupport';

type Props = QueryEditorProps<DataSourceApi<GenTQuery, GenTOptions>, GenTQuery, GenTOptions, GenTVariableQuery>;

const TYPES = [
  { label: 'Attribute values', value: 'values' as const },
  { label: 'Attribute names', value: 'names' as const },
];

export function VariableQueryEditor({ query, onChange, datasource: api, range }: Props) {
  // Grafana types the editor by the general class; it is only ever given the data source that owns the variable support.
  const datasource = api as GenTDataSource;
  const labelOptions = async (typed: string) => {
    const names = await datasource.tagNames(range);
    return names.filter((name) => name.includes(typed)).map((name) => ({ label: name, value: name }));
  };
  return (
    <InlineFieldRow>
      <InlineField label="Query type" labelWidth={20}>
        <Combobox
          id="gent-variable-type"
          options={TYPES}
          value={query.type ?? 'values'}
          width={25}
          onChange={({ value }) => onChange({ ...query, type: value })}
        />
      </InlineField>
      {query.type !== 'names' && (
        <>
          <InlineField
            label="Attribute"
            labelWidth={20}
            tooltip="As in TraceQL, for example resource.service.name or name"
          >
            <Combobox
              id="gent-variable-label"
              options={labelOptions}
              value={query.label ?? null}
              createCustomValue
              width={40}
              onChange={({ value }) => onChange({ ...query, label: value })}
            />
          </InlineField>
          <InlineField
            label="Filter"
            labelWidth={20}
            tooltip="Optional: only values of spans that match this TraceQL filter"
          >
            <Input
              id="gent-variable-filter"
              defaultValue={query.filter ?? ''}
              placeholder="{ status = error }"
              width={40}
              onBlur={(event) => onChange({ ...query, filter: event.currentTarget.value })}
            />
          </InlineField>
        </>
      )}
    </InlineFieldRow>
  );
}
