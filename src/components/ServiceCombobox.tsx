/** @file Picks a service of the time range, or a variable that holds one. */
import type { TimeRange } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { Combobox } from '@grafana/ui';
import React from 'react';
import type { GenTDataSource } from '../datasource';
import { useStableCallback } from './useStableCallback';

interface Props {
  id: string;
  value: string;
  datasource: GenTDataSource;
  range?: TimeRange;
  placeholder: string;
  onChange: (service: string) => void;
}

export function ServiceCombobox({ id, value, datasource, range, placeholder, onChange }: Props) {
  const options = useStableCallback(async (typed: string) => {
    const services = await datasource.tagValues('resource.service.name', undefined, range);
    const variables = getTemplateSrv()
      .getVariables()
      .map(({ name }) => ({ label: `$${name}`, value: `$${name}`, description: 'variable' }));
    return [...services.map((name) => ({ label: name, value: name })), ...variables].filter(({ label }) =>
      label.toLowerCase().includes(typed.toLowerCase())
    );
  });
  return (
    <Combobox
      id={id}
      options={options}
      value={value === '' ? null : value}
      placeholder={placeholder}
      width={40}
      createCustomValue
      isClearable
      onChange={(option) => {
        const chosen = option?.value ?? '';
        // The field also tells of a value that it was given.
        if (chosen !== value) {
          onChange(chosen);
        }
      }}
    />
  );
}
