/** @file Drifts: learnt where what is drawn differs from what was measured, and nowhere else; the same when read again. */
import { ByteReader, ByteWriter } from '../model';
import { contextOf, seededNumbers } from './content';
import { learnContent } from './content-learn';
import { TraceCollector } from './collect';
import {
  driftBases,
  driftCurves,
  DriftPlaces,
  DriftTable,
  NO_DRIFTS,
  readDrifts,
  writeDrifts,
  type Drift,
  type Drifts,
} from './drifts';
import type { SpanTable } from './span-table';
import { correctedDrifts, learnDrifts, type DriftEvidence } from './drifts-learn';
import { DRIFT_GROUPS, driftGroups, TimedBins } from './timed-bins';
import { shopTraces } from '../../tests/query/shop-traces';

const TICKS = 40;
const BASES = [undefined, { classes: 32, slackBins: 0 }, { classes: 40, slackBins: 12 }];

/** Draws of base `b`, whose logits are those of `tilt` in some ticks and level in the others. */
function drawn(
  b: number,
  spansATick: number,
  seed: number,
  tilt: (tick: number) => readonly [number, number]
): TimedBins {
  const base = BASES[b] as { classes: number; slackBins: number };
  const [one, two] = driftCurves(base);
  const random = seededNumbers(seed);
  const bins = new TimedBins(BASES, TICKS);
  for (let tick = 0; tick < TICKS; tick++) {
    const [first, second] = tilt(tick);
    const weights = one.map((x, bin) => Math.exp(first * x + second * (two[bin] as number)));
    const total = weights.reduce((sum, w) => sum + w, 0);
    for (let n = 0; n < spansATick; n++) {
      let left = random() * total;
      bins.add(
        b,
        tick,
        weights.findIndex((w, bin) => (left -= w) < 0 || bin === base.classes - 1)
      );
    }
  }
  return bins;
}

const level = (): readonly [number, number] => [0, 0];

/** Evidence of draws that move by all that their logits do, and whose bases are as they are to be. */
function evidenceOf(measured: TimedBins, drawn: TimedBins, more: Partial<DriftEvidence> = {}): DriftEvidence {
  return { measured, drawn, responses: BASES.map(() => [1, 1] as const), settled: new Set(), ...more };
}

