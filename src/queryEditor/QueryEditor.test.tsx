import { CoreApp, LoadingState, type PanelData } from '@grafana/data';
import { type BackendSrv, setBackendSrv } from '@grafana/runtime';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import { of, throwError } from 'rxjs';
import { choose } from '../test/choose';
import { testDatasource } from '../test/datasource';
import type { GenTOptions, GenTQuery } from '../types';
import { CheatSheet } from './CheatSheet';
import { QueryEditor } from './QueryEditor';

jest.mock('@grafana/ui', () => jest.requireActual('../test/grafanaUi'));

const ID = '8b51e36eaee3265bec099d0c5c63fd37';

/** The editor with a query that it changes, as Grafana holds it. */
function setup(
  query: Partial<GenTQuery>,
  { app = CoreApp.Explore, options = {}, data }: { app?: CoreApp; options?: GenTOptions; data?: PanelData } = {}
) {
  const onChange = jest.fn();
  const onRunQuery = jest.fn();
  const { datasource, getResource } = testDatasource(options);
  function Host() {
    const [current, setCurrent] = useState<GenTQuery>({ refId: 'A', query: '{ }', ...query });
    return (
      <QueryEditor
        query={current}
        datasource={datasource}
        onChange={(next) => {
          onChange(next);
          setCurrent(next);
        }}
        onRunQuery={onRunQuery}
        app={app}
        data={data}
      />
    );
  }
  render(<Host />);
  return { onChange, onRunQuery, getResource, last: () => onChange.mock.lastCall?.[0] as GenTQuery };
}

describe('QueryEditor', () => {
  it('offers search options for a search', () => {
    setup({ query: '{ status = error }' });
    expect(screen.getByLabelText('Limit')).toBeInTheDocument();
    expect(screen.getByLabelText('Spans')).toBeInTheDocument();
    expect(screen.queryByLabelText('Step')).not.toBeInTheDocument();
    expect(screen.getByText(/lists the traces that match/)).toBeInTheDocument();
  });

  it('offers metrics options for a metrics query', async () => {
    const { last } = setup({ query: '{ } | rate()' });
    expect(screen.queryByLabelText('Limit')).not.toBeInTheDocument();
    expect(screen.getByText(/draws time series/)).toBeInTheDocument();
    fireEvent.change(screen.getByLabelText('Step'), { target: { value: '30s' } });
    expect(last().step).toBe('30s');
    fireEvent.change(screen.getByLabelText('Exemplars'), { target: { value: '0' } });
    expect(last().exemplars).toBe(0);
    await userEvent.click(screen.getByLabelText('Instant'));
    expect(last().metricsQueryType).toBe('instant');
    await userEvent.click(screen.getByLabelText('Generate everything'));
    expect(last().mode).toBe('full');
    await userEvent.click(screen.getByLabelText('Estimate quickly'));
    expect(last().mode).toBe('estimate');
  });

  it('changes the limits, and an unusable one means the default', () => {
    const { last } = setup({ limit: 20 });
    fireEvent.change(screen.getByLabelText('Limit'), { target: { value: '50' } });
    expect(last().limit).toBe(50);
    fireEvent.change(screen.getByLabelText('Limit'), { target: { value: '' } });
    expect(last().limit).toBeUndefined();
    fireEvent.change(screen.getByLabelText('Span limit'), { target: { value: '7' } });
    expect(last().spss).toBe(7);
    fireEvent.change(screen.getByLabelText('Span limit'), { target: { value: '0' } });
    expect(last().spss).toBeUndefined();
  });

  it.each(['Spans', 'Raw'])('changes the table format to %s and runs', async (label) => {
    const { last, onRunQuery } = setup({});
    await userEvent.click(screen.getByLabelText(label));
    expect(last().tableType).toBe(label.toLowerCase());
    expect(onRunQuery).toHaveBeenCalled();
  });

  it('streams as the settings say until the query says otherwise', async () => {
    const { last } = setup({}, { options: { streamingEnabled: { search: true } } });
    const streaming = screen.getByLabelText('Streaming');
    expect(streaming).toBeChecked();
    await userEvent.click(streaming);
    expect(last().streaming).toBe(false);
  });

  it('shows only TraceQL in alerting', () => {
    setup({}, { app: CoreApp.UnifiedAlerting });
    expect(screen.queryByLabelText('Models')).not.toBeInTheDocument();
    expect(screen.queryByLabelText('Streaming')).not.toBeInTheDocument();
    expect(screen.getByLabelText('TraceQL query')).toBeInTheDocument();
  });

  it('hides the search builder when the settings say so, but not from a query that uses it', () => {
    setup({}, { options: { search: { hide: true } } });
    expect(screen.queryByLabelText('Search')).not.toBeInTheDocument();
    setup({ queryType: 'search', refId: 'B' }, { options: { search: { hide: true } } });
    expect(screen.getByLabelText('Search')).toBeChecked();
  });

  it('shows an error in a panel, where Explore shows it elsewhere', () => {
    const data = { state: LoadingState.Error, series: [], errors: [{ refId: 'A', message: 'too slow' }] };
    setup({}, { app: CoreApp.PanelEditor, data: data as unknown as PanelData });
    expect(screen.getByText('too slow')).toBeInTheDocument();
  });

  it.each([
    [0, true],
    [3, false],
  ])('says why an answer of %d rows is empty: %p', (length, told) => {
    const notices = [{ severity: 'warning', text: 'No model covers this time range' }];
    const series = [{ refId: 'A', length, fields: [], meta: { notices } }];
    setup({}, { data: { state: LoadingState.Done, series, timeRange: {} } as unknown as PanelData });
    expect(screen.queryByText('No model covers this time range') !== null).toBe(told);
  });

  it.each([
    ['traceqlSearch', 'Search'],
    ['serviceMap', 'Service graph'],
    ['upload', 'Import'],
    [undefined, 'TraceQL'],
    ['compareWindows', 'Models'],
  ])('shows a stored query of type %s under %s', (queryType, label) => {
    setup({ queryType: queryType as GenTQuery['queryType'] });
    expect(screen.getByLabelText(label)).toBeChecked();
  });
});

