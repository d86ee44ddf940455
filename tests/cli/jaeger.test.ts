/** @file `gent jaeger download` from a server that answers as Jaeger does, and `gent jaeger translate` there and back. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCli } from '../../pkg/cli';
import { setLimit } from '../../pkg/common';
import { simulateShop } from '../../pkg/pandora';
import {
  jaegerJson,
  otlpJson,
  parseTraceJson,
  newReadContext,
  groupSpans,
  readAllTraces,
  type Trace,
} from '../../pkg/trace';
import { JaegerServer } from './jaeger-server';

const directory = mkdtempSync(path.join(tmpdir(), 'gent-jaeger-'));
const inside = (name: string): string => path.join(directory, name);
const START = 1_760_000_000_000_000_000n;
const SECONDS = { from: '1760000000', to: '1760001800' };
/** As Jaeger holds them: in microseconds. */
const TRACES: Trace[] = groupSpans(
  parseTraceJson(jaegerJson(simulateShop({ count: 200, seed: 7, startUnixNano: START })), 'jaeger', newReadContext())
);

let server: JaegerServer;
beforeAll(() => setLimit('STORE_RETRY_MILLISECONDS', 1));
afterAll(() => {
  setLimit('STORE_RETRY_MILLISECONDS', undefined);
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => (server = await new JaegerServer(TRACES).start()));
afterEach(() => server.stop());

async function gent(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const io = {
    stdout: { write: (text: string) => ((out += text), true) } as never,
    stderr: { write: (text: string) => ((err += text), true), isTTY: false } as never,
    signal: new AbortController().signal,
  };
  const code = await runCli(['jaeger', ...argv], io);
  return { code, out, err };
}

const download = (out: string, ...more: string[]) =>
  gent(
    'download',
    '--url',
    server.url,
    '--out',
    inside(out),
    '--from',
    SECONDS.from,
    '--to',
    SECONDS.to,
    '--json',
    ...more
  );

const byId = (traces: readonly Trace[]): Map<string, string> =>
  new Map(traces.map((trace) => [trace.traceId, otlpJson([trace])]));

it('gets every trace of every service once, however few are answered at a time', async () => {
  const { code, out, err } = await download('all.ndjson', '--limit', '7');
  expect([code, err]).toEqual([0, expect.not.stringContaining('missing')]);
  expect(JSON.parse(out)).toMatchObject({ services: 8, traces: TRACES.length, inFile: TRACES.length });
  expect(byId(await readAllTraces(inside('all.ndjson')))).toEqual(byId(TRACES));
  expect(readFileSync(inside('all.ndjson'), 'utf8').trim().split('\n')).toHaveLength(TRACES.length);
  expect(server.asked.every(({ searchParams }) => !searchParams.get('service')?.startsWith('jaeger'))).toBe(true);
  expect(existsSync(inside('all.ndjson.progress'))).toBe(false);
});

it('gets the traces of a service and a time range; Jaeger JSON where asked for', async () => {
  const { code } = await download('some.ndjson', '--service', 'checkout', '--to-form', 'jaeger', '--to', '1760000600');
  expect(code).toBe(0);
  const expected = TRACES.filter(
    ({ spans }) =>
      spans.some(({ resource }) => JSON.stringify(resource.attributes[0]?.value) === '"checkout"') &&
      spans.every(({ startTimeUnixNano }) => startTimeUnixNano < START + 620_000_000_000n)
  );
  const got = await readAllTraces(inside('some.ndjson'));
  expect(got.length).toBeGreaterThan(3);
  got.forEach(({ traceId }) => expect(expected.map((trace) => trace.traceId)).toContain(traceId));
  expect(readFileSync(inside('some.ndjson'), 'utf8')).toMatch(/^{"data":\[{"traceID":/);
});

it('goes on where it was stopped, past a line cut short, and asks for nothing twice', async () => {
  const first = await new Promise<Awaited<ReturnType<typeof download>>>((resolve) => {
    const running = download('resumed.ndjson', '--limit', '20');
    // After some requests the server only fails.
    const watch = setInterval(() => {
      if (server.asked.length > 12) {
        server.instead.push(...Array.from({ length: 4 }, () => ({ status: 500, body: 'out of disk' })));
        clearInterval(watch);
      }
    }, 1);
    void running.then((result) => {
      clearInterval(watch);
      resolve(result);
    });
  });
  expect([first.code, first.err]).toEqual([1, expect.stringContaining('JAEGER_REFUSED')]);
  expect(first.err).toContain('500: out of disk');
  server.instead.length = 0;
  const done = readFileSync(inside('resumed.ndjson.progress'), 'utf8').trim().split('\n');
  expect(done.length).toBeGreaterThan(0);
  appendFileSync(inside('resumed.ndjson'), '{"resourceSpans":[{"resource":{"attrib');
  const before = server.asked.length;
  expect((await download('resumed.ndjson', '--limit', '20')).err).toContain('--resume');
  const { code, out } = await download('resumed.ndjson', '--limit', '20', '--resume');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ inFile: TRACES.length });
  expect(byId(await readAllTraces(inside('resumed.ndjson')))).toEqual(byId(TRACES));
  const again = server.asked
    .slice(before)
    .map(({ searchParams: at }) => JSON.stringify([at.get('service'), at.get('start'), at.get('end')]));
  expect(again.filter((part) => done.includes(part))).toEqual([]);
});

it('tries again where a failure may pass, and says what it is where it does not', async () => {
  server.instead.push({ status: 503, body: 'busy' }, { status: 429, body: 'busy' });
  expect((await download('busy.ndjson', '--service', 'payment')).code).toBe(0);
  server.instead.push({ status: 401, body: 'who are you' });
  const { code, err } = await download('refused.ndjson');
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/JAEGER_REFUSED: .*\/jaeger\/api\/services answered 401: who are you/),
  ]);
  server.instead.push({ status: 200, body: '<html>' });
  expect((await download('html.ndjson')).err).toContain('JAEGER_ANSWER');
  await server.stop();
  expect((await download('gone.ndjson')).err).toContain('JAEGER_UNREACHABLE');
});

