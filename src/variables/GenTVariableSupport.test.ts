import type { DataQueryRequest } from '@grafana/data';
import { firstValueFrom } from 'rxjs';
import type { GenTDataSource } from '../datasource';
import { GenTVariableSupport, type GenTVariableQuery } from './GenTVariableSupport';

const datasource = {
  tagNames: jest.fn(async () => ['name', 'resource.service.name']),
  tagValues: jest.fn(async (label: string) => [`${label}-1`, `${label}-2`]),
} as unknown as GenTDataSource;

function run(target: Partial<GenTVariableQuery>) {
  const support = new GenTVariableSupport(datasource);
  const request = { targets: [{ refId: 'A', ...target }] } as DataQueryRequest<GenTVariableQuery>;
  return firstValueFrom(support.query(request));
}

describe('GenTVariableSupport', () => {
  it('lists attribute names', async () => {
    expect(await run({ type: 'names' })).toEqual({ data: [{ text: 'name' }, { text: 'resource.service.name' }] });
  });

  it('lists the values of an attribute under a filter', async () => {
    expect(await run({ type: 'values', label: 'name', filter: '{ status = error }' })).toEqual({
      data: [{ text: 'name-1' }, { text: 'name-2' }],
    });
    expect(datasource.tagValues).toHaveBeenCalledWith('name', '{ status = error }', undefined);
  });

  it('is empty until an attribute is chosen', async () => {
    expect(await run({ type: 'values' })).toEqual({ data: [] });
  });
});
