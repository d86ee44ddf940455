/** @file Making a query: by clicking in the Search tab, and by typing in the TraceQL tab with completion. */
import type { Page } from 'playwright-core';
import { fixtureNdjson } from '../../plugin/fixture';
import { checkAccessibility } from '../accessibility';
import { exploreUrl, type Setting } from '../setting';

const TRACE_ID = /^[0-9a-f]{32}$/;
const EDITOR = '[data-testid="query-editor-row"]';

/** Chooses an option of a combobox that is found by its label. `typed` narrows a list that is too long to be drawn whole. */
async function choose(page: Page, label: string, option: string | RegExp, typed?: string): Promise<void> {
  const box = page.getByLabel(label, { exact: true });
  await box.click();
  if (typed !== undefined) {
    await box.fill(typed);
  }
  await page.getByRole('option', { name: option }).first().click();
  // A list of several choices stays open; Escape in a closed one would take the choice back.
  if (label.endsWith(': value')) {
    await page.keyboard.press('Escape');
  }
}

const runQuery = (page: Page) => page.getByRole('button', { name: 'Run query' }).first().click();

export function searchSuite(at: () => Setting): void {
  test('a search is built by clicks; the TraceQL that it makes is shown, and opens as text', async () => {
    const { page, url, shot } = at();
    await page.goto(exploreUrl(url, { queryType: 'search', query: '{ }', filters: [] }));
    await choose(page, 'Service name: value', 'checkout');
    await choose(page, 'Status: value', 'error');
    await page.getByLabel('Least duration', { exact: true }).fill('1ms');
    await page.getByRole('button', { name: 'Add tag' }).click();
    await choose(page, 'Scope of the tag', /^span/);
    await choose(page, 'Name of the tag', /^rpc\.system\.name/, 'rpc.system');
    await choose(page, 'rpc.system.name: value', 'grpc');
    const shown = page.getByLabel('TraceQL of this search');
    await shown.filter({ hasText: 'span.rpc.system.name' }).waitFor();
    const made = await shown.innerText();
    expect(made).toContain('resource.service.name');
    expect(made).toContain('status');
    expect(made).toMatch(/duration\s*>\s*1ms/);
    expect(made).toContain('span.rpc.system.name');
    await runQuery(page);
    await page.getByRole('link', { name: TRACE_ID }).first().waitFor();
    await shot('search-tab');
    await checkAccessibility(page, EDITOR);
    await page.getByRole('button', { name: 'Edit in TraceQL' }).click();
    await page.locator(`${EDITOR} .monaco-editor .view-lines`).first().waitFor();
    const text = (await page.locator(`${EDITOR} .monaco-editor .view-lines`).first().innerText()).replace(/\s/g, '');
    expect(text).toContain('resource.service.name="checkout"');
  });

  test('TraceQL is completed while it is typed, and runs with Shift+Enter', async () => {
    const { page, url, shot } = at();
    await page.goto(exploreUrl(url, { query: '' }));
    const editor = page.locator(`${EDITOR} .monaco-editor`).first();
    await editor.waitFor();
    await editor.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await page.keyboard.type('{ resource.service.na');
    const suggestions = page.locator('.suggest-widget.visible');
    await suggestions.getByText('resource.service.name').first().waitFor();
    await shot('traceql-completion');
    await page.keyboard.press('Enter');
    await page.keyboard.type(' = ');
    await suggestions.getByText('checkout').first().waitFor();
    await page.keyboard.type('"checkout');
    await page.keyboard.press('Escape');
    const shown = () => editor.locator('.view-lines').innerText();
    const typed = (await shown()).replace(/\s/g, '');
    expect(typed.startsWith('{resource.service.name="checkout"')).toBe(true);
    await page.keyboard.press('Shift+Enter');
    await page.getByRole('link', { name: TRACE_ID }).first().waitFor();
    await shot('traceql-tab');
    await checkAccessibility(page, EDITOR);
  });

  test('an error is underlined and explained while it is typed', async () => {
    const { page, url, shot } = at();
    await page.goto(exploreUrl(url, { query: '{ status = error }' }));
    const editor = page.locator(`${EDITOR} .monaco-editor`).first();
    await editor.waitFor();
    await editor.click();
    await page.keyboard.press('Control+A');
    // The editor closes the brace.
    await page.keyboard.type('{ status = ');
    await page.keyboard.press('Escape');
    await page
      .locator(EDITOR)
      .getByText(/What to do/)
      .first()
      .waitFor();
    await editor.locator('.squiggly-error').first().waitFor({ state: 'attached' });
    await shot('traceql-error');
  });

  test('a trace opens by its id in the Trace ID tab', async () => {
    const { page, url, queryApi, shot } = at();
    const { results } = await queryApi([
      {
        refId: 'A',
        datasource: { uid: 'gent', type: 'gent-traces-datasource' },
        query: '{ status = error }',
        limit: 1,
      },
    ]);
    const id = String(results.A?.frames?.[0]?.data.values[0]?.[0]);
    expect(id).toMatch(TRACE_ID);
    await page.goto(exploreUrl(url, { queryType: 'traceId', query: '' }));
    await page.getByLabel('Trace ID').last().fill(id);
    await page.getByLabel('Trace ID').last().press('Enter');
    await page.getByTestId('span-view').first().waitFor();
    await shot('trace-id-tab');
  });

  test('a word is explained where the pointer rests on it, and the query is laid out on demand', async () => {
    const { page, url, shot } = at();
    await page.goto(exploreUrl(url, { query: '{status=error&&duration>1ms}|rate()' }));
    const editor = page.locator(`${EDITOR} .monaco-editor`).first();
    const word = editor.locator('.view-lines').getByText('duration').first();
    const explained = page
      .locator('.monaco-hover:visible')
      .getByText(/end|duration/i)
      .first();
    // The editor hears the pointer once its code is loaded, which nothing tells: a person would move again, too.
    for (let tries = 0; tries < 20 && !(await explained.isVisible()); tries++) {
      await page.mouse.move(5, 5);
      await word.hover();
      await page.waitForTimeout(1000);
    }
    expect(await explained.isVisible()).toBe(true);
    await shot('traceql-hover');
    await page.mouse.move(5, 5);
    await page.locator(EDITOR).getByRole('button', { name: 'Format' }).click();
    const text = async () => (await editor.locator('.view-lines').innerText()).replace(/\u00a0/g, ' ');
    const laidOut = /\{ status = error && duration > 1ms \}\s*\| rate\(\)/;
    for (let tries = 0; tries < 50 && !laidOut.test(await text()); tries++) {
      await page.waitForTimeout(100);
    }
    expect(await text()).toMatch(laidOut);
    await shot('traceql-formatted');
  });

  test('a trace file is opened in Explore, and marked as imported', async () => {
    const { page, url, shot } = at();
    await page.goto(exploreUrl(url, { queryType: 'import', query: '' }));
    await page.getByText(/Drop a trace file here/).waitFor();
    await shot('import-tab');
    const buffer = Buffer.from(fixtureNdjson().split('\n').slice(0, 3).join('\n'));
    await page
      .locator('input[type="file"]')
      .first()
      .setInputFiles({ name: 'shop.ndjson', mimeType: 'text/plain', buffer });
    await page.getByText(/shop.ndjson: 3 traces/).waitFor();
    await page.getByTestId('span-view').first().waitFor();
    expect(await page.getByTestId('span-view').count()).toBe(4);
    await page.locator('[id^="gent-import-"][id$="-trace"]').click();
    await page
      .getByRole('option', { name: /POST \/checkout/ })
      .last()
      .click();
    await page
      .getByText(/^1 info$/i)
      .first()
      .hover();
    await page.getByText(/Imported from a file: this trace is not in the store/).waitFor();
    await shot('import-trace');
    await checkAccessibility(page, EDITOR);
    await page.reload();
    await page
      .getByText(/is not open here/)
      .first()
      .waitFor();
  });
}
