/** @file Rare traces are long enough for what is in them, although most traces of their kind are short. */
import { openModel } from '../../pkg/generate';
import type { Span, Trace } from '../../pkg/trace';
import { trainModel } from '../../pkg/train';
import { numbers, requestOf } from './batches';

const SHORT_CALL = 2e6;
const LONG_CALL = 100e6;
const LONG_CALLS = 6;
/** Settling may take so much of what was drawn, see pkg/features/settle.ts. */
const LEFT = 0.7;

/** Requests of one kind: one call of some ms, or, of one in thirty, six of 100 ms and more each, one after another. */
function requests(count: number): Trace[] {
  const random = numbers(9);
  return Array.from({ length: count }, (_, t) => {
    const long = t % 30 === 7;
    const calls = Array.from({ length: long ? LONG_CALLS : 1 }, () => ({
      name: long ? 'slow call' : 'call',
      ns: (long ? LONG_CALL : SHORT_CALL) * (1 + random()),
    }));
    return requestOf(t, random, calls);
  });
}

test('a first span lasts as long as its calls need, whatever the network knows', async () => {
  // without a network nothing but needs tells the two kinds of requests apart
  const { bytes } = await trainModel(requests(900), { epochs: 0, exemplarBytes: 0, seed: 4, fidelityCard: false });
  const model = await openModel(bytes);
  try {
    expect(model.content.timing.holding).toBe(true);
    const traces = await model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
    const lasting = traces.map(({ spans }) => {
      const root = spans.find(({ parentSpanId }) => parentSpanId === '') as Span;
      return { calls: spans.length - 1, ns: Number(root.endTimeUnixNano - root.startTimeUnixNano) };
    });
    const long = lasting.filter(({ calls }) => calls === LONG_CALLS);
    expect(long).toHaveLength(30);
    long.forEach(({ ns }) => expect(ns).toBeGreaterThan(LEFT * LONG_CALLS * LONG_CALL));
    const short = lasting.filter(({ calls, ns }) => calls === 1 && ns < LONG_CALL);
    expect(short.length).toBeGreaterThan(800);
  } finally {
    await model.close();
  }
}, 60_000);
