import { CoreApp, type DataQueryRequest, dateTime, FieldType, LoadingState } from '@grafana/data';
import { type BackendSrv, setBackendSrv, setDataSourceSrv } from '@grafana/runtime';
import { lastValueFrom, of, toArray } from 'rxjs';
import { testDatasource } from '../test/datasource';
import type { GenTQuery } from '../types';
import { type ImportedTrace, Imports } from '.';

const trace = (traceId: string): ImportedTrace => ({
  traceId,
  service: 'shop',
  name: 'GET /',
  startMs: 1000,
  durationMs: 2,
  spans: 1,
  errors: 0,
  frame: {
    schema: {
      meta: { preferredVisualisationType: 'trace' },
      fields: [{ name: 'traceID', type: FieldType.string }],
    },
    data: { values: [[traceId]] },
  },
});
const file = (...ids: string[]) => ({ traces: ids.map(trace), more: false, bad: 0 });

/** What the data source answers to queries; `asked` counts requests to the backend. */
async function answers(
  datasource: ReturnType<typeof testDatasource>['datasource'],
  ...targets: Array<Partial<GenTQuery>>
) {
  let asked = 0;
  setBackendSrv({
    fetch: () => {
      asked++;
      return of({ status: 200, data: { results: { B: { frames: [] } } } });
    },
  } as unknown as BackendSrv);
  setDataSourceSrv({ getInstanceSettings: () => undefined } as never);
  const request = {
    targets: targets.map((target, i) => ({ refId: String.fromCharCode(65 + i), query: '', ...target })),
    range: { from: dateTime(1000), to: dateTime(2000), raw: { from: '', to: '' } },
    app: CoreApp.Explore,
    scopedVars: {},
    requestId: 'r',
  } as unknown as DataQueryRequest<GenTQuery>;
  const responses = await lastValueFrom(datasource.query(request).pipe(toArray()));
  return { responses, asked };
}

it('answers with the chosen trace of an opened file, without the backend', async () => {
  const { datasource } = testDatasource();
  const importId = datasource.imports.add('shop.json', file('a1', 'b2'));
  const { responses, asked } = await answers(datasource, { queryType: 'import', importId, query: 'b2' });
  expect(asked).toBe(0);
  expect(responses.flatMap(({ data }) => data)).toMatchObject([
    { refId: 'A', meta: { preferredVisualisationType: 'trace' }, fields: [{ name: 'traceID', values: ['b2'] }] },
  ]);
});

it('answers other queries beside it', async () => {
  const { datasource } = testDatasource();
  const importId = datasource.imports.add('shop.json', file('a1'));
  const targets = [{ queryType: 'import' as const, importId }, { query: '{ }' }];
  const { responses, asked } = await answers(datasource, ...targets);
  expect(asked).toBe(1);
  expect(responses.flatMap(({ data }) => data)).toMatchObject([{ refId: 'A' }]);
});

it('says that a file is not open here, as after a reload', async () => {
  const { datasource } = testDatasource();
  const { responses, asked } = await answers(datasource, {
    queryType: 'import',
    importId: 'gone',
    fileName: 'shop.json',
  });
  expect(asked).toBe(0);
  expect(responses).toMatchObject([{ state: LoadingState.Error, errors: [{ refId: 'A' }], data: [] }]);
  expect(responses[0]?.errors?.[0]?.message).toContain('shop.json is not open here');
});

it('keeps the files opened last', () => {
  const imports = new Imports();
  const ids = Array.from({ length: 9 }, (_, i) => imports.add(`${i}.json`, file('a')));
  expect(new Set(ids).size).toBe(9);
  expect(ids.map((id) => imports.get(id)?.fileName)).toEqual([
    undefined,
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((i) => `${i}.json`),
  ]);
});
