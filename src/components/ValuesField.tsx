/** @file Several values of a list, or typed: Grafana's MultiCombobox, or before Grafana 11.6, which lacks it, its older list. */
import * as ui from '@grafana/ui';
import React, { type ComponentType } from 'react';

interface Option {
  label: string;
  value: string;
  description?: string;
}

interface Props {
  id: string;
  options: (typed: string) => Promise<Option[]>;
  /** The same list until a value changes: the field takes another one for a change of its own. */
  value: Option[];
  placeholder: string;
  disabled: boolean;
  /** In units of 8 px. */
  width: number;
  onChange: (values: string[]) => void;
}

interface MultiComboboxProps extends Omit<Props, 'onChange'> {
  createCustomValue: boolean;
  isClearable: boolean;
  onChange: (options: Array<{ value: string }>) => void;
}

/** Looked up by its name when it is drawn: a plain import of what Grafana lacks would make the whole plugin depend on it. */
const NEWER = 'MultiCombobox';

/** The field as it has been before Grafana 11.6. */
function OlderField({ id, options, value, placeholder, disabled, width, onChange }: Props) {
  return (
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- what replaced it is what those versions lack
    <ui.AsyncMultiSelect<string>
      inputId={id}
      loadOptions={options}
      defaultOptions
      value={value}
      placeholder={placeholder}
      disabled={disabled}
      width={width}
      allowCustomValue
      isClearable
      onChange={(chosen) => onChange(chosen.flatMap((option) => option.value ?? []))}
    />
  );
}

export function ValuesField({ onChange, ...props }: Props) {
  const components = ui as unknown as Record<string, ComponentType<MultiComboboxProps> | undefined>;
  const Field = components[NEWER];
  return Field === undefined ? (
    <OlderField {...props} onChange={onChange} />
  ) : (
    <Field
      {...props}
      createCustomValue
      isClearable
      onChange={(options) => onChange(options.map(({ value }) => value))}
    />
  );
}
