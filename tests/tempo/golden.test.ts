/**
 * @file The API against answers recorded from Tempo (fixtures/http_golden.json) for the same traces and requests.
 * Compared without what Tempo leaves to chance or to its storage: the cost of answering, the order of lists, exemplars.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rawEngine } from '../../pkg/query';
import { listenTempo, tempoServer } from '../../pkg/tempo';
import { newReadContext, spansFromOtlpJson, type Trace } from '../../pkg/trace';

interface Golden {
  category: string;
  method: string;
  path: string;
  params: Record<string, string | number>;
  headers: Record<string, string>;
  requestBody?: string;
  status: number;
  contentType: string | null;
  body: unknown;
}

const read = (file: string) => JSON.parse(readFileSync(path.join(__dirname, 'fixtures', file), 'utf8')) as unknown;

const golden = read('http_golden.json') as { requests: Golden[] };
const fixture = read('fixture_http.json') as { traces: unknown[] };
const traces = fixture.traces.map((document): Trace => {
  const spans = spansFromOtlpJson(document, newReadContext());
  return { traceId: spans[0]?.traceId ?? '', spans };
});

/** When the answers were recorded, as far as one that names no time tells. */
const RECORDED = 1_795_409_220n;
const server = tempoServer(rawEngine(traces, 'fixture'), { now: () => RECORDED * 1_000_000_000n });
let url: string;
beforeAll(async () => {
  url = await listenTempo(server, '127.0.0.1:0');
});
afterAll(() => server.close());

/** What GenT does otherwise on purpose, or does not offer: why. */
function difference({ path: address, params, status }: Golden): string | undefined {
  const query = String(params.q ?? '');
  const searches = address === '/api/search';
  if (address.endsWith('/diff')) {
    return 'comparing two traces is not offered';
  }
  if (searches && status === 500) {
    return 'Tempo fails where its own language has an answer, or where the query is at fault (400)';
  }
  if (address === '/api/v2/search/tags' && query.includes('"cart"')) {
    return 'Tempo adds names of other spans of the same storage block';
  }
  if (status === 200 && query.includes('compare(')) {
    return 'Tempo adds a nil row for each attribute it keeps in a column of its own';
  }
  if (status === 200 && query.includes('topk(')) {
    return 'Tempo also ranks in the slot before the range, where every series is zero';
  }
  return undefined;
}

/** Tempo returns the first traces it finds, GenT the newest: as many, but others. */
const takesTheFirst = ({ path: address, params }: Golden) =>
  address === '/api/search' &&
  params.limit !== undefined &&
  Number(params.limit) < 5 &&
  !String(params.q).includes('most_recent');

type Json = Record<string, unknown>;

const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function sortLists(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sortLists).sort(byText);
  }
  if (typeof value === 'number') {
    // Sums are added in another order.
    return Number(value.toPrecision(12));
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value as Json)
      .filter(([key]) => !['metrics', 'exemplars', 'spanSet'].includes(key))
      .map(([key, held]): [string, unknown] => [key, sortLists(held)])
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  }
  return value;
}

function spansOf(document: unknown): unknown {
  return spansFromOtlpJson(document, newReadContext())
    .sort((a, b) => (a.spanId < b.spanId ? -1 : 1))
    .map((span) => ({ ...span, resource: span.resource.attributes, scope: span.scope }));
}

/** Without the slot that ends where the aligned range begins: no time of the range is in it, so GenT leaves it out. */
function withoutFirstSlot(json: Json): Json {
  const series = json.series as Array<{ samples?: Array<{ timestampMs: string; value?: number }> }>;
  const times = series.flatMap(({ samples = [] }) => samples.map((sample) => Number(sample.timestampMs)));
  const first = Math.min(...times);
  const empty = series.every(({ samples = [] }) =>
    samples.every((sample) => Number(sample.timestampMs) > first || sample.value === undefined)
  );
  return empty && times.length > 0
    ? {
        series: series.map((one) => ({
          ...one,
          samples: one.samples?.filter((sample) => Number(sample.timestampMs) > first),
        })),
      }
    : json;
}

/** The answer as it is compared. */
function normal(category: string, body: unknown): unknown {
  if (typeof body !== 'object' || body === null) {
    return body;
  }
  const json = body as Json;
  if ('batches' in json) {
    return sortLists(JSON.parse(JSON.stringify(spansOf(json), bigints)));
  }
  if ('trace' in json) {
    const trace = json.trace as Json;
    return Object.keys(trace).length === 0 ? {} : sortLists(JSON.parse(JSON.stringify(spansOf(trace), bigints)));
  }
  return sortLists(json);
}

const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

const cases = golden.requests.map((request, i): [string, Golden] => {
  const params = new URLSearchParams(
    Object.entries(request.params).map(([key, value]): [string, string] => [key, String(value)])
  );
  return [`${i} ${request.path}?${decodeURIComponent(params.toString().replaceAll('+', ' ')).slice(0, 120)}`, request];
});

test.each(cases.filter(([, request]) => difference(request) === undefined))('%s', async (_, request) => {
  const address = new URL(request.path, url);
  for (const [key, value] of Object.entries(request.params)) {
    address.searchParams.set(key, String(value));
  }
  const { method, headers, requestBody } = request;
  const answer = await fetch(address, { method, headers, ...(requestBody === undefined ? {} : { body: requestBody }) });
  const body = await answer.text();
  expect([answer.status, answer.status === request.status ? '' : body]).toEqual([request.status, '']);
  if (request.status === 200 && request.contentType === 'application/json') {
    expect(answer.headers.get('content-type')).toContain('application/json');
    const expected = request.path.endsWith('/query_range') ? withoutFirstSlot(request.body as Json) : request.body;
    if (takesTheFirst(request)) {
      const [got, wanted] = [JSON.parse(body), expected].map((one) => (one as { traces: Json[] }).traces);
      expect(got?.map(Object.keys)).toEqual(
        wanted?.map(() => expect.arrayContaining(['traceID', 'startTimeUnixNano']))
      );
      return;
    }
    expect(normal(request.category, JSON.parse(body))).toEqual(normal(request.category, expected));
  }
});
