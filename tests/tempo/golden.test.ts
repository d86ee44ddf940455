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

const server = tempoServer(rawEngine(traces, 'fixture'));
let url: string;
beforeAll(async () => {
  url = await listenTempo(server, '127.0.0.1:0');
});
afterAll(() => server.close());

/** What GenT does otherwise on purpose, or does not offer: why. */
function difference({ method, path: address, params, status }: Golden): string | undefined {
  const query = String(params.q ?? '');
  const searches = address === '/api/search';
  if (method !== 'GET') {
    return 'only reading is offered';
  }
  if (searches && query !== '' && params.limit !== undefined && Number(params.limit) < 5 && status === 200) {
    return 'Tempo returns the first traces it finds, GenT the newest';
  }
  if (searches && status === 500) {
    return 'Tempo fails where its own language has an answer, or where the query is at fault (400)';
  }
  if (address.startsWith('/api/v2/traces/') && params.q !== undefined) {
    return 'filtering the spans of one trace is not offered';
  }
  if (address === '/api/search/tag/error/values') {
    return 'the old API makes an attribute of the status';
  }
  if (address === '/api/v2/search/tags' && params.q !== undefined) {
    return 'Tempo adds names of other spans of the same storage block';
  }
  if (query.includes('compare(')) {
    return 'Tempo adds a nil row for each attribute it keeps in a column of its own';
  }
  if (query.includes('topk(')) {
    return 'Tempo also ranks in the slot before the range, where every series is zero';
  }
  if (params.since !== undefined) {
    return 'depends on the clock';
  }
  return undefined;
}

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
  const answer = await fetch(address, { headers: request.headers });
  const body = await answer.text();
  expect([answer.status, answer.status === request.status ? '' : body]).toEqual([request.status, '']);
  if (request.status === 200 && request.contentType === 'application/json') {
    expect(answer.headers.get('content-type')).toContain('application/json');
    const expected = request.path.endsWith('/query_range') ? withoutFirstSlot(request.body as Json) : request.body;
    expect(normal(request.category, JSON.parse(body))).toEqual(normal(request.category, expected));
  }
});
