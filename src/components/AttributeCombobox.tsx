/** @file Picks an attribute or an intrinsic as TraceQL writes it; other names may be typed. */
import type { TimeRange } from '@grafana/data';
import { Combobox } from '@grafana/ui';
import React from 'react';
import type { GenTDataSource } from '../datasource';
import { useStableCallback } from './useStableCallback';

interface Props {
  id: string;
  value: string;
  datasource: GenTDataSource;
  range?: TimeRange;
  /** Offers only names for which this is true. */
  accept?: (name: string) => boolean;
  /** Makes what is shown and kept of a name. */
  shorten?: (name: string) => string;
  placeholder?: string;
  width?: number;
  onChange: (name: string) => void;
}

export function AttributeCombobox({
  id,
  value,
  datasource,
  range,
  accept,
  shorten = (name) => name,
  placeholder = 'attribute',
  width = 32,
  onChange,
}: Props) {
  const options = useStableCallback(async (typed: string) => {
    const names = await datasource.tagNames(range);
    const lower = typed.toLowerCase();
    return names
      .filter((name) => accept?.(name) ?? true)
      .map((name) => ({ label: shorten(name), value: shorten(name) }))
      .filter(({ label }) => label.toLowerCase().includes(lower));
  });
  return (
    <Combobox
      id={id}
      options={options}
      value={value === '' ? null : value}
      width={width}
      placeholder={placeholder}
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
