/** @file A secret: typed once, kept encrypted by Grafana, never shown again. */
import { Field, SecretInput } from '@grafana/ui';
import React from 'react';
import type { GenTSecureOptions } from '../types';
import type { Settings } from './useSettings';

interface Props {
  id: string;
  name: keyof GenTSecureOptions;
  label: string;
  description: string;
  placeholder: string;
  settings: Settings;
}

export function SecretField({ id, name, label, description, placeholder, settings }: Props) {
  return (
    <Field label={label} description={description}>
      <SecretInput
        id={id}
        width={60}
        isConfigured={settings.isSecretSet(name)}
        placeholder={placeholder}
        onChange={(event) => settings.setSecret(name, event.currentTarget.value)}
        onReset={() => settings.resetSecret(name)}
      />
    </Field>
  );
}
