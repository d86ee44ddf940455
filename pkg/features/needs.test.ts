import fc from 'fast-check';
import type { ShapeLayout } from './layout';
import { needsOf, shapesAreRare } from './needs';
import { levelOf, type QuantileTable } from './quantiser';
import { learnTable } from './quantiser-learn';
import { DurationMode, GapReference, type TimingModel, type TimingSite } from './timing';

const site = (reference: GapReference, gapTable: number, overshoot = 0): TimingSite => ({
  ...{ parent: -1, place: 0, previous: -1, reference, mode: DurationMode.Absolute, gapTable },
  ...{ durationTable: 0, tightTable: -1, looseShare: 0, rankTable: 0, overshoot, early: 0, late: 0 },
  ...{ startRoom: 0, endRoom: 0, minDuration: 0, maxDuration: 1e9 },
});

const DURATION = 1_000_000;
const GAP = 10_000;
const tables = [
  learnTable(Float64Array.from({ length: 1000 }, (_, i) => DURATION + i * 1000)),
  learnTable(Float64Array.from({ length: 1000 }, (_, i) => GAP + i)),
];
const edgeAt = (table: number, share: number): number => {
  const { edges, codes } = tables[table] as (typeof tables)[number];
  return edges[Math.floor(share * (codes.length - 1))] as number;
};
const shortDuration = edgeAt(0, 0.08);
const shortGap = edgeAt(1, 0.08);
const leastDuration = edgeAt(0, 0);
const leastGap = edgeAt(1, 0);

/** A root with children 1, 2 and 3, which share a place. */
const layout = {
  size: 4,
  parent: Int32Array.of(-1, 0, 0, 0),
  previous: Int32Array.of(-1, -1, 1, 2),
} as unknown as ShapeLayout;

const timing = (references: readonly GapReference[], overshoot = 0): TimingModel => ({
  sites: references.map((reference) => site(reference, 1, overshoot)),
  tables,
  reserving: true,
  settling: true,
  holding: true,
  even: true,
  foreseeing: true,
  pacing: true,
});

test('spans leave their later siblings a short gap and a short duration', () => {
  const references = [GapReference.ParentStart, GapReference.PreviousEnd, GapReference.LatestEnd];
  const { later } = needsOf(layout, Int32Array.of(0, 0, 1, 2), timing(references));
  const one = shortGap + shortDuration;
  expect(one).toBeGreaterThan(DURATION);
  expect([...later]).toEqual([0, 2 * one, one, 0]);
});

test('siblings that run side by side need nothing of each other', () => {
  const references = [GapReference.ParentStart, GapReference.PreviousStart];
  const { later, inside } = needsOf(layout, Int32Array.of(0, 0, 1, 1), timing(references));
  expect([...later]).toEqual([0, 0, 0, 0]);
  // the last of three begins three gaps after their parent
  expect(inside[0]).toBe(3 * leastGap + leastDuration);
});

test('a parent needs what its children take one after another, less what they reach beyond it', () => {
  const references = [GapReference.ParentStart, GapReference.PreviousEnd];
  const sites = Int32Array.of(0, 0, 1, 1);
  const whole = 3 * (leastGap + leastDuration);
  expect([...needsOf(layout, sites, timing(references)).inside]).toEqual([whole, 0, 0, 0]);
  expect(needsOf(layout, sites, timing(references, 5000)).inside[0]).toBe(whole - 5000);
  // calls that their parent does not wait for
  expect(needsOf(layout, sites, timing(references, 1e9)).inside[0]).toBe(0);
  expect([...needsOf(layout, sites, { ...timing(references), holding: false }).inside]).toEqual([0, 0, 0, 0]);
});

