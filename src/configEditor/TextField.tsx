/** @file A line of text, or a switch, among the settings; empty and off are left out of them. */
import { Checkbox, Field, Input } from '@grafana/ui';
import React from 'react';

interface TextProps {
  id: string;
  label: string;
  description?: string;
  placeholder: string;
  required?: boolean;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

export function TextField({ id, label, description, placeholder, required, value, onChange }: TextProps) {
  return (
    <Field label={label} description={description} required={required}>
      <Input
        id={id}
        width={60}
        value={value ?? ''}
        placeholder={placeholder}
        onChange={(event) => onChange(event.currentTarget.value || undefined)}
      />
    </Field>
  );
}

interface CheckProps {
  id: string;
  label: string;
  description?: string;
  value: boolean | undefined;
  onChange: (value: true | undefined) => void;
}

export function CheckField({ id, label, description, value, onChange }: CheckProps) {
  return (
    <Field>
      <Checkbox
        id={id}
        label={label}
        description={description}
        value={value ?? false}
        onChange={(event) => onChange(event.currentTarget.checked || undefined)}
      />
    </Field>
  );
}
