/** @file Where the models are: a directory, a bucket, or behind a `gent serve`. */
import { Field, RadioButtonGroup, TextLink } from '@grafana/ui';
import React, { useState } from 'react';
import type { GenTOptions, S3Options } from '../types';
import { AddressFields } from './AddressFields';
import { SecretField } from './SecretField';
import { Section } from './Section';
import { CheckField, TextField } from './TextField';
import type { Settings } from './useSettings';

type Where = 'store' | 's3' | 'address';

const WHERE: Array<{ label: string; value: Where; description: string }> = [
  { label: 'Directory', value: 'store', description: 'A directory of .gent models on the Grafana server' },
  { label: 'Bucket', value: 's3', description: 'An S3-compatible bucket: AWS, MinIO, Ceph, R2 and others' },
  { label: 'Address', value: 'address', description: 'A running `gent serve`' },
];

const BUCKET_FIELDS: Array<{
  key: Exclude<keyof S3Options, 'pathStyle'>;
  label: string;
  description: string;
  placeholder: string;
}> = [
  {
    key: 'endpoint',
    label: 'Endpoint',
    description: 'The address of the service, reached from the Grafana server. Empty: Amazon S3 in the region below.',
    placeholder: 'https://minio.example.com:9000',
  },
  { key: 'bucket', label: 'Bucket', description: 'The name of the bucket', placeholder: 'gent-models' },
  { key: 'prefix', label: 'Prefix', description: 'A path inside the bucket; empty: all of it', placeholder: 'team-a/' },
  { key: 'region', label: 'Region', description: 'Part of each signature', placeholder: 'us-east-1' },
];

function whereOf({ s3, address, store }: GenTOptions): Where {
  if (store) {
    return 'store';
  }
  return s3?.bucket ? 's3' : address ? 'address' : 'store';
}

export function ModelsSection({ settings }: { settings: Settings }) {
  const { jsonData, update } = settings;
  const [where, setWhere] = useState<Where>(whereOf(jsonData));
  const updateBucket = (change: Partial<S3Options>) => update({ s3: { ...jsonData.s3, ...change } });

  return (
    <Section
      title="Models"
      description={
        <>
          GenT reads the models that a trainer publishes. Run <code>gent trainer --store DIR</code>, point your
          OpenTelemetry exporter at it, and name the same place here.{' '}
          <TextLink external inline href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/">
            Exporter settings
          </TextLink>
          . To provision these settings from a file, see{' '}
          <TextLink
            external
            inline
            href="https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources"
          >
            provisioning data sources
          </TextLink>
          ; the keys are those of <code>provisioning/</code> in the plugin&apos;s repository.
        </>
      }
    >
      <Field label="Read from">
        <RadioButtonGroup
          id="gent-config-where"
          options={WHERE}
          value={where}
          onChange={(next) => {
            setWhere(next);
            // Models come from one place: what was set for the others would be refused.
            update({
              ...(next === 'store' ? {} : { store: undefined }),
              ...(next === 's3' ? {} : { s3: undefined }),
              ...(next === 'address' ? {} : { address: undefined }),
            });
          }}
        />
      </Field>
      {where === 'store' && (
        <TextField
          id="gent-config-store"
          label="Store directory"
          description="An absolute path on the machine that runs Grafana. Empty: the server's own setting (GF_PLUGIN_STORE)."
          placeholder="/var/lib/gent/models"
          value={jsonData.store}
          onChange={(store) => update({ store })}
        />
      )}
      {where === 's3' && (
        <>
          {BUCKET_FIELDS.map(({ key, ...field }) => (
            <TextField
              key={key}
              id={`gent-config-s3-${key}`}
              {...field}
              required={key === 'bucket'}
              value={jsonData.s3?.[key]}
              onChange={(value) => updateBucket({ [key]: value })}
            />
          ))}
          <CheckField
            id="gent-config-s3-path-style"
            label="Path-style addresses"
            description="The bucket is part of the path, not of the host name, as MinIO and most others expect"
            value={jsonData.s3?.pathStyle}
            onChange={(pathStyle) => updateBucket({ pathStyle })}
          />
          <SecretField
            id="gent-config-s3-access-key"
            name="s3AccessKey"
            label="Access key"
            description="Empty, as well as the secret key: the bucket is read without a signature"
            placeholder="access key"
            settings={settings}
          />
          <SecretField
            id="gent-config-s3-secret-key"
            name="s3SecretKey"
            label="Secret key"
            description="Kept encrypted by Grafana and never sent to browsers"
            placeholder="secret key"
            settings={settings}
          />
        </>
      )}
      {where === 'address' && <AddressFields settings={settings} />}
    </Section>
  );
}
