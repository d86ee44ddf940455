/** @file The dashboards that ship with the plugin: every panel draws, variables and filters act, links lead somewhere. */
import type { Page } from 'playwright-core';
import { checkAccessibility } from '../accessibility';
import type { Setting } from '../setting';
import { SERVICES } from '../shop';

const TRACE_ID = /^[0-9a-f]{32}$/;
const VIEW = { width: 1920, height: 1000 };
/** Panels below the window are not drawn: the window is made as tall as the dashboard. */
const TALL = { width: 1920, height: 2100 };
const QUIET_CHECKS = 4;
/** Parts of Grafana that axe finds fault with: variable pickers, marks of exemplars, edges of node graphs, rows that fold. */
const GRAFANAS = [
  'input[id^="react-select"]',
  '[data-testid="data-testid Exemplar marker"]',
  'g[aria-label^="Edge from"]',
  'svg[aria-label="Expand row"]',
];

/** Waits until no panel of the dashboard loads any more. */
async function settled(page: Page): Promise<void> {
  await page.locator('section[data-testid]').first().waitFor();
  const loading = page.getByLabel('Panel loading bar');
  for (let quiet = 0; quiet < QUIET_CHECKS;) {
    // Graphs are painted after their data came, and some panels ask only then.
    await page.waitForTimeout(500);
    quiet = (await loading.count()) === 0 ? quiet + 1 : 0;
  }
}

/** Titles of the panels that show an error. */
async function failedPanels(page: Page): Promise<string[]> {
  const errors = page.getByTestId('data-testid Panel status error');
  const titles: string[] = [];
  for (const error of await errors.all()) {
    titles.push(await error.locator('xpath=ancestor::section[1]').innerText());
  }
  return titles;
}

/** Titles of the panels that have nothing to show. */
async function emptyPanels(page: Page): Promise<string[]> {
  const titles: string[] = [];
  for (const empty of await page.getByTestId('data-testid Panel data error message').all()) {
    titles.push(await empty.locator('xpath=ancestor::section[1]').innerText());
  }
  return titles;
}

export function dashboardsSuite(at: () => Setting): void {
  beforeEach(async () => at().page.setViewportSize(TALL));
  afterEach(async () => at().page.setViewportSize(VIEW));

  test.each([
    ['RED overview', 'gent-overview?var-baseline=30m'],
    ['Service detail', 'gent-service?var-service=checkout'],
    ['Trace explorer', 'gent-traces'],
    ['Models and fidelity', 'gent-models'],
  ])('%s draws every panel', async (title, where) => {
    const { page, url, shot } = at();
    await page.goto(`${url}/d/${where}`);
    await page.getByText(`GenT: ${title}`).first().waitFor();
    await settled(page);
    await shot(`dashboard-${where.replace(/\?.*/, '')}`);
    expect(await failedPanels(page)).toEqual([]);
    // Until a trace id is chosen, its panel is the only empty one.
    expect((await emptyPanels(page)).filter((text) => !text.startsWith('Trace'))).toEqual([]);
    await checkAccessibility(page, 'main', GRAFANAS);
  });

  test('the light theme', async () => {
    const { page, url, shot } = at();
    await page.goto(`${url}/d/gent-overview?var-baseline=30m&theme=light`);
    await settled(page);
    await shot('dashboard-light');
    expect(await failedPanels(page)).toEqual([]);
    await checkAccessibility(page, 'main', GRAFANAS);
  });

  test('a click on a trace id shows the trace below', async () => {
    const { page, url, shot } = at();
    await page.goto(`${url}/d/gent-traces`);
    await page.getByText(TRACE_ID).first().click();
    await page.getByRole('link', { name: 'Show the trace below' }).click();
    await page.getByTestId('span-view').first().waitFor();
    expect(page.url()).toMatch(/var-trace=[0-9a-f]{32}/);
    await settled(page);
    await shot('dashboard-trace');
    expect(await failedPanels(page)).toEqual([]);
  });

  test('variables list the services, and the operations of the chosen service', async () => {
    const { page, url, shot } = at();
    await page.goto(`${url}/d/gent-service?var-service=cart`);
    await settled(page);
    const service = page.getByTestId(/Dashboard template variables submenu Label Service$/).locator('..');
    await service.getByRole('combobox').press('ArrowDown');
    for (const name of SERVICES) {
      await page.getByRole('option', { name, exact: true }).waitFor();
    }
    await page.getByRole('option', { name: 'payment', exact: true }).click();
    await page.waitForURL(/var-service=payment/);
    await settled(page);
    const operation = page.getByTestId(/Dashboard template variables submenu Label Operation$/).locator('..');
    await operation.getByRole('combobox').press('ArrowDown');
    const options = await page.getByRole('option').allInnerTexts();
    expect(options.some((name) => /payment|charge/i.test(name))).toBe(true);
    expect(options.some((name) => /cart/i.test(name))).toBe(false);
    await shot('dashboard-variable');
  });

  test('an ad hoc filter is built from the attributes of the models and narrows every panel', async () => {
    const { page, url, shot } = at();
    await page.goto(`${url}/d/gent-traces`);
    await settled(page);
    const filter = page.getByPlaceholder(/Filter by label values/);
    await filter.fill('resource.service.name');
    await page.getByRole('option', { name: 'resource.service.name' }).first().click();
    await page
      .getByRole('option', { name: /^=( |$)/ })
      .first()
      .click();
    await page.getByRole('option', { name: 'cart' }).first().click();
    await page.waitForURL(/var-filters=resource\.service\.name/);
    await page.keyboard.press('Escape');
    await settled(page);
    await shot('dashboard-adhoc');
    const matching = page.locator('section').filter({ hasText: 'Matching spans' }).first();
    expect(await matching.getByText('cart').count()).toBeGreaterThan(0);
    expect(await matching.getByText('frontend', { exact: true }).count()).toBe(0);
    expect(await failedPanels(page)).toEqual([]);
  });

  test('traces with an error mark the graphs as annotations', async () => {
    const { page, url, shot } = at();
    await page.goto(`${url}/d/gent-service?var-service=frontend`);
    await settled(page);
    await page.getByLabel('Failed traces').first().click({ force: true });
    const marks = page.getByTestId('data-testid annotation-marker');
    await marks.first().waitFor({ state: 'attached' });
    expect(await marks.count()).toBeGreaterThan(3);
    await shot('dashboard-annotations');
  });
}
