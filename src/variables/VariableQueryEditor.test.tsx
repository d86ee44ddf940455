import { fireEvent, render, screen } from '@testing-library/react';
import React, { useState } from 'react';
import { choose } from '../test/choose';
import { testDatasource } from '../test/datasource';
import type { GenTVariableQuery } from './GenTVariableSupport';
import { VariableQueryEditor } from './VariableQueryEditor';

function setup(query: Partial<GenTVariableQuery> = {}) {
  const { datasource } = testDatasource();
  let last = { refId: 'v', ...query } as GenTVariableQuery;
  function Host() {
    const [current, setCurrent] = useState(last);
    return (
      <VariableQueryEditor
        query={current}
        datasource={datasource}
        onRunQuery={jest.fn()}
        onChange={(next) => {
          last = next;
          setCurrent(next);
        }}
      />
    );
  }
  render(<Host />);
  return () => last;
}

describe('VariableQueryEditor', () => {
  it('edits the values of an attribute under a filter', async () => {
    const last = setup();
    await choose('Attribute', 'span.http.route');
    fireEvent.change(screen.getByLabelText('Filter'), { target: { value: '{ status = error }' } });
    fireEvent.blur(screen.getByLabelText('Filter'));
    expect(last()).toMatchObject({ type: 'values', label: 'span.http.route', filter: '{ status = error }' });
  });

  it('edits the scope of names', async () => {
    const last = setup({ type: 'names' });
    await choose('Scope', 'span');
    expect(last()).toMatchObject({ type: 'names', scope: 'span' });
    await choose('Scope', 'all');
    expect(last().scope).toBeUndefined();
  });

  it('edits the service of operations', async () => {
    const last = setup({ type: 'operations' });
    await choose('Service', 'checkout');
    expect(last()).toMatchObject({ type: 'operations', service: 'checkout' });
  });

  it.each([
    ['Services', 'services'],
    ['Operations', 'operations'],
    ['Models', 'models'],
    ['Attribute names', 'names'],
  ])('offers %s', async (label, type) => {
    const last = setup();
    await choose('Query type', label);
    expect(last().type).toBe(type);
  });
});
