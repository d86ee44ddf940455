/** @file The page on which the data source is added and set up. */
import path from 'node:path';
import { checkAccessibility } from '../accessibility';
import type { Setting } from '../setting';
import { MODELS, TRACES } from '../shop';

export function settingsSuite(at: () => Setting): void {
  test('the data source is added by hand: Save & test says what is there, or what is wrong', async () => {
    const { page, url, store, shot } = at();
    await page.goto(`${url}/connections/datasources/new`);
    await page.getByPlaceholder('Filter by name or type').fill('gent');
    await page.getByRole('button', { name: /GenT/ }).first().click();
    const directory = page.locator('#gent-config-store');
    await directory.fill(path.join(store, 'missing'));
    await page.getByRole('button', { name: 'Save & test' }).click();
    const bad = page.getByTestId('data-testid Alert error');
    await bad.waitFor();
    expect(await bad.innerText()).toMatch(/missing[^]*What to do:/);
    await shot('settings-wrong');
    // Grafana reads the settings again after a save and would overwrite what is typed meanwhile.
    await page.reload({ waitUntil: 'networkidle' });
    await directory.fill(store);
    expect(await directory.inputValue()).toBe(store);
    await page.getByRole('button', { name: 'Save & test' }).click();
    const good = page.getByTestId('data-testid Alert success').filter({ hasText: 'model' });
    await good.waitFor();
    const traces = (TRACES * 1.5).toLocaleString('en-US');
    expect(await good.innerText()).toMatch(new RegExp(`${MODELS} models of ${traces} traces[^]*\\d{4}-\\d\\d-\\d\\d`));
    await shot('settings');
    await checkAccessibility(page, 'form', ['[data-testid^="data-testid Alert"]', 'button[type=submit]']);
  });

  test('the dashboards of the plugin are offered for import', async () => {
    const { page, url, shot } = at();
    await page.goto(`${url}/connections/datasources/edit/gent/dashboards`);
    for (const name of ['RED overview', 'Service detail', 'Trace explorer', 'Models and fidelity']) {
      await page.getByText(`GenT: ${name}`).first().waitFor();
    }
    await shot('settings-dashboards');
  });
}
