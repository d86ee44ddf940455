import { migrateQuery } from './migration';
import type { GenTQuery } from './types';

const ID = '8b51e36eaee3265bec099d0c5c63fd37';
const stored = (query: object) => ({ refId: 'A', query: '', ...query }) as unknown as GenTQuery;

describe('migrateQuery', () => {
  it.each([
    { queryType: 'traceql', query: '{ }' },
    { queryType: 'traceql', query: ID },
    { queryType: 'models' },
    { queryType: 'compareWindows' },
    { queryType: 'search', query: '{ }', filters: [] },
  ])('leaves %p as it is', (query) => {
    const given = stored(query);
    expect(migrateQuery(given)).toBe(given);
  });

  it.each([
    [{ query: '{ }' }, { queryType: 'traceql' }],
    [
      { queryType: '', query: ID },
      { queryType: 'traceql', query: ID },
    ],
    [
      { queryType: 'traceqlSearch', query: ID },
      { queryType: 'traceql', query: ID },
    ],
    [{ queryType: 'serviceMap' }, { queryType: 'serviceGraph' }],
    [{ queryType: 'clear' }, { queryType: 'traceql' }],
    [{ queryType: 'upload' }, { queryType: 'import' }],
  ])('%p becomes %p', (given, expected) => {
    expect(migrateQuery(stored(given))).toMatchObject(expected);
  });

  it("takes the conditions of Tempo's search builder", () => {
    const filters = [
      { id: 'service-name', tag: 'service.name', scope: 'resource', operator: '=', value: ['cart'] },
      { id: 'min-duration', tag: 'duration', operator: '>', value: '1s', valueType: 'duration' },
      { id: 'duration-type', value: 'trace' },
    ];
    const migrated = migrateQuery(stored({ queryType: 'traceqlSearch', filters }));
    expect(migrated).toMatchObject({
      queryType: 'search',
      query: '{ resource.service.name = "cart" && traceDuration > 1s }',
    });
    expect(migrated.filters).toHaveLength(2);
  });

  it('takes the fields of the search before it', () => {
    expect(
      migrateQuery(
        stored({
          queryType: 'nativeSearch',
          serviceName: 'cart',
          spanName: 'GET',
          minDuration: '1s',
          maxDuration: '2s',
          search: 'http.method=GET x="a b"',
        })
      ).query
    ).toBe(
      '{ resource.service.name = "cart" && name = "GET" && duration > 1s && duration < 2s && .http.method = "GET" && .x = "a b" }'
    );
  });
});
