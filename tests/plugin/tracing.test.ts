/** @file The trace that a request of Grafana belongs to: in log lines, and in what a remote gent serve is asked with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { grafana } from '../../pkg/proto';
import { type BuiltPlugin, buildPlugin } from './built';
import { type DataSource, queryRequest } from './client';
import { FIXTURE_RANGE, fixtureNdjson } from './fixture';
import type { PluginHost } from './host';

const ROOT = path.resolve(__dirname, '../..');
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

let plugin: BuiltPlugin;
let directory: string;
let host: PluginHost;
let far: Server;
let asked: Array<{ url: string; headers: IncomingHttpHeaders }> = [];

beforeAll(async () => {
  plugin = buildPlugin(ROOT);
  directory = mkdtempSync(path.join(tmpdir(), 'gent-tracing-'));
  writeFileSync(path.join(directory, 'traces.ndjson'), fixtureNdjson());
  far = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"traces":[]}');
  });
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
  host = await plugin.start();
});

afterAll(async () => {
  await host?.kill();
  far?.close();
  plugin?.remove();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(() => (asked = []));

const address = () => `http://127.0.0.1:${(far.address() as AddressInfo).port}`;

async function query(refId: string, source: DataSource, metadata: Record<string, string>): Promise<void> {
  const request = queryRequest(source, [{ refId, json: { query: '{ }' }, ...FIXTURE_RANGE }]);
  await host.call(grafana.Data, 'QueryData', request, metadata);
}

const linesOf = (refId: string) => host.logs.filter((line) => line.refId === refId);

test('goes on to a remote gent serve, with its state', async () => {
  await query(
    'far',
    { uid: 'far', jsonData: { address: address() } },
    { traceparent: TRACEPARENT, tracestate: 'a=1,b=2' }
  );
  expect(asked.length).toBeGreaterThan(0);
  for (const { headers } of asked) {
    expect(headers).toMatchObject({ traceparent: TRACEPARENT, tracestate: 'a=1,b=2' });
  }
});

test('is in the log lines of its request, and of no other', async () => {
  const source = { uid: 'near', jsonData: { store: directory } };
  const other = TRACEPARENT.replace(/4736/, '4737');
  await Promise.all([
    query('one', source, { traceparent: TRACEPARENT }),
    query('two', source, { traceparent: other }),
    query('none', source, {}),
  ]);
  expect(linesOf('one')).toEqual([expect.objectContaining({ traceID: TRACE, spanID: '00f067aa0ba902b7' })]);
  expect(linesOf('two')).toEqual([expect.objectContaining({ traceID: TRACE.replace(/4736/, '4737') })]);
  expect(linesOf('none')).toEqual([expect.not.objectContaining({ traceID: expect.anything() })]);
});

test.each([
  'nonsense',
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-${TRACE}-0000000000000000-01`,
  `ff-${TRACE}-00f067aa0ba902b7-01`,
  `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
])('%s is no trace, and goes nowhere', async (traceparent) => {
  await query('bad', { uid: 'far', jsonData: { address: address() } }, { traceparent });
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.every(({ headers }) => headers.traceparent === undefined)).toBe(true);
});
