/** @file Grafana's own Tempo data source over `gent serve`: the same traces and numbers as GenT's data source gives. */
import { DATA_SOURCE } from '../running';
import { exploreUrl, type QueryFrame, type Setting } from '../setting';
import { SERVICES } from '../shop';

const TRACE_ID = /^[0-9a-f]{32}$/;
const TEMPO = { type: 'tempo', uid: 'tempo-over-gent' };
const RATE = '{ } | rate() by (resource.service.name)';
const SEARCH = '{ status = error }';

function column(frame: QueryFrame | undefined, name: string): unknown[] {
  const index = frame?.schema.fields.findIndex((field) => field.name === name) ?? -1;
  return frame?.data.values[index] ?? [];
}

export function tempoSuite(at: () => Setting): void {
  /** One hour that ends now, the same for every question, so that answers can be compared. */
  const to = Date.now();
  const ask = async (datasource: { type: string; uid: string }, query: object): Promise<readonly QueryFrame[]> => {
    const { body } = await at().api<{
      results: Record<string, { status: number; error?: string; frames?: QueryFrame[] }>;
    }>('POST', '/api/ds/query', {
      from: String(to - 3_600_000),
      to: String(to),
      queries: [{ refId: 'A', datasource, intervalMs: 60_000, maxDataPoints: 100, queryType: 'traceql', ...query }],
    });
    expect([body.results.A?.status, body.results.A?.error]).toEqual([200, undefined]);
    return body.results.A?.frames ?? [];
  };

  beforeAll(async () => {
    const { api, serve } = at();
    const { status } = await api('POST', '/api/datasources', {
      ...TEMPO,
      name: 'Tempo',
      access: 'proxy',
      url: await serve(),
    });
    expect(status).toBe(200);
  });

  test('is healthy: Save & test says so', async () => {
    const { api, page, url, shot } = at();
    const health = await api<{ status: string; message: string }>('GET', `/api/datasources/uid/${TEMPO.uid}/health`);
    expect([health.status, health.body.status]).toEqual([200, 'OK']);
    await page.goto(`${url}/connections/datasources/edit/${TEMPO.uid}`);
    await page.getByRole('button', { name: 'Save & test' }).click();
    await page.getByTestId('data-testid Alert success').filter({ hasText: 'Data source is working' }).waitFor();
    await shot('tempo-settings');
  });

  test('with streaming: Save & test streams, and a search streams into Explore', async () => {
    const { api, page, url, shot } = at();
    const { body } = await api<{ url: string }>('GET', `/api/datasources/uid/${TEMPO.uid}`);
    const streaming = { ...TEMPO, uid: 'tempo-streaming', name: 'Tempo, streaming', access: 'proxy', url: body.url };
    const jsonData = { streamingEnabled: { search: true, metrics: true } };
    expect((await api('POST', '/api/datasources', { ...streaming, jsonData })).status).toBe(200);
    const health = await api<{ message: string }>('GET', `/api/datasources/uid/${streaming.uid}/health`);
    expect(health.body.message).toBe('Data source is working. Streaming test succeeded.');
    await page.goto(
      exploreUrl(url, { queryType: 'traceql', query: SEARCH, limit: 20 }, { ...TEMPO, uid: streaming.uid })
    );
    await page.getByRole('link', { name: TRACE_ID }).first().waitFor();
    await shot('tempo-streaming');
  });

  test('searches and opens a trace in Explore', async () => {
    const { page, url, shot } = at();
    await page.goto(exploreUrl(url, { queryType: 'traceql', query: SEARCH, limit: 20 }, TEMPO));
    const id = page.getByRole('link', { name: TRACE_ID }).first();
    await id.waitFor();
    await id.click();
    await page.getByTestId('span-view').first().waitFor();
    await shot('tempo-trace');
  });

  test('opens the same trace as GenT’s data source: the same spans with the same times', async () => {
    const [found] = await ask(DATA_SOURCE, { query: SEARCH, limit: 5, tableType: 'traces' });
    const [id] = column(found, 'traceID') as string[];
    const [ours] = await ask(DATA_SOURCE, { query: id });
    const [theirs] = await ask(TEMPO, { queryType: 'traceId', query: id });
    const spans = (frame: QueryFrame | undefined) => {
      const rows = column(frame, 'spanID').map((spanId, i) => ({
        spanId: String(spanId),
        startTime: column(frame, 'startTime')[i],
        durationNanos: Math.round(Number(column(frame, 'duration')[i]) * 1e6),
        others: ['operationName', 'serviceName', 'parentSpanID', 'statusCode'].map((name) => column(frame, name)[i]),
      }));
      return rows.sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
    };
    expect(spans(ours).length).toBeGreaterThan(2);
    const [expected, got] = [spans(ours), spans(theirs)];
    expect(got.map((span) => ({ ...span, startTime: 0 }))).toEqual(expected.map((span) => ({ ...span, startTime: 0 })));
    // Milliseconds since the epoch as float64 are a quarter of a microsecond apart.
    expected.forEach(({ startTime }, i) => expect(got[i]?.startTime).toBeCloseTo(Number(startTime), 2));
  });

  test.each([
    RATE,
    '{ status = error } | count_over_time() by (name)',
    '{ kind = server } | avg_over_time(duration) by (resource.service.name)',
    '{ kind = server } | quantile_over_time(duration, .5, .9)',
    '{ } | histogram_over_time(duration)',
    '{ } | compare({ status = error })',
  ])('draws the same series as GenT’s data source: %s', async (query) => {
    const series = async (datasource: { type: string; uid: string }) => {
      // Over gent serve these models are small enough for every trace: the same is asked here.
      const frames = await ask(datasource, { query, step: '1m', exemplars: 0, mode: 'full' });
      return Object.fromEntries(
        frames.map(({ schema, data }) => {
          // Tempo's data source puts quotes around texts.
          const labels = Object.entries(schema.fields.at(-1)?.labels ?? {}).map(
            ([key, value]) => `${key}=${value.replace(/^"|"$/g, '')}`
          );
          return [labels.sort().join(), data.values.map((values) => values.map((value) => Number(value ?? 0)))];
        })
      );
    };
    const [ours, theirs] = [await series(DATA_SOURCE), await series(TEMPO)];
    if (query === RATE) {
      const services = SERVICES.map((name) => `resource.service.name=${name}`);
      expect(Object.keys(ours)).toEqual(expect.arrayContaining(services));
    }
    expect(Object.keys(ours).length).toBeGreaterThan(0);
    expect(Object.keys(theirs).sort()).toEqual(Object.keys(ours).sort());
    for (const [labels, [times, values]] of Object.entries(ours)) {
      expect([labels, theirs[labels]?.[0]]).toEqual([labels, times]);
      (values ?? []).forEach((value, i) => expect(theirs[labels]?.[1]?.[i]).toBeCloseTo(value, 9));
    }
  });
}
