import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import { ValuesField } from './ValuesField';

jest.mock('@grafana/ui', () => {
  const missing = new Set<unknown>();
  // What Grafana lacks is undefined in the module that it gives to plugins.
  return new Proxy(jest.requireActual('@grafana/ui'), {
    get: (actual, name) => (name === 'missing' ? missing : missing.has(name) ? undefined : Reflect.get(actual, name)),
  });
});

/** Names that Grafana's components lack. */
const { missing } = jest.requireMock<{ missing: Set<string> }>('@grafana/ui');
afterEach(() => missing.clear());

const NONE: never[] = [];
const options = async (typed: string) =>
  ['cart', 'checkout'].filter((name) => name.includes(typed)).map((name) => ({ label: name, value: name }));

it.each([
  ['MultiCombobox', 'nothing'],
  ['the older list, where Grafana has no MultiCombobox', 'MultiCombobox'],
])('chooses of the list with %s', async (_, lacking) => {
  missing.add(lacking);
  const onChange = jest.fn();
  render(
    <>
      <label htmlFor="values">Values</label>
      <ValuesField
        id="values"
        options={options}
        value={NONE}
        placeholder="any value"
        disabled={false}
        width={40}
        onChange={onChange}
      />
    </>
  );
  const user = userEvent.setup({ pointerEventsCheck: 0 });
  await user.click(screen.getByLabelText('Values'));
  await user.click(await screen.findByText('checkout'));
  expect(onChange).toHaveBeenCalledWith(['checkout']);
});

it('takes values of one’s own in the older list', async () => {
  missing.add('MultiCombobox');
  const onChange = jest.fn();
  const value = [{ label: 'cart', value: 'cart' }];
  render(
    <ValuesField
      id="values"
      options={options}
      value={value}
      placeholder=""
      disabled={false}
      width={40}
      onChange={onChange}
    />
  );
  const user = userEvent.setup({ pointerEventsCheck: 0 });
  await user.type(screen.getByRole('combobox'), 'own{Enter}');
  expect(onChange).toHaveBeenCalledWith(['cart', 'own']);
});
