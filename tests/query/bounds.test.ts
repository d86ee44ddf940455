/**
 * @file What is known of a span before all of its trace is drawn holds for the whole trace: its duration lies within the bounds at each
 * step. Push-down leaves traces out by these bounds. Over traces whose clocks disagree, whose parents are missing and whose
 * spans are wrapped tightly.
 */
import type { Sieve } from '../../pkg/generate';
import type { Span, Trace } from '../../pkg/trace';
import { EPOCH, numbers, spanOf } from '../core/batches';
import { allOf, durationOf, trainedOn } from '../core/trained';

/** Starts and ends of traces are whole multiples of what measured ones are, ns. */
const ROUNDING = 1000;

/** Trees of up to a dozen spans; some without the span that others hang from, some with clocks that run late or early. */
function oddTraces(count: number): Trace[] {
  const random = numbers(17);
  const spanId = (n: number): string => (n + 1).toString(16).padStart(16, '0');
  return Array.from({ length: count }, (_, t) => {
    const traceId = (t + 1).toString(16).padStart(32, '0');
    const begin = EPOCH + BigInt(Math.floor(random() * 600_000)) * 1_000_000n;
    const spans: Span[] = [];
    const add = (name: string, parent: number, from: number, ns: number): number => {
      const startTimeUnixNano = begin + BigInt(Math.round(from / 1000)) * 1000n;
      const endTimeUnixNano = startTimeUnixNano + BigInt(Math.round(ns / 1000)) * 1000n;
      const parentSpanId = parent < 0 ? '' : spanId(parent);
      return (
        spans.push(
          spanOf(traceId, { spanId: spanId(spans.length), name, parentSpanId, startTimeUnixNano, endTimeUnixNano })
        ) - 1
      );
    };
    const grow = (parent: number, depth: number, from: number, ns: number): void => {
      const calls = 1 + Math.floor(random() * 3);
      for (let call = 0, at = from + 0.02 * ns; call < calls && spans.length < 12; call++) {
        const length = ((ns * 0.9) / calls) * (0.2 + 0.8 * random() ** 2);
        const skew = random() < 0.05 ? (random() - 0.7) * 2e8 : 0;
        const client = add(`call ${'abcd'[Math.floor(random() * 4)]}`, parent, at, length);
        const served = add(`serve ${depth}`, client, at + skew + 2e5, length * (random() < 0.8 ? 0.97 : random()));
        if (depth < 3 && random() < 0.6) {
          grow(served, depth + 1, at + skew + 3e5, length * 0.9);
        }
        at += length * (random() < 0.7 ? 1.01 : 0.3);
      }
    };
    const ns = 5e6 * 40 ** random();
    grow(add('request', -1, 0, ns), 0, 0, ns);
    const lost = random() < 0.3 ? 1 + Math.floor(random() * (spans.length - 1)) : -1;
    return { traceId, spans: spans.filter((_span, i) => i !== lost) };
  });
}

/** Spans of all traces whose duration is outside of the bounds that some step gave. */
async function outside(real: readonly Trace[], without: ReadonlyArray<'pace'>): Promise<string[]> {
  const model = await trainedOn(real, { epochs: 1, seed: 1, without });
  const found: string[] = [];
  let checked = 0;
  try {
    const traces = await model.generate(allOf(model));
    for (const [i, { spans }] of traces.entries()) {
      for (const [node, span] of spans.entries()) {
        let asked: Array<readonly [number, number]> = [];
        const sieve: Sieve = {
          keys: new Set(),
          spansOf: () => ({ spans: Int32Array.of(node), attributes: new Uint8Array(1) }),
          keeps: (_shape, least, most) => asked.push([least[0] as number, most[0] as number]) > 0,
        };
        // at first it asks about the shape as a whole
        await model.sift([i], sieve);
        asked = [];
        await model.sift([i], sieve);
        const duration = durationOf(span);
        if (asked.some(([least, most]) => duration < least - ROUNDING || duration > most + ROUNDING)) {
          found.push(`trace ${i}, span ${node}: ${duration} ns, bounds ${JSON.stringify(asked)}`);
        }
        checked += asked.length;
      }
    }
  } finally {
    await model.close();
  }
  expect(checked).toBeGreaterThan(2 * real.length);
  return found;
}

test.each([[[]], [['pace' as const]]])(
  'of odd traces, without %j',
  async (without) => {
    expect(await outside(oddTraces(250), without)).toEqual([]);
  },
  120_000
);
