/** @file One trace as large as they come, as OTLP/JSON. */

export const BIG_SPANS = 10_000;
/** Values of the attribute `n` of its spans. */
export const BIG_VALUES = 1000;
export const BIG_ID = 'b16'.padStart(32, '0');

/** One trace of 10,000 spans below one root, each tenth a child of the one before, from `startMs` on. @returns one line */
export function bigTraceLine(startMs: number): string {
  const hex = (n: number) => n.toString(16).padStart(16, '0');
  const spans = Array.from({ length: BIG_SPANS }, (_, i) => ({
    traceId: BIG_ID,
    spanId: hex(i + 1),
    ...(i === 0 ? {} : { parentSpanId: hex(i % 10 === 0 ? i : 1) }),
    name: `step ${i % 7}`,
    kind: 1,
    startTimeUnixNano: `${BigInt(startMs + i) * 1_000_000n}`,
    endTimeUnixNano: `${BigInt(startMs + BIG_SPANS) * 1_000_000n}`,
    attributes: [{ key: 'n', value: { intValue: String(i % BIG_VALUES) } }],
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'big' } }] };
  return `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 's' }, spans }] }] })}\n`;
}
