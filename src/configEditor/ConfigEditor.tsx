/** @file The settings of the data source: where the models are, a secret for a remote store, and limits. */
import { onUpdateDatasourceSecureJsonDataOption, type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Field, FieldSet, Input, RadioButtonGroup, SecretInput, Stack, Text, TextLink } from '@grafana/ui';
import React, { useState } from 'react';
import type { GenTLimits, GenTOptions, GenTSecureOptions } from '../types';

type Props = DataSourcePluginOptionsEditorProps<GenTOptions, GenTSecureOptions>;
type Where = 'store' | 'address';

const WHERE: Array<{ label: string; value: Where; description: string }> = [
  { label: 'Directory', value: 'store', description: 'A directory of .gent models on the Grafana server' },
  { label: 'Address', value: 'address', description: 'A running `gent serve`' },
];

// Placeholders show the backend's defaults (QUERY_MILLISECONDS, QUERY_SPANS, QUERY_TRACE_CACHE_BYTES in pkg/common/limits.ts).
const LIMITS: Array<{ key: keyof GenTLimits; label: string; description: string; placeholder: string }> = [
  { key: 'timeoutSeconds', label: 'Query timeout', description: 'Seconds a query may take', placeholder: '60' },
  {
    key: 'maxSpans',
    label: 'Spans per query',
    description: 'Spans a query may generate before it is estimated or refused',
    placeholder: '20000000',
  },
  {
    key: 'cacheMegabytes',
    label: 'Cache',
    description: 'Megabytes of generated traces kept for the next query',
    placeholder: '128',
  },
];

export function ConfigEditor({ options, onOptionsChange }: Props) {
  const { jsonData, secureJsonFields } = options;
  const [where, setWhere] = useState<Where>(jsonData.address && !jsonData.store ? 'address' : 'store');
  const update = (change: Partial<GenTOptions>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...change } });
  const updateLimit = (key: keyof GenTLimits, text: string) => {
    const value = Number(text);
    update({ limits: { ...jsonData.limits, [key]: text.trim() !== '' && value > 0 ? value : undefined } });
  };

  return (
    <Stack direction="column" gap={3}>
      <FieldSet label="Models">
        <Stack direction="column" gap={2}>
          <Text element="p" color="secondary">
            GenT reads the models that a trainer publishes. Run <code>gent trainer --store DIR</code>, point your
            OpenTelemetry exporter at it, and name the same directory here.{' '}
            <TextLink external inline href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/">
              Exporter settings
            </TextLink>
          </Text>
          <Field noMargin label="Read from">
            <RadioButtonGroup
              id="gent-config-where"
              options={WHERE}
              value={where}
              onChange={(next) => {
                setWhere(next);
                update(next === 'store' ? { address: undefined } : { store: undefined });
              }}
            />
          </Field>
          {where === 'store' ? (
            <Field
              noMargin
              label="Store directory"
              description="An absolute path on the machine that runs Grafana. Empty: the server's own setting (GF_PLUGIN_STORE)."
            >
              <Input
                id="gent-config-store"
                width={60}
                value={jsonData.store ?? ''}
                placeholder="/var/lib/gent/models"
                onChange={(event) => update({ store: event.currentTarget.value || undefined })}
              />
            </Field>
          ) : (
            <>
              <Field label="Address" description="The address of a gent serve, reached from the Grafana server">
                <Input
                  id="gent-config-address"
                  width={60}
                  value={jsonData.address ?? ''}
                  placeholder="http://127.0.0.1:3200"
                  onChange={(event) => update({ address: event.currentTarget.value || undefined })}
                />
              </Field>
              <Field
                label="Token"
                description="Sent as a bearer token; kept encrypted by Grafana and never sent to browsers"
              >
                <SecretInput
                  id="gent-config-token"
                  width={60}
                  isConfigured={Boolean(secureJsonFields?.token)}
                  placeholder="optional"
                  onChange={onUpdateDatasourceSecureJsonDataOption({ options, onOptionsChange }, 'token')}
                  onReset={() =>
                    onOptionsChange({
                      ...options,
                      secureJsonFields: { ...secureJsonFields, token: false },
                      secureJsonData: { ...options.secureJsonData, token: '' },
                    })
                  }
                />
              </Field>
            </>
          )}
        </Stack>
      </FieldSet>
      <FieldSet label="Limits">
        {LIMITS.map(({ key, label, description, placeholder }) => (
          <Field key={key} label={label} description={description}>
            <Input
              id={`gent-config-${key}`}
              type="number"
              min={1}
              width={20}
              value={jsonData.limits?.[key] ?? ''}
              placeholder={placeholder}
              onChange={(event) => updateLimit(key, event.currentTarget.value)}
            />
          </Field>
        ))}
      </FieldSet>
    </Stack>
  );
}