describe('what is usual', () => {
  const references = [GapReference.ParentStart, GapReference.PreviousEnd];
  const usualGap = edgeAt(1, 0.5);
  const usualDuration = edgeAt(0, 0.5);
  const levelOfTime = (time: number): number => levelOf(tables[0] as QuantileTable, time);
  // durations of the root's own kind are long enough to tell its children apart
  const long = learnTable(Float64Array.from({ length: 1000 }, (_, i) => DURATION + i * 10_000));
  const model: TimingModel = {
    ...timing([...references, GapReference.ParentStart]),
    tables: [...tables, long],
    sites: [...timing(references).sites, { ...site(GapReference.ParentStart, -1), rankTable: 2 }],
  };

  test('is what children take one after another, and what comes after a span, among durations like its own', () => {
    const { usual, usualLater } = needsOf(layout, Int32Array.of(2, 0, 1, 1), model);
    expect([...usual]).toEqual([levelOf(long, 3 * (usualGap + usualDuration)), 0, 0, 0]);
    expect([...usualLater]).toEqual([0, 255, levelOfTime(usualGap + usualDuration), 0]);
    expect(levelOfTime(usualGap + usualDuration)).toBeGreaterThan(100);
  });

  test('is less for a parent with few children than for one with many', () => {
    const levels = [1, 2, 3, 5, 8].map((children) => {
      const size = children + 1;
      const flat = {
        size,
        parent: Int32Array.from({ length: size }, (_, i) => (i === 0 ? -1 : 0)),
        previous: Int32Array.from({ length: size }, (_, i) => (i < 2 ? -1 : i - 1)),
      } as unknown as ShapeLayout;
      const sites = Int32Array.from({ length: size }, (_, i) => (i === 0 ? 2 : i === 1 ? 0 : 1));
      return needsOf(flat, sites, model).usual[0] as number;
    });
    expect(levels.every((level, i) => i === 0 || level > (levels[i - 1] as number))).toBe(true);
  });

  test('passes up through parents, half way to what spans like them last', () => {
    // a root, its child, and one grandchild that lasts less than the child usually does
    const chain = {
      size: 3,
      parent: Int32Array.of(-1, 0, 1),
      previous: Int32Array.of(-1, -1, -1),
    } as unknown as ShapeLayout;
    const parents = { ...model, sites: [...model.sites, { ...site(GapReference.ParentStart, 1), rankTable: 2 }] };
    const { usual } = needsOf(chain, Int32Array.of(2, 3, 0), parents);
    const inside = usualGap + usualDuration;
    const own = long.edges[Math.floor(0.5 * (long.codes.length - 1))] as number;
    expect(own).toBeGreaterThan(inside);
    expect(usual[0]).toBe(levelOf(long, usualGap + (inside + own) / 2));
  });

  test('is nothing in models that do not foresee', () => {
    const { usual, usualLater } = needsOf(layout, Int32Array.of(2, 0, 1, 1), { ...model, foreseeing: false });
    expect([...usual, ...usualLater]).toEqual(Array.from({ length: 8 }, () => 0));
  });
});

test.each([
  ['one shape', [[1000, 5]], false],
  ['few traces of one shape', [[10, 5]], true],
  ['as many rare shapes as are worth nothing', [[1000, 5], ...Array.from({ length: 10 }, () => [19, 1])], false],
  ['rare shapes that are large', [[1000, 5], ...Array.from({ length: 10 }, () => [19, 3])], true],
  ['many shapes, none of them rare', Array.from({ length: 50 }, () => [20, 3]), false],
] as Array<[string, Array<[number, number]>, boolean]>)('of %s, shapes are rare: %#', (_, counts, rare) => {
  const sizes = counts.flatMap(([traces, spans]) => Array.from({ length: traces }, () => spans));
  const shape = Int32Array.from(counts.flatMap(([traces], s) => Array.from({ length: traces }, () => s)));
  const offset = new Int32Array(sizes.length + 1);
  sizes.forEach((spans, t) => (offset[t + 1] = (offset[t] as number) + spans));
  const table = { shape, offset, traces: sizes.length, size: offset[sizes.length] as number };
  expect(shapesAreRare(table)).toBe(rare);
});

test('no parent that holds its children lasts less than it needs', () => {
  const duration = fc.integer({ min: leastDuration, max: leastDuration + 1_000_000 });
  const gap = fc.integer({ min: leastGap, max: leastGap + 1000 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 3), gap, duration), { minLength: 1, maxLength: 6 }),
      (children) => {
        const size = children.length + 1;
        const flat = {
          size,
          parent: Int32Array.from({ length: size }, (_, i) => (i === 0 ? -1 : 0)),
          previous: Int32Array.from({ length: size }, (_, i) => (i < 2 ? -1 : i - 1)),
        } as unknown as ShapeLayout;
        const model = timing([0, ...children.map(([reference]) => reference)]);
        const { inside } = needsOf(
          flat,
          Int32Array.from({ length: size }, (_, i) => i),
          model
        );
        let [start, end, latest] = [0, 0, 0];
        children.forEach(([reference, after, lasts], c) => {
          const from = c === 0 ? 0 : ([0, start, end, latest][reference] as number);
          start = from + after;
          end = start + lasts;
          latest = Math.max(latest, end);
        });
        expect(inside[0]).toBeLessThanOrEqual(latest);
      }
    ),
    { seed: 11, numRuns: 300 }
  );
});
