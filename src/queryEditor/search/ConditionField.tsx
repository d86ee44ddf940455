/** @file An operator and the values of one attribute, completed from the traces that match the other conditions. */
import type { TimeRange } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { Combobox, Stack } from '@grafana/ui';
import React, { useMemo, useRef } from 'react';
import { HiddenLabel, useStableCallback, ValuesField } from '../../components';
import type { GenTDataSource } from '../../datasource';
import { attributeText, valuesOf } from '../../traceql';
import type { FilterOperator, FilterValueType, TraceFilter } from '../../types';

interface Props {
  /** Beginning of the ids of the fields; also the name for screen readers. */
  id: string;
  name: string;
  filter: TraceFilter;
  datasource: GenTDataSource;
  range?: TimeRange;
  /** The query that the other conditions make. */
  others: string;
  /** Of the values, in units of 8 px. */
  width?: number;
  onChange: (filter: TraceFilter) => void;
}

const OPERATORS: Array<{ label: string; value: FilterOperator; description: string }> = [
  { label: '=', value: '=', description: 'any of the values' },
  { label: '!=', value: '!=', description: 'none of the values' },
  { label: '=~', value: '=~', description: 'matches the regular expression' },
  { label: '!~', value: '!~', description: 'does not match' },
  { label: '>', value: '>', description: 'greater' },
  { label: '>=', value: '>=', description: 'greater or equal' },
  { label: '<', value: '<', description: 'less' },
  { label: '<=', value: '<=', description: 'less or equal' },
];

export function ConditionField({ id, name, filter, datasource, range, others, width = 40, onChange }: Props) {
  const { scope, tag, operator } = filter;
  const types = useRef(new Map<string, FilterValueType>());
  const options = useStableCallback(async (typed: string) => {
    if (tag === '') {
      return [];
    }
    const values = await datasource.typedTagValues(attributeText(tag, scope), others, range);
    values.forEach(({ value, type }) => types.current.set(value, type));
    const variables = getTemplateSrv()
      .getVariables()
      .map((variable) => ({ label: `$${variable.name}`, value: `$${variable.name}`, description: 'variable' }));
    const known = values.map(({ value }) => ({ label: value === '' ? '(empty)' : value, value }));
    return [...known, ...variables].filter(({ label }) => label.toLowerCase().includes(typed.toLowerCase()));
  });
  const set = (chosen: string[]) => {
    const known = new Set(chosen.map((value) => types.current.get(value) ?? filter.valueType));
    const [valueType] = known.size === 1 ? [...known] : [];
    const { valueType: _before, ...rest } = filter;
    onChange({ ...rest, value: chosen, ...(valueType === undefined ? {} : { valueType }) });
  };
  const values = valuesOf(filter);
  const key = values.join('\u0000');
  // The same list until a value changes: the field takes another one for a change of its own.
  const chosenOptions = useMemo(
    () => (key === '' ? [] : key.split('\u0000').map((value) => ({ label: value, value }))),
    [key]
  );
  const single = ['>', '>=', '<', '<='].includes(operator);
  const valueId = `${id}-value`;

  return (
    <Stack direction="row" gap={0}>
      <HiddenLabel htmlFor={`${id}-operator`}>{`${name}: operator`}</HiddenLabel>
      <Combobox
        id={`${id}-operator`}
        options={OPERATORS}
        value={operator}
        width={9}
        onChange={({ value }) => onChange({ ...filter, operator: value })}
      />
      <HiddenLabel htmlFor={valueId}>{`${name}: value`}</HiddenLabel>
      {single ? (
        <Combobox
          id={valueId}
          key={`${tag}-one`}
          options={options}
          value={values[0] ?? null}
          placeholder="value"
          width={width}
          createCustomValue
          isClearable
          onChange={(option) => set(option === null ? [] : [option.value])}
        />
      ) : (
        <ValuesField
          id={valueId}
          key={`${tag}-many`}
          options={options}
          value={chosenOptions}
          placeholder={tag === '' ? 'choose an attribute first' : 'any value'}
          disabled={tag === ''}
          width={width}
          onChange={set}
        />
      )}
    </Stack>
  );
}
