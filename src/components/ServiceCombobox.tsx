/** @file Picks a service of the time range, or a variable that holds one. */
import type { TimeRange } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { Combobox } from '@grafana/ui';
import React, { useCallback } from 'react';
import type { GenTDataSource } from '../datasource';

interface Props {
  id: string;
  value: string;
  datasource: GenTDataSource;
  range?: TimeRange;
  placeholder: string;
  onChange: (service: string) => void;
}

export function ServiceCombobox({ id, value, datasource, range, placeholder, onChange }: Props) {
  const options = useCallback(
    async (typed: string) => {
      const services = await datasource.tagValues('resource.service.name', undefined, range);
      const variables = getTemplateSrv()
        .getVariables()
        .map(({ name }) => ({ label: `$${name}`, value: `$${name}`, description: 'variable' }));
      return [...services.map((name) => ({ label: name, value: name })), ...variables].filter(({ label }) =>
        label.toLowerCase().includes(typed.toLowerCase())
      );
    },
    [datasource, range]
  );
  return (
    <Combobox
      id={id}
      options={options}
      value={value === '' ? null : { label: value, value }}
      placeholder={placeholder}
      width={40}
      createCustomValue
      isClearable
      onChange={(option) => onChange(option?.value ?? '')}
    />
  );
}
