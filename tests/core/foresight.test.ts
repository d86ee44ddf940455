/**
 * @file Models that foresee: where hardly two traces have the same shape, spans with more in them last longer; and what
 * the network sees of a trace is the same however little of the trace is drawn.
 */
import type { OpenedModel } from '../../pkg/generate';
import type { Span, Trace } from '../../pkg/trace';
import { numbers, requestOf } from './batches';
import { allOf, durationOf, expectAlike, trainedOn, whenTrained } from './trained';

const MOST_CALLS = 7;
const KINDS = 12;
/** Number of calls of a trace, and how long it lasts. */
const lasting = (traces: readonly Trace[]): Array<[calls: number, duration: number]> =>
  traces.map(({ spans }) => [spans.length - 1, durationOf(spans[0] as Span)]);

/** Requests of one to seven calls one after another, of any of twelve kinds: thousands of shapes. */
function requests(count: number): Trace[] {
  const random = numbers(5);
  return Array.from({ length: count }, (_, t) => {
    const calls = Array.from({ length: 1 + Math.floor(random() * MOST_CALLS) }, () => ({
      name: `call ${'abcdefghijkl'[Math.floor(random() * KINDS)]}`,
      ns: 5e6 * (0.5 + random()),
    }));
    return requestOf(t, random, calls);
  });
}

const real = requests(1500);

let model: OpenedModel;
let traces: readonly Trace[];
whenTrained(real, {}, (opened, generated) => {
  [model, traces] = [opened, generated];
});

/** How far mean durations by number of calls are off, as a share. */
function offBy(generated: readonly Trace[]): number {
  const means = (list: readonly Trace[]): number[] =>
    Array.from({ length: MOST_CALLS }, (_, c) => {
      const own = lasting(list).flatMap(([calls, duration]) => (calls === c + 1 ? [duration] : []));
      return own.reduce((sum, duration) => sum + duration, 0) / own.length;
    });
  const wanted = means(real);
  return means(generated).reduce((sum, mean, c) => sum + Math.abs(mean / (wanted[c] as number) - 1), 0) / MOST_CALLS;
}

test('spans with more in them last longer, which a network that does not foresee hardly knows', async () => {
  expect(model.content.timing.foreseeing).toBe(true);
  const blind = await trainedOn(real, { without: ['foresight'] });
  try {
    expect(blind.content.timing.foreseeing).toBe(false);
    expect(offBy(traces)).toBeLessThan(0.1);
    expect(offBy(traces)).toBeLessThan(offBy(await blind.generate(allOf(blind))) / 2);
  } finally {
    await blind.close();
  }
}, 120_000);

test.each([
  ['first', 0],
  ['last', -1],
])('the %s span lasts as long alone as with its trace', (_, span) => expectAlike(model, traces, span));