describe('the tab TraceQL', () => {
  it('changes the text without running it', () => {
    const { last, onRunQuery } = setup({ query: '' });
    expect(screen.getByText(/Write a query such as/)).toBeInTheDocument();
    fireEvent.change(screen.getByLabelText('TraceQL query'), { target: { value: '{ kind = server }' } });
    expect(last().query).toBe('{ kind = server }');
    expect(onRunQuery).not.toHaveBeenCalled();
  });

  it('says what is wrong and where', async () => {
    setup({ query: '{ foo = 1 }' });
    expect(await screen.findByText(/Line 1, column 3: unknown identifier foo/)).toBeInTheDocument();
    expect(screen.getByRole('button', { name: /Format/ })).toHaveAttribute('aria-disabled', 'true');
  });

  it('lays the query out on demand', async () => {
    const { last } = setup({ query: '{ status=error }' });
    const format = screen.getByRole('button', { name: /Format/ });
    await waitFor(() => expect(format).not.toHaveAttribute('aria-disabled', 'true'));
    await userEvent.click(format);
    await waitFor(() => expect(last()?.query).toBe('{ status = error }'));
  });

  it('stays when hex digits are typed, which mean a trace', () => {
    setup({ query: '' });
    fireEvent.change(screen.getByLabelText('TraceQL query'), { target: { value: 'abc' } });
    expect(screen.getByLabelText('TraceQL')).toBeChecked();
    expect(screen.getByText(/Opens the trace with this id/)).toBeInTheDocument();
    expect(screen.queryByLabelText('Limit')).not.toBeInTheDocument();
  });

  it('opens a query of conditions in the builder, and no other', async () => {
    const { last } = setup({ query: '{ resource.service.name = "cart" && duration > 1s }' });
    await userEvent.click(screen.getByRole('button', { name: 'Edit in Search' }));
    expect(last()).toMatchObject({
      queryType: 'search',
      filters: [
        { id: 'service-name', scope: 'resource', tag: 'service.name', value: 'cart' },
        { id: 'min-duration', tag: 'duration', operator: '>', value: '1s' },
      ],
    });
    expect(screen.getByLabelText('Least duration')).toHaveValue('1s');
    setup({ query: '{ } | count() > 2', refId: 'B' });
    expect(screen.queryByRole('button', { name: 'Edit in Search' })).not.toBeInTheDocument();
  });
});

