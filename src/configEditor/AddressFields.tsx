/** @file A `gent serve` as the place of the models: its address, who asks, headers and certificates. */
import { Button, Field, Input, RadioButtonGroup, Stack } from '@grafana/ui';
import React, { useState } from 'react';
import { headerChange, headersOf } from './headers';
import { SecretField } from './SecretField';
import { CheckField, TextField } from './TextField';
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
          <TextField
            id="gent-config-user"
            label="User"
            placeholder="user"
            required
            value={basicAuth.user}
            onChange={(user = '') => setBasicAuth({ user })}
          />
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

/** What a certificate and its key begin with, so that one is not pasted for the other. */
const PEM = (kind: string) => `Begins with -----BEGIN ${kind}-----`;
const PEM_ROWS = 5;

function Certificates({ settings }: { settings: Settings }) {
  const { jsonData, update } = settings;
  return (
    <>
      <CheckField
        id="gent-config-tls-ca"
        label="Trust a certificate authority of your own"
        value={jsonData.tlsAuthWithCACert}
        onChange={(tlsAuthWithCACert) => update({ tlsAuthWithCACert })}
      />
      {jsonData.tlsAuthWithCACert && (
        <SecretField
          id="gent-config-tls-ca-cert"
          name="tlsCACert"
          label="Certificate of the authority"
          placeholder={PEM('CERTIFICATE')}
          rows={PEM_ROWS}
          settings={settings}
        />
      )}
      <CheckField
        id="gent-config-tls-client"
        label="Present a client certificate"
        value={jsonData.tlsAuth}
        onChange={(tlsAuth) => update({ tlsAuth })}
      />
      {jsonData.tlsAuth && (
        <>
          <SecretField
            id="gent-config-tls-client-cert"
            name="tlsClientCert"
            label="Client certificate"
            placeholder={PEM('CERTIFICATE')}
            rows={PEM_ROWS}
            settings={settings}
          />
          <SecretField
            id="gent-config-tls-client-key"
            name="tlsClientKey"
            label="Client key"
            placeholder={PEM('PRIVATE KEY')}
            rows={PEM_ROWS}
            settings={settings}
          />
        </>
      )}
      <TextField
        id="gent-config-server-name"
        label="Server name"
        description="The name in the server's certificate, where it is not that of the address"
        placeholder="gent.example.com"
        value={jsonData.serverName}
        onChange={(serverName) => update({ serverName })}
      />
      <CheckField
        id="gent-config-tls-skip"
        label="Do not verify the server's certificate"
        description="Anyone on the way could answer in its place and read the credentials"
        value={jsonData.tlsSkipVerify}
        onChange={(tlsSkipVerify) => update({ tlsSkipVerify })}
      />
    </>
  );
}

export function AddressFields({ settings }: { settings: Settings }) {
  const { jsonData, update } = settings;
  return (
    <>
      <TextField
        id="gent-config-address"
        label="Address"
        description="The address of a gent serve, reached from the Grafana server"
        placeholder="http://127.0.0.1:3200"
        required
        value={jsonData.address}
        onChange={(address) => update({ address })}
      />
      <Credentials settings={settings} />
      <Headers settings={settings} />
      {/^https:/i.test(jsonData.address ?? '') && <Certificates settings={settings} />}
    </>
  );
}
