/** @file Batches of traces made for tests: a small shop with errors, events and repeated calls, and odd batches. */
import type { AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, Trace } from '../../pkg/trace';

/** A small seeded generator of numbers in [0, 1). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

export function attributes(values: Record<string, AttributeValue>): KeyValue[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

const SCOPE: Scope = { name: 'shop', version: '1.0', attributes: [], droppedAttributesCount: 0, schemaUrl: '' };

export function resourceOf(service: string, more: Record<string, AttributeValue> = {}): Resource {
  return {
    attributes: attributes({ 'service.name': service, ...more }),
    droppedAttributesCount: 0,
    schemaUrl: '',
  };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** Fields of a span that a test cares about; the rest gets plain values. */
export type SpanInput = Partial<Span> & Pick<Span, 'spanId' | 'name' | 'startTimeUnixNano' | 'endTimeUnixNano'>;

export function spanOf(traceId: string, input: SpanInput): Span {
  return {
    traceId,
    parentSpanId: '',
    traceState: '',
    flags: 0,
    kind: 1,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: resourceOf('service'),
    scope: SCOPE,
    ...input,
  };
}

/** 2024-01-01T00:00:00Z in ns. */
export const EPOCH = 1_704_067_200_000_000_000n;

/** Whole microseconds, in ns. */
const ns = (value: number): bigint => BigInt(Math.round(value / 1000)) * 1000n;

/** A trace that grows span by span, from some time within ten minutes from {@link EPOCH} on. @param t - its number */
export function growing(
  t: number,
  random: () => number
): {
  trace: Trace;
  /** When it begins, minutes from {@link EPOCH} on. */
  minute: number;
  add: (name: string, parent: number, from: number, lasting: number) => number;
} {
  const traceId = hex(t + 1, 32);
  const begin = EPOCH + BigInt(Math.floor(random() * 600_000)) * 1_000_000n;
  const spans: Span[] = [];
  return {
    trace: { traceId, spans },
    minute: Number(begin - EPOCH) / 60e9,
    /** Times in ns, from the begin of the trace; the parent by its number, −1 for none. Returns the number of the span. */
    add: (name, parent, from, lasting) => {
      const startTimeUnixNano = begin + ns(from);
      const endTimeUnixNano = startTimeUnixNano + ns(lasting);
      const ids = { spanId: hex(spans.length + 1, 16), parentSpanId: parent < 0 ? '' : hex(parent + 1, 16) };
      return spans.push(spanOf(traceId, { ...ids, name, startTimeUnixNano, endTimeUnixNano })) - 1;
    },
  };
}

/**
 * A request that makes calls one after another, within ten minutes from {@link EPOCH} on.
 * @param t - number of the trace
 * @param calls - name and duration in ns of each call
 */
export function requestOf(t: number, random: () => number, calls: ReadonlyArray<{ name: string; ns: number }>): Trace {
  const traceId = hex(t + 1, 32);
  const start = EPOCH + ns(random() * 600e9);
  let at = start + ns(1e5 + 1e5 * random());
  const spans = calls.map((call, c) => {
    const startTimeUnixNano = at;
    const endTimeUnixNano = at + ns(call.ns);
    at = endTimeUnixNano + ns(1e5 + 1e5 * random());
    const ids = { spanId: hex(c + 2, 16), parentSpanId: hex(1, 16) };
    return spanOf(traceId, { ...ids, name: call.name, startTimeUnixNano, endTimeUnixNano });
  });
  const root = { spanId: hex(1, 16), name: 'request', startTimeUnixNano: start, endTimeUnixNano: at + ns(1e5) };
  return { traceId, spans: [spanOf(traceId, root), ...spans] };
}

const WEB = [0, 1, 2].map((pod) => resourceOf('web', { 'k8s.pod.name': `web-${pod}` }));
const CART = resourceOf('cart', { 'telemetry.sdk.language': 'go' });
const DB = resourceOf('db');

/**
 * Traces of a shop: a server span, one to four cart calls each with a query, some failing with an exception event.
 * Starts cross bucket edges; ids of users are different in every trace.
 */
