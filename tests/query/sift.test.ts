/**
 * @file Traces drawn in part tell the truth about the whole: bounds hold at every step and end exact, or as near as spans
 * with children can be known before all of those are, and nothing that a question asks for is left out.
 */
import { openModel, type OpenedModel, type Sieve } from '../../pkg/generate';
import type { Trace } from '../../pkg/trace';
import { newTrainingBatch, trainOnColumns } from '../../pkg/train';
import { shopTraces } from './shop-traces';

let model: OpenedModel;
let traces: Trace[];
const durationOf = ({ startTimeUnixNano, endTimeUnixNano }: Trace['spans'][number]): number =>
  Number(endTimeUnixNano - startTimeUnixNano);
const everyTrace = (): number[] => Array.from({ length: model.traceCount }, (_, i) => i);
/** Every so-manieth trace that is drawn: real ones are not. */
const drawnTraces = (stride: number): number[] => everyTrace().filter((i) => i % stride === 0 && !model.isExemplar(i));

beforeAll(async () => {
  const batch = newTrainingBatch();
  shopTraces(300).forEach((trace) => batch.add(trace));
  model = await openModel((await trainOnColumns(batch.finish(), { epochs: 1, seed: 2, exemplarBytes: 4000 })).bytes);
  traces = await model.generate(everyTrace());
}, 120_000);
afterAll(async () => model.close());

/** Whether no span of the trace is a child of span i: such durations are known exactly. */
const isLeaf = ({ spans }: Trace, i: number): boolean =>
  spans.every(({ parentSpanId }) => parentSpanId !== spans[i]?.spanId);
/** How far above the least the most may be of a span that is drawn: durations move by 0.3 of themselves at most. */
const WIDEST = 1.3 / 0.7;

/** Asks for every third span and some attributes; keeps everything, and hands on what it is told. */
function listening(
  spansOf: (size: number) => number[],
  keys: string[],
  told: (shape: number, least: Float64Array, most: Float64Array, variants: Float64Array) => boolean
): Sieve {
  return {
    keys: new Set(keys),
    spansOf: (shape) => {
      const spans = spansOf(model.shapeClasses(shape).length);
      return { spans: Int32Array.from(spans), attributes: new Uint8Array(spans.length).fill(keys.length > 0 ? 1 : 0) };
    },
    keeps: told,
  };
}

const CHOICES: Array<[string, (size: number) => number[]]> = [
  ['the first span', () => [0]],
  ['the last span', (size) => [size - 1]],
  ['every third span', (size) => Array.from({ length: Math.ceil(size / 3) }, (_, i) => 3 * i)],
  ['every span', (size) => Array.from({ length: size }, (_, i) => i)],
];

test.each(CHOICES)('bounds of durations hold: %s', async (_, spansOf) => {
  let [leaves, exact] = [0, 0];
  for (const index of drawnTraces(5)) {
    const trace = traces[index] as Trace;
    const wanted = spansOf(trace.spans.length);
    let last: Array<[number, number]> = [];
    let judged = 0;
    const sieve = listening(spansOf, [], (shape, least, most) => {
      if (shape === model.shapeOf(index)) {
        last = wanted.map((_span, k) => [least[k] as number, most[k] as number]);
        judged++;
      }
      return true;
    });
    const { kept } = await model.sift([index], sieve);
    expect(kept).toEqual([index]);
    expect(judged).toBeGreaterThan(0);
    wanted.forEach((span, k) => {
      const duration = durationOf(trace.spans[span] as Trace['spans'][number]);
      const [least, most] = last[k] as [number, number];
      expect(duration).toBeGreaterThanOrEqual(least);
      expect(duration).toBeLessThanOrEqual(most);
      leaves += isLeaf(trace, span) ? 1 : 0;
      exact += isLeaf(trace, span) && least === most ? 1 : 0;
    });
  }
  // a leaf that is told by what it leaves of its parent moves with it
  expect(exact).toBeGreaterThanOrEqual(0.6 * leaves);
});

