/**
 * @file Models that foresee: where hardly two traces have the same shape, spans with more in them last longer; and what
 * the network sees of a trace is the same however little of the trace is drawn.
 */
import { openModel, type OpenedModel, type Sieve } from '../../pkg/generate';
import type { Span, Trace } from '../../pkg/trace';
import { newTrainingBatch, trainOnColumns, type TrainOptions } from '../../pkg/train';
import { numbers, requestOf } from './batches';

const MOST_CALLS = 7;
const KINDS = 12;
const durationOf = ({ startTimeUnixNano, endTimeUnixNano }: Span): number =>
  Number(endTimeUnixNano - startTimeUnixNano);
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

async function opened(options: TrainOptions): Promise<OpenedModel> {
  const batch = newTrainingBatch();
  real.forEach((trace) => batch.add(trace));
  const { bytes } = await trainOnColumns(batch.finish(), {
    seed: 3,
    exemplarBytes: 0,
    fidelityCard: false,
    ...options,
  });
  return openModel(bytes);
}

const all = (model: OpenedModel): number[] => Array.from({ length: model.traceCount }, (_, i) => i);

let model: OpenedModel;
let traces: readonly Trace[];
beforeAll(async () => {
  model = await opened({});
  traces = await model.generate(all(model));
}, 120_000);
afterAll(async () => model.close());

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
  const blind = await opened({ without: ['foresight'] });
  try {
    expect(blind.content.timing.foreseeing).toBe(false);
    expect(offBy(traces)).toBeLessThan(0.1);
    expect(offBy(traces)).toBeLessThan(offBy(await blind.generate(all(blind))) / 2);
  } finally {
    await blind.close();
  }
}, 120_000);

/** Traces whose span (counted from the end where negative) may last longer than some time, drawn in part. */
async function longerThan(span: number, least: number): Promise<readonly number[]> {
  const sieve: Sieve = {
    keys: new Set(),
    spansOf: (shape) => ({
      spans: Int32Array.of(span < 0 ? model.shapeClasses(shape).length + span : span),
      attributes: new Uint8Array(1),
    }),
    keeps: (_shape, _least, most) => (most[0] as number) > least,
  };
  return (await model.sift(all(model), sieve)).kept;
}

test.each([
  ['first', 0],
  ['last', -1],
])('the %s span lasts as long alone as with its trace', async (_, span) => {
  const durations = traces.map(({ spans }) => durationOf(spans.at(span) as Span));
  const sorted = [...durations].sort((a, b) => a - b);
  for (const share of [0.2, 0.4, 0.6, 0.8, 0.9]) {
    const least = sorted[Math.floor(share * sorted.length)] as number;
    const kept = new Set(await longerThan(span, least));
    expect(durations.flatMap((duration, i) => (duration > least && !kept.has(i) ? [i] : []))).toEqual([]);
    expect(kept.size).toBeLessThan(traces.length);
  }
});
