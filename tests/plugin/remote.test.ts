/** @file The plugin in front of a `gent serve`: the same questions as over a directory, asked over HTTP. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { remoteEngine } from '../../pkg/grafana';
import { rawEngine, type TracesEngine } from '../../pkg/query';
import { listenTempo, tempoServer } from '../../pkg/tempo';
import { newReadContext, spansFromOtlpJson, type Trace } from '../../pkg/trace';
import { FIXTURE_RANGE, fixtureNdjson, fixtureTraceId } from './fixture';

const traces = fixtureNdjson()
  .trim()
  .split('\n')
  .map((line): Trace => {
    const spans = spansFromOtlpJson(JSON.parse(line), newReadContext());
    return { traceId: spans[0]?.traceId ?? '', spans };
  });
const raw = rawEngine(traces, 'fixture');
const server = tempoServer(raw);
const SECOND = 1_000_000_000n;
const range = {
  start: (BigInt(FIXTURE_RANGE.from) / 1000n) * SECOND,
  end: (BigInt(FIXTURE_RANGE.to) / 1000n) * SECOND,
};
let remote: TracesEngine;

beforeAll(async () => {
  remote = remoteEngine(await listenTempo(server, '127.0.0.1:0'));
});
afterAll(async () => {
  await remote.close();
  await server.close();
});

/** What the API does not carry: nothing below a millisecond in the durations of traces. */
const withoutLoss = (text: string) =>
  JSON.parse(text, (key, value: unknown) => (key === 'elapsedMs' ? 0 : value)) as unknown;
const plain = (value: unknown) =>
  withoutLoss(JSON.stringify(value, (_, held: unknown) => (typeof held === 'bigint' ? held.toString() : held)));

test.each(['{ }', '{ status = error } | select(span.http.route)', '{ } | by(resource.service.name) | count() > 1'])(
  'search %s',
  async (query) => {
    const request = { query, range, limit: 10, spansPerSpanSet: 5 };
    const [far, near] = [await remote.search(request), await raw.search(request)];
    expect(far.traces).toHaveLength(10);
    expect(plain(far.traces)).toEqual(plain(near.traces));
  }
);

test('a trace is the same one, whole', async () => {
  const id = fixtureTraceId(3);
  expect((await remote.traceById(id)).trace).toEqual((await raw.traceById(id)).trace);
  expect((await remote.traceById('ff')).trace).toBeUndefined();
});

test.each(['{ } | rate() by (resource.service.name)', '{ } | quantile_over_time(duration, .5)'])(
  '%s',
  async (query) => {
    const request = { query, range, stepNanos: 10n * SECOND };
    expect(plain((await remote.metricsRange(request)).series)).toEqual(plain((await raw.metricsRange(request)).series));
    const [far, near] = [await remote.metricsInstant({ query, range }), await raw.metricsInstant({ query, range })];
    expect(far.series.map((one) => one.samples[0]?.value)).toEqual(near.series.map((one) => one.samples[0]?.value));
  }
);

test('tags and values', async () => {
  expect(await remote.tagNames({ scope: 'resource' })).toEqual(await raw.tagNames({ scope: 'resource' }));
  const request = { tag: 'resource.service.name', query: '{ status = error }', range };
  expect(await remote.tagValues(request)).toEqual(await raw.tagValues(request));
});

test('errors come with the far end’s words', async () => {
  await expect(remote.search({ query: '{ oops' })).rejects.toMatchObject({ code: 'REMOTE_REFUSED', status: 400 });
  await expect(remote.search({ query: '{ oops' })).rejects.toThrow('unknown identifier oops');
});

describe('a far end that is no gent serve', () => {
  let odd: Server;
  let answer: (path: string) => { status: number; body: string };
  let seen: Array<string | undefined> = [];
  let address: string;

  beforeAll(async () => {
    odd = createServer((request, response) => {
      seen.push(request.headers.authorization);
      const { status, body } = answer(request.url ?? '');
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => odd.close(resolve)));
  beforeEach(() => {
    seen = [];
  });

  test.each([
    ['no JSON', 200, 'hello', 'REMOTE_FAILED'],
    ['a list', 200, '[]', 'REMOTE_FAILED'],
    ['a server error', 500, 'broken', 'REMOTE_FAILED'],
    ['no permission', 401, 'who are you', 'REMOTE_UNAUTHORIZED'],
  ])('%s', async (_, status, body, code) => {
    answer = () => ({ status, body });
    const engine = remoteEngine(address, { headers: { authorization: 'Bearer the-token' } });
    await expect(engine.search({ query: '{ }' })).rejects.toMatchObject({ code });
    const error = await engine.search({ query: '{ }' }).catch((thrown: unknown) => thrown);
    expect(String(error)).not.toContain('the-token');
    expect(seen[0]).toBe('Bearer the-token');
  });

  test.each([['{"traces":[1,{"spanSets":[null]},{"startTimeUnixNano":"soon"}]}'], ['{"traces":{}}'], ['{}']])(
    'odd JSON %s is read as far as it goes',
    async (body) => {
      answer = () => ({ status: 200, body });
      await expect(remoteEngine(address).search({ query: '{ }' })).resolves.toBeDefined();
    }
  );

  test('nobody there, or no address', async () => {
    await expect(remoteEngine('http://127.0.0.1:1').describe()).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE' });
    expect(() => remoteEngine('file:///etc/passwd')).toThrow('is not an address');
    expect(() => remoteEngine('gent')).toThrow('is not an address');
  });
});
