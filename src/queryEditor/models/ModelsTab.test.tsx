import { type BackendSrv, setBackendSrv } from '@grafana/runtime';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import { of, throwError } from 'rxjs';
import { testDatasource } from '../../test/datasource';
import type { GenTQuery } from '../../types';
import { ModelsTab } from './ModelsTab';

function setup(query: Partial<GenTQuery> = {}) {
  const { datasource } = testDatasource();
  let last: GenTQuery = { refId: 'A', query: '', queryType: 'models', ...query };
  const onRunQuery = jest.fn();
  function Host() {
    const [current, setCurrent] = useState(last);
    return (
      <ModelsTab
        query={current}
        datasource={datasource}
        onRunQuery={onRunQuery}
        onChange={(change) => {
          last = { ...last, ...change };
          setCurrent(last);
        }}
      />
    );
  }
  render(<Host />);
  return { onRunQuery, last: () => last };
}

describe('ModelsTab', () => {
  it.each([
    ['Timeline', { queryType: 'models', modelsView: 'timeline' }],
    ['Operations', { queryType: 'models', modelsView: 'operations' }],
    ['Compare windows', { queryType: 'compareWindows', baselineShift: '1h' }],
  ])('shows %s', async (label, expected) => {
    const { last } = setup();
    await userEvent.click(screen.getByLabelText(label));
    expect(last()).toMatchObject(expected);
  });

  it('returns from comparing to the table', async () => {
    const { last } = setup({ queryType: 'compareWindows', baselineShift: '24h' });
    await userEvent.click(screen.getByLabelText('Table'));
    expect(last()).toMatchObject({ queryType: 'models', modelsView: 'table' });
  });

  it('chooses a model, newest first, and offers its file', async () => {
    const { last } = setup({ modelsView: 'operations' });
    expect(screen.queryByText('Download model')).not.toBeInTheDocument();
    await userEvent.click(screen.getByLabelText('Model'));
    const options = await screen.findAllByRole('option');
    expect(options.map((option) => option.textContent).slice(0, 2)).toEqual([
      expect.stringContaining('1,234 traces'),
      expect.stringContaining('99 traces'),
    ]);
    await userEvent.click(options[0] as HTMLElement);
    expect(last().modelId).toBe('m2');
    expect(screen.getByRole('link', { name: 'Download model' })).toHaveAttribute(
      'href',
      '/api/datasources/uid/gent/resources/models/m2/download'
    );
  });

  it('compares with another window', async () => {
    const { last } = setup({ queryType: 'compareWindows', baselineShift: '1h' });
    await userEvent.click(screen.getByLabelText('Against'));
    await userEvent.click(await screen.findByRole('option', { name: '7d' }));
    expect(last().baselineShift).toBe('7d');
  });

  it('refuses a shift that is no duration', () => {
    setup({ queryType: 'compareWindows', baselineShift: 'yesterday' });
    expect(screen.getByText(/Write a duration such as/)).toBeInTheDocument();
  });
});

describe('uploading a model', () => {
  const file = new File(['GENT'], 'a.gent');

  it('sends the file as it is and runs the query again', async () => {
    const fetch = jest.fn((_request: object) => of({ data: {} }));
    setBackendSrv({ fetch } as unknown as BackendSrv);
    const { onRunQuery } = setup();
    fireEvent.change(screen.getByLabelText('Model file'), { target: { files: [file] } });
    expect(await screen.findByText('a.gent is in the store.')).toBeInTheDocument();
    expect(onRunQuery).toHaveBeenCalled();
    expect(fetch).toHaveBeenCalledWith(
      expect.objectContaining({
        method: 'POST',
        url: '/api/datasources/uid/gent/resources/models/upload',
        data: file,
        showErrorAlert: false,
      })
    );
  });

  it('says why the backend refused it', async () => {
    const refused = {
      status: 403,
      config: {},
      data: { message: 'the role Viewer may not upload', hint: 'ask an editor' },
    };
    setBackendSrv({ fetch: () => throwError(() => refused) } as unknown as BackendSrv);
    const { onRunQuery } = setup();
    fireEvent.change(screen.getByLabelText('Model file'), { target: { files: [file] } });
    await waitFor(() =>
      expect(screen.getByText('the role Viewer may not upload. What to do: ask an editor')).toBeInTheDocument()
    );
    expect(onRunQuery).not.toHaveBeenCalled();
  });
});
