/** @file What the store holds, who calls whom, and what changed between two windows, as Explore shows them. */
import { checkAccessibility } from '../accessibility';
import { DATA_SOURCE } from '../running';
import { exploreUrl, type QueryFrame, type Setting } from '../setting';
import { MODELS, SERVICES, TRACES } from '../shop';

const EDITOR = '[data-testid="query-editor-row"]';

export function modelsSuite(at: () => Setting): void {
  const frames = async (query: object): Promise<readonly QueryFrame[]> => {
    const asked = { refId: 'A', datasource: DATA_SOURCE, query: '', ...query };
    const { results } = await at().queryApi([asked]);
    expect([results.A?.status, results.A?.error]).toEqual([200, undefined]);
    return results.A?.frames ?? [];
  };
  const column = (frame: QueryFrame | undefined, name: string): unknown[] => {
    const index = frame?.schema.fields.findIndex((field) => field.name === name) ?? -1;
    return frame?.data.values[index] ?? [];
  };

  test('Explore lists the models', async () => {
    const { page, url, shot } = at();
    const [table] = await frames({ queryType: 'models' });
    expect(column(table, 'traces')).toEqual([TRACES, TRACES / 2]);
    expect(table?.data.values[0]).toHaveLength(MODELS);
    await page.goto(exploreUrl(url, { queryType: 'models', query: '' }));
    await page.getByText('Bytes per trace').first().waitFor();
    await page.getByText(String(TRACES), { exact: true }).first().waitFor();
    await page.waitForTimeout(500);
    await shot('explore-models');
    await checkAccessibility(page, EDITOR);
  });

  test('the timeline shows the gap between the models, and a model shows its operations', async () => {
    const { page, url, shot } = at();
    const [timeline] = await frames({ queryType: 'models', modelsView: 'timeline' });
    expect(column(timeline, 'model')).toContain('no model');
    const [table] = await frames({ queryType: 'models' });
    const [modelId] = column(table, 'model');
    const [operations] = await frames({ queryType: 'models', modelsView: 'operations', modelId });
    expect(new Set(column(operations, 'Service'))).toEqual(new Set([...SERVICES, ...column(operations, 'Service')]));
    expect(column(operations, 'Spans').every((spans) => (spans as number) > 0)).toBe(true);
    await page.goto(exploreUrl(url, { queryType: 'models', query: '', modelsView: 'operations', modelId }));
    await page.getByText('Error rate').first().waitFor();
    await shot('explore-operations');
  });

  test('the service graph: nodes, calls, and a table of rates, errors and durations', async () => {
    const { page, url, shot } = at();
    const [nodes, edges, red] = await frames({ queryType: 'serviceGraph' });
    expect(column(nodes, 'id')).toEqual(expect.arrayContaining(SERVICES));
    const calls = column(edges, 'source').map((source, i) => `${source} → ${column(edges, 'target')[i]}`);
    expect(calls).toEqual(expect.arrayContaining(['frontend → cart', 'frontend → catalogue']));
    expect(column(red, 'Rate').every((rate) => (rate as number) >= 0)).toBe(true);
    await page.goto(exploreUrl(url, { queryType: 'serviceGraph', query: '' }));
    await page.getByText('Node graph').first().waitFor();
    const circles = page.locator('svg').getByText('checkout', { exact: true });
    await circles.first().waitFor();
    // The layout of the graph moves until it has settled.
    await page.waitForTimeout(2000);
    await shot('explore-service-graph');
    await page.getByRole('link', { name: 'payment', exact: true }).first().waitFor();
  });

  test('only a service and its neighbours', async () => {
    const [all] = await frames({ queryType: 'serviceGraph' });
    const [some, edges] = await frames({ queryType: 'serviceGraph', service: 'payment' });
    expect(column(some, 'id')).toContain('payment');
    expect(column(some, 'id').length).toBeLessThan(column(all, 'id').length);
    const ends = [...column(edges, 'source'), ...column(edges, 'target')];
    expect(ends.length).toBeGreaterThan(0);
    expect(column(some, 'id')).toEqual(expect.arrayContaining(ends));
  });

  test('what changed against half an hour before: rates that doubled come out', async () => {
    const { page, url, shot } = at();
    const to = Date.now();
    const { body } = await at().api<{ results: Record<string, { frames?: QueryFrame[] }> }>('POST', '/api/ds/query', {
      from: String(to - 25 * 60_000),
      to: String(to),
      queries: [{ refId: 'A', datasource: DATA_SOURCE, queryType: 'compareWindows', query: '', baselineShift: '30m' }],
    });
    const [changes] = body.results.A?.frames ?? [];
    expect(column(changes, 'Change')).toContain('rate');
    const scores = column(changes, 'Score') as number[];
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const rate = column(changes, 'Change').indexOf('rate');
    expect(column(changes, 'Ratio')[rate]).not.toBe(1);
    await page.goto(
      exploreUrl(url, { queryType: 'compareWindows', query: '', baselineShift: '30m' }).replace('now-1h', 'now-25m')
    );
    await page.getByText('Score', { exact: true }).first().waitFor();
    await shot('explore-compare');
  });
}
