/** @file Settling: durations stay where they may, children keep their distances, and parents end when their children have. */
import type { Span, Trace } from '../trace';
import { makeSpan, T0, traceId } from '../trace/test-spans';
import {
  blurTimes,
  contextOf,
  copyOfTimes,
  DurationMode,
  GapReference,
  learnContent,
  referenceTime,
  seededNumbers,
  settledRange,
  settleEnds,
  settleMeasured,
  TraceCollector,
  valueAt,
  type SpanTable,
  type TimingSite,
} from '.';

const MS = 1_000_000;

/** A root that calls a, b and c one after the other, and itself takes little; a wraps `inner`, and waits now and then. */
function traceOf(t: number, random: () => number): Trace {
  const begin = T0 + BigInt(t) * 700_000_000n;
  const spans: Span[] = [];
  const add = (name: string, parent: number, start: number, duration: number): number => {
    const from = begin + BigInt(Math.round(start * MS));
    const times = { startTimeUnixNano: from, endTimeUnixNano: from + BigInt(Math.round(duration * MS)) };
    return spans.push(makeSpan(spans.length + 1, parent + 1, { traceId: traceId(t + 1), name, ...times })) - 1;
  };
  const long = (): number => 20 * Math.exp(2 * random());
  const gap = (): number => 0.2 + 0.2 * random();
  const inner = long();
  const wait = random() < 0.1 ? 2 * long() : 0.1 + 0.1 * random();
  const [a, b, c] = [inner + wait + 0.1, long(), long()];
  const [g1, g2, g3, rest] = [gap(), gap(), gap(), gap()];
  const root = add('root', -1, 0, g1 + a + g2 + b + g3 + c + rest);
  const first = add('a', root, g1, a);
  add('b', root, g1 + a + g2, b);
  add('c', root, g1 + a + g2 + b + g3, c);
  add('inner', first, g1 + wait, inner);
  return { traceId: traceId(t + 1), spans };
}

/** What the span spends by itself: its duration less what its children take, which never overlap here. */
function selfTimes(spans: SpanTable): Float64Array {
  const self = spans.duration.slice();
  for (let i = 0; i < spans.size; i++) {
    const parent = spans.parent[i] as number;
    if (parent >= 0) {
      self[parent] = (self[parent] as number) - (spans.duration[i] as number);
    }
  }
  return self;
}

const collector = new TraceCollector();
const random = seededNumbers(11);
for (let t = 0; t < 1200; t++) {
  collector.add(traceOf(t, random));
}
const { content, spans: measured } = learnContent(collector.finish(), { k: 2, maxBins: 64 });
const context = contextOf(content, { field: 1, operation: 2, rank: 2 });
settleMeasured(context, measured);
const drawn = copyOfTimes(measured);
blurTimes(context, drawn, content.window.unit, seededNumbers(5));
const settled = copyOfTimes(drawn);
const next = seededNumbers(7);
settleEnds(context, settled, (_, table) => valueAt(table, next()));
const siteOf = (i: number): TimingSite => context.timing.sites[measured.site[i] as number] as TimingSite;
const isParent = new Set(measured.parent);

test('spans that a parent wraps, now and then not, are told by what they leave of it or by their duration', () => {
  const modes = new Set(Array.from({ length: measured.size }, (_, i) => siteOf(i).mode));
  expect(modes).toContain(DurationMode.SlackOrDuration);
  const shares = Array.from({ length: measured.size }, (_, i) => siteOf(i)).filter(
    ({ mode }) => mode === DurationMode.SlackOrDuration
  );
  // one in ten waits; the share is kept in 255ths
  expect(shares.every(({ looseShare }) => looseShare > 0.03 * 255 && looseShare < 0.25 * 255)).toBe(true);
});

test('durations stay where they may be once they are drawn, and those of plain leaves what they are', () => {
  const ranges: Array<{ low: number; high: number }> = [];
  for (let i = 0; i < drawn.size; i++) {
    const parent = drawn.parent[i] as number;
    const above = parent < 0 ? 0 : (drawn.duration[parent] as number);
    const moves = { low: (ranges[parent]?.low ?? 0) - above, high: (ranges[parent]?.high ?? 0) - above };
    const range = { low: 0, high: 0 };
    settledRange(context, siteOf(i), drawn.durationBin[i] as number, drawn.duration[i] as number, moves, range);
    ranges.push(range);
    expect(settled.duration[i]).toBeGreaterThanOrEqual(range.low);
    expect(settled.duration[i]).toBeLessThanOrEqual(range.high);
    if (!isParent.has(i) && siteOf(i).mode === DurationMode.Absolute) {
      expect(settled.duration[i]).toBe(drawn.duration[i]);
    }
  }
});

test('children begin as far from what came before as was drawn', () => {
  for (let i = 0; i < drawn.size; i++) {
    const { reference } = siteOf(i);
    if ((drawn.parent[i] as number) >= 0 && reference !== GapReference.LatestEnd) {
      const gap = (drawn.start[i] as number) - referenceTime(drawn, i, reference);
      expect((settled.start[i] as number) - referenceTime(settled, i, reference)).toBe(gap);
    }
  }
});

test('what parents spend by themselves is nearer to what it was', () => {
  const real = selfTimes(measured);
  const errorOf = (spans: SpanTable): number => {
    const self = selfTimes(spans);
    const errors = Array.from(self, (value, i) => Math.abs(value - (real[i] as number))).filter(
      (_, i) => isParent.has(i) && (measured.parent[i] as number) < 0
    );
    return errors.sort((a, b) => a - b)[errors.length >> 1] as number;
  };
  expect(errorOf(settled)).toBeLessThan(0.5 * errorOf(drawn));
});
