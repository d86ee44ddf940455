/** @file What the plugin answers, over traces that the tests know: health, queries, resources. */
import { grafana } from '../../pkg/proto';
import { callResource, checkHealth, queryData, queryOne } from './client';
import { FIXTURE_ERRORS, FIXTURE_RANGE, FIXTURE_TRACES, fixtureTraceId } from './fixture';
import type { PluginHost } from './host';
import { type RawPlugin, startRawPlugin } from './raw-plugin';

const SECRET = 'a-token-that-must-stay-secret';

let raw: RawPlugin;
let host: PluginHost;

beforeAll(async () => {
  raw = await startRawPlugin();
  host = raw.host;
});

afterAll(() => raw?.end());

const source = () => ({ jsonData: { store: raw.directory }, secure: { token: SECRET } });
const ask = (json: unknown, headers: Record<string, string> = {}) =>
  queryOne(host, source(), { json, ...FIXTURE_RANGE }, headers);

describe('health', () => {
  test('says what is there', async () => {
    const health = await checkHealth(host, source());
    expect(health.status).toBe(grafana.CheckHealthResponse_HealthStatus.OK);
    expect(health.message).toContain(`${FIXTURE_TRACES} traces`);
    expect(health.message).toContain('2026-01-15 12:00:00');
    expect(JSON.parse(Buffer.from(health.jsonDetails).toString())).toMatchObject({ message: health.message });
  });

  test.each([
    ['a directory that is not there', { store: '/no/such/directory' }, '/no/such/directory'],
    ['no store', {}, 'store'],
    ['settings that are no JSON', '{', 'not JSON'],
  ])('explains %s', async (name, jsonData, text) => {
    const health = await checkHealth(host, { uid: name, jsonData });
    expect(health.status).toBe(grafana.CheckHealthResponse_HealthStatus.ERROR);
    expect(health.message).toContain(text);
    expect(health.message).toContain('What to do:');
  });
});

