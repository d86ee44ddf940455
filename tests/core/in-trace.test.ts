/** @file What goes together within a trace goes together in generated ones: ids, instances, slow pods, failures. */
import { openModel } from '../../pkg/generate';
import { attributeValue, type AttributeValue, type Span, type Trace } from '../../pkg/trace';
import { trainModel } from '../../pkg/train';
import { attributes, EPOCH, numbers, resourceOf, spanOf } from './batches';

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

interface Pod {
  readonly name: string;
  readonly address: string;
  readonly slow: number;
}

const WEB: readonly Pod[] = ['a', 'b', 'c'].map((name, i) => ({
  name: `web-${name}`,
  address: `10.1.0.${i}`,
  slow: 1,
}));
const CART: readonly Pod[] = [
  { name: 'cart-quick', address: '10.2.0.1', slow: 1 },
  { name: 'cart-slow', address: '10.2.0.2', slow: 8 },
];
const FAILURES = [
  { type: 'Timeout', code: 504n, message: 'cart did not answer' },
  { type: 'Refused', code: 503n, message: 'cart is closed' },
  { type: 'Broken', code: 500n, message: 'cart is broken' },
] as const;

/**
 * Requests of a web service that calls a cart two or three times, each time whichever pod comes up. One id goes with the
 * whole request; the cart knows the caller by its address; a failure is told by the cart and passed on.
 */
function requests(count: number): Trace[] {
  const random = numbers(5);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const us = (value: number): bigint => BigInt(Math.max(1, Math.round(value))) * 1000n;
  return Array.from({ length: count }, (_, t) => {
    const traceId = hex(t + 1, 32);
    const start = EPOCH + BigInt(Math.floor(random() * 600e6)) * 1000n;
    const web = pick(WEB);
    const request = hex(Math.floor(random() * 2 ** 48), 12);
    const tenant = `tenant ${Math.floor(random() * 3)}`;
    const spans: Span[] = [];
    let at = start + us(100);
    let failure: (typeof FAILURES)[number] | undefined;
    for (let call = 0; call < 2 + Math.floor(random() * 2); call++) {
      const cart = pick(CART);
      const own = random() < 0.12 ? pick(FAILURES) : undefined;
      failure ??= own;
      const duration = us(cart.slow * (800 + 400 * random()));
      spans.push(
        spanOf(traceId, {
          spanId: hex(call + 2, 16),
          parentSpanId: hex(1, 16),
          name: 'GetCart',
          kind: 2,
          startTimeUnixNano: at,
          endTimeUnixNano: at + duration,
          resource: resourceOf('cart', { 'k8s.pod.name': cart.name }),
          statusCode: own === undefined ? 0 : 2,
          statusMessage: own?.message ?? '',
          attributes: attributes({
            'request.id': request,
            'client.address': web.address,
            'http.response.status_code': own?.code ?? 200n,
            ...(own === undefined ? {} : { 'error.type': own.type }),
          }),
          events:
            own === undefined
              ? []
              : [
                  {
                    timeUnixNano: at + duration,
                    name: 'exception',
                    attributes: attributes({ 'exception.type': own.type, 'exception.message': own.message }),
                    droppedAttributesCount: 0,
                  },
                ],
        })
      );
      at += duration + us(50);
    }
    const root = spanOf(traceId, {
      spanId: hex(1, 16),
      name: 'GET /cart',
      kind: 2,
      startTimeUnixNano: start,
      endTimeUnixNano: at + us(50),
      statusCode: failure === undefined ? 0 : 2,
      statusMessage: failure?.message ?? '',
      resource: resourceOf('web', { 'k8s.pod.name': web.name }),
      attributes: attributes({ 'request.id': request, tenant, 'http.response.status_code': failure?.code ?? 200n }),
    });
    return { traceId, spans: [root, ...spans] };
  });
}

const valueOf = (span: Span, key: string): AttributeValue | undefined => attributeValue(span.attributes, key);
const podOf = (span: Span): string => String(attributeValue(span.resource.attributes, 'k8s.pod.name'));
const share = <T>(list: readonly T[], fits: (item: T) => boolean): number => list.filter(fits).length / list.length;
function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
}

