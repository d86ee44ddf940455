/** @file Alert rules: Grafana's server asks, without a browser. */
import { DATA_SOURCE } from '../running';
import type { Setting } from '../setting';
import { SERVICES } from '../shop';

const EXPRESSION = { type: '__expr__', uid: '__expr__' };
const RATE = '{ } | rate() by (resource.service.name)';
/** Rules are evaluated every ten seconds, the shortest that Grafana allows. */
const EVERY_SECONDS = 10;
const WAIT_MS = 90_000;

interface RuleGroups {
  data: { groups: Array<{ rules: Array<{ name: string; state: string; health: string; lastError?: string }> }> };
}

interface RuleQuery {
  refId: string;
  relativeTimeRange?: object;
  datasourceUid: string;
  model: object;
}

/** A rule that fires where the query's largest number is above a threshold. */
const rule = (title: string, query: string, above: number) => ({
  title,
  folderUID: 'gent-alerts',
  ruleGroup: 'gent',
  orgID: 1,
  condition: 'C',
  for: '0s',
  noDataState: 'NoData',
  execErrState: 'Error',
  data: [
    {
      refId: 'A',
      relativeTimeRange: { from: 3600, to: 0 },
      datasourceUid: DATA_SOURCE.uid,
      model: { refId: 'A', datasource: DATA_SOURCE, queryType: 'traceql', query, intervalMs: 60_000 },
    },
    {
      refId: 'B',
      datasourceUid: EXPRESSION.uid,
      model: { refId: 'B', datasource: EXPRESSION, type: 'reduce', reducer: 'max', expression: 'A' },
    },
    {
      refId: 'C',
      datasourceUid: EXPRESSION.uid,
      model: {
        refId: 'C',
        datasource: EXPRESSION,
        type: 'threshold',
        expression: 'B',
        conditions: [{ evaluator: { type: 'gt', params: [above] } }],
      },
    },
  ] as RuleQuery[],
});

export function alertingSuite(at: () => Setting): void {
  test('server-side expressions get numbers without a browser', async () => {
    const { status, results } = await at().queryApi([
      { refId: 'A', datasource: DATA_SOURCE, query: RATE, intervalMs: 60_000, maxDataPoints: 100 },
      { refId: 'B', datasource: EXPRESSION, type: 'reduce', reducer: 'max', expression: 'A' },
    ]);
    expect(status).toBe(200);
    const reduced = results.B?.frames ?? [];
    const services = reduced.map((frame) => Object.values(frame.schema.fields.at(-1)?.labels ?? {})[0]);
    expect(services).toEqual(expect.arrayContaining(SERVICES));
    for (const frame of reduced) {
      expect(frame.data.values.at(-1)?.[0]).toBeGreaterThan(0);
    }
  });

  test('a rule fires where its query is above the threshold, and another stays quiet', async () => {
    const { api, page, url, shot } = at();
    expect((await api('POST', '/api/folders', { uid: 'gent-alerts', title: 'GenT alerts' })).status).toBe(200);
    const firing = rule('Failures of the shop', '{ status = error } | rate()', 0);
    const quiet = rule('Too much traffic', '{ } | rate()', 1e9);
    const slow = rule('Slow answers', '{ kind = server } | quantile_over_time(duration, .99)', 0);
    const ratio = rule('Share of failures', '{ } | rate()', 0);
    // Failures by all: two queries and one expression, as a person writes it.
    ratio.data.unshift({
      refId: 'E',
      relativeTimeRange: { from: 3600, to: 0 },
      datasourceUid: DATA_SOURCE.uid,
      model: {
        refId: 'E',
        datasource: DATA_SOURCE,
        queryType: 'traceql',
        query: '{ status = error } | rate()',
        intervalMs: 60_000,
      },
    });
    // Both are added up first: in a step without spans the share would be no number.
    const reduce = (refId: string, of: string): RuleQuery => ({
      refId,
      datasourceUid: EXPRESSION.uid,
      model: { refId, datasource: EXPRESSION, type: 'reduce', reducer: 'sum', expression: of },
    });
    const share = { refId: 'D', datasource: EXPRESSION, type: 'math', expression: '$F / $B' };
    const [failures, all, , threshold] = ratio.data as [RuleQuery, RuleQuery, RuleQuery, RuleQuery];
    Object.assign(threshold.model, { expression: 'D' });
    ratio.data = [
      failures,
      all,
      reduce('F', 'E'),
      reduce('B', 'A'),
      { refId: 'D', datasourceUid: EXPRESSION.uid, model: share },
      threshold,
    ];
    for (const one of [firing, quiet, slow, ratio]) {
      const { status, body } = await api('POST', '/api/v1/provisioning/alert-rules', one);
      expect([status, status === 201 ? undefined : body]).toEqual([201, undefined]);
    }
    const group = '/api/v1/provisioning/folder/gent-alerts/rule-groups/gent';
    const { body } = await api<object>('GET', group);
    expect((await api('PUT', group, { ...body, interval: EVERY_SECONDS })).status).toBe(200);

    const states = async () => {
      const { body: told } = await api<RuleGroups>('GET', '/api/prometheus/grafana/api/v1/rules');
      const rules = told.data.groups.flatMap((one) => one.rules);
      return Object.fromEntries(rules.map(({ name, state, health }) => [name, `${state}, ${health}`]));
    };
    const wanted = {
      [firing.title]: 'firing, ok',
      [quiet.title]: 'inactive, ok',
      [slow.title]: 'firing, ok',
      [ratio.title]: 'firing, ok',
    };
    const deadline = Date.now() + WAIT_MS;
    const sorted = (all: object) => JSON.stringify(Object.entries(all).sort());
    while (Date.now() < deadline && sorted(await states()) !== sorted(wanted)) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    expect(await states()).toEqual(wanted);
    await page.goto(`${url}/alerting/list`);
    await page.getByText('GenT alerts').first().waitFor();
    await shot('alerting');
  });
}
