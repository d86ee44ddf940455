/** @file A small batch of traces as OTLP/JSON, one trace a line: three services, errors, events, links. */

const START_MS = Date.UTC(2026, 0, 15, 12, 0, 0);
const TRACES = 240;
/** Traces are a quarter of a second apart, so the batch spans one minute. */
const APART_MS = 250;

/** The time range of the batch, ms since the epoch. */
export const FIXTURE_RANGE = { from: START_MS - 1000, to: START_MS + TRACES * APART_MS + 10_000 };
export const FIXTURE_TRACES = TRACES;
/** Every tenth checkout fails. */
export const FIXTURE_ERRORS = TRACES / 10;

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');
const nanos = (ms: number) => `${BigInt(Math.round(ms * 1000)) * 1000n}`;

type Value = string | number | boolean;
const attribute = (key: string, value: Value) => ({
  key,
  value:
    typeof value === 'string'
      ? { stringValue: value }
      : typeof value === 'boolean'
        ? { boolValue: value }
        : Number.isInteger(value)
          ? { intValue: String(value) }
          : { doubleValue: value },
});
const attributes = (values: Record<string, Value>) =>
  Object.entries(values).map(([key, value]) => attribute(key, value));

/** The id of trace `i` of the batch. */
export const fixtureTraceId = (i: number): string => hex(0xabc000 + i, 32);

function oneTrace(i: number): unknown {
  const traceId = fixtureTraceId(i);
  const spanId = (n: number) => hex(i * 16 + n + 1, 16);
  const start = START_MS + i * APART_MS;
  const failed = i % 10 === 3;
  // A spread of latencies that repeats: 20 to 68 ms.
  const payMs = 20 + ((i * 7) % 13) * 4;
  const span = (
    n: number,
    parent: number,
    name: string,
    kind: number,
    from: number,
    to: number,
    more: object = {}
  ) => ({
    traceId,
    spanId: spanId(n),
    ...(parent >= 0 ? { parentSpanId: spanId(parent) } : {}),
    name,
    kind,
    startTimeUnixNano: nanos(start + from),
    endTimeUnixNano: nanos(start + to),
    ...more,
  });
  const error = failed ? { status: { code: 2, message: 'card declined' } } : {};
  const http = (method: string, route: string, code: number) => ({
    attributes: attributes({ 'http.request.method': method, 'http.route': route, 'http.response.status_code': code }),
  });
  const exception = {
    events: [
      {
        timeUnixNano: nanos(start + 5 + payMs),
        name: 'exception',
        attributes: attributes({ 'exception.type': 'CardDeclined', 'exception.message': 'no funds' }),
      },
    ],
  };
  const linked = i > 0 ? { links: [{ traceId: fixtureTraceId(i - 1), spanId: hex((i - 1) * 16 + 1, 16) }] } : {};
  const resources: Array<[string, object[]]> = [
    [
      'shop',
      [
        span(0, -1, 'POST /checkout', 2, 0, payMs + 12, { ...http('POST', '/checkout', failed ? 500 : 200), ...error }),
        span(1, 0, 'charge', 3, 2, payMs + 8, error),
      ],
    ],
    [
      'payment',
      [
        span(2, 1, 'POST /charge', 2, 4, payMs + 6, {
          ...http('POST', '/charge', failed ? 402 : 200),
          ...error,
          ...(failed ? exception : {}),
          ...linked,
        }),
      ],
    ],
    [
      'ledger',
      [
        span(3, 2, 'INSERT entries', 3, 6, payMs + 2, {
          attributes: attributes({ 'db.system.name': 'postgresql', 'db.namespace': 'ledger' }),
        }),
      ],
    ],
  ];
  return {
    resourceSpans: resources.map(([service, spans]) => ({
      resource: { attributes: attributes({ 'service.name': service, 'deployment.environment.name': 'test' }) },
      scopeSpans: [{ scope: { name: `${service}-lib`, version: '1.0' }, spans }],
    })),
  };
}

/** The batch as NDJSON. */
export function fixtureNdjson(): string {
  return Array.from({ length: TRACES }, (_, i) => `${JSON.stringify(oneTrace(i))}\n`).join('');
}