it('sends a token, and says where one moment has more traces than it may ask for', async () => {
  writeFileSync(inside('token'), 'abc\n');
  const one = TRACES[0]!;
  const twin = { traceId: 'f'.repeat(32), spans: one.spans.map((span) => ({ ...span, traceId: 'f'.repeat(32) })) };
  await server.stop();
  server = await new JaegerServer([one, twin]).start();
  const { code, err, out } = await download('full.ndjson', '--limit', '1', '--token-file', inside('token'));
  expect([code, server.authorization]).toEqual([0, 'Bearer abc']);
  expect(err).toContain('some are missing');
  expect(JSON.parse(out)).toMatchObject({ traces: 1 });
});

it('translates Jaeger to OTLP and back, and Zipkin to OTLP, as a stream', async () => {
  writeFileSync(inside('in.ndjson'), TRACES.map((trace) => `${otlpJson([trace])}\n`).join(''));
  const back = ['--traces', inside('jaeger.ndjson.gz'), '--out', inside('back.ndjson'), '--format', 'jaeger'];
  expect(
    (
      await gent(
        'translate',
        '--traces',
        inside('in.ndjson'),
        '--out',
        inside('jaeger.ndjson.gz'),
        '--to-form',
        'jaeger'
      )
    ).out
  ).toMatch(/^200 traces, [\d,]+ spans in /);
  expect((await gent('translate', ...back)).code).toBe(0);
  expect(byId(await readAllTraces(inside('back.ndjson')))).toEqual(byId(TRACES));
  const zipkin = { traceId: '463ac35c9f6413ad', id: 'a2fb4a1d1a96d312', name: 'get', timestamp: 1_760_000_000_000_000 };
  writeFileSync(
    inside('zipkin.json'),
    JSON.stringify([{ ...zipkin, duration: 207, localEndpoint: { serviceName: 'z' } }])
  );
  expect((await gent('translate', inside('zipkin.json'), '--out', '-')).out).toContain(
    '"endTimeUnixNano":"1760000000000207000"'
  );
});

it.each([
  [['download', '--url', 'nowhere', '--out', 'x'], '--url nowhere'],
  [['download', '--out', 'x.gz'], 'gzip it afterwards'],
  [['download', '--out', 'x', '--resume'], '--resume needs the --from'],
  [['download', '--out', 'x', '--from', '20', '--to', '10'], '--to must be after'],
  [['translate', '--out', 'x'], '--traces FILE'],
  [['translate', '--traces', 'x', '--out', 'x', '--to-form', 'zipkin'], 'one of otlp, jaeger is'],
  [['upload'], "jaeger: say download or translate, not 'upload'"],
])('refuses %p', async (argv, words) => {
  const { code, err } = await gent(...argv);
  expect([code, err]).toEqual([2, expect.stringContaining(words)]);
});
