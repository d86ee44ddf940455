import type { DataSourceInstanceSettings, DataSourceSettings } from '@grafana/data';
import { type DataSourceSrv, setDataSourceSrv } from '@grafana/runtime';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import { testDatasource } from '../test/datasource';
import type { GenTOptions, GenTSecureOptions } from '../types';
import { ConfigEditor } from './ConfigEditor';
import { headerChange } from './headers';

type Options = DataSourceSettings<GenTOptions, GenTSecureOptions>;

const OTHERS = [
  { uid: 'loki', name: 'Loki', type: 'loki' },
  { uid: 'prom', name: 'Prom', type: 'prometheus' },
  { uid: 'pyro', name: 'Pyro', type: 'grafana-pyroscope-datasource' },
].map((one) => ({ ...one, meta: { info: { logos: {} } } })) as unknown as DataSourceInstanceSettings[];

/** The editor with settings that it changes, as Grafana holds them. */
function setup(jsonData: GenTOptions, secureJsonFields: Record<string, boolean> = {}) {
  const { datasource } = testDatasource(jsonData);
  setDataSourceSrv({
    get: async () => datasource,
    getList: ({ filter = () => true }: { filter?: (one: DataSourceInstanceSettings) => boolean } = {}) =>
      OTHERS.filter(filter),
    getInstanceSettings: (ref: { uid: string } | string) =>
      OTHERS.find(({ uid }) => uid === (typeof ref === 'string' ? ref : ref?.uid)),
  } as unknown as DataSourceSrv);
  let last = { uid: 'gent', jsonData, secureJsonFields, secureJsonData: {} } as unknown as Options;
  function Host() {
    const [options, setOptions] = useState(last);
    return (
      <ConfigEditor
        options={options}
        onOptionsChange={(next) => {
          last = next;
          setOptions(next);
        }}
      />
    );
  }
  render(<Host />);
  return () => last;
}

const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const toggle = (title: string) => screen.getByText(title, { selector: 'button' });
const unfold = (title: string) => userEvent.click(toggle(title));