test('bounds hold from the first step on', async () => {
  const limits = new Map<number, { least: number; most: number }>();
  for (const index of drawnTraces(5)) {
    const { spans } = traces[index] as Trace;
    const shape = model.shapeOf(index);
    const bounds = model.durationBounds(shape);
    spans.forEach((span, i) => {
      expect(durationOf(span)).toBeGreaterThanOrEqual(bounds.least[i] as number);
      expect(durationOf(span)).toBeLessThanOrEqual(bounds.most[i] as number);
    });
    let bins = true;
    let judged = 0;
    const sieve = listening(
      (size) => Array.from({ length: size }, (_, i) => i),
      [],
      (asked, least, most) => {
        if (asked === shape && !bins) {
          judged++;
          spans.forEach((span, i) => {
            expect(durationOf(span)).toBeGreaterThanOrEqual(least[i] as number);
            expect(durationOf(span)).toBeLessThanOrEqual(most[i] as number);
            const limit = limits.get(i) ?? { least: Infinity, most: -Infinity };
            limits.set(i, {
              least: Math.min(limit.least, least[i] as number),
              most: Math.max(limit.most, most[i] as number),
            });
          });
        }
        return true;
      }
    );
    // At first every bin of the first span's duration is judged, without a trace.
    await model.sift([index], sieve);
    bins = false;
    await model.sift([index], sieve, { all: true });
    expect(judged).toBeGreaterThan(0);
  }
  expect([...limits.values()].every(({ least, most }) => least <= most)).toBe(true);
});

test('what a sieve leaves out by duration is out, and what it keeps is near', async () => {
  for (const least of [1e6, 5e6, 20e6, 100e6, 1e9]) {
    for (const pick of [(size: number) => size - 1, (size: number) => size >> 1]) {
      const matches = drawnTraces(1).filter((i) => {
        const { spans } = traces[i] as Trace;
        return durationOf(spans[pick(spans.length)] as Trace['spans'][number]) >= least;
      });
      const sieve = listening(
        (size) => [pick(size)],
        [],
        (_shape, _least, most) => (most[0] as number) >= least
      );
      const { kept } = await model.sift(drawnTraces(1), sieve);
      expect(kept.filter((i) => matches.includes(i))).toEqual(matches);
      for (const i of kept.filter((one) => !matches.includes(one))) {
        const trace = traces[i] as Trace;
        const span = pick(trace.spans.length);
        expect(durationOf(trace.spans[span] as Trace['spans'][number]) * WIDEST).toBeGreaterThanOrEqual(least);
      }
    }
  }
});

test('attributes drawn in part are those of the whole trace', async () => {
  const keys = ['http.response.status_code', 'cache.hit', 'error.type', 'http.request.method', 'rpc.method'];
  let compared = 0;
  let varied = 0;
  for (const index of drawnTraces(3)) {
    const { spans } = traces[index] as Trace;
    const shape = model.shapeOf(index);
    let variants: number[] = [];
    const sieve = listening(
      (size) => Array.from({ length: size }, (_, i) => i),
      keys,
      (asked, _least, _most, told) => {
        if (asked === shape) {
          variants = [...told];
        }
        return true;
      }
    );
    await model.sift([index], sieve);
    const keySet = sieve.keys;
    spans.forEach(({ attributes }, i) => {
      const { constants, variables } = model.attributesOf(shape, i, keySet, variants[i] as number);
      for (const key of keys) {
        const value = attributes.find((one) => one.key === key)?.value;
        if (!variables.has(key)) {
          expect(constants.find((one) => one.key === key)?.value).toEqual(value);
          compared++;
        }
        varied += model.classes[model.shapeClasses(shape)[i] as number]?.spanVariables.has(key) === true ? 1 : 0;
      }
    });
  }
  expect(compared).toBeGreaterThan(500);
  expect(varied).toBeGreaterThan(20);
});

test('real traces are kept, whatever is asked', async () => {
  const real = everyTrace().filter((i) => model.isExemplar(i));
  expect(real.length).toBeGreaterThan(0);
  const sieve = listening(
    (size) => [size - 1],
    [],
    () => false
  );
  expect((await model.sift(everyTrace(), sieve)).kept).toEqual(real);
});

test('sifting can be cancelled', async () => {
  const stop = new AbortController();
  stop.abort();
  const sieve = listening(
    (size) => [size - 1],
    [],
    () => true
  );
  await expect(model.sift(everyTrace(), sieve, { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
});
