/**
 * @file Streaming queries over gRPC on the port of the HTTP API, asked by clients of gRPC as Grafana does: the same answers
 * as over HTTP, in messages of bounded size, with errors, cancelling, tokens, and an end that waits for what is under way.
 */
import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { create, type MessageInitShape, toJson } from '@bufbuild/protobuf';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setLimit } from '../../pkg/common';
import { serviceDefinition, tempo } from '../../pkg/proto';
import { rawEngine, type TracesEngine } from '../../pkg/query';
import { listenTempo, tempoServer, tokenAccess } from '../../pkg/tempo';
import { newReadContext, spansFromOtlpJson, type Trace } from '../../pkg/trace';
import { fixtureNdjson } from '../plugin/fixture';

const START = 1_768_478_400;
const END = START + 60;
const traces = fixtureNdjson()
  .trim()
  .split('\n')
  .map((line): Trace => {
    const spans = spansFromOtlpJson(JSON.parse(line), newReadContext());
    return { traceId: spans[0]?.traceId ?? '', spans };
  });
const now = () => BigInt(END) * 1_000_000_000n;

type Stream = NodeJS.ReadableStream & { cancel(): void };
type Calls = Client & Record<string, (request: unknown, metadata?: Metadata) => Stream>;

const clients: Client[] = [];
function client(port: number): Calls {
  const definition = { querier: serviceDefinition(tempo.StreamingQuerier) };
  const { querier } = loadPackageDefinition(definition) as unknown as {
    querier: new (address: string, creds: unknown) => Calls;
  };
  const made = new querier(`127.0.0.1:${port}`, credentials.createInsecure());
  clients.push(made);
  return made;
}

/** All messages of a call. */
async function all<T>(stream: Stream): Promise<T[]> {
  const messages: T[] = [];
  for await (const message of stream) {
    messages.push(message as unknown as T);
  }
  return messages;
}

async function started(engine: TracesEngine, tokens?: string[]) {
  const server = tempoServer(engine, { now, ...(tokens === undefined ? {} : { access: tokenAccess(tokens) }) });
  const url = await listenTempo(server, '127.0.0.1:0');
  return { server, url, port: Number(new URL(url).port) };
}

let open: Awaited<ReturnType<typeof started>>;
let calls: Calls;
beforeAll(async () => {
  open = await started(rawEngine(traces, 'fixture'));
  calls = client(open.port);
});
afterAll(async () => {
  clients.forEach((one) => one.close());
  await open.server.close();
});
afterEach(() => {
  setLimit('TEMPO_STREAM_MESSAGE_BYTES', undefined);
  setLimit('TEMPO_SHUTDOWN_MILLISECONDS', undefined);
});

const overHttp = async (path: string, params: Record<string, string>) =>
  (await (await fetch(`${open.url}${path}?${new URLSearchParams(params)}`)).json()) as Record<string, unknown>;

const search = (fields: MessageInitShape<typeof tempo.SearchRequestSchema>) =>
  create(tempo.SearchRequestSchema, fields);

test.each([
  ['within a time, in parts', '{ status = error } | select(span.http.route)', { start: START, end: END }, 7],
  ['of everything', '{ resource.service.name = "payment" && duration > 1ms }', {}, 50],
  ['grouped', '{ } | by(resource.service.name) | count() > 0', { start: START - 3600, end: END }, 300],
])('a search %s finds what it finds over HTTP', async (_, Query, range, Limit) => {
  const messages = await all<tempo.SearchResponse>(calls.Search!(search({ Query, Limit, ...range })));
  const found = messages.flatMap((message) => {
    expect(message.metrics).toBeDefined();
    return message.traces;
  });
  const times = Object.fromEntries(Object.entries(range).map(([key, value]) => [key, String(value)]));
  const expected = await overHttp('/api/search', { q: Query, limit: String(Limit), ...times });
  expect(found.length).toBeGreaterThan(3);
  const ids = found.map(({ traceID }) => traceID);
  expect(new Set(ids).size).toBe(ids.length);
  const byId = (list: Array<{ traceID?: string }>) =>
    [...list].sort((a, b) => ((a.traceID ?? '') < (b.traceID ?? '') ? -1 : 1));
  const asJson = found.map((one) => toJson(tempo.TraceSearchMetadataSchema, one) as { traceID?: string });
  expect(byId(asJson)).toEqual(byId(expected.traces as Array<{ traceID?: string }>));
});