describe('the tab Trace ID', () => {
  it('shows an id that a link brought', () => {
    setup({ query: ID, queryType: 'traceql' });
    expect(screen.getByLabelText('Trace ID', { selector: 'input[type="radio"]' })).toBeChecked();
    expect(screen.getByDisplayValue(ID)).toBeInTheDocument();
  });

  it('keeps an id as the links to spans expect it, and runs it with Enter', async () => {
    const { last, onRunQuery } = setup({ query: '', queryType: 'traceId' });
    const field = screen.getByPlaceholderText(ID);
    fireEvent.change(field, { target: { value: 'xyz' } });
    expect(last()).toMatchObject({ queryType: 'traceId', query: 'xyz' });
    expect(screen.getByText(/up to 32 hexadecimal digits/)).toBeInTheDocument();
    fireEvent.change(field, { target: { value: ` ${ID} ` } });
    expect(last()).toMatchObject({ queryType: 'traceql', query: ID });
    await userEvent.type(field, '{Enter}');
    expect(onRunQuery).toHaveBeenCalled();
  });

  it('allows a variable', () => {
    setup({ query: '', queryType: 'traceId' });
    fireEvent.change(screen.getByPlaceholderText(ID), { target: { value: '$trace' } });
    expect(screen.queryByText(/up to 32 hexadecimal digits/)).not.toBeInTheDocument();
  });

  it('begins empty after a search', async () => {
    const { last } = setup({ query: '{ }' });
    await userEvent.click(screen.getByLabelText('Trace ID'));
    expect(last()).toMatchObject({ queryType: 'traceId', query: '' });
  });
});

describe('the tab Import', () => {
  const file = new File(['{}'], 'shop.json');
  const imported = (traceId: string, name: string) => ({
    traceId,
    service: 'shop',
    name,
    startMs: 1,
    durationMs: 12.5,
    spans: 3,
    errors: 1,
    frame: { schema: { fields: [] }, data: { values: [] } },
  });
  const answer = (data: unknown) => setBackendSrv({ fetch: () => of({ status: 200, data }) } as unknown as BackendSrv);
  const drop = () => {
    const input = document.querySelector<HTMLInputElement>('input[type="file"]');
    return userEvent.upload(input as HTMLInputElement, file);
  };

  it('is offered in Explore only', () => {
    setup({}, { app: CoreApp.PanelEditor });
    expect(screen.queryByLabelText('Import')).not.toBeInTheDocument();
    setup({ refId: 'B' });
    expect(screen.getByLabelText('Import')).toBeInTheDocument();
  });

  it('opens a file, shows its first trace, and lets another be chosen', async () => {
    answer({ traces: [imported('a1', 'GET /'), imported('b2', 'POST /')], more: false, bad: 2 });
    const { last, onRunQuery } = setup({ queryType: 'import' });
    await drop();
    await screen.findByText(/shop.json: 2 traces. Lines that could not be read: 2/);
    expect(last()).toMatchObject({ queryType: 'import', query: 'a1', fileName: 'shop.json' });
    expect(onRunQuery).toHaveBeenCalledTimes(1);
    await choose('Trace', 'shop: POST /');
    expect(last()).toMatchObject({ queryType: 'import', query: 'b2' });
  });

  it('says why a file could not be opened', async () => {
    const data = { message: 'no trace in the file', hint: 'check it' };
    setBackendSrv({
      fetch: () => throwError(() => ({ status: 422, data, config: { url: '' } })),
    } as unknown as BackendSrv);
    const { onRunQuery } = setup({ queryType: 'import' });
    await drop();
    expect(await screen.findByText('no trace in the file. What to do: check it')).toBeInTheDocument();
    expect(onRunQuery).not.toHaveBeenCalled();
  });

  it('leaves the id of the file behind when another tab is chosen', async () => {
    const { last } = setup({ queryType: 'import', query: ID, importId: 'x' });
    await userEvent.click(screen.getByLabelText('Search'));
    expect(last()).toMatchObject({ queryType: 'search', query: '{ }' });
  });
});

describe('the tab Service graph', () => {
  it('chooses a service and runs', async () => {
    const { last, onRunQuery } = setup({ queryType: 'serviceGraph' });
    await userEvent.click(screen.getByLabelText('Service'));
    await userEvent.click(await screen.findByText('checkout'));
    expect(last().service).toBe('checkout');
    expect(onRunQuery).toHaveBeenCalled();
  });
});

describe('CheatSheet', () => {
  it.each([
    ['{ status = error }', { queryType: 'traceql', query: '{ status = error }' }],
    ['Service graph', { queryType: 'serviceGraph' }],
    ['Compare windows: 24h', { queryType: 'compareWindows', baselineShift: '24h' }],
  ])('turns the example %s into the query', async (label, expected) => {
    const onClickExample = jest.fn();
    const { datasource } = testDatasource();
    render(<CheatSheet onClickExample={onClickExample} datasource={datasource} query={{ refId: 'A', query: '' }} />);
    await userEvent.click(screen.getByText(label));
    expect(onClickExample).toHaveBeenCalledWith(expect.objectContaining(expected));
  });
});
