/** @file A Grafana with the shop's models, a browser that looks at it, and how tests talk to both. */
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { findChromium } from './requirements';
import { DATA_SOURCE, runGrafana, type RunningGrafana } from './running';

/** Where the tests live. */
export interface Setting extends RunningGrafana {
  readonly page: Page;
  /** Errors that pages threw and nobody caught. */
  readonly pageErrors: string[];
  /** Posts queries over the last hour to Grafana's query API, as alert rules and the browser do. */
  queryApi(queries: object[]): Promise<{ status: number; results: Record<string, QueryResult> }>;
  /** Keeps a screenshot in the directory that GENT_E2E_SHOTS names, if it names one. */
  shot(name: string): Promise<void>;
}

export interface QueryFrame {
  readonly schema: {
    readonly name?: string;
    readonly meta?: Record<string, unknown>;
    readonly fields: ReadonlyArray<{ name: string; type: string; labels?: Record<string, string> }>;
  };
  readonly data: { readonly values: unknown[][] };
}

export interface QueryResult {
  readonly status: number;
  readonly error?: string;
  readonly frames?: readonly QueryFrame[];
}

/** Patience with a machine that does other things too. */
const WAIT_MS = 60_000;
/** … and with the first page, for which Chromium reads and compiles all of Grafana's and the editor's code. */
const FIRST_PAGE_MS = 180_000;
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];

/** Trains, builds, starts everything. */
export async function prepare(): Promise<Setting> {
  const grafana = await runGrafana();
  const browser = await chromium
    .launch({ executablePath: findChromium(), args: CHROMIUM_FLAGS })
    .catch(async (error: unknown) => {
      await grafana.stop();
      throw error;
    });
  const context = await browser.newContext({ viewport: { width: 1920, height: 1000 } });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const pageErrors: string[] = [];
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.goto(exploreUrl(grafana.url, { query: '{ }' }), { timeout: FIRST_PAGE_MS });
  await page.locator('.monaco-editor').first().waitFor({ timeout: FIRST_PAGE_MS });
  return {
    ...grafana,
    page,
    pageErrors,
    async stop() {
      await browser.close();
      await grafana.stop();
    },
    async queryApi(queries) {
      const asked = { from: 'now-1h', to: 'now', queries };
      const { status, body } = await grafana.api<{ results: Record<string, QueryResult> }>(
        'POST',
        '/api/ds/query',
        asked
      );
      return { status, results: body.results };
    },
    async shot(name) {
      if (process.env.GENT_E2E_SHOTS) {
        await page.screenshot({ path: path.join(process.env.GENT_E2E_SHOTS, `${name}.png`) });
      }
    },
  };
}

/** The address of Explore with one query over the last hour. */
export function exploreUrl(url: string, query: object, datasource = DATA_SOURCE): string {
  const pane = {
    datasource: datasource.uid,
    queries: [{ refId: 'A', datasource, ...query }],
    range: { from: 'now-1h', to: 'now' },
  };
  return `${url}/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(JSON.stringify({ gent: pane }))}`;
}
