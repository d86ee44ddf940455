/** @file The protobuf answers hold what Grafana's Tempo data source reads without asking whether it is there. */
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { otlpTrace } from '../../pkg/proto';
import { rawEngine } from '../../pkg/query';
import { listenTempo, tempoServer } from '../../pkg/tempo';
import { newReadContext, spansFromOtlpJson, type Trace } from '../../pkg/trace';

const ID = '0000000000000000000000000000abcd';

/** Spans that say as little as OTLP allows: no scope, no status, a resource without attributes. */
function bareTrace(): Trace {
  const span = (id: string, parent: string) => ({
    traceId: ID,
    spanId: id.padStart(16, '0'),
    ...(parent === '' ? {} : { parentSpanId: parent.padStart(16, '0') }),
    name: `span ${id}`,
    startTimeUnixNano: '1700000000000000000',
    endTimeUnixNano: '1700000000001000000',
  });
  const spans = [span('1', ''), span('2', '1'), span('3', '2')];
  const read = spansFromOtlpJson({ resourceSpans: [{ scopeSpans: [{ spans }] }] }, newReadContext());
  return { traceId: ID, spans: read };
}

const server = tempoServer(rawEngine([bareTrace()], 'test'));
let address: string;
beforeAll(async () => {
  address = await listenTempo(server, '127.0.0.1:0');
});
afterAll(() => server.close());

async function ask(url: string): Promise<{ status: number; body: Uint8Array }> {
  const answer = await fetch(address + url, { headers: { accept: 'application/protobuf' } });
  expect(answer.headers.get('content-type')).toBe('application/protobuf');
  return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
}

/** Fields of a TraceByIDResponse. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array | number> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array | number>();
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    fields.set(field, wireType === 2 ? reader.bytes() : reader.int32());
  }
  return fields;
}

function checkWhole(bytes: Uint8Array, spans: number): void {
  const { resourceSpans } = fromBinary(otlpTrace.TracesDataSchema, bytes);
  const groups = resourceSpans.flatMap(({ resource, scopeSpans }) => {
    expect(resource?.attributes.length).toBeGreaterThan(0);
    return scopeSpans;
  });
  for (const { scope, spans: all } of groups) {
    expect(scope).toBeDefined();
    all.forEach((span) => expect(span.status).toBeDefined());
  }
  expect(groups.flatMap((group) => group.spans)).toHaveLength(spans);
}

test('resource attributes, scope and status are there', async () => {
  const { status, body } = await ask(`/api/traces/${ID}`);
  expect(status).toBe(200);
  checkWhole(body, 3);
  const fields = fieldsOf((await ask('/api/v2/traces/abcd')).body);
  expect([...fields.keys()]).toEqual([1]);
  checkWhole(fields.get(1) as Uint8Array, 3);
});

test('a trace that is not there is an empty one', async () => {
  const { status, body } = await ask('/api/v2/traces/ffff');
  expect(status).toBe(200);
  expect([...fieldsOf(body)]).toEqual([[1, new Uint8Array()]]);
});

test('a part of a trace says that it is one', async () => {
  const q = encodeURIComponent('{ name = "span 3" }');
  for (const [more, spans] of [
    ['', 1],
    ['&ancestor_depth=1', 2],
  ] as const) {
    const fields = fieldsOf((await ask(`/api/v2/traces/${ID}?q=${q}${more}`)).body);
    checkWhole(fields.get(1) as Uint8Array, spans);
    expect(fields.get(3)).toBe(1);
    expect(Buffer.from(fields.get(4) as Uint8Array).toString()).toMatch(/^Trace filtered/);
  }
  const whole = fieldsOf((await ask(`/api/v2/traces/${ID}?q=${q}&keep_hierarchy=true`)).body);
  checkWhole(whole.get(1) as Uint8Array, 3);
  expect(whole.has(3)).toBe(false);
  const below = encodeURIComponent('{ name = "span 1" }');
  checkWhole(fieldsOf((await ask(`/api/v2/traces/${ID}?q=${below}&match_depth=1`)).body).get(1) as Uint8Array, 2);
});
