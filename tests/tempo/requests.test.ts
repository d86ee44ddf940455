/** @file Requests of any kind: an answer or a 4xx, never a crash; what is cut, compressed, or asked in protobuf. */
import fc from 'fast-check';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { rawEngine } from '../../pkg/query';
import { listenTempo, tempoServer } from '../../pkg/tempo';
import { groupSpans, newReadContext, parseOtlpProtobuf, spansFromOtlpJson, type Trace } from '../../pkg/trace';
import { fixtureNdjson, fixtureTraceId } from '../plugin/fixture';

const traces = fixtureNdjson()
  .trim()
  .split('\n')
  .map((line): Trace => {
    const spans = spansFromOtlpJson(JSON.parse(line), newReadContext());
    return { traceId: spans[0]?.traceId ?? '', spans };
  });
const server = tempoServer(rawEngine(traces, 'fixture'), { now: () => 1_768_478_460_000_000_000n });
let port: number;
const agent = new Agent({ keepAlive: true });
beforeAll(async () => {
  port = Number(new URL(await listenTempo(server, '127.0.0.1:0')).port);
});
afterAll(async () => {
  agent.destroy();
  await server.close();
});

interface Answer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** node:http, for fetch decompresses and corrects addresses on its own. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, headers, method, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ statusCode: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) })
      );
    });
    call.on('error', reject);
    call.end();
  });
}

const PATHS = [
  '/api/search',
  '/api/traces/abc000',
  '/api/v2/traces/abc000',
  '/api/search/tags',
  '/api/v2/search/tags',
  '/api/search/tag/name/values',
  '/api/v2/search/tag/.http.route/values',
  '/api/metrics/query_range',
  '/api/metrics/query',
];
const NAMES = [
  'q',
  'query',
  'tags',
  'minDuration',
  'maxDuration',
  'limit',
  'spss',
  'start',
  'end',
  'scope',
  'step',
  'since',
  'exemplars',
];
const VALUES = [
  '{ }',
  '{ } | rate()',
  '{ status = error }',
  '{',
  '0',
  '-1',
  '20',
  '1768478400',
  '1768478460',
  '1e3',
  '99999999999999999999',
  '30s',
  '1h',
  'resource',
  'a=b "c',
  '{}|rate()',
  '2026-01-15T12:00:00Z',
  '',
];

test('any parameters give an answer or an error of the caller', async () => {
  const parameter = fc.tuple(
    fc.constantFrom(...NAMES),
    fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: 'binary' }))
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), fc.array(parameter, { maxLength: 5 }), async (path, parameters) => {
      const url = `${path}?${parameters.map(([name, value]) => `${name}=${encodeURIComponent(value.replace(/[\ud800-\udfff]/g, '?'))}`).join('&')}`;
      const { statusCode, body } = await get(url);
      expect([statusCode, statusCode < 500 ? '' : `${url}: ${body.toString()}`]).toEqual([statusCode, '']);
    }),
    { seed: 1, numRuns: 400 }
  );
});

test('any path and any bytes after it give an answer or an error of the caller', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: fc.constantFrom(...'/apitrcesh%2FvaluestgZ0.:?&={}') }), async (rest) => {
      expect((await get(`/api/${rest}`)).statusCode).toBeLessThan(500);
    }),
    { seed: 2, numRuns: 200 }
  );
});

test('a trace in protobuf is the trace, in both versions of the API', async () => {
  const accept = { accept: 'application/protobuf' };
  const expected = traces[3];
  const v1 = await get(`/api/traces/${fixtureTraceId(3)}`, accept);
  expect(v1.headers['content-type']).toBe('application/protobuf');
  expect(groupSpans(parseOtlpProtobuf(v1.body, newReadContext()))).toEqual([expected]);
  const v2 = await get(`/api/v2/traces/${fixtureTraceId(3)}`, accept);
  // TraceByIDResponse { 1: trace }, the length of which takes two bytes here.
  expect(v2.body[0]).toBe(0x0a);
  expect(groupSpans(parseOtlpProtobuf(v2.body.subarray(3), newReadContext()))).toEqual([expected]);
  const missing = await get('/api/v2/traces/ff', accept);
  expect([missing.statusCode, missing.body]).toEqual([200, Buffer.from([0x0a, 0x00])]);
  expect((await get('/api/traces/ff', accept)).statusCode).toBe(404);
});

test('a long answer is compressed where the client takes it, and is the same', async () => {
  const url = '/api/search?q=%7B%7D&limit=200';
  const [plain, compressed] = [await get(url), await get(url, { 'accept-encoding': 'gzip' })];
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(compressed.headers['content-encoding']).toBe('gzip');
  expect(compressed.body.length).toBeLessThan(plain.body.length / 3);
  const traceIds = (text: string) =>
    (JSON.parse(text) as { traces: Array<{ traceID: string }> }).traces.map((one) => one.traceID);
  expect(traceIds(gunzipSync(compressed.body).toString())).toEqual(traceIds(plain.body.toString()));
});

test.each([
  '/../../../../../../etc/passwd',
  '/api/../../../../../../etc/passwd',
  '/api/traces/../../../../../../etc/passwd',
  '/api/traces/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
  '/api/traces/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '/api/traces/..%5c..%5cetc%5cpasswd',
  '/api/traces/%00/etc/passwd',
  '/api/v2/traces/%2fetc%2fpasswd',
  '/api/search/tag/..%2f..%2f..%2fetc%2fpasswd/values',
  '/api/v2/search/tag/%2e%2e%2f%2e%2e%2fpackage.json/values',
  '/api/gent/models/../../../package.json',
  '/api/gent/models/..%2f..%2fpackage.json',
  '//etc/passwd',
  'file:///etc/passwd',
])('%s reaches no file', async (path) => {
  const { statusCode, body } = await get(path);
  const said = body.toString();
  expect(said).not.toMatch(/root:|devDependencies/);
  // A name of a tag may be anything: there are no values of this one.
  const expected = path.includes('/search/tag/') ? [200, 400] : [400, 404];
  expect([expected.includes(statusCode), `${statusCode} ${said}`]).toEqual([true, `${statusCode} ${said}`]);
});

test('only reading is offered', async () => {
  expect((await get('/api/search', {}, 'DELETE')).statusCode).toBe(404);
});
