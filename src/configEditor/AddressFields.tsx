/** @file A `gent serve` as the place of the models: its address, who asks, headers and certificates. */
import { Button, Checkbox, Field, Input, RadioButtonGroup, Stack } from '@grafana/ui';
import React, { useState } from 'react';
import { headerChange, headersOf } from './headers';
import { SecretField } from './SecretField';
import type { Settings } from './useSettings';

type SignIn = 'none' | 'token' | 'basic';

const SIGN_IN: Array<{ label: string; value: SignIn }> = [
  { label: 'Nothing', value: 'none' },
  { label: 'Token', value: 'token' },
  { label: 'User and password', value: 'basic' },
];

function Credentials({ settings }: { settings: Settings }) {
  const { basicAuth, setBasicAuth } = settings;
  const [how, setHow] = useState<SignIn>(
    basicAuth.enabled ? 'basic' : settings.isSecretSet('token') ? 'token' : 'none'
  );
  return (
    <>
      <Field label="Sign in with">
        <RadioButtonGroup
          id="gent-config-sign-in"
          options={SIGN_IN}
          value={how}
          onChange={(next) => {
            setHow(next);
            // One of them signs in: what was set for the other would be refused.
            setBasicAuth({ enabled: next === 'basic' }, next === 'token' ? [] : ['token']);
          }}
        />
      </Field>
      {how === 'token' && (
        <SecretField
          id="gent-config-token"
          name="token"
          label="Token"
          description="Sent as a bearer token; kept encrypted by Grafana and never sent to browsers"
          placeholder="token"
          settings={settings}
        />
      )}
      {how === 'basic' && (
        <>
          <Field label="User" required>
            <Input
              id="gent-config-user"
              width={60}
              value={basicAuth.user}
              placeholder="user"
              onChange={(event) => setBasicAuth({ user: event.currentTarget.value })}
            />
          </Field>
          <SecretField
            id="gent-config-password"
            name="basicAuthPassword"
            label="Password"
            description="Kept encrypted by Grafana and never sent to browsers"
            placeholder="password"
            settings={settings}
          />
        </>
      )}
    </>
  );
}

function Headers({ settings }: { settings: Settings }) {
  const { jsonData, update } = settings;
  const headers = headersOf(jsonData);
  return (
    <Field label="Headers" description="Sent with each request, for example X-Scope-OrgID. Values are kept encrypted.">
      <Stack direction="column" gap={0.5} alignItems="flex-start">
        {headers.map(({ number, name, secret }) => (
          <Stack key={number} direction="row" gap={0.5} alignItems="center">
            <Input
              aria-label={`Name of header ${number}`}
              width={25}
              placeholder="name"
              value={name}
              onChange={(event) => update(headerChange(number, event.currentTarget.value))}
            />
            <SecretField
              id={`gent-config-header-${number}`}
              name={secret}
              label={`Value of header ${number}`}
              placeholder="value"
              bare
              settings={settings}
            />
            <Button
              variant="secondary"
              icon="times"
              aria-label={`Remove header ${number}`}
              onClick={() => settings.forget(headerChange(number, undefined), [secret])}
            />
          </Stack>
        ))}
        <Button
          variant="secondary"
          icon="plus"
          onClick={() => update(headerChange(Math.max(0, ...headers.map(({ number }) => number)) + 1, ''))}
        >
          Add header
        </Button>
      </Stack>
    </Field>
  );
}

function Certificates({ settings }: { settings: Settings }) {
  const { jsonData, update } = settings;
  return (
    <>
      <Field>
        <Checkbox
          id="gent-config-tls-ca"
          label="Trust a certificate authority of your own"
          value={jsonData.tlsAuthWithCACert ?? false}
          onChange={(event) => update({ tlsAuthWithCACert: event.currentTarget.checked || undefined })}
        />
      </Field>
      {jsonData.tlsAuthWithCACert && (
        <SecretField
          id="gent-config-tls-ca-cert"
          name="tlsCACert"
          label="Certificate of the authority"
          placeholder="Begins with -----BEGIN CERTIFICATE-----"
          rows={5}
          settings={settings}
        />
      )}
      <Field>
        <Checkbox
          id="gent-config-tls-client"
          label="Present a client certificate"
          value={jsonData.tlsAuth ?? false}
          onChange={(event) => update({ tlsAuth: event.currentTarget.checked || undefined })}
        />
      </Field>
      {jsonData.tlsAuth && (
        <>
          <SecretField
            id="gent-config-tls-client-cert"
            name="tlsClientCert"
            label="Client certificate"
            placeholder="Begins with -----BEGIN CERTIFICATE-----"
            rows={5}
            settings={settings}
          />
          <SecretField
            id="gent-config-tls-client-key"
            name="tlsClientKey"
            label="Client key"
            placeholder="Begins with -----BEGIN PRIVATE KEY-----"
            rows={5}
            settings={settings}
          />
        </>
      )}
      <Field
        label="Server name"
        description="The name in the server's certificate, where it is not that of the address"
      >
        <Input
          id="gent-config-server-name"
          width={60}
          value={jsonData.serverName ?? ''}
          placeholder="gent.example.com"
          onChange={(event) => update({ serverName: event.currentTarget.value || undefined })}
        />
      </Field>
      <Field>
        <Checkbox
          id="gent-config-tls-skip"
          label="Do not verify the server's certificate"
          description="Anyone on the way could answer in its place and read the credentials"
          value={jsonData.tlsSkipVerify ?? false}
          onChange={(event) => update({ tlsSkipVerify: event.currentTarget.checked || undefined })}
        />
      </Field>
    </>
  );
}

export function AddressFields({ settings }: { settings: Settings }) {
  const { jsonData, update } = settings;
  return (
    <>
      <Field label="Address" description="The address of a gent serve, reached from the Grafana server" required>
        <Input
          id="gent-config-address"
          width={60}
          value={jsonData.address ?? ''}
          placeholder="http://127.0.0.1:3200"
          onChange={(event) => update({ address: event.currentTarget.value || undefined })}
        />
      </Field>
      <Credentials settings={settings} />
      <Headers settings={settings} />
      {/^https:/i.test(jsonData.address ?? '') && <Certificates settings={settings} />}
    </>
  );
}
