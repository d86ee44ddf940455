/** @file A secret: typed once, kept encrypted by Grafana, never shown again. */
import { Field, SecretInput, SecretTextArea } from '@grafana/ui';
import React from 'react';
import type { GenTSecureOptions } from '../types';
import type { Settings } from './useSettings';

interface Props {
  id: string;
  name: keyof GenTSecureOptions;
  label: string;
  description?: string;
  placeholder: string;
  /** Lines of a text such as a certificate; left out: one line. */
  rows?: number;
  /** Without a visible label, where the place says enough. */
  bare?: boolean;
  settings: Settings;
}

export function SecretField({ id, name, label, description, placeholder, rows, bare = false, settings }: Props) {
  const common = {
    id,
    placeholder,
    isConfigured: settings.isSecretSet(name),
    onReset: () => settings.resetSecret(name),
  };
  const input =
    rows === undefined ? (
      <SecretInput
        {...common}
        aria-label={bare ? label : undefined}
        width={bare ? 32 : 60}
        onChange={(event) => settings.setSecret(name, event.currentTarget.value)}
      />
    ) : (
      <SecretTextArea
        {...common}
        cols={60}
        rows={rows}
        onChange={(event) => settings.setSecret(name, event.currentTarget.value)}
      />
    );
  return bare ? (
    input
  ) : (
    <Field label={label} description={description}>
      {input}
    </Field>
  );
}
