/** @file Traces with secrets in every place that OTLP has for text, each in too few traces to be kept; and how to look for them. */
import { readModelFile, SECTIONS } from '../../pkg/model';
import { KeyValueList, type AttributeValue, type Resource, type Span, type Trace } from '../../pkg/trace';
import { attributes, shopTraces } from './batches';

/** What secrets look like. The number makes each different. */
const LOOKS: ReadonlyArray<(n: number) => string> = [
  (n) => `correcthorsebatterystaple${'abcdefghij'.charAt(n % 10)}${'qrstuvwxyz'.charAt(Math.floor(n / 10) % 10)}`,
  (n) => `tok_live_9f8E7d6C5b4A${n}Zz`,
  (n) => `${4_929_000_000_000_000 + n * 7919}`,
  (n) => `deadbeef${(0x1000000 + n * 65_537).toString(16)}cafe`,
  (n) => `7d4a1b2c-93ef-4${(0x100 + n).toString(16)}-8abc-0123456789ab`,
  (n) => `mallory.${'abcdefghij'.charAt(n % 10)}${n}@victim-${n}.example`,
  (n) => `203.0.113.${n % 256}:4${4000 + n}`,
  (n) => `Geheimnis größter Güte Nummer ${n} Übermaß`,
];

/** Where a secret can stand: each puts it into a trace. */
const PLACES: ReadonlyArray<readonly [string, (span: Span, secret: string) => Partial<Span>]> = [
  ['span attribute', (span, s) => ({ attributes: [...span.attributes, ...attributes({ note: s })] })],
  [
    'URL',
    (span, s) => ({ attributes: [...span.attributes, ...attributes({ 'url.full': `https://shop/u/${s}?q=${s}` })] }),
  ],
  ['text', (span, s) => ({ attributes: [...span.attributes, ...attributes({ text: `login of ${s} failed` })] })],
  ['list', (span, s) => ({ attributes: [...span.attributes, ...attributes({ list: ['a', s, 1n] })] })],
  ['map', (span, s) => ({ attributes: [...span.attributes, ...attributes({ map: mapOf(s, s) })] })],
  ['bytes', (span, s) => ({ attributes: [...span.attributes, ...attributes({ bytes: new TextEncoder().encode(s) })] })],
  ['key', (span, s) => ({ attributes: [...span.attributes, ...attributes({ [`header.${s}`]: 'x' })] })],
  ['resource attribute', (span, s) => ({ resource: withAttribute(span.resource, 'host.id', s) })],
  ['status message', (_, s) => ({ statusMessage: `denied: ${s}` })],
  ['trace state', (_, s) => ({ traceState: `v=${s.replace(/[^0-9a-zA-Z]/g, '')}` })],
  ['span name', (span, s) => ({ name: `${span.name} /users/${s}` })],
  ['scope attribute', (span, s) => ({ scope: { ...span.scope, attributes: attributes({ tenant: s }) } })],
  [
    'event name and attribute',
    (span, s) => ({
      events: [
        { timeUnixNano: span.startTimeUnixNano, name: `e ${s}`, attributes: [], droppedAttributesCount: 0 },
        {
          timeUnixNano: span.startTimeUnixNano,
          name: 'log',
          attributes: attributes({ body: s }),
          droppedAttributesCount: 0,
        },
      ],
    }),
  ],
  [
    'link attribute',
    (span, s) => ({
      links: [
        {
          traceId: span.traceId,
          spanId: span.spanId,
          traceState: '',
          attributes: attributes({ why: s }),
          droppedAttributesCount: 0,
          flags: 0,
        },
      ],
    }),
  ],
];

function mapOf(key: string, value: AttributeValue): KeyValueList {
  return new KeyValueList([
    { key, value },
    { key: 'plain', value },
  ]);
}

function withAttribute(resource: Resource, key: string, value: AttributeValue): Resource {
  return { ...resource, attributes: [...resource.attributes, { key, value }] };
}

export interface SecretBatch {
  readonly traces: Trace[];
  /** Each secret, with the place it stands at. */
  readonly secrets: ReadonlyArray<{ readonly text: string; readonly place: string }>;
}

/** The shop's traces; every look at every place, each in k − 1 traces. */
export function tracesWithSecrets(count: number, k: number, seed = 1): SecretBatch {
  const traces = shopTraces(count, seed);
  const secrets: Array<{ text: string; place: string }> = [];
  let next = 0;
  LOOKS.forEach((look) =>
    PLACES.forEach(([place, put]) => {
      const text = look(secrets.length);
      secrets.push({ text, place });
      for (let copy = 0; copy < k - 1; copy++) {
        const t = next++ % count;
        const trace = traces[t] as Trace;
        const chosen = (t * 7) % trace.spans.length;
        traces[t] = {
          ...trace,
          spans: trace.spans.map((span, i) => (i === chosen ? { ...span, ...put(span, text) } : span)),
        };
      }
    })
  );
  return { traces, secrets };
}

/** What of a secret must not be found: itself, and as hex, as bytes are written. */
function needles(text: string): string[] {
  return [text, Buffer.from(text).toString('hex'), text.replace(/[^0-9a-zA-Z]/g, '')];
}

/** The secrets that stand in some text. */
export function secretsIn(haystack: string, batch: SecretBatch): string[] {
  return batch.secrets.flatMap(({ text, place }) =>
    needles(text).some((needle) => haystack.includes(needle)) ? [`${place}: ${text}`] : []
  );
}

/** The bytes of a model, every section unpacked, as text: one character a byte, and as UTF-8. */
export function unpacked(bytes: Uint8Array): string {
  const file = readModelFile(bytes);
  return SECTIONS.map((name) => {
    const section = Buffer.from(file.section(name));
    return `${section.toString('latin1')}\n${section.toString('utf8')}`;
  }).join('\n');
}

/** Traces as text. */
export function asText(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? String(item) : item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item
  );
}