describe('where the models are', () => {
  it('edits the store directory', () => {
    const last = setup({});
    fireEvent.change(screen.getByPlaceholderText('/var/lib/gent/models'), { target: { value: '/data/gent' } });
    expect(last().jsonData).toEqual({ store: '/data/gent' });
  });

  it('edits a bucket, and keeps its keys out of jsonData', async () => {
    const last = setup({ store: '/data/gent' });
    await userEvent.click(screen.getByLabelText('Bucket'));
    for (const [place, value] of [
      ['https://minio.example.com:9000', 'http://minio:9000'],
      ['gent-models', 'models'],
      ['team-a/', 'a/'],
      ['us-east-1', 'eu-central-1'],
      ['access key', 'AK'],
      ['secret key', 'SK'],
    ]) {
      fireEvent.change(screen.getByPlaceholderText(place as string), { target: { value } });
    }
    await userEvent.click(screen.getByLabelText(/Path-style addresses/));
    expect(last().jsonData).toEqual({
      store: undefined,
      address: undefined,
      s3: { endpoint: 'http://minio:9000', bucket: 'models', prefix: 'a/', region: 'eu-central-1', pathStyle: true },
    });
    expect(last().secureJsonData).toEqual({ s3AccessKey: 'AK', s3SecretKey: 'SK' });
  });

  it('keeps the token out of jsonData', async () => {
    const last = setup({ address: 'http://gent:3200' });
    await userEvent.click(screen.getByLabelText('Token'));
    fireEvent.change(screen.getByPlaceholderText('token'), { target: { value: 'secret' } });
    expect(last().secureJsonData).toEqual({ token: 'secret' });
    expect(JSON.stringify(last().jsonData)).not.toContain('secret');
  });

  it('resets a configured token', async () => {
    const last = setup({ address: 'http://gent:3200' }, { token: true });
    await userEvent.click(screen.getByText('Reset'));
    expect(last()).toMatchObject({ secureJsonFields: { token: false }, secureJsonData: { token: '' } });
  });

  it('signs in as a user; the token that was there leaves', async () => {
    const last = setup({ address: 'http://gent:3200' }, { token: true });
    await userEvent.click(screen.getByLabelText('User and password'));
    fireEvent.change(screen.getByPlaceholderText('user'), { target: { value: 'ann' } });
    fireEvent.change(screen.getByPlaceholderText('password'), { target: { value: 'hidden' } });
    expect(last()).toMatchObject({
      basicAuth: true,
      basicAuthUser: 'ann',
      secureJsonData: { basicAuthPassword: 'hidden', token: '' },
      secureJsonFields: { token: false },
    });
    await userEvent.click(screen.getByLabelText('Nothing'));
    expect(last()).toMatchObject({ basicAuth: false });
  });

  it('adds and removes headers; their values are secrets', async () => {
    const last = setup({ address: 'http://gent:3200', ...headerChange(2, 'X-Old') }, { httpHeaderValue2: true });
    await userEvent.click(screen.getByText('Add header'));
    type('Name of header 3', 'X-Scope-OrgID');
    type('Value of header 3', 'team-a');
    expect(last().jsonData).toMatchObject({ httpHeaderName2: 'X-Old', httpHeaderName3: 'X-Scope-OrgID' });
    expect(last().secureJsonData).toEqual({ httpHeaderValue3: 'team-a' });
    await userEvent.click(screen.getByLabelText('Remove header 2'));
    expect(last().jsonData).toMatchObject({ httpHeaderName2: undefined, httpHeaderName3: 'X-Scope-OrgID' });
    expect(last().secureJsonData).toEqual({ httpHeaderValue2: '', httpHeaderValue3: 'team-a' });
    expect(screen.queryByLabelText('Name of header 2')).not.toBeInTheDocument();
  });

  it('asks for certificates where the address is HTTPS', async () => {
    setup({ address: 'http://gent:3200' });
    expect(screen.queryByLabelText(/client certificate/)).not.toBeInTheDocument();
    cleanup();
    const last = setup({ address: 'https://gent:3200' });
    await userEvent.click(screen.getByLabelText(/certificate authority of your own/));
    type('Certificate of the authority', 'CA');
    await userEvent.click(screen.getByLabelText('Present a client certificate'));
    type('Client certificate', 'CERT');
    type('Client key', 'KEY');
    fireEvent.change(screen.getByPlaceholderText('gent.example.com'), { target: { value: 'gent' } });
    await userEvent.click(screen.getByLabelText(/Do not verify/));
    expect(last().jsonData).toMatchObject({
      tlsAuthWithCACert: true,
      tlsAuth: true,
      serverName: 'gent',
      tlsSkipVerify: true,
    });
    expect(last().secureJsonData).toEqual({ tlsCACert: 'CA', tlsClientCert: 'CERT', tlsClientKey: 'KEY' });
  });

  it.each([
    ['Address', { store: '/data/gent' }, ['store', 's3']],
    ['Directory', { s3: { bucket: 'b' } }, ['s3', 'address']],
    ['Bucket', { address: 'http://gent' }, ['store', 'address']],
  ])('leaves one place to read from when %s is chosen', async (label, jsonData, emptied) => {
    const last = setup(jsonData);
    await userEvent.click(screen.getByLabelText(label));
    for (const key of emptied) {
      expect(last().jsonData).toHaveProperty(key, undefined);
    }
  });
});

describe('limits', () => {
  it('stores numbers, and empties as defaults', () => {
    const last = setup({ limits: { maxSpans: 5 } });
    fireEvent.change(screen.getByPlaceholderText('60'), { target: { value: '90' } });
    expect(last().jsonData.limits).toEqual({ maxSpans: 5, timeoutSeconds: 90 });
    fireEvent.change(screen.getByDisplayValue('5'), { target: { value: '' } });
    expect(last().jsonData.limits?.maxSpans).toBeUndefined();
  });
});

