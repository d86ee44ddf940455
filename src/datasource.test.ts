import { type HealthCheckError, HealthStatus } from '@grafana/runtime';
import { testDatasource } from './test/datasource';
import type { GenTOptions, GenTQuery } from './types';

describe('the shortest step of graphs', () => {
  it.each([
    [{}, '1m'],
    [{ timeInterval: '10s' }, '10s'],
  ])('of the settings %p is %s', (options, interval) => {
    expect(testDatasource(options).datasource.interval).toBe(interval);
  });
});

describe('GenTDataSource', () => {
  const query = (text: string, more: Partial<GenTQuery> = {}): GenTQuery => ({ refId: 'A', query: text, ...more });
  const make = (options: GenTOptions = {}) => testDatasource(options).datasource;

  it.each([
    [query('{ }'), true],
    [query('   '), false],
    [query('', { queryType: 'models' }), true],
    [query('', { queryType: 'models', modelsView: 'operations' }), false],
    [query('', { queryType: 'models', modelsView: 'operations', modelId: 'm' }), true],
    [query('', { queryType: 'serviceGraph' }), true],
    [query('', { queryType: 'compareWindows' }), true],
    [query('', { queryType: 'traceId' }), false],
    [query('', { queryType: 'search' }), false],
    [query('', { queryType: 'search', filters: [] }), true],
    [query('{ }', { hide: true }), false],
  ])('filterQuery(%p) is %p', (given, expected) => {
    expect(make().filterQuery(given)).toBe(expected);
  });

  it('fills template variables into the query and the step', () => {
    const filled = make().applyTemplateVariables(
      query('{ resource.service.name = "$service" && name =~ "$many" }', { step: '$service' }),
      {}
    );
    expect(filled.query).toBe('{ resource.service.name = "cart" && name =~ "a\\\\.b|c" }');
    expect(filled.step).toBe('cart');
  });

  it('adds ad hoc filters, also on the way from a dashboard to Explore', () => {
    const filters = [{ key: 'resource.service.name', operator: '=', value: 'cart' }];
    const expected = '{ (status = error) && resource.service.name = "cart" } | rate()';
    const datasource = make();
    const given = query('{ status = error } | rate()');
    expect(datasource.applyTemplateVariables(given, {}, filters).query).toBe(expected);
    expect(datasource.interpolateVariablesInQueries([given], {}, filters)).toMatchObject([
      { query: expected, datasource: { uid: 'gent' } },
    ]);
  });

  it.each([
    [query('{ status = error }'), '{ status = error }'],
    [query('', { queryType: 'models' }), 'Models'],
    [query('', { queryType: 'models', modelsView: 'operations', modelId: 'm1' }), 'Operations of model m1'],
    [query('', { queryType: 'serviceGraph' }), 'Service graph'],
    [query('', { queryType: 'serviceGraph', service: 'cart' }), 'Service graph of cart'],
    [query('', { queryType: 'compareWindows', baselineShift: '24h' }), 'What changed against 24h before'],
    [query('abc', { queryType: 'traceId' }), 'Trace abc'],
  ])('names %p for the history', (given, expected) => {
    expect(make().getQueryDisplayText(given)).toBe(expected);
  });

  it('gives a default query', () => {
    expect(make().getDefaultQuery('explore' as never)).toMatchObject({ query: '{ }', limit: 20, tableType: 'traces' });
  });

  it('reads tag names with their scope, and values up to the limit of the settings', async () => {
    const { datasource, getResource } = testDatasource({ tagLimit: 50 });
    const names = await datasource.tagNames();
    expect(names).toEqual(expect.arrayContaining(['name', 'status', 'resource.service.name', 'span.http.route']));
    expect(await datasource.getTagKeys()).toEqual(names.map((text) => ({ text })));
    expect(getResource).toHaveBeenCalledTimes(1);
    expect(getResource).toHaveBeenCalledWith('tags', { limit: 50 }, { showErrorAlert: false });
  });

  it('asks for values under the other ad hoc filters', async () => {
    const { datasource, getResource } = testDatasource();
    const got = await datasource.getTagValues({
      key: 'resource.service.name',
      filters: [{ key: 'status', operator: '=', value: 'error' }],
    });
    expect(got).toEqual([{ text: 'cart' }, { text: 'checkout' }]);
    expect(getResource).toHaveBeenCalledWith(
      'tag-values',
      { tag: 'resource.service.name', q: '{ status = error }' },
      { showErrorAlert: false }
    );
  });

  it('checks a query with its variables filled in', async () => {
    const { datasource, getResource } = testDatasource();
    await datasource.checkQuery('{ resource.service.name = "$service" }');
    expect(getResource).toHaveBeenCalledWith(
      'check',
      { q: '{ resource.service.name = "cart" }' },
      { showErrorAlert: false }
    );
  });

  it('says once what a health check found wrong', async () => {
    const details = { message: 'no such directory', verboseMessage: 'STORE_UNAVAILABLE: no such directory' };
    const datasource = make();
    jest.spyOn(datasource, 'callHealthCheck').mockResolvedValue({
      status: HealthStatus.Error,
      message: 'no such directory',
      details,
    });
    const failed = await datasource.testDatasource().catch((error: { error: HealthCheckError }) => error);
    expect(failed).toMatchObject({
      message: 'no such directory',
      error: { message: 'no such directory', details: { verboseMessage: details.verboseMessage } },
    });
    expect((failed as { error: HealthCheckError }).error.details?.message).toBeUndefined();
  });
});
