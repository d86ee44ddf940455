/**
 * @file What is known of a span before all of its trace is drawn holds for the whole trace: its duration lies within the bounds at each
 * step. Push-down leaves traces out by these bounds. Over traces whose clocks disagree, whose parents are missing and whose
 * spans are wrapped tightly, and over real ones where they are at hand.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Sieve } from '../../pkg/generate';
import { readAllTraces, type Trace } from '../../pkg/trace';
import type { TrainOptions } from '../../pkg/train';
import { growing, numbers } from '../core/batches';
import { allOf, durationOf, trainedOn } from '../core/trained';

const DATA = path.resolve(__dirname, '../../../shared/data/mixed-500.otlp.ndjson.gz');
/** Starts and ends of traces are whole multiples of what measured ones are, ns. */
const ROUNDING = 1000;

/** Trees of up to a dozen spans; some without the span that others hang from, some with clocks that run late or early. */
function oddTraces(count: number): Trace[] {
  const random = numbers(17);
  return Array.from({ length: count }, (_, t) => {
    const { trace, add } = growing(t, random);
    const { traceId, spans } = trace;
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
    // without its call a request has no children, but spans beside it
    const any = random() < 0.5 ? 1 : 1 + Math.floor(random() * (spans.length - 1));
    const lost = random() < 0.4 ? any : -1;
    return { traceId, spans: spans.filter((_span, i) => i !== lost) };
  });
}

/** Spans of all traces whose duration is outside of the bounds that some step gave. */
async function outside(real: readonly Trace[], options: TrainOptions): Promise<string[]> {
  const model = await trainedOn(real, { epochs: 1, seed: 1, ...options });
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

test.each([{}, { without: ['pace' as const] }, { epochs: 4 }])(
  'of odd traces, %j',
  async (options) => {
    expect(await outside(oddTraces(250), options)).toEqual([]);
  },
  120_000
);

(existsSync(DATA) ? test : test.skip)(
  'of mixed-500, where ../shared/data is present',
  async () => {
    expect(await outside(await readAllTraces(DATA), {})).toEqual([]);
  },
  600_000
);