test('the older search by tags works too', async () => {
  const [message] = await all<tempo.SearchResponse>(
    calls.Search!(search({ Tags: { 'service.name': 'payment' }, MinDurationMs: 1, Limit: 5 }))
  );
  expect(message?.traces).toHaveLength(5);
  expect(message?.traces[0]?.spanSets).toEqual([]);
});

test('tags and their values are those of the HTTP API', async () => {
  const tags = create(tempo.SearchTagsRequestSchema, { start: START, end: END });
  const [names] = await all<tempo.SearchTagsResponse>(calls.SearchTags!(tags));
  expect(names?.tagNames).toEqual((await overHttp('/api/search/tags', {})).tagNames);
  const [scopes] = await all<tempo.SearchTagsV2Response>(
    calls.SearchTagsV2!(create(tempo.SearchTagsRequestSchema, { scope: 'span' }))
  );
  expect(scopes?.scopes.map(({ name, tags: list }) => ({ name, tags: list }))).toEqual(
    (await overHttp('/api/v2/search/tags', { scope: 'span' })).scopes
  );
  const values = (tagName: string) => create(tempo.SearchTagValuesRequestSchema, { tagName });
  const [plain] = await all<tempo.SearchTagValuesResponse>(calls.SearchTagValues!(values('service.name')));
  expect(plain?.tagValues).toEqual(['ledger', 'payment', 'shop']);
  const [typed] = await all<tempo.SearchTagValuesV2Response>(calls.SearchTagValuesV2!(values('resource.service.name')));
  expect(typed?.tagValues.map(({ type, value }) => [type, value])).toEqual([
    ['string', 'ledger'],
    ['string', 'payment'],
    ['string', 'shop'],
  ]);
});

test('metrics are those of the HTTP API', async () => {
  const query = '{ } | rate() by (resource.service.name)';
  const times = { start: BigInt(START) * 1_000_000_000n, end: BigInt(END) * 1_000_000_000n };
  const step = 10_000_000_000n;
  const [range] = await all<tempo.QueryRangeResponse>(
    calls.MetricsQueryRange!(create(tempo.QueryRangeRequestSchema, { query, ...times, step, exemplars: 5 }))
  );
  const expected = await overHttp('/api/metrics/query_range', {
    q: query,
    start: String(START),
    end: String(END),
    step: '10s',
  });
  const plain = (list: unknown[]) => list.map((one) => ({ ...(one as object), exemplars: undefined }));
  const json = range?.series.map((one) => toJson(tempo.TimeSeriesSchema, one)) ?? [];
  expect(json.length).toBe(3);
  expect(plain(json)).toEqual(plain(expected.series as unknown[]));
  const [instant] = await all<tempo.QueryInstantResponse>(
    calls.MetricsQueryInstant!(create(tempo.QueryInstantRequestSchema, { query, ...times }))
  );
  expect(instant?.series.map((one) => toJson(tempo.InstantSeriesSchema, one))).toEqual(
    (await overHttp('/api/metrics/query', { q: query, start: String(START), end: String(END) })).series
  );
});

test('a long answer comes in several messages', async () => {
  setLimit('TEMPO_STREAM_MESSAGE_BYTES', 2000);
  const messages = await all<tempo.SearchResponse>(calls.Search!(search({ Query: '{ }', Limit: 200 })));
  expect(messages.length).toBeGreaterThan(10);
  expect(messages.flatMap((message) => message.traces)).toHaveLength(200);
});

