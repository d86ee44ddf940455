/** @file GenT in Grafana when much is asked at once, and when things break: the right error in the right panel, and Grafana goes on. */
import { cpSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BIG_ID, BIG_SPANS, BIG_VALUES, bigTraceLine } from '../../plugin/big-trace';
import { DATA_SOURCE } from '../running';
import { exploreUrl, type QueryResult, type Setting } from '../setting';

const PANELS = 50;
const FAILING = 5;
/** Requests that are left, and the queries of each. */
const LEFT = 20;
const QUERIES = 10;
const BIG = { type: DATA_SOURCE.type, uid: 'gent-big' };
const AWAY = { type: DATA_SOURCE.type, uid: 'gent-away' };
/** For stores to be noticed gone or back, and a killed backend to be started again. */
const WAIT_MS = 30_000;

export function stressSuite(at: () => Setting): void {
  const must = async (method: string, where: string, body: unknown): Promise<void> => {
    const answer = await at().api(method, where, body);
    expect([answer.status, answer.status < 300 ? undefined : answer.body]).toEqual([answer.status, undefined]);
  };
  const ask = async (query: object): Promise<QueryResult | undefined> => {
    const asked = { refId: 'A', datasource: DATA_SOURCE, intervalMs: 60_000, maxDataPoints: 100, ...query };
    return (await at().queryApi([asked])).results?.A;
  };
  /** Asks until an answer is as it should be. */
  const until = async (query: object, wanted: (answer: QueryResult | undefined) => boolean) => {
    const deadline = Date.now() + WAIT_MS;
    let answer = await ask(query);
    while (!wanted(answer) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      answer = await ask(query);
    }
    return answer;
  };

  test(`${PANELS} panels at once: all are drawn, and those with a bad query say so themselves`, async () => {
    const { page, url, shot } = at();
    const queries = [
      { type: 'timeseries', query: '{ } | rate() by (resource.service.name)' },
      { type: 'table', query: '{ status = error }' },
      { type: 'timeseries', query: '{ kind = server } | quantile_over_time(duration, .9)' },
      { type: 'stat', query: '{ } | count_over_time()' },
      { type: 'nodeGraph', queryType: 'serviceGraph', query: '' },
      { type: 'table', queryType: 'models', query: '' },
      { type: 'heatmap', query: '{ } | histogram_over_time(duration)' },
      { type: 'table', query: '{ kind = client } | select(span.http.route)', tableType: 'spans' },
    ];
    const panels = Array.from({ length: PANELS }, (_, i) => {
      const { type, ...query } =
        i < FAILING ? { type: 'table', query: `{ wrong${i} = }` } : queries[i % queries.length]!;
      return {
        id: i + 1,
        title: `Panel ${i + 1}`,
        type,
        datasource: DATA_SOURCE,
        targets: [{ refId: 'A', datasource: DATA_SOURCE, ...query }],
        gridPos: { x: (i % 8) * 3, y: Math.floor(i / 8) * 5, w: 3, h: 5 },
      };
    });
    const dashboard = { uid: 'gent-fifty', title: 'Fifty', panels, time: { from: 'now-1h', to: 'now' } };
    await must('POST', '/api/dashboards/db', { dashboard, overwrite: true });
    await page.setViewportSize({ width: 1920, height: 1700 });
    try {
      await page.goto(`${url}/d/gent-fifty`);
      await page.getByText(`Panel ${PANELS}`, { exact: true }).waitFor();
      const errors = page.getByTestId('data-testid Panel status error');
      const loading = page.getByLabel('Panel loading bar');
      for (let quiet = 0; quiet < 4;) {
        await page.waitForTimeout(500);
        quiet = (await loading.count()) === 0 ? quiet + 1 : 0;
      }
      await shot('fifty-panels');
      const titles = await Promise.all(
        (await errors.all()).map((error) => error.locator('xpath=ancestor::section[1]').innerText())
      );
      const failed = titles.map((text) => /Panel \d+/.exec(text)?.[0]).sort();
      expect(failed).toEqual(Array.from({ length: FAILING }, (_, i) => `Panel ${i + 1}`));
    } finally {
      await page.setViewportSize({ width: 1920, height: 1000 });
    }
  });

  describe('large answers, over gent serve --traces', () => {
    beforeAll(async () => {
      const { store, serve } = at();
      const file = path.join(store, '..', 'big.ndjson');
      writeFileSync(file, bigTraceLine(Date.now() - 10 * 60_000));
      const jsonData = { address: await serve(file) };
      await must('POST', '/api/datasources', { ...BIG, name: 'GenT, big', access: 'proxy', jsonData });
    });

    test(`a trace of ${BIG_SPANS} spans opens in Explore`, async () => {
      const { page, url, shot } = at();
      const begin = Date.now();
      await page.goto(exploreUrl(url, { query: BIG_ID }, BIG));
      await page.getByTestId('span-view').first().waitFor();
      const answer = await ask({ datasource: BIG, query: BIG_ID });
      expect(answer?.frames?.[0]?.data.values[0]).toHaveLength(BIG_SPANS);
      expect(Date.now() - begin).toBeLessThan(60_000);
      await page.getByText(BIG_SPANS.toString()).first().waitFor();
      await shot('big-trace');
    });

    test(`a metrics answer of ${BIG_VALUES} series is drawn`, async () => {
      const { page, url, shot } = at();
      const query = {
        datasource: BIG,
        query: '{ span.n >= 0 } | count_over_time() by (span.n)',
        step: '5m',
        exemplars: 0,
      };
      expect((await ask(query))?.frames).toHaveLength(BIG_VALUES);
      await page.goto(exploreUrl(url, query, BIG));
      await page.locator('.uplot canvas').first().waitFor();
      await shot('thousand-series');
    });
  });

  test('questions that are left while they are answered hold up nobody', async () => {
    const { url } = at();
    const counted = async (code: string): Promise<number> => {
      const text = await (await fetch(`${url}/metrics/plugins/${DATA_SOURCE.type}`)).text();
      const line = new RegExp(`gent_plugin_requests_total\\{endpoint="query",code="${code}"\\} (\\d+)`).exec(text);
      return Number(line?.[1] ?? 0);
    };
    const before = { answered: await counted('OK'), cancelled: await counted('CANCELLED') };
    const left = Array.from({ length: LEFT }, async (_, i) => {
      const leave = new AbortController();
      const body = {
        from: 'now-1h',
        to: 'now',
        queries: Array.from({ length: QUERIES }, (_, n) => ({
          refId: `Q${n}`,
          datasource: DATA_SOURCE,
          query: `{ duration > ${i * QUERIES + n}us } | quantile_over_time(duration, .9) by (name)`,
          mode: 'full',
        })),
      };
      const asked = fetch(`${url}/api/ds/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: leave.signal,
      }).then(
        (response) => response.status,
        () => 'left'
      );
      setTimeout(() => leave.abort(), 20 + i * 5);
      return asked;
    });
    expect(await Promise.all(left)).toContain('left');
    expect((await ask({ query: '{ } | rate()' }))?.status).toBe(200);
    // What Grafana's users left, Grafana's server left, and the backend gave up.
    const [answered, cancelled] = [await counted('OK'), await counted('CANCELLED')];
    expect(cancelled - before.cancelled).toBeGreaterThan(0);
    expect(answered - before.answered).toBeLessThan((LEFT * QUERIES) / 2);
  });

  test('a store that goes away is told in its panel, and answers again when it is back', async () => {
    const { page, url, store, shot } = at();
    const own = path.join(store, '..', 'models-away');
    cpSync(store, own, { recursive: true });
    const settings = { ...AWAY, name: 'GenT, away', access: 'proxy', jsonData: { store: own } };
    await must('POST', '/api/datasources', settings);
    const search = { datasource: AWAY, query: '{ status = error }' };
    expect((await ask(search))?.status).toBe(200);
    renameSync(own, `${own}-gone`);
    const gone = await until(search, (answer) => answer?.status !== 200);
    expect(gone?.status).toBe(503);
    expect(gone?.error).toMatch(/STORE_UNAVAILABLE[^]*What to do|STORE_UNAVAILABLE/);
    expect((await ask({ query: '{ status = error }' }))?.status).toBe(200);
    await page.goto(exploreUrl(url, search, AWAY));
    await page
      .getByText(/STORE_UNAVAILABLE/)
      .first()
      .waitFor();
    await shot('store-away');
    renameSync(`${own}-gone`, own);
    expect((await until(search, (answer) => answer?.status === 200))?.status).toBe(200);
  });

  test('a killed backend is started again, and gives the same answers', async () => {
    const { api, backends } = at();
    const search = { query: '{ status = error }', limit: 5 };
    const ids = async () => (await until(search, (answer) => answer?.status === 200))?.frames?.[0]?.data.values[0];
    const before = await ids();
    const [pid] = backends();
    expect(pid).toBeGreaterThan(0);
    process.kill(pid as number, 'SIGKILL');
    expect(await ids()).toEqual(before);
    expect(backends()).not.toContain(pid);
    expect((await api<{ database: string }>('GET', '/api/health')).body.database).toBe('ok');
  });

  test('after a restart of Grafana everything is there, and no backend was left behind', async () => {
    const { restart, backends } = at();
    const before = backends();
    await restart();
    expect((await ask({ query: '{ status = error }' }))?.status).toBe(200);
    const after = backends();
    expect(after).toHaveLength(1);
    expect(before).not.toContain(after[0]);
    for (const pid of before) {
      expect(() => process.kill(pid, 0)).toThrow();
    }
  });
}
