/**
 * @file Models with paces: what slows two branches of a trace at once slows both when they are drawn again; and what is
 * drawn of a trace is the same however little of it is drawn.
 */
import type { OpenedModel } from '../../pkg/generate';
import type { Span, Trace } from '../../pkg/trace';
import { EPOCH, numbers, spanOf } from './batches';
import { allOf, durationOf, expectAlike, trainedOn } from './trained';

const TRACES = 1500;
const CALLS = 6;
const BRANCHES = ['a', 'b'] as const;

/** Requests that run two branches side by side; each calls six times. A trace is slow in all its calls, or in none. */
function requests(): Trace[] {
  const random = numbers(11);
  return Array.from({ length: TRACES }, (_, t) => {
    const traceId = (t + 1).toString(16).padStart(32, '0');
    const begin = EPOCH + BigInt(Math.floor(random() * 600_000)) * 1_000_000n;
    const slow = 0.5 + 2.5 * random();
    const spans: Span[] = [];
    const add = (name: string, parentSpanId: string, from: number, ns: number): Span => {
      const startTimeUnixNano = begin + BigInt(Math.round(from / 1000)) * 1000n;
      const endTimeUnixNano = startTimeUnixNano + BigInt(Math.round(ns / 1000)) * 1000n;
      const spanId = (spans.length + 1).toString(16).padStart(16, '0');
      const span = spanOf(traceId, { spanId, name, parentSpanId, startTimeUnixNano, endTimeUnixNano });
      spans.push(span);
      return span;
    };
    // all of the same length, so that nothing above a branch says how slow the trace is
    const root = add('request', '', 0, 1e9);
    for (const branch of BRANCHES) {
      const top = add(`branch ${branch}`, root.spanId, 1e6, 9e8);
      for (let call = 0; call < CALLS; call++) {
        add(`call ${branch}`, top.spanId, 2e6 + call * 1e8, 2e7 * slow * (0.8 + 0.4 * random()));
      }
    }
    return { traceId, spans };
  });
}

/** Correlation between the times that the two branches spend in calls. */
function correlation(traces: readonly Trace[]): number {
  const sums = traces.map(({ spans }) =>
    BRANCHES.map((branch) =>
      spans.reduce((sum, span) => sum + (span.name === `call ${branch}` ? durationOf(span) : 0), 0)
    )
  );
  const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length;
  const [a, b] = BRANCHES.map((_, i) => {
    const all = sums.map((pair) => pair[i] as number);
    const middle = mean(all);
    return all.map((x) => x - middle);
  }) as [number[], number[]];
  const product = (x: readonly number[], y: readonly number[]): number => mean(x.map((v, i) => v * (y[i] as number)));
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

const real = requests();

let model: OpenedModel;
let traces: readonly Trace[];
beforeAll(async () => {
  model = await trainedOn(real, {});
  traces = await model.generate(allOf(model));
}, 120_000);
afterAll(async () => model.close());

test('branches are slow together, which a network without paces does not know', async () => {
  expect(model.content.timing.pacing).toBe(true);
  const blind = await trainedOn(real, { without: ['pace'] });
  try {
    expect(blind.content.timing.pacing).toBe(false);
    const known = correlation(traces);
    expect(correlation(real)).toBeGreaterThan(0.95);
    expect(known).toBeGreaterThan(0.8);
    expect(known).toBeGreaterThan(correlation(await blind.generate(allOf(blind))) + 0.1);
  } finally {
    await blind.close();
  }
}, 120_000);

test.each([
  ['first', 0],
  ['first call of the last branch', 2 + CALLS + 1],
  ['last', -1],
])('the %s span lasts as long alone as with its trace', (_, span) => expectAlike(model, traces, span));