test.each([
  ['a query that is none', { Query: '{' }, status.INVALID_ARGUMENT, /./],
  ['a limit that is too large', { Query: '{}', Limit: 300_000 }, status.INVALID_ARGUMENT, /exceeds max limit/],
  [
    'an end before the start',
    { Query: '{}', start: END, end: START },
    status.INVALID_ARGUMENT,
    /start must be before end/,
  ],
])('%s is an error of the caller', async (_, fields, code, details) => {
  const error = await all(calls.Search!(search(fields))).catch((thrown: ServiceError) => thrown);
  expect(error).toMatchObject({ code, details: expect.stringMatching(details) as string });
});

test('a call that is cancelled ends the query', async () => {
  let aborted: (() => void) | undefined;
  const ended = new Promise<void>((resolve) => (aborted = resolve));
  const slow: TracesEngine = {
    ...rawEngine([], 'slow'),
    search: ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          aborted?.();
          reject(Object.assign(new Error('aborted'), { name: 'AbortError' }));
        });
      }),
  };
  const { server, port } = await started(slow);
  const call = client(port).Search!(search({ Query: '{ }' }));
  const failed = all(call).catch((error: ServiceError) => error);
  setTimeout(() => call.cancel(), 100);
  await ended;
  expect(await failed).toMatchObject({ code: status.CANCELLED });
  // A call under way is given a while, then the end comes.
  setLimit('TEMPO_SHUTDOWN_MILLISECONDS', 200);
  const held = all(client(port).Search!(search({ Query: '{ }' }))).catch((error: ServiceError) => error);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await server.close();
  expect(await held).toMatchObject({ code: expect.any(Number) as number });
});

test('what is neither HTTP nor gRPC, or says nothing, does no harm; pieces of a request are one', async () => {
  const send = async (...pieces: string[]): Promise<string> => {
    const socket: Socket = connect(open.port, '127.0.0.1');
    const closed = once(socket, 'close');
    let got = '';
    socket.on('data', (part: Buffer) => (got += part.toString('latin1')));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    for (const piece of pieces) {
      socket.write(piece, 'latin1');
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    socket.end();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000))]);
    socket.destroy();
    return got;
  };
  expect(await send()).toBe('');
  expect(await send('PRI * HT')).toBe('');
  expect(await send('\x16\x03\x01 no TLS here\r\n\r\n')).toMatch(/^(HTTP\/1\.1 400|$)/);
  expect(await send('P', 'RI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense')).not.toContain('HTTP/1.1');
  const http = 'GET /api/echo HTTP/1.1\r\nhost: x\r\n';
  expect(await send(`${http}\r\n${http}connection: close\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 200[^]*echo[^]*HTTP\/1\.1 200[^]*echo/
  );
  expect(await send('G', 'ET /api/echo HTTP/1.1\r\nhost: x\r\nconnection: cl', 'ose\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 200/
  );
  expect((await all<tempo.SearchResponse>(calls.Search!(search({ Query: '{ }', Limit: 1 }))))[0]?.traces).toHaveLength(
    1
  );
});

test('with tokens, only who sends one is answered, over HTTP and gRPC', async () => {
  const { server, url, port } = await started(rawEngine(traces, 'fixture'), ['first', 'second']);
  const code = async (authorization?: string, path = '/api/search') =>
    (await fetch(url + path, { headers: authorization === undefined ? {} : { authorization } })).status;
  expect(await Promise.all([code(), code('Bearer third'), code('Bearer '), code('second'), code('Basic !!')])).toEqual(
    Array(5).fill(401)
  );
  const basic = `Basic ${Buffer.from('any:second').toString('base64')}`;
  expect(
    await Promise.all([code('Bearer first'), code('bearer second'), code(basic), code(undefined, '/ready')])
  ).toEqual(Array(4).fill(200));
  expect(await code(undefined, '/api/no/such')).toBe(401);
  const search1 = search({ Query: '{ }', Limit: 1 });
  const refused = await all(client(port).Search!(search1)).catch((error: ServiceError) => error);
  expect(refused).toMatchObject({ code: status.UNAUTHENTICATED });
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer second');
  expect(await all(client(port).Search!(search1, metadata))).toHaveLength(1);
  await server.close();
});
