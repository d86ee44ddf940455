/** @file Free conditions: a scope, an attribute, an operator and values; rows are added and removed. */
import type { TimeRange } from '@grafana/data';
import { Button, Combobox, Stack } from '@grafana/ui';
import React, { useCallback } from 'react';
import { AttributeCombobox, HiddenLabel } from '../../components';
import type { GenTDataSource } from '../../datasource';
import { splitAttribute } from '../../traceql';
import type { FilterScope, TraceFilter } from '../../types';
import { ConditionField } from './ConditionField';

interface Props {
  /** Beginning of the ids of the fields. */
  id: string;
  filters: TraceFilter[];
  datasource: GenTDataSource;
  range?: TimeRange;
  /** The query that all conditions but one make. */
  othersOf: (filter: TraceFilter) => string;
  onChange: (filter: TraceFilter) => void;
  onRemove: (filter: TraceFilter) => void;
  onAdd: () => void;
}

const SCOPES: Array<{ label: string; value: FilterScope; description?: string }> = [
  { label: 'unscoped', value: 'unscoped', description: 'of the span, or else of its resource' },
  { label: 'resource', value: 'resource' },
  { label: 'span', value: 'span' },
  { label: 'intrinsic', value: 'intrinsic', description: 'name, duration, status, kind …' },
  { label: 'event', value: 'event' },
  { label: 'link', value: 'link' },
  { label: 'instrumentation', value: 'instrumentation' },
];

function TagAttribute({
  id,
  filter,
  datasource,
  range,
  onChange,
}: Omit<Props, 'filters' | 'othersOf' | 'onRemove' | 'onAdd'> & { filter: TraceFilter }) {
  const { scope = 'unscoped' } = filter;
  const accept = useCallback(
    (name: string) => {
      const found = splitAttribute(name).scope;
      return scope === 'unscoped' ? found === 'span' || found === 'resource' : found === scope;
    },
    [scope]
  );
  const shorten = useCallback((name: string) => splitAttribute(name).tag, []);
  return (
    <>
      <HiddenLabel htmlFor={`${id}-scope`}>Scope of the tag</HiddenLabel>
      <Combobox
        id={`${id}-scope`}
        options={SCOPES}
        value={scope}
        width={16}
        onChange={({ value }) => onChange({ ...filter, scope: value, tag: '', value: [] })}
      />
      <HiddenLabel htmlFor={`${id}-tag`}>Name of the tag</HiddenLabel>
      <AttributeCombobox
        key={scope}
        id={`${id}-tag`}
        value={filter.tag}
        datasource={datasource}
        range={range}
        accept={accept}
        shorten={shorten}
        placeholder="tag"
        width={26}
        onChange={(typed) => {
          // A name that is typed with its scope brings the scope along.
          const { scope: given, tag } = splitAttribute(typed);
          const { valueType: _type, ...rest } = filter;
          onChange({ ...rest, scope: given ?? scope, tag, value: [] });
        }}
      />
    </>
  );
}

export function TagRows({ id, filters, datasource, range, othersOf, onChange, onRemove, onAdd }: Props) {
  return (
    <Stack direction="column" gap={0.5} alignItems="flex-start">
      {filters.map((filter) => (
        <Stack key={filter.id} direction="row" gap={0} alignItems="center" wrap="wrap">
          <TagAttribute
            id={`${id}-${filter.id}`}
            filter={filter}
            datasource={datasource}
            range={range}
            onChange={onChange}
          />
          <ConditionField
            id={`${id}-${filter.id}`}
            name={filter.tag || 'Tag'}
            filter={filter}
            datasource={datasource}
            range={range}
            others={othersOf(filter)}
            width={30}
            onChange={onChange}
          />
          <Button
            variant="secondary"
            icon="times"
            aria-label={`Remove the tag ${filter.tag}`.trim()}
            tooltip="Remove the tag"
            onClick={() => onRemove(filter)}
          />
        </Stack>
      ))}
      <Button variant="secondary" icon="plus" onClick={onAdd}>
        Add tag
      </Button>
    </Stack>
  );
}