describe('queries', () => {
  test('an empty query answers with nothing', async () => {
    expect(await ask({ query: '' })).toEqual({ status: 200, error: '', errorSource: '', frames: [] });
  });

  test('a search lists traces, newest first, each with a link to itself', async () => {
    const { frames, error } = await ask({ query: '{ status = error }', limit: 5 });
    expect(error).toBe('');
    expect(frames).toHaveLength(1);
    const times = frames[0]?.values('startTime') as bigint[];
    expect(times).toHaveLength(5);
    expect([...times].sort((a, b) => Number(b - a))).toEqual(times);
    expect(frames[0]?.values('traceName')).toEqual(new Array(5).fill('POST /checkout'));
    expect(frames[0]?.refId).toBe('A');
    expect(frames[0]?.meta.executedQueryString).toBe('{ status = error }');
  });

  test.each(['traces', 'spans', 'raw'])('a search as %s', async (tableType) => {
    const { frames, error } = await ask({ query: '{ resource.service.name = "payment" }', tableType, limit: 7 });
    expect(error).toBe('');
    expect(frames[0]?.rows).toBe(7);
  });

  test('a text of hex digits opens that trace, whatever the type says', async () => {
    for (const more of [{}, { queryType: 'traceql' }, { queryType: 'traceId' }]) {
      const { frames } = await ask({ query: fixtureTraceId(3).toUpperCase(), ...more });
      expect(frames[0]?.meta.preferredVisualisationType).toBe('trace');
      expect([...(frames[0]?.values('operationName') ?? [])].sort()).toEqual([
        'INSERT entries',
        'POST /charge',
        'POST /checkout',
        'charge',
      ]);
    }
    const { frames } = await ask({ query: fixtureTraceId(3) });
    const row = frames[0]?.values('operationName').indexOf('POST /charge') ?? -1;
    expect(frames[0]?.values('logs')[row]).toMatchObject([{ name: 'exception' }]);
    expect(frames[0]?.values('references')[row]).toMatchObject([{ traceID: fixtureTraceId(2) }]);
    expect(frames[0]?.values('statusMessage')[row]).toBe('card declined');
  });

  test('a trace that is not there is an answer of its own, never another trace', async () => {
    const { status, error, errorSource, frames } = await ask({ query: 'ffffffffffffffffffffffffffffffff' });
    expect(status).toBe(404);
    expect(error).toContain('this store keeps models, not that trace');
    expect(errorSource).toBe('downstream');
    expect(frames).toEqual([]);
  });

  test('rates are series that add up to the traces', async () => {
    const { frames } = await ask({ query: '{ } | count_over_time() by (status)', step: '10s', exemplars: 0 });
    const series = frames.filter((frame) => frame.meta.dataTopic === undefined);
    expect(series.length).toBeGreaterThanOrEqual(2);
    const sum = (values: unknown[]) => (values as number[]).reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
    const total = series.reduce((all, frame) => all + sum(frame.values('value')), 0);
    expect(total).toBe(4 * FIXTURE_TRACES);
    const errors = series.find((frame) => Object.values(frame.fields[1]?.labels ?? {}).includes('error'));
    expect(sum(errors?.values('value') ?? [])).toBe(3 * FIXTURE_ERRORS);
    expect(series[0]?.meta).toMatchObject({
      type: 'timeseries-multi',
      executedQueryString: expect.stringContaining('Step: 10s'),
    });
  });

  test('durations are in seconds', async () => {
    const { frames } = await ask({ query: '{ name = "charge" } | quantile_over_time(duration, .5)', step: '30s' });
    expect(frames[0]?.fields[1]?.config.unit).toBe('s');
  });

  test('histograms are heat maps', async () => {
    const { frames } = await ask({ query: '{ } | histogram_over_time(duration)', step: '30s' });
    expect(frames[0]?.meta.preferredVisualisationPluginId).toBe('heatmap');
  });

  test('an instant query is a table of numbers', async () => {
    const { frames } = await ask({
      query: '{ } | count_over_time() by (resource.service.name)',
      metricsQueryType: 'instant',
    });
    expect(frames[0]?.meta.type).toBe('numeric-long');
    expect(frames[0]?.rows).toBe(3);
  });

  test('an alert rule gets values only', async () => {
    const query = { query: '{ } | rate()', exemplars: 10 };
    const { frames } = await ask(query, { FromAlert: 'true' });
    expect(frames.map((frame) => frame.meta.dataTopic)).toEqual([undefined]);
  });

  test('queries of one request are answered on their own: an error of one is not the others’', async () => {
    const answers = await queryData(host, source(), [
      { refId: 'good', json: { query: '{ }' }, ...FIXTURE_RANGE },
      { refId: 'syntax', json: { query: '{ oops' }, ...FIXTURE_RANGE },
      { refId: 'json5', json: "{ query: '{}' }", ...FIXTURE_RANGE },
      { refId: 'type', json: { query: ['{}'] }, ...FIXTURE_RANGE },
      { refId: 'range', json: { query: '{ }' }, from: 5, to: 5 },
    ]);
    expect(Object.fromEntries(Object.entries(answers).map(([refId, { status }]) => [refId, status]))).toEqual({
      good: 200,
      syntax: 400,
      json5: 400,
      type: 400,
      range: 400,
    });
    expect(answers.syntax?.error).toContain('line 1');
    expect(answers.good?.frames[0]?.rows).toBe(20);
  });

  test('a store that is not there is an error of each query', async () => {
    const { status, error } = await queryOne(
      host,
      { uid: 'gone', jsonData: { store: '/no/such' } },
      { json: { query: '{ }' } }
    );
    expect(status).toBeGreaterThanOrEqual(400);
    expect(error).toContain('/no/such');
  });

  test('a query may not take longer than the data source allows', async () => {
    const slow = { uid: 'slow', jsonData: { store: raw.directory, limits: { timeoutSeconds: 0.000001 } } };
    const { status } = await queryOne(host, slow, { json: { query: '{ }' }, ...FIXTURE_RANGE });
    expect([200, 504]).toContain(status);
  });
});

describe('resources', () => {
  test('tags by scope', async () => {
    const { status, body } = await callResource(host, source(), 'tags');
    expect(status).toBe(200);
    const { scopes } = body as { scopes: Array<{ name: string; tags: string[] }> };
    expect(scopes.find((scope) => scope.name === 'resource')?.tags).toContain('service.name');
    expect(scopes.find((scope) => scope.name === 'span')?.tags).toContain('http.route');
  });

  test('values of a tag, and only those that a query leaves', async () => {
    const url = `tag-values?tag=resource.service.name`;
    const all = (await callResource(host, source(), url)).body as { tagValues: Array<{ type: string; value: string }> };
    expect(all.tagValues.map((value) => value.value).sort()).toEqual(['ledger', 'payment', 'shop']);
    const q = encodeURIComponent('{ span.db.namespace = "ledger" }');
    const some = (await callResource(host, source(), `${url}&q=${q}`)).body;
    expect(some).toEqual({ tagValues: [{ type: 'string', value: 'ledger' }] });
  });

  test('models and health', async () => {
    expect((await callResource(host, source(), 'models')).body).toMatchObject({ traces: FIXTURE_TRACES });
    expect((await callResource(host, source(), 'health')).body).toMatchObject({ status: 'OK' });
  });

  test.each([
    ['nothing', 404],
    ['toString', 404],
    ['tag-values', 400],
    ['tags?start=1', 400],
    ['tags?start=9&end=8', 400],
    ['tags?limit=-1', 400],
    ['tags?scope=planet', 400],
  ])('%s answers %d', async (url, status) => {
    const answer = await callResource(host, source(), url);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      code: expect.any(String),
      message: expect.any(String),
      hint: expect.any(String),
    });
  });

  test('only GET is allowed', async () => {
    expect((await callResource(host, source(), 'tags', 'POST')).status).toBe(405);
  });
});