export function shopTraces(count: number, seed = 1): Trace[] {
  const random = numbers(seed);
  return Array.from({ length: count }, (_, t) => {
    const traceId = hex(t + 1, 32);
    const us = (value: number): bigint => BigInt(Math.max(1, Math.round(value))) * 1000n;
    const start = EPOCH + BigInt(Math.floor(random() * 600e6)) * 1000n;
    const calls = 1 + Math.floor(random() * 4);
    const slow = random() < 0.1 ? 5 : 1;
    const web = WEB[Math.floor(random() * 3)] as Resource;
    const spans: Span[] = [];
    let at = start + us(100 + 200 * random());
    let failed = false;
    for (let c = 0; c < calls; c++) {
      const fails = random() < 0.05;
      failed ||= fails;
      const query = us(slow * (500 + 2000 * random() * random()));
      const gap = us(50 + 100 * random());
      const call = query + gap + us(80 + 40 * random());
      const id = hex(2 * c + 2, 16);
      const event: SpanEvent = {
        timeUnixNano: at + call,
        name: 'exception',
        attributes: attributes({
          'exception.type': 'Timeout',
          'exception.message': `after ${Math.floor(random() * 900)} ms`,
        }),
        droppedAttributesCount: 0,
      };
      spans.push(
        spanOf(traceId, {
          spanId: id,
          parentSpanId: hex(1, 16),
          name: 'GetCart',
          kind: 3,
          startTimeUnixNano: at,
          endTimeUnixNano: at + call,
          statusCode: fails ? 2 : 0,
          statusMessage: fails ? 'deadline exceeded' : '',
          attributes: attributes({
            'rpc.system': 'grpc',
            'rpc.grpc.status_code': fails ? 4n : 0n,
            'user.id': `user-${Math.floor(random() * 1e9)}`,
          }),
          events: fails ? [event] : [],
          resource: CART,
        }),
        spanOf(traceId, {
          spanId: hex(2 * c + 3, 16),
          parentSpanId: id,
          name: 'SELECT carts',
          kind: 3,
          startTimeUnixNano: at + gap,
          endTimeUnixNano: at + gap + query,
          attributes: attributes({
            'db.system': 'mysql',
            'db.rows': BigInt(Math.floor(1 + 99 * random())),
            ratio: random(),
          }),
          resource: DB,
        })
      );
      at += call + us(20 + 30 * random());
    }
    const root = spanOf(traceId, {
      spanId: hex(1, 16),
      name: calls > 2 ? 'POST /checkout' : 'GET /cart',
      kind: 2,
      startTimeUnixNano: start,
      endTimeUnixNano: at + us(100),
      statusCode: failed ? 2 : 0,
      attributes: attributes({
        'http.request.method': calls > 2 ? 'POST' : 'GET',
        'http.response.status_code': failed ? 504n : 200n,
      }),
      resource: web,
    });
    return { traceId, spans: [root, ...spans] };
  });
}

/** A chain or a star of `size` spans. */
export function bigTrace(size: number, shape: 'chain' | 'star'): Trace {
  const traceId = hex(99, 32);
  const spans = Array.from({ length: size }, (_, i) =>
    spanOf(traceId, {
      spanId: hex(i + 1, 16),
      parentSpanId: i === 0 ? '' : hex(shape === 'chain' ? i : 1, 16),
      name: `step ${i % 7}`,
      startTimeUnixNano: EPOCH + BigInt(i) * 1000n,
      endTimeUnixNano: EPOCH + BigInt(i === 0 || shape === 'chain' ? 3 * size - i : i + 1) * 1000n,
    })
  );
  return { traceId, spans };
}

/** Number of spans, and of errors, by service, name, kind and bucket of `seconds`. */
export function countsOf(traces: readonly Trace[], seconds: number): Map<string, number> {
  const counts = new Map<string, number>();
  const width = BigInt(seconds) * 1_000_000_000n;
  for (const trace of traces) {
    for (const span of trace.spans) {
      const service = span.resource.attributes.find((attribute) => attribute.key === 'service.name')?.value;
      const key = `${String(service)}|${span.name}|${span.kind}|${span.statusCode}|${span.startTimeUnixNano / width}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** The tree of a trace as text, children unordered: operation, status, and whether a top's parent is missing. */
export function shapeOf(trace: Trace): string {
  const children = new Map<string, Span[]>();
  const ids = new Set(trace.spans.map((span) => span.spanId));
  const tops: Span[] = [];
  for (const span of trace.spans) {
    if (span.parentSpanId !== '' && span.parentSpanId !== span.spanId && ids.has(span.parentSpanId)) {
      const list = children.get(span.parentSpanId) ?? [];
      list.push(span);
      children.set(span.parentSpanId, list);
    } else {
      tops.push(span);
    }
  }
  const texts = new Map<string, string>();
  const order = [...tops];
  for (const span of order) {
    order.push(...(children.get(span.spanId) ?? []));
  }
  for (const span of order.reverse()) {
    const below = (children.get(span.spanId) ?? []).map((child) => texts.get(child.spanId) ?? '').sort();
    const service = span.resource.attributes.find((attribute) => attribute.key === 'service.name')?.value;
    texts.set(span.spanId, `(${String(service)}|${span.name}|${span.kind}|${span.statusCode}${below.join('')})`);
  }
  return tops
    .map((span) => (span.parentSpanId === '' ? '' : '?') + (texts.get(span.spanId) ?? ''))
    .sort()
    .join('+');
}

/** JSON with 64-bit integers as text, for comparing traces byte by byte. */
export function asText(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item));
}

/**
 * Requests to a web service, with a flag that makes rendering slow, that call a cart in one of three pods: the second is slow,
 * the third fails now and then.
 */
export function differingTraces(count: number, seed = 1): Trace[] {
  const random = numbers(seed);
  const pods = [0, 1, 2].map((pod) => resourceOf('cart', { 'k8s.pod.name': `cart-${pod}` }));
  return Array.from({ length: count }, (_, t) => {
    const { trace, add } = growing(t, random);
    const flag = random() < 0.3;
    const pod = Math.floor(3 * random());
    const failed = pod === 2 && random() < 0.3;
    const render = (flag ? 4 : 1) * 3e6 * (0.8 + 0.4 * random());
    const call = (pod === 1 ? 8 : 1) * 1e6 * (0.8 + 0.4 * random());
    add('GET /cart', -1, 0, render + call + 3e5);
    add('render', 0, 1e5, render);
    add('GetCart', 0, render + 2e5, call);
    const more: ReadonlyArray<Partial<Span>> = [
      { kind: 2, attributes: attributes({ 'feature.new': flag }) },
      {},
      { kind: 2, resource: pods[pod] as Resource, statusCode: failed ? 2 : 0 },
    ];
    return { ...trace, spans: trace.spans.map((span, i) => ({ ...span, ...more[i] })) };
  });
}
