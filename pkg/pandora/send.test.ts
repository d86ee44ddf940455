import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { newReadContext, parseOtlpProtobuf, type Span } from '../trace';
import { TraceSender } from './send';
import { simulateShop } from './shop';

const traces = [...simulateShop({ count: 30, startUnixNano: 1_700_000_000_000_000_000n })];
const spans = traces.flatMap((trace) => trace.spans);

let server: Server;
let endpoint: string;
/** Answers the next requests are given, then 200. */
let answers: Array<{ status: number; retryAfter?: string } | 'hang up'>;
let received: Span[];
let times: number[];

beforeEach(async () => {
  answers = [];
  received = [];
  times = [];
  server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      times.push(Date.now());
      const answer = answers.shift() ?? { status: 200 };
      if (answer === 'hang up') {
        request.socket.destroy();
        return;
      }
      if (answer.status === 200) {
        expect(request.url).toBe('/v1/traces');
        received.push(...parseOtlpProtobuf(gunzipSync(Buffer.concat(chunks)), newReadContext()));
      }
      response.writeHead(answer.status, answer.retryAfter === undefined ? {} : { 'retry-after': answer.retryAfter });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const ids = (list: readonly Span[]) => list.map((span) => span.spanId).sort();

it('sends every span once, in requests of the size asked for that mix traces', async () => {
  const report = await new TraceSender({ endpoint, spansPerRequest: 50 }).sendAll(traces);
  expect(ids(received)).toEqual(ids(spans));
  expect(report).toMatchObject({ traces: 30, spans: spans.length, requests: Math.ceil(spans.length / 50), retries: 0 });
  expect(new Set(received.slice(0, 50).map((span) => span.traceId)).size).toBeGreaterThan(3);
});

it('comes back after 429 and 503 when told to, and after a broken connection', async () => {
  answers = [{ status: 429, retryAfter: '1' }, { status: 503, retryAfter: '0' }, 'hang up'];
  const report = await new TraceSender({ endpoint }).sendAll(traces);
  expect(ids(received)).toEqual(ids(spans));
  expect(report.retries).toBe(3);
  expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(990);
});

it.each([400, 404, 413, 500])('gives up at once on %d', async (status) => {
  answers = [{ status }];
  const sent = new TraceSender({ endpoint }).sendAll(traces);
  await expect(sent).rejects.toMatchObject({
    code: 'TRAINER_SEND_FAILED',
    message: expect.stringContaining(String(status)),
  });
});

it('says at once that nobody listens, and names that in the end', async () => {
  await new Promise((resolve) => server.close(resolve));
  const said: string[] = [];
  const begun = Date.now();
  let saidAfter = Number.POSITIVE_INFINITY;
  const onRetry = (problem: string, untilMs: number) => {
    saidAfter = Math.min(saidAfter, Date.now() - begun);
    said.push(problem);
    expect(untilMs - begun).toBeLessThan(2000);
  };
  const sent = new TraceSender({ endpoint, patienceMs: 600, onRetry }).sendAll(traces);
  await expect(sent).rejects.toMatchObject({
    code: 'TRAINER_SEND_FAILED',
    message: expect.stringMatching(/nobody listens there, tried for \d s$/),
  });
  expect(said).toEqual(['nobody listens there']);
  expect(saidAfter).toBeLessThan(500);
  server.listen(0);
});

it('is less patient where nobody ever answered', async () => {
  const patience: number[] = [];
  const onRetry = (_: string, untilMs: number) => patience.push(Math.ceil((untilMs - Date.now()) / 5000) * 5);
  answers = ['hang up', { status: 503, retryAfter: '0' }];
  await new TraceSender({ endpoint, onRetry }).sendAll(traces);
  expect(patience).toEqual([15, 300]);
});

it('gives up when it had no success for long enough', async () => {
  answers = Array.from({ length: 10 }, () => ({ status: 503, retryAfter: '1' }));
  const sent = new TraceSender({ endpoint, patienceMs: 500 }).sendAll(traces);
  await expect(sent).rejects.toMatchObject({ code: 'TRAINER_SEND_FAILED' });
});

it('refuses an endpoint that is no address', () => {
  expect(() => new TraceSender({ endpoint: 'not an address' })).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
