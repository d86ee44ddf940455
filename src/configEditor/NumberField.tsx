/** @file A positive number; empty means the backend's own. */
import { Field, Input } from '@grafana/ui';
import React from 'react';

interface Props {
  id: string;
  label: string;
  description: string;
  placeholder: string;
  value: number | undefined;
  onChange: (value: number | undefined) => void;
}

export function NumberField({ id, label, description, placeholder, value, onChange }: Props) {
  return (
    <Field label={label} description={description}>
      <Input
        id={id}
        type="number"
        min={1}
        width={20}
        value={value ?? ''}
        placeholder={placeholder}
        onChange={(event) => {
          const number = Number(event.currentTarget.value);
          onChange(event.currentTarget.value.trim() !== '' && number > 0 ? number : undefined);
        }}
      />
    </Field>
  );
}
