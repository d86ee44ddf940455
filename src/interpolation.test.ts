import { interpolateQuery } from './interpolation';
import { templates } from './test/datasource';
import type { GenTQuery, TraceFilter } from './types';

const fill = (query: Partial<GenTQuery>) => interpolateQuery({ refId: 'A', query: '', ...query }, templates(), {});
const filter = (given: Partial<TraceFilter>): TraceFilter => ({
  id: 'f',
  scope: 'resource',
  tag: 'service.name',
  operator: '=',
  value: '',
  ...given,
});

describe('interpolateQuery', () => {
  it('fills every field', () => {
    expect(
      fill({
        query: '{ name =~ "$many" }',
        step: '$service',
        service: '$many',
        modelId: '$service',
        baselineShift: '${service}',
      })
    ).toMatchObject({
      query: '{ name =~ "a\\\\.b|c" }',
      step: 'cart',
      service: 'a.b|c',
      modelId: 'cart',
      baselineShift: 'cart',
    });
  });

  it.each<[Partial<TraceFilter>, string]>([
    [{ value: ['$service'] }, '{ resource.service.name = "cart" }'],
    [{ value: ['$many'] }, '{ (resource.service.name = "a.b" || resource.service.name = "c") }'],
    [{ value: '$many', operator: '!=' }, '{ (resource.service.name != "a.b" && resource.service.name != "c") }'],
    [{ value: 'x-$many' }, '{ (resource.service.name = "x-a.b" || resource.service.name = "x-c") }'],
    [{ value: '$many', operator: '=~' }, '{ resource.service.name =~ "a\\\\.b|c" }'],
    [{ value: ['$service', 'cart'] }, '{ resource.service.name = "cart" }'],
    [{ value: '$5' }, '{ resource.service.name = "$5" }'],
  ])('writes the values of variables in the condition %p', (given, expected) => {
    const filled = fill({ queryType: 'search', filters: [filter(given)] });
    expect(filled.query).toBe(expected);
  });

  it('takes a custom "All" as the expression that it is', () => {
    const all = {
      ...templates(),
      // Grafana gives it without asking how to write it.
      replace: (text: string) => text.replace('$all', '.*'),
    } as unknown as Parameters<typeof interpolateQuery>[1];
    const query = { refId: 'A', query: '', queryType: 'search' as const, filters: [filter({ value: ['$all'] })] };
    expect(interpolateQuery(query, all, {}).query).toBe('{ resource.service.name =~ ".*" }');
  });

  it('adds ad hoc filters to what the builder makes', () => {
    const query = { refId: 'A', query: '', queryType: 'search' as const, filters: [filter({ value: 'cart' })] };
    expect(interpolateQuery(query, templates(), {}, [{ key: 'status', operator: '=', value: 'error' }]).query).toBe(
      '{ (resource.service.name = "cart") && status = error }'
    );
  });
});
