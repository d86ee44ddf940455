import type { DataSourceInstanceSettings } from '@grafana/data';
import { setTemplateSrv, type TemplateSrv } from '@grafana/runtime';
import { GenTDataSource } from './datasource';
import type { GenTOptions, GenTQuery } from './types';

const settings = {
  id: 1,
  uid: 'gent',
  type: 'gent-traces-datasource',
  name: 'GenT',
  jsonData: {},
} as DataSourceInstanceSettings<GenTOptions>;

const values: Record<string, string | string[]> = { $service: 'cart', $many: ['a.b', 'c'] };

function templates(): TemplateSrv {
  return {
    replace: (text = '', _vars: unknown, format?: (value: unknown, variable: object) => string) =>
      text.replace(/\$\w+/g, (name) =>
        format ? format(values[name], { multi: Array.isArray(values[name]) }) : String(values[name])
      ),
  } as unknown as TemplateSrv;
}

describe('GenTDataSource', () => {
  const query = (text: string, more: Partial<GenTQuery> = {}): GenTQuery => ({ refId: 'A', query: text, ...more });
  let datasource: GenTDataSource;

  beforeEach(() => {
    setTemplateSrv(templates());
    datasource = new GenTDataSource(settings);
  });

  it.each([
    [query('{ }'), true],
    [query('   '), false],
    [query('', { queryType: 'models' }), true],
    [query('{ }', { hide: true }), false],
  ])('filterQuery(%p) is %p', (given, expected) => {
    expect(datasource.filterQuery(given)).toBe(expected);
  });

  it('fills template variables into the query and the step', () => {
    const filled = datasource.applyTemplateVariables(
      query('{ resource.service.name = "$service" && name =~ "$many" }', { step: '$service' }),
      {}
    );
    expect(filled.query).toBe('{ resource.service.name = "cart" && name =~ "a\\\\.b|c" }');
    expect(filled.step).toBe('cart');
  });

  it('adds ad hoc filters', () => {
    const filled = datasource.applyTemplateVariables(query('{ status = error } | rate()'), {}, [
      { key: 'resource.service.name', operator: '=', value: 'cart' },
    ]);
    expect(filled.query).toBe('{ (status = error) && resource.service.name = "cart" } | rate()');
  });

  it('names a query for the history', () => {
    expect(datasource.getQueryDisplayText(query('{ status = error }'))).toBe('{ status = error }');
    expect(datasource.getQueryDisplayText(query('', { queryType: 'models' }))).toBe('Models');
  });

  it('gives a default query', () => {
    expect(datasource.getDefaultQuery('explore' as never)).toMatchObject({
      query: '{ }',
      limit: 20,
      tableType: 'traces',
    });
  });

  it('reads tag names with their scope', async () => {
    jest.spyOn(datasource, 'getResource').mockResolvedValue({
      scopes: [
        { name: 'intrinsic', tags: ['name', 'status'] },
        { name: 'resource', tags: ['service.name'] },
        { name: 'span' },
      ],
    });
    expect(await datasource.tagNames()).toEqual(['name', 'status', 'resource.service.name']);
    expect(await datasource.getTagKeys()).toEqual([
      { text: 'name' },
      { text: 'status' },
      { text: 'resource.service.name' },
    ]);
  });

  it('asks for values under the other ad hoc filters', async () => {
    const resource = jest
      .spyOn(datasource, 'getResource')
      .mockResolvedValue({ tagValues: [{ type: 'string', value: 'x' }] });
    const got = await datasource.getTagValues({
      key: 'name',
      filters: [{ key: 'status', operator: '=', value: 'error' }],
    });
    expect(got).toEqual([{ text: 'x' }]);
    expect(resource).toHaveBeenCalledWith(
      'tag-values',
      { tag: 'name', q: '{ status = error }' },
      {
        showErrorAlert: false,
      }
    );
  });
});
