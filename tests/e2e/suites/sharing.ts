/** @file GenT beside Grafana's other parts: links between data sources, correlations, mixed panels, public dashboards, time zones. */
import { DATA_SOURCE } from '../running';
import { exploreUrl, type QueryFrame, type QueryResult, type Setting } from '../setting';

const TRACE_ID = /^[0-9a-f]{32}$/;
const LINKED = { type: DATA_SOURCE.type, uid: 'gent-linked' };
const LOKI = { type: 'loki', uid: 'logs' };
/** Grafana's own, which needs no server: random numbers. */
const BUILT_IN = { type: 'grafana', uid: 'grafana' };

/** A panel of a dashboard that is made over the API. */
const panel = (id: number, title: string, type: string, datasource: object, targets: object[]) => ({
  id,
  title,
  type,
  datasource,
  targets: targets.map((target, i) => ({ refId: String.fromCharCode(65 + i), datasource, ...target })),
  gridPos: { x: 0, y: (id - 1) * 8, w: 24, h: 8 },
});

export function sharingSuite(at: () => Setting): void {
  const must = async <T>(method: string, path: string, body: unknown): Promise<T> => {
    const answer = await at().api<T>(method, path, body);
    expect([answer.status, answer.status < 300 ? undefined : answer.body]).toEqual([answer.status, undefined]);
    return answer.body;
  };
  const someTrace = async (): Promise<string> => {
    const asked = { refId: 'A', datasource: DATA_SOURCE, query: '{ status = error }', limit: 1 };
    const { results } = await at().queryApi([asked]);
    const id = String(results.A?.frames?.[0]?.data.values[0]?.[0]);
    expect(id).toMatch(TRACE_ID);
    return id;
  };

  beforeAll(async () => {
    // Nobody answers there: only where the link leads is looked at.
    await must('POST', '/api/datasources', { ...LOKI, name: 'Logs', access: 'proxy', url: 'http://127.0.0.1:9' });
    await must('POST', '/api/datasources', {
      ...LINKED,
      name: 'GenT with links',
      access: 'proxy',
      jsonData: {
        store: at().store,
        nodeGraph: { enabled: true },
        spanBar: { type: 'Tag', tag: 'service.name' },
        tracesToLogsV2: {
          datasourceUid: LOKI.uid,
          customQuery: false,
          tags: [{ key: 'service.name', value: 'service' }],
          spanStartTimeShift: '-5m',
          spanEndTimeShift: '5m',
          filterByTraceID: true,
        },
      },
    });
  });

  test('a span links to its logs, and the trace is drawn as a graph', async () => {
    const { page, url, shot } = at();
    const id = await someTrace();
    await page.goto(exploreUrl(url, { query: id }, LINKED));
    await page.getByTestId('span-view').first().waitFor();
    await page.getByText('Node graph').first().waitFor();
    const link = page.locator('a[href^="/explore"][href*="logs"]').first();
    await link.waitFor();
    const target = decodeURIComponent((await link.getAttribute('href')) ?? '');
    expect(target).toContain('"datasource":"logs"');
    expect(target).toMatch(/service=\\*"[a-z]+/);
    expect(target).toContain(id);
    await shot('span-links');
  });

  test.each([
    ['a Prometheus exemplar', { queryType: 'traceql' }],
    ['a Loki derived field', { queryType: undefined }],
  ])('a link as %s makes it opens the trace', async (_, link) => {
    const { page, url } = at();
    await page.goto(exploreUrl(url, { query: await someTrace(), ...link }));
    await page.getByTestId('span-view').first().waitFor();
    expect(await page.getByTestId('span-view').count()).toBeGreaterThan(1);
  });

  test('a correlation leads from a value of a search to the query that it fills in', async () => {
    const { page, url, shot } = at();
    await must('POST', `/api/datasources/uid/${DATA_SOURCE.uid}/correlations`, {
      targetUID: LINKED.uid,
      label: 'Spans of the service',
      type: 'query',
      config: {
        type: 'query',
        field: 'traceService',
        target: { query: '{ resource.service.name = "${traceService}" }', queryType: 'traceql' },
      },
    });
    await page.goto(exploreUrl(url, { query: '{ status = error }' }));
    const cell = page.getByRole('link', { name: 'frontend' }).first();
    await cell.waitFor();
    const target = decodeURIComponent((await cell.getAttribute('href')) ?? '');
    expect(target).toContain(`"datasource":"${LINKED.uid}"`);
    expect(target).toContain('{ resource.service.name = \\"frontend\\" }');
    await shot('correlation');
  });

  test('a panel mixes data sources', async () => {
    const { page, url, shot } = at();
    const queries = [
      { refId: 'A', datasource: DATA_SOURCE, query: '{ } | rate()' },
      { refId: 'B', datasource: BUILT_IN, queryType: 'randomWalk' },
    ];
    const mixed = { type: 'datasource', uid: '-- Mixed --' };
    const panels = [{ ...panel(1, 'Two data sources', 'timeseries', mixed, []), targets: queries }];
    await must('POST', '/api/dashboards/db', {
      dashboard: { uid: 'gent-mixed', title: 'Mixed', panels, time: { from: 'now-1h', to: 'now' } },
      overwrite: true,
    });
    await page.goto(`${url}/d/gent-mixed`);
    await page.getByRole('button', { name: 'rate', exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'B-series' }).first().waitFor();
    expect(await page.getByTestId('data-testid Panel status error').count()).toBe(0);
    await shot('mixed');
  });

  test('a public dashboard shows rates, traces and the service graph to somebody who is not signed in', async () => {
    const { url, page, shot } = at();
    const panels = [
      panel(1, 'Rate', 'timeseries', DATA_SOURCE, [{ query: '{ } | rate() by (resource.service.name)' }]),
      panel(2, 'Failures', 'table', DATA_SOURCE, [{ query: '{ status = error }', tableType: 'spans' }]),
      panel(3, 'Services', 'nodeGraph', DATA_SOURCE, [{ queryType: 'serviceGraph', query: '' }]),
    ];
    await must('POST', '/api/dashboards/db', {
      dashboard: { uid: 'gent-public', title: 'Public', panels, time: { from: 'now-1h', to: 'now' } },
      overwrite: true,
    });
    const shared = { isEnabled: true, annotationsEnabled: false, timeSelectionEnabled: false, share: 'public' };
    const { accessToken } = await must<{ accessToken: string }>(
      'POST',
      '/api/dashboards/uid/gent-public/public-dashboards',
      shared
    );
    for (const { id, title } of panels) {
      const { results } = await must<{ results: Record<string, QueryResult> }>(
        'POST',
        `/api/public/dashboards/${accessToken}/panels/${id}/query`,
        { intervalMs: 60_000, maxDataPoints: 100 }
      );
      const rows = (results.A?.frames ?? []).map((frame: QueryFrame) => frame.data.values[0]?.length ?? 0);
      expect([title, Math.max(0, ...rows) > 0]).toEqual([title, true]);
    }
    await page.goto(`${url}/public-dashboards/${accessToken}`);
    await page.locator('.uplot canvas').first().waitFor();
    await page.waitForTimeout(1500);
    expect(await page.getByTestId('data-testid Panel status error').count()).toBe(0);
    await shot('public-dashboard');
  });

  test('times are shown in the time zone of the dashboard', async () => {
    const { page, url } = at();
    const panels = [panel(1, 'Failures', 'table', DATA_SOURCE, [{ query: '{ status = error }', limit: 1 }])];
    await must('POST', '/api/dashboards/db', {
      dashboard: { uid: 'gent-zones', title: 'Time zones', panels, time: { from: 'now-1h', to: 'now' } },
      overwrite: true,
    });
    const shown = async (zone: string): Promise<number> => {
      await page.goto(`${url}/d/gent-zones?timezone=${encodeURIComponent(zone)}`);
      const cell = page.getByText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/).first();
      await cell.waitFor();
      return Date.parse(`${(await cell.innerText()).slice(0, 19).replace(' ', 'T')}Z`);
    };
    const [utc, kathmandu] = [await shown('utc'), await shown('Asia/Kathmandu')];
    // The newest failure may be another one by the second look, but not by an hour.
    expect(Math.abs(kathmandu - utc - 5.75 * 3_600_000)).toBeLessThan(600_000);
  });
}