describe('trace to logs', () => {
  it('edits what the trace view reads', async () => {
    const last = setup({});
    await unfold('Trace to logs');
    type('Shift of the start', '-1m');
    type('Shift of the end', '2m');
    await userEvent.click(screen.getByText('Add attribute'));
    type('Trace to logs: attribute 1', 'service.name');
    type('Trace to logs: name 1 in the other data source', 'service');
    await userEvent.click(screen.getByLabelText('Filter by trace id'));
    await userEvent.click(screen.getByLabelText('Filter by span id'));
    expect(last().jsonData.tracesToLogsV2).toEqual({
      customQuery: false,
      spanStartTimeShift: '-1m',
      spanEndTimeShift: '2m',
      tags: [{ key: 'service.name', value: 'service' }],
      filterByTraceID: true,
      filterBySpanID: true,
    });
    await userEvent.click(screen.getByLabelText(/Use a query of your own/));
    type('Query', '{x="$${__tags}"}');
    expect(last().jsonData.tracesToLogsV2).toMatchObject({ customQuery: true, query: '{x="$${__tags}"}' });
    await userEvent.click(screen.getByLabelText('Remove attribute 1'));
    expect(last().jsonData.tracesToLogsV2?.tags).toEqual([]);
  });

  it('refuses a shift that is no duration', async () => {
    setup({});
    await unfold('Trace to logs');
    type('Shift of the start', 'soon');
    expect(screen.getByText(/Write a duration such as/)).toBeInTheDocument();
  });

  it('offers only data sources that Grafana can link to, and is open when one is set', async () => {
    const last = setup({ tracesToLogsV2: { customQuery: false, datasourceUid: 'loki' } });
    expect(toggle('Trace to logs')).toHaveAttribute('aria-expanded', 'true');
    expect(toggle('Trace to metrics')).toHaveAttribute('aria-expanded', 'false');
    expect(last().jsonData.tracesToLogsV2?.datasourceUid).toBe('loki');
  });
});

describe('trace to metrics', () => {
  it('edits queries and attributes', async () => {
    const last = setup({});
    await unfold('Trace to metrics');
    await userEvent.click(screen.getByText('Add query'));
    type('Title of query 1', 'Rate');
    type('Query 1', 'up');
    type('Shift of the end', '1m');
    await userEvent.click(screen.getByText('Add attribute'));
    type('Trace to metrics: attribute 1', 'pod');
    expect(last().jsonData.tracesToMetrics).toEqual({
      queries: [{ name: 'Rate', query: 'up' }],
      spanEndTimeShift: '1m',
      tags: [{ key: 'pod' }],
    });
    await userEvent.click(screen.getByLabelText('Remove query 1'));
    expect(last().jsonData.tracesToMetrics?.queries).toEqual([]);
  });
});

describe('trace to profiles', () => {
  it('edits attributes and a query of its own', async () => {
    const last = setup({ tracesToProfiles: { customQuery: false, profileTypeId: 'cpu' } });
    await unfold('Trace to profiles');
    expect(screen.getByDisplayValue('cpu')).toBeInTheDocument();
    await userEvent.click(screen.getByText('Add attribute'));
    type('Trace to profiles: attribute 1', 'service.name');
    await userEvent.click(screen.getByLabelText(/Use a query of your own/));
    type('Query', '{a="b"}');
    expect(last().jsonData.tracesToProfiles).toEqual({
      customQuery: true,
      profileTypeId: 'cpu',
      tags: [{ key: 'service.name' }],
      query: '{a="b"}',
    });
  });
});

describe('search and trace view', () => {
  it('edits streaming, the builder and the tag limit', async () => {
    const last = setup({});
    await unfold('Search');
    await userEvent.click(screen.getByLabelText(/^Streaming of searches/));
    await userEvent.click(screen.getByLabelText(/^Streaming of metrics/));
    await userEvent.click(screen.getByLabelText(/^Hide the search builder/));
    fireEvent.change(screen.getByPlaceholderText('5000'), { target: { value: '100' } });
    fireEvent.change(screen.getByPlaceholderText('1m'), { target: { value: '10s' } });
    await userEvent.click(await screen.findByText('Add tag'));
    expect(last().jsonData).toMatchObject({
      streamingEnabled: { search: true, metrics: true },
      tagLimit: 100,
      timeInterval: '10s',
      search: { hide: true, filters: [{ id: 'service-name' }, { id: 'span-name' }, { tag: '' }] },
    });
    await userEvent.click(screen.getByLabelText('Remove the tag name'));
    expect(last().jsonData.search?.filters?.map(({ tag }) => tag)).toEqual(['service.name', '']);
  });

  it('edits the node graph and the span bar', async () => {
    const last = setup({});
    await unfold('Trace view');
    await userEvent.click(screen.getByLabelText(/^Node graph/));
    await userEvent.click(screen.getByLabelText('Attribute'));
    fireEvent.change(screen.getByPlaceholderText('http.route'), { target: { value: 'http.method' } });
    expect(last().jsonData).toEqual({
      nodeGraph: { enabled: true },
      spanBar: { type: 'Tag', tag: 'http.method' },
    });
  });
});
