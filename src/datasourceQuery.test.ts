import { CoreApp, type DataQueryRequest, dateTime, LiveChannelEventType } from '@grafana/data';
import { type BackendSrv, type GrafanaLiveSrv, setBackendSrv, setGrafanaLiveSrv } from '@grafana/runtime';
import { lastValueFrom, of } from 'rxjs';
import { testDatasource } from './test/datasource';
import type { GenTOptions, GenTQuery } from './types';

describe('the query of the data source', () => {
  const ID = '8b51e36eaee3265bec099d0c5c63fd37';
  const range = { from: dateTime(1000), to: dateTime(2000), raw: { from: '', to: '' } };
  const request = (target: Partial<GenTQuery>, app: CoreApp) =>
    ({
      targets: [{ refId: 'A', query: '{ }', ...target }],
      range,
      app,
      scopedVars: {},
      requestId: 'r',
      intervalMs: 1000,
      interval: '1s',
      timezone: 'utc',
      startTime: 0,
    }) as unknown as DataQueryRequest<GenTQuery>;

  /** How the answer came: over HTTP or over Live. */
  async function wayOf(options: GenTOptions, target: Partial<GenTQuery>, app: CoreApp) {
    const ways: string[] = [];
    setBackendSrv({
      fetch: ({ url }: { url: string }) => {
        ways.push(url.includes('ds/query') ? 'http' : url);
        return of({ status: 200, data: { results: { A: { frames: [] } } } });
      },
    } as unknown as BackendSrv);
    setGrafanaLiveSrv({
      getStream: ({ data }: { data: { query: GenTQuery } }) => {
        ways.push(`live ${data.query.query}`);
        const done = { schema: { fields: [], meta: { custom: { done: true } } }, data: { values: [] } };
        return of({ type: LiveChannelEventType.Message, message: done });
      },
    } as unknown as GrafanaLiveSrv);
    await lastValueFrom(testDatasource(options).datasource.query(request(target, app)), { defaultValue: undefined });
    return ways;
  }

  it.each<[string, GenTOptions, Partial<GenTQuery>, CoreApp]>([
    ['http', {}, {}, CoreApp.Explore],
    ['http', { streamingEnabled: { search: true } }, { streaming: false }, CoreApp.Explore],
    ['http', { streamingEnabled: { search: true } }, { query: '{ } | rate()' }, CoreApp.Explore],
    ['http', {}, { streaming: true, query: '{ } | rate()', metricsQueryType: 'instant' }, CoreApp.Explore],
    ['http', { streamingEnabled: { metrics: true } }, { query: '{ } | rate()' }, CoreApp.UnifiedAlerting],
    ['live { } | rate()', { streamingEnabled: { metrics: true } }, { query: '{ } | rate()' }, CoreApp.Explore],
    ['http', {}, { streaming: true, query: ID }, CoreApp.Explore],
    ['http', {}, { streaming: true, queryType: 'models' }, CoreApp.Explore],
    ['http', {}, { streaming: true }, CoreApp.UnifiedAlerting],
    ['http', {}, { streaming: true, annotation: {} }, CoreApp.Explore],
    ['live { }', { streamingEnabled: { search: true } }, {}, CoreApp.Explore],
    ['live { name = "cart" }', {}, { streaming: true, query: '{ name = "$service" }' }, CoreApp.Explore],
  ])('goes over %s with the settings %p for %p in %s', async (way, options, target, app) => {
    expect(await wayOf(options, target, app)).toEqual([way]);
  });
});
