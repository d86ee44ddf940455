import { attributeValue, serviceName, SpanKind, StatusCode, traceBounds, type Span, type Trace } from '../../trace';
import { INCIDENTS } from './incidents';
import { SERVICES } from './services';
import { Shop, simulateShop } from './shop';

const START = 1_700_000_000_000_000_000n;
const MINUTE = 60_000_000_000n;
const traces = [...simulateShop({ seed: 5, count: 6000, startUnixNano: START })];
const spans = traces.flatMap((trace) => trace.spans);

const minuteOf = (span: Span) => Number((span.startTimeUnixNano - START) / MINUTE);
const text = (span: Span, key: string) => attributeValue(span.attributes, key);
const during = (name: string, span: Span) =>
  INCIDENTS.some((i) => i.name === name && minuteOf(span) >= i.from && minuteOf(span) < i.to);
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] as number;
const milliseconds = (span: Span) => Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6;

describe('the shop', () => {
  it('gives as many traces as asked, spread over half an hour', () => {
    expect(traces).toHaveLength(6000);
    expect(new Set(traces.map((trace) => trace.traceId)).size).toBe(6000);
    const end = traces.reduce(
      (latest, trace) => (traceBounds(trace).end > latest ? traceBounds(trace).end : latest),
      0n
    );
    expect(Number(end - START) / 60e9).toBeGreaterThan(26);
    expect(Number(end - START) / 60e9).toBeLessThan(34);
    expect(spans.every((span) => span.startTimeUnixNano >= START)).toBe(true);
  });

  it('is the same for the same seed and another for another', () => {
    const some = (seed: number) => [...simulateShop({ seed, count: 50, startUnixNano: START })];
    expect(some(1)).toEqual(some(1));
    expect(some(1)).not.toEqual(some(2));
  });

  it('gives in steps of time what it gives in one go', () => {
    const options = { seed: 3, startUnixNano: START, rate: 5 };
    const whole = new Shop(options).runUntil(60e9);
    const shop = new Shop(options);
    const steps: Trace[] = [];
    for (let second = 1; second <= 60; second++) {
      steps.push(...shop.runUntil(second * 1e9));
    }
    expect(whole.length).toBeGreaterThan(100);
    expect(steps).toEqual(whole);
  });

  it('builds trees: one root, no orphans, unique span ids, parents of another service only over a call', () => {
    const problems: string[] = [];
    for (const trace of traces) {
      const byId = new Map(trace.spans.map((span) => [span.spanId, span]));
      if (byId.size !== trace.spans.length || trace.spans.filter((span) => span.parentSpanId === '').length !== 1) {
        problems.push(`${trace.traceId}: ids or roots`);
      }
      for (const span of trace.spans) {
        const parent = byId.get(span.parentSpanId);
        if (span.endTimeUnixNano < span.startTimeUnixNano || span.traceId !== trace.traceId) {
          problems.push(`${span.name}: times or trace id`);
        }
        if (span.parentSpanId !== '' && parent === undefined) {
          problems.push(`${span.name}: orphan`);
        }
        if (parent !== undefined && parent.startTimeUnixNano > span.startTimeUnixNano) {
          problems.push(`${span.name}: begins before its parent`);
        }
        const remote = span.kind === SpanKind.Server || span.kind === SpanKind.Consumer;
        if (parent !== undefined && parent.resource !== span.resource && !remote) {
          problems.push(`${span.name}: crosses services without a call`);
        }
      }
    }
    expect(problems).toEqual([]);
  });

  it('has all services, each with the resource attributes the conventions ask for', () => {
    expect(new Set(spans.map((span) => serviceName(span.resource)))).toEqual(new Set(Object.keys(SERVICES)));
    for (const resource of new Set(spans.map((span) => span.resource))) {
      const keys = resource.attributes.map((attribute) => attribute.key);
      expect(keys).toEqual(
        expect.arrayContaining([
          'service.version',
          'service.instance.id',
          'host.name',
          'k8s.pod.name',
          'telemetry.sdk.name',
          'telemetry.sdk.language',
          'telemetry.sdk.version',
        ])
      );
    }
  });

  const has = (key: string) => (span: Span) => text(span, key) !== undefined;
  it.each<[string, (span: Span) => boolean, string[]]>([
    [
      'HTTP servers',
      (s) => s.kind === SpanKind.Server && has('http.request.method')(s),
      ['url.path', 'url.scheme', 'http.response.status_code'],
    ],
    [
      'HTTP clients',
      (s) => s.kind === SpanKind.Client && has('http.request.method')(s),
      ['server.address', 'server.port', 'url.full'],
    ],
    ['gRPC calls', has('rpc.method'), ['rpc.system.name', 'rpc.status_code', 'server.address']],
    [
      'SQL statements',
      has('db.collection.name'),
      ['db.system.name', 'db.namespace', 'db.query.text', 'db.operation.name'],
    ],
    [
      'Redis commands',
      (s) => text(s, 'db.system.name') === 'redis',
      ['db.operation.name', 'db.query.text', 'server.address'],
    ],
    [
      'messages',
      has('messaging.system'),
      ['messaging.destination.name', 'messaging.operation.name', 'messaging.operation.type'],
    ],
    ['failed calls', (s) => s.statusCode === StatusCode.Error, ['error.type']],
  ])('%s carry their attributes', (_what, matches, keys) => {
    const matching = spans.filter(matches);
    expect(matching.length).toBeGreaterThan(20);
    for (const key of keys) {
      expect(matching.filter((span) => !has(key)(span)).map((span) => span.name)).toEqual([]);
    }
  });

  it('links what consumers work on to what producers sent', () => {
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const polls = spans.filter((span) => span.name === 'poll orders');
    expect(polls.length).toBeGreaterThan(50);
    const links = polls.flatMap((span) => span.links);
    const found = links.map((link) => byId.get(link.spanId)).filter((span) => span !== undefined);
    expect(found.length / links.length).toBeGreaterThan(0.97);
    expect(found.every((span) => span.kind === SpanKind.Producer)).toBe(true);
  });

  it('slows the payment gateway, with time-outs and retries', () => {
    const calls = spans.filter((span) => text(span, 'server.address') === 'api.paygate.example');
    const slow = calls.filter((span) => during('slow-payment-gateway', span));
    const usual = calls.filter((span) => minuteOf(span) > 11);
    expect(median(slow.map(milliseconds))).toBeGreaterThan(8 * median(usual.map(milliseconds)));
    expect(slow.some((span) => text(span, 'error.type') === 'timeout')).toBe(true);
    expect(slow.some((span) => text(span, 'http.request.resend_count') === 1n)).toBe(true);
  });

  it('deploys checkout: another version, with a fraud check', () => {
    const version = (span: Span) => attributeValue(span.resource.attributes, 'service.version');
    const checkout = spans.filter((span) => serviceName(span.resource) === 'checkout');
    expect(new Set(checkout.filter((span) => minuteOf(span) < 13).map(version))).toEqual(new Set(['1.14.2']));
    expect(new Set(checkout.filter((span) => minuteOf(span) >= 17).map(version))).toEqual(new Set(['1.15.0']));
    const checks = spans.filter((span) => span.name === 'check fraud');
    expect(checks.length).toBeGreaterThan(20);
    expect(new Set(checks.map(version))).toEqual(new Set(['1.15.0']));
  });

  it('misses the cache after the flush', () => {
    const misses = (from: number, to: number) => {
      const lookups = spans.filter((span) => minuteOf(span) >= from && minuteOf(span) < to && has('cache.hit')(span));
      return lookups.filter((span) => text(span, 'cache.hit') === false).length / lookups.length;
    };
    expect(misses(18, 19)).toBeGreaterThan(1.5 * misses(14, 18));
  });

  it('fails statements of the stock database, with the exception recorded once and seen upstream', () => {
    const failed = spans.filter((span) => span.statusMessage === 'Too many connections');
    expect(failed.length).toBeGreaterThan(100);
    expect(failed.every((span) => during('stock-database', span))).toBe(true);
    const exceptions = failed.flatMap((span) => span.events).filter((event) => event.name === 'exception');
    expect(exceptions.length).toBeGreaterThan(20);
    for (const event of exceptions) {
      expect(event.attributes.map((attribute) => attribute.key)).toEqual([
        'exception.type',
        'exception.message',
        'exception.stacktrace',
      ]);
    }
    expect(spans.some((span) => span.events.some((event) => event.name === 'degraded'))).toBe(true);
  });

  it('slows one of the two catalogue pods', () => {
    const work = spans.filter((span) => span.name === 'shop.v1.Catalogue/GetProduct' && span.kind === SpanKind.Server);
    const noisy = work.filter((span) => during('noisy-neighbour', span));
    const byPod = new Map<unknown, number[]>();
    for (const span of noisy) {
      const pod = attributeValue(span.resource.attributes, 'k8s.pod.name');
      byPod.set(pod, [...(byPod.get(pod) ?? []), milliseconds(span)]);
    }
    const medians = [...byPod.values()].map(median).sort((a, b) => a - b);
    expect(medians).toHaveLength(2);
    expect(medians[1] as number).toBeGreaterThan(1.5 * (medians[0] as number));
  });
});
