import type { DataSourceSettings } from '@grafana/data';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import type { GenTOptions, GenTSecureOptions } from '../types';
import { ConfigEditor } from './ConfigEditor';

function setup(jsonData: GenTOptions, secureJsonFields: Record<string, boolean> = {}) {
  const onOptionsChange = jest.fn();
  const options = { jsonData, secureJsonFields, secureJsonData: {} } as unknown as DataSourceSettings<
    GenTOptions,
    GenTSecureOptions
  >;
  render(<ConfigEditor options={options} onOptionsChange={onOptionsChange} />);
  return onOptionsChange;
}

describe('ConfigEditor', () => {
  it('edits the store directory', () => {
    const onOptionsChange = setup({});
    fireEvent.change(screen.getByPlaceholderText('/var/lib/gent/models'), { target: { value: '/data/gent' } });
    expect(onOptionsChange).toHaveBeenCalledWith(expect.objectContaining({ jsonData: { store: '/data/gent' } }));
  });

  it('keeps the token out of jsonData', () => {
    const onOptionsChange = setup({ address: 'http://gent:3200' });
    fireEvent.change(screen.getByPlaceholderText('optional'), { target: { value: 'secret' } });
    const [change] = onOptionsChange.mock.calls[0];
    expect(change.secureJsonData).toEqual({ token: 'secret' });
    expect(JSON.stringify(change.jsonData)).not.toContain('secret');
  });

  it('resets a configured token', async () => {
    const onOptionsChange = setup({ address: 'http://gent:3200' }, { token: true });
    await userEvent.click(screen.getByText('Reset'));
    expect(onOptionsChange).toHaveBeenCalledWith(
      expect.objectContaining({ secureJsonFields: { token: false }, secureJsonData: { token: '' } })
    );
  });

  it('leaves one place to read from', async () => {
    const onOptionsChange = setup({ store: '/data/gent' });
    await userEvent.click(screen.getByLabelText('Address'));
    expect(onOptionsChange).toHaveBeenCalledWith(
      expect.objectContaining({ jsonData: expect.objectContaining({ store: undefined }) })
    );
  });

  it('stores limits as numbers and empties as defaults', () => {
    const onOptionsChange = setup({ limits: { maxSpans: 5 } });
    fireEvent.change(screen.getByPlaceholderText('60'), { target: { value: '90' } });
    expect(onOptionsChange).toHaveBeenLastCalledWith(
      expect.objectContaining({ jsonData: { limits: { maxSpans: 5, timeoutSeconds: 90 } } })
    );
    fireEvent.change(screen.getByDisplayValue('5'), { target: { value: '' } });
    expect(onOptionsChange).toHaveBeenLastCalledWith(
      expect.objectContaining({ jsonData: { limits: { maxSpans: undefined } } })
    );
  });
});