describe.each([1, 2])('of base %d', (b) => {
  test('two draws of the same hardly ever need one', () => {
    let found = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const evidence = evidenceOf(drawn(b, 60, 2 * seed, level), drawn(b, 600, 2 * seed + 1, level));
      found += learnDrifts(BASES, evidence, 'stretches', 100).length;
      found += learnDrifts(BASES, evidence, 'positions', 100).length;
    }
    expect(found).toBeLessThanOrEqual(1);
  });

  test('a stretch in which it is something else has one, of its strength', () => {
    const incident = (tick: number): readonly [number, number] => (tick >= 12 && tick < 15 ? [1.5, 1] : [0, 0]);
    const evidence = evidenceOf(drawn(b, 60, 3, incident), drawn(b, 600, 4, level));
    const [drift, ...others] = learnDrifts(BASES, evidence, 'stretches', 100) as [Drift, ...Drift[]];
    expect(others).toEqual([]);
    expect(drift).toMatchObject({ base: b, from: 12, to: 15 });
    expect(Math.abs(drift.first / 4 - 1.5)).toBeLessThan(0.4);
    expect(Math.abs(drift.second / 4 - 1)).toBeLessThan(0.4);
    // drawn with it, nothing is left to be set right; drawn with too little, the rest is added
    const half = drawn(b, 600, 5, (tick) => (tick >= 12 && tick < 15 ? [0.75, 0.5] : [0, 0]));
    const [again] = correctedDrifts([{ ...drift, first: 3, second: 2 }], BASES, { ...evidence, drawn: half });
    expect(again?.first).toBeGreaterThan(4);
    const done = correctedDrifts([drift], BASES, { ...evidence, drawn: drawn(b, 600, 6, incident) });
    expect(Math.abs((done[0]?.first as number) - drift.first)).toBeLessThan(2);
    expect(learnDrifts(BASES, evidence, 'stretches', 0)).toEqual([]);
  });

  test('where draws follow half of what their logits do, twice as much is added', () => {
    const incident = (tick: number): readonly [number, number] => (tick >= 12 && tick < 15 ? [1.2, 0.6] : [0, 0]);
    const none: Drift = { base: b, from: 12, to: 15, first: 0, second: 0 };
    const [measured, drawnLevel] = [drawn(b, 400, 3, incident), drawn(b, 600, 4, level)];
    const added = (part: number): Drift => {
      const responses = BASES.map(() => [part, part] as const);
      return correctedDrifts([none], BASES, evidenceOf(measured, drawnLevel, { responses }))[0] as Drift;
    };
    const [all, half, none_] = [added(1), added(0.5), added(0.001)];
    expect(half.first / all.first).toBeGreaterThan(1.6);
    expect(half.first / all.first).toBeLessThan(2.4);
    // what hardly follows is not pulled without end
    expect(none_.first / all.first).toBeLessThan(3.6);
  });

  test('what bases are set right by is not in drifts', () => {
    const all = (): readonly [number, number] => [1, 0.5];
    const measured = drawn(b, 300, 3, all);
    const learnt = (settled: ReadonlySet<number>): Drift[] =>
      learnDrifts(BASES, evidenceOf(measured, drawn(b, 600, 4, level), { settled }), 'stretches', 100);
    expect(learnt(new Set())).toHaveLength(1);
    // the fifth that the base is not set right by at once is learnt, where that much pays
    const left = learnt(new Set([b]));
    left.forEach((drift) => expect(Math.abs(drift.first)).toBeLessThanOrEqual(2));
  });
});

test('probabilities count as what is drawn with them does on the whole', () => {
  const bins = new TimedBins(BASES, TICKS);
  const weights = Float64Array.from({ length: 32 }, (_, bin) => (bin < 8 ? 1 : bin < 16 ? 3 : 100));
  for (let n = 0; n < 100; n++) {
    bins.spread(1, 7, weights, 15);
  }
  bins.spread(1, TICKS, weights, 15);
  const other = new TimedBins(BASES, TICKS);
  other.take(bins.finish());
  const times = other.of(1);
  const [low, high] = [0, 4].map((from) => times.subarray(7 * DRIFT_GROUPS + from, 7 * DRIFT_GROUPS + from + 4));
  expect(low?.reduce((sum, n) => sum + n, 0)).toBeCloseTo(25, 1);
  expect(high?.reduce((sum, n) => sum + n, 0)).toBeCloseTo(75, 1);
  expect(times.reduce((sum, n) => sum + n, 0)).toBeCloseTo(100, 1);
});

test('cells keep what they hold while room is made for others', () => {
  const many = Array.from({ length: 3000 }, () => ({ classes: 16, slackBins: 0 }));
  const bins = new TimedBins(many, 2);
  for (let round = 1; round <= 2; round++) {
    many.forEach((_, base) => bins.add(base, base % 2, base % 16));
  }
  const cells = bins.finish();
  expect(cells.cells.length).toBe(3000);
  const twice = new TimedBins(many, 2);
  twice.take(cells);
  twice.take(cells);
  many.forEach((_, base) => {
    const expected = Array.from({ length: 2 * DRIFT_GROUPS }, (__, i) =>
      i === (base % 2) * DRIFT_GROUPS + (base % 16) ? 2 : 0
    );
    expect(Array.from(bins.of(base))).toEqual(expected);
    expect(Array.from(twice.of(base))).toEqual(expected.map((n) => 2 * n));
  });
});