describe('within a trace', () => {
  const real = requests(600);
  let traces: Trace[];
  let carts: Span[];

  beforeAll(async () => {
    const { bytes } = await trainModel(real, { exemplarBytes: 0 });
    const model = await openModel(bytes);
    traces = await model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
    await model.close();
    carts = traces.flatMap((trace) => trace.spans.filter((span) => span.name === 'GetCart'));
  });

  test('one id goes with all spans of a trace, and is no real one', () => {
    const ids = traces.map((trace) => new Set(trace.spans.map((span) => valueOf(span, 'request.id'))));
    expect(ids.every((set) => set.size === 1)).toBe(true);
    const all = ids.map((set) => String([...set][0]));
    expect(all.every((id) => /^[0-9a-f]{12}$/.test(id))).toBe(true);
    expect(new Set(all).size).toBeGreaterThan(0.99 * all.length);
    const known = new Set(real.map((trace) => valueOf(trace.spans[0] as Span, 'request.id')));
    expect(all.filter((id) => known.has(id))).toEqual([]);
  });

  test('several instances of a service serve one trace, as often as they did', () => {
    const both = (list: readonly Trace[]): number =>
      share(list, ({ spans }) => new Set(spans.filter((span) => span.name === 'GetCart').map(podOf)).size === 2);
    expect(Math.abs(both(traces) - both(real))).toBeLessThan(0.06);
  });

  test('the address of the caller is that of the instance that called', () => {
    const addresses = new Map(WEB.map((pod) => [pod.name, pod.address]));
    for (const { spans } of traces) {
      const caller = addresses.get(podOf(spans[0] as Span));
      expect(spans.slice(1).map((span) => valueOf(span, 'client.address'))).toEqual(spans.slice(1).map(() => caller));
    }
  });

  test('a slow instance is slow', () => {
    const medianOf = (list: readonly Span[], pod: string): number =>
      median(
        list.filter((span) => podOf(span) === pod).map((span) => Number(span.endTimeUnixNano - span.startTimeUnixNano))
      );
    expect(medianOf(carts, 'cart-slow') / medianOf(carts, 'cart-quick')).toBeGreaterThan(6);
    // medians of two kinds of times say little of how many are of the wrong one
    const isSlow = (span: Span): boolean => Number(span.endTimeUnixNano - span.startTimeUnixNano) > 3e6;
    expect(share(carts, (span) => isSlow(span) !== (podOf(span) === 'cart-slow'))).toBeLessThan(0.2);
  });

  test('status code, error, message and exception of a failure agree', () => {
    const failed = carts.filter((span) => span.statusCode === 2);
    expect(failed.length).toBeGreaterThan(100);
    for (const span of failed) {
      const failure = FAILURES.find(({ type }) => type === valueOf(span, 'error.type'));
      expect(failure).toBeDefined();
      expect(valueOf(span, 'http.response.status_code')).toBe(failure?.code);
      expect(span.statusMessage).toBe(failure?.message);
      expect(span.events.map(({ attributes: own }) => attributeValue(own, 'exception.type'))).toEqual([failure?.type]);
      expect(attributeValue(span.events[0]?.attributes ?? [], 'exception.message')).toBe(failure?.message);
    }
    for (const span of carts.filter(({ statusCode }) => statusCode !== 2)) {
      expect([valueOf(span, 'http.response.status_code'), valueOf(span, 'error.type'), span.events]).toEqual([
        200n,
        undefined,
        [],
      ]);
    }
  });

  test('values that go with nothing keep their shares', () => {
    const of = (list: readonly Trace[], tenant: string): number =>
      share(list, ({ spans }) => valueOf(spans[0] as Span, 'tenant') === tenant);
    for (const tenant of ['tenant 0', 'tenant 1', 'tenant 2']) {
      expect(Math.abs(of(traces, tenant) - of(real, tenant))).toBeLessThan(0.02);
    }
  });
});
