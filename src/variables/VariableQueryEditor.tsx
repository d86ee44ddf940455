/** @file Edits the query of a template variable. */
import type { DataSourceApi, QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField, InlineFieldRow, Input } from '@grafana/ui';
import React from 'react';
import { AttributeCombobox, ServiceCombobox } from '../components';
import type { GenTDataSource } from '../datasource';
import type { FilterScope, GenTOptions, GenTQuery } from '../types';
import type { GenTVariableQuery, VariableType } from './GenTVariableSupport';

type Props = QueryEditorProps<DataSourceApi<GenTQuery, GenTOptions>, GenTQuery, GenTOptions, GenTVariableQuery>;

const TYPES: Array<{ label: string; value: VariableType; description: string }> = [
  { label: 'Attribute values', value: 'values', description: 'Values of one attribute or intrinsic' },
  { label: 'Attribute names', value: 'names', description: 'As TraceQL writes them' },
  { label: 'Services', value: 'services', description: 'Values of resource.service.name' },
  { label: 'Operations', value: 'operations', description: 'Span names, of one service or of all' },
  { label: 'Models', value: 'models', description: 'Ids of the models in the store' },
];

const SCOPES: Array<{ label: string; value: FilterScope | 'all' }> = [
  { label: 'all', value: 'all' },
  { label: 'resource', value: 'resource' },
  { label: 'span', value: 'span' },
  { label: 'intrinsic', value: 'intrinsic' },
  { label: 'event', value: 'event' },
  { label: 'link', value: 'link' },
  { label: 'instrumentation', value: 'instrumentation' },
];

export function VariableQueryEditor({ query, onChange, datasource: api, range }: Props) {
  // Grafana types the editor by the general class; it is only ever given the data source that owns the variable support.
  const datasource = api as GenTDataSource;
  const { type = 'values' } = query;
  const update = (change: Partial<GenTVariableQuery>) => onChange({ ...query, type, ...change });
  return (
    <>
      <InlineFieldRow>
        <InlineField label="Query type" labelWidth={20}>
          <Combobox
            id="gent-variable-type"
            options={TYPES}
            value={type}
            width={30}
            onChange={({ value }) => update({ type: value })}
          />
        </InlineField>
        {type === 'names' && (
          <InlineField label="Scope" labelWidth={20}>
            <Combobox
              id="gent-variable-scope"
              options={SCOPES}
              value={query.scope ?? 'all'}
              width={30}
              onChange={({ value }) => update({ scope: value === 'all' ? undefined : value })}
            />
          </InlineField>
        )}
        {type === 'values' && (
          <InlineField
            label="Attribute"
            labelWidth={20}
            tooltip="As in TraceQL, for example resource.service.name or name"
            htmlFor="gent-variable-label"
          >
            <AttributeCombobox
              id="gent-variable-label"
              value={query.label ?? ''}
              datasource={datasource}
              range={range}
              width={40}
              onChange={(label) => update({ label: label || undefined })}
            />
          </InlineField>
        )}
        {type === 'operations' && (
          <InlineField
            label="Service"
            labelWidth={20}
            tooltip="Only span names of this service; a variable works too"
            htmlFor="gent-variable-service"
          >
            <ServiceCombobox
              id="gent-variable-service"
              value={query.service ?? ''}
              datasource={datasource}
              range={range}
              placeholder="all services"
              onChange={(service) => update({ service: service || undefined })}
            />
          </InlineField>
        )}
      </InlineFieldRow>
      {(type === 'values' || type === 'services') && (
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
            onBlur={(event) => update({ filter: event.currentTarget.value || undefined })}
          />
        </InlineField>
      )}
    </>
  );
}
