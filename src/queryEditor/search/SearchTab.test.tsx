import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import { choose } from '../../test/choose';
import { testDatasource } from '../../test/datasource';
import type { GenTOptions, GenTQuery } from '../../types';
import { SearchTab } from './SearchTab';

function setup(query: Partial<GenTQuery> = {}, options: GenTOptions = {}) {
  const { datasource, getResource } = testDatasource(options);
  let last: GenTQuery = { refId: 'A', query: '{ }', queryType: 'search', ...query };
  const onOpenInTraceql = jest.fn();
  function Host() {
    const [current, setCurrent] = useState(last);
    return (
      <SearchTab
        query={current}
        datasource={datasource}
        onOpenInTraceql={onOpenInTraceql}
        onChange={(change) => {
          last = { ...last, ...change };
          setCurrent(last);
        }}
      />
    );
  }
  render(<Host />);
  return { getResource, onOpenInTraceql, last: () => last };
}

describe('SearchTab', () => {
  it('says what an empty search does, and shows the TraceQL', () => {
    setup();
    expect(screen.getByText(/Lists every trace/)).toBeInTheDocument();
    expect(screen.getByLabelText('TraceQL of this search')).toHaveTextContent('{ }');
  });

  it('chooses a value, with the type that the backend gave it', async () => {
    const { last } = setup();
    await choose('Service name: value', 'cart');
    expect(last().query).toBe('{ resource.service.name = "cart" }');
    expect(last().filters).toMatchObject([{ id: 'service-name', value: ['cart'], valueType: 'string' }]);
    expect(screen.getByLabelText('TraceQL of this search')).toHaveTextContent('{ resource.service.name = "cart" }');
  });

  it('completes values from the spans that match the other conditions', async () => {
    const { getResource } = setup({ query: '{ resource.service.name = "cart" && status = error }' });
    await userEvent.click(screen.getByLabelText('Status: value'));
    await screen.findByText('ok', { selector: '[role="option"] *' });
    expect(getResource).toHaveBeenLastCalledWith(
      'tag-values',
      { tag: 'status', q: '{ resource.service.name = "cart" }' },
      expect.anything()
    );
  });

  it('changes the operator', async () => {
    const { last } = setup({ query: '{ resource.service.name = "cart" }' });
    await choose('Service name: operator', '!=');
    expect(last().query).toBe('{ resource.service.name != "cart" }');
  });

  it('edits durations of the span or of the trace', async () => {
    const { last } = setup();
    fireEvent.change(screen.getByLabelText('Least duration'), { target: { value: '100ms' } });
    fireEvent.change(screen.getByLabelText('Greatest duration'), { target: { value: '2s' } });
    expect(last().query).toBe('{ duration > 100ms && duration < 2s }');
    await choose('Duration of', 'trace');
    expect(last().query).toBe('{ traceDuration > 100ms && traceDuration < 2s }');
    await choose('Least duration: operator', '>=');
    expect(last().query).toBe('{ traceDuration >= 100ms && traceDuration < 2s }');
    fireEvent.change(screen.getByLabelText('Least duration'), { target: { value: 'soon' } });
    expect(screen.getByLabelText('Least duration')).toHaveAttribute('aria-invalid', 'true');
  });

  it('adds, edits and removes tags', async () => {
    const { last } = setup();
    await userEvent.click(screen.getByText('Add tag'));
    await choose('Scope of the tag', 'span');
    await choose('Name of the tag', 'http.status_code');
    await choose('http.status_code: value', '500');
    expect(last().query).toBe('{ span.http.status_code = 500 }');
    await userEvent.click(screen.getByLabelText('Remove the tag http.status_code'));
    expect(last().query).toBe('{ }');
  });

  it('shows the fields of the settings, and begins with their values', () => {
    const filters = [
      { id: 'x', scope: 'span' as const, tag: 'http.route', operator: '=' as const, value: [] },
      { id: 'y', scope: 'resource' as const, tag: 'env', operator: '=' as const, value: ['prod'] },
    ];
    setup({}, { search: { filters } });
    expect(screen.queryByLabelText('Service name: value')).not.toBeInTheDocument();
    expect(screen.getByLabelText('Http route: value')).toBeInTheDocument();
    expect(screen.getByLabelText('TraceQL of this search')).toHaveTextContent('{ resource.env = "prod" }');
  });

  it('goes on in TraceQL', async () => {
    const { onOpenInTraceql } = setup();
    await userEvent.click(screen.getByText('Edit in TraceQL'));
    expect(onOpenInTraceql).toHaveBeenCalled();
  });
});