test('groups are in order, of all bins, and none of two kinds', () => {
  for (let classes = 1; classes <= 64; classes++) {
    for (let slackBins = 0; slackBins <= classes; slackBins++) {
      const groups = driftGroups({ classes, slackBins });
      expect(groups.length).toBe(classes);
      expect(Math.max(...groups)).toBeLessThan(DRIFT_GROUPS);
      expect(groups.every((group, bin) => bin === 0 || group >= (groups[bin - 1] as number))).toBe(true);
      if (slackBins > 0 && slackBins < classes) {
        expect(groups[slackBins - 1]).not.toBe(groups[slackBins]);
      }
    }
  }
});

describe('in a file', () => {
  const batch = new TraceCollector();
  shopTraces(200).forEach((trace) => batch.add(trace));
  const { content } = learnContent(batch.finish(), { k: 5, maxBins: 32 });
  const context = contextOf(content, { field: 1, operation: 2, rank: 2 });
  const { bases, ofField } = driftBases(content, context);
  const { positions } = new DriftPlaces(content, context);
  const numbers = bases.flatMap((base, b) => (base === undefined ? [] : [b]));

  function some(seed: number): Drifts {
    const random = seededNumbers(seed);
    const code = (): number => Math.floor(random() * 255) - 127;
    const along = (size: number): Drift[] =>
      numbers.flatMap((base) => {
        const list: Drift[] = [];
        for (let at = Math.floor(random() * size); at < size; at += Math.floor(random() * size)) {
          const to = at + 1 + Math.floor(random() * (size - at - 1));
          list.push({ base, from: at, to, first: code(), second: code() });
          at = to;
        }
        return list;
      });
    return { ticks: along(positions.ticks), shapes: along(positions.shapes) };
  }

  test('they are read as written', () => {
    for (let seed = 1; seed < 40; seed++) {
      const drifts = seed === 1 ? NO_DRIFTS : some(seed);
      const writer = new ByteWriter();
      writeDrifts(writer, drifts);
      expect(readDrifts(new ByteReader(writer.finish(), 'drifts'), content, context)).toEqual(drifts);
    }
  });

  test.each([
    ['another layout', (data: Uint8Array) => data.fill(9, 0, 1)],
    ['half of it', (data: Uint8Array) => data.subarray(0, data.length >> 1)],
    ['a byte too many', (data: Uint8Array) => Uint8Array.of(...data, 0)],
  ])('%s is refused', (_, damaged) => {
    const writer = new ByteWriter();
    writeDrifts(writer, some(5));
    const data = damaged(writer.finish());
    expect(() => readDrifts(new ByteReader(data, 'drifts'), content, context)).toThrow(/drifts/);
  });

  test('they are added where they hold, those of ticks and shapes together', () => {
    const field = ofField.findIndex((base) => base >= 0);
    const base = ofField[field] as number;
    const ticks = [{ base, from: 1, to: 2, first: 4, second: 0 }];
    const shapes = [{ base, from: 0, to: 1, first: -4, second: 8 }];
    const table = new DriftTable(content, context, { ticks, shapes });
    const added = (tick: number, shape: number): number[] => {
      const logits = new Int32Array(64);
      const spans = { tick: Int32Array.of(tick), shape: Int32Array.of(shape), traceOf: Int32Array.of(0) };
      table.addTo(logits, 0, field, spans as unknown as SpanTable, 0);
      return Array.from(logits.subarray(0, bases[base]?.classes));
    };
    expect(table.inTick(field, 1)).toBeGreaterThan(0);
    expect(table.inTick(field, 2)).toBe(0);
    expect(added(0, 1).every((logit) => logit === 0)).toBe(true);
    expect(added(1, 1)[0]).toBe(-64);
    const [both, ofTick, ofShape] = [added(1, 0), added(1, 1), added(0, 0)];
    expect(both).toEqual(ofTick.map((logit, bin) => logit + (ofShape[bin] as number)));
  });
});
