import type { DataQueryRequest } from '@grafana/data';
import { firstValueFrom } from 'rxjs';
import { testDatasource } from '../test/datasource';
import { GenTVariableSupport, type GenTVariableQuery } from './GenTVariableSupport';

const QUIETLY = { showErrorAlert: false };

async function run(target: Partial<GenTVariableQuery>) {
  const { datasource, getResource } = testDatasource();
  const support = new GenTVariableSupport(datasource);
  const request = { targets: [{ refId: 'A', ...target }] } as DataQueryRequest<GenTVariableQuery>;
  const { data } = await firstValueFrom(support.query(request));
  const texts = data.map(({ text }: { text: string }) => text);
  return { texts, values: data.map(({ value }: { value?: string }) => value), getResource };
}

describe('GenTVariableSupport', () => {
  it('lists attribute names, of one scope when it is chosen', async () => {
    expect((await run({ type: 'names' })).texts).toEqual([
      'name',
      'status',
      'duration',
      'resource.service.name',
      'resource.service.version',
      'span.http.route',
      'span.http.status_code',
    ]);
    expect((await run({ type: 'names', scope: 'span' })).texts).toEqual(['span.http.route', 'span.http.status_code']);
    expect((await run({ type: 'names', scope: 'intrinsic' })).texts).toEqual(['name', 'status', 'duration']);
  });

  it('lists the values of an attribute under a filter, with variables filled in', async () => {
    const { texts, getResource } = await run({
      type: 'values',
      label: 'status',
      filter: '{ resource.service.name = "$service" }',
    });
    expect(texts).toEqual(['error', 'ok']);
    expect(getResource).toHaveBeenCalledWith(
      'tag-values',
      { tag: 'status', q: '{ resource.service.name = "cart" }' },
      QUIETLY
    );
  });

  it('lists services', async () => {
    expect((await run({ type: 'services' })).texts).toEqual(['cart', 'checkout']);
  });

  it.each([
    [undefined, undefined],
    ['a.b', '{ resource.service.name = "a.b" }'],
    ['$many', '{ resource.service.name =~ "a.b|c" }'],
  ])('lists the operations of %p under %p', async (service, q) => {
    const { texts, getResource } = await run({ type: 'operations', service });
    expect(texts).toEqual(['GET "/"']);
    expect(getResource).toHaveBeenCalledWith('tag-values', { tag: 'name', q }, QUIETLY);
  });

  it('lists every model by its window', async () => {
    const { texts, values } = await run({ type: 'models' });
    expect(values).toEqual(['m2', 'm1']);
    expect(texts[0]).toMatch(/^2025-11-24 .* to .*, 1,234 traces$/);
  });

  it('is empty until an attribute is chosen', async () => {
    expect((await run({ type: 'values' })).texts).toEqual([]);
  });
});
