import { CoreApp } from '@grafana/data';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import type { GenTDataSource } from '../datasource';
import type { GenTQuery } from '../types';
import { CheatSheet } from './CheatSheet';
import { QueryEditor } from './QueryEditor';

const datasource = {
  tagNames: async () => ['name', 'resource.service.name'],
  tagValues: async () => ['cart', 'checkout'],
} as unknown as GenTDataSource;

function setup(query: Partial<GenTQuery>, app = CoreApp.Explore) {
  const onChange = jest.fn();
  const onRunQuery = jest.fn();
  render(
    <QueryEditor
      query={{ refId: 'A', query: '{ }', ...query }}
      datasource={datasource}
      onChange={onChange}
      onRunQuery={onRunQuery}
      app={app}
    />
  );
  return { onChange, onRunQuery };
}

describe('QueryEditor', () => {
  it('offers search options for a search', () => {
    setup({ query: '{ status = error }' });
    expect(screen.getByLabelText('Limit')).toBeInTheDocument();
    expect(screen.getByLabelText('Spans')).toBeInTheDocument();
    expect(screen.queryByLabelText('Step')).not.toBeInTheDocument();
    expect(screen.getByText(/lists the traces that match/)).toBeInTheDocument();
  });

  it('offers metrics options for a metrics query', () => {
    setup({ query: '{ } | rate()' });
    expect(screen.getByLabelText('Step')).toBeInTheDocument();
    expect(screen.queryByLabelText('Limit')).not.toBeInTheDocument();
    expect(screen.getByText(/draws time series/)).toBeInTheDocument();
  });

  it('recognises a trace id', () => {
    setup({ query: '8b51e36eaee3265bec099d0c5c63fd37' });
    expect(screen.getByText(/Opens the trace with this id/)).toBeInTheDocument();
    expect(screen.queryByLabelText('Limit')).not.toBeInTheDocument();
  });

  it('changes the text and runs it with Shift+Enter', async () => {
    const { onChange, onRunQuery } = setup({ query: '' });
    const text = screen.getByLabelText('TraceQL query');
    fireEvent.change(text, { target: { value: '{ kind = server }' } });
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ query: '{ kind = server }' }));
    expect(onRunQuery).not.toHaveBeenCalled();
    await userEvent.type(text, '{Shift>}{Enter}{/Shift}');
    expect(onRunQuery).toHaveBeenCalledTimes(1);
  });

  it('changes the limit, and an unusable one means the default', () => {
    const { onChange } = setup({ limit: 20 });
    fireEvent.change(screen.getByLabelText('Limit'), { target: { value: '50' } });
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ limit: 50 }));
    fireEvent.change(screen.getByLabelText('Limit'), { target: { value: '' } });
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ limit: undefined }));
  });

  it('changes the table format and runs', async () => {
    const { onChange, onRunQuery } = setup({});
    await userEvent.click(screen.getByLabelText('Spans'));
    expect(onChange).toHaveBeenCalledWith(expect.objectContaining({ tableType: 'spans' }));
    expect(onRunQuery).toHaveBeenCalled();
  });

  it('hides the query type in alerting', () => {
    setup({}, CoreApp.UnifiedAlerting);
    expect(screen.queryByLabelText('Models')).not.toBeInTheDocument();
  });
});

describe('CheatSheet', () => {
  it('turns an example into the query', async () => {
    const onClickExample = jest.fn();
    render(<CheatSheet onClickExample={onClickExample} datasource={datasource} query={{ refId: 'A', query: '' }} />);
    await userEvent.click(screen.getByText('{ status = error }'));
    expect(onClickExample).toHaveBeenCalledWith(expect.objectContaining({ query: '{ status = error }' }));
  });
});
