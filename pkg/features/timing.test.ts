import { ByteReader, ByteWriter } from '../model';
import type { ShapeLayout } from './layout';
import { learnTable } from './quantiser-learn';
import { DurationMode, GapReference, laterNeedsOf, readSites, writeSites, type TimingSite } from './timing';

const site = (reference: GapReference, gapTable: number): TimingSite => ({
  parent: -1,
  place: 0,
  previous: -1,
  reference,
  mode: DurationMode.Absolute,
  gapTable,
  durationTable: 0,
  tightTable: -1,
  rankTable: 0,
  overshoot: 0,
  early: 0,
  late: 0,
  startRoom: 0,
  endRoom: 0,
  minDuration: 0,
  maxDuration: 1e9,
});

const tables = [
  learnTable(Float64Array.from({ length: 1000 }, (_, i) => 1_000_000 + i * 1000)),
  learnTable(Float64Array.from({ length: 1000 }, (_, i) => 10_000 + i)),
];
const leastDuration = (tables[0]?.edges[Math.floor(0.08 * ((tables[0]?.codes.length ?? 0) - 1))] ?? 0) as number;
const leastGap = (tables[1]?.edges[Math.floor(0.08 * ((tables[1]?.codes.length ?? 0) - 1))] ?? 0) as number;

/** A root with children 1, 2 and 3, each with the site of its number. */
const layout = {
  size: 4,
  previous: Int32Array.of(-1, -1, 1, 2),
} as unknown as ShapeLayout;

test('spans leave their later siblings the gap and duration that those need at least', () => {
  const sites = [GapReference.ParentStart, GapReference.PreviousEnd, GapReference.LatestEnd].map((r) => site(r, 1));
  const timing = { sites, tables, reserving: true };
  const needs = laterNeedsOf(layout, Int32Array.of(0, 0, 1, 2), timing);
  const one = leastGap + leastDuration;
  expect(one).toBeGreaterThan(1_000_000);
  expect([...needs]).toEqual([0, 2 * one, one, 0]);
});

test('siblings that run side by side need nothing of each other', () => {
  const sites = [GapReference.ParentStart, GapReference.PreviousStart].map((r) => site(r, 1));
  const needs = laterNeedsOf(layout, Int32Array.of(0, 0, 1, 1), { sites, tables, reserving: true });
  expect([...needs]).toEqual([0, 0, 0, 0]);
});

test.each([true, false])('sites are read as written, reserving %s', (reserving) => {
  const sites = [site(GapReference.LatestEnd, 1), site(GapReference.ParentStart, -1)];
  const writer = new ByteWriter();
  writeSites(writer, { sites, reserving }, (ns) => ns);
  const reader = new ByteReader(writer.finish(), 'quantisers');
  expect(() => readSites(reader, 1, 2, (code) => code)).toThrow(/out of range/);
  const bounded = sites.map((one) => ({ ...one, maxDuration: 500_000 }));
  const again = new ByteWriter();
  writeSites(again, { sites: bounded, reserving }, (ns) => ns);
  expect(readSites(new ByteReader(again.finish(), 'quantisers'), 1, 2, (code) => code)).toEqual({
    sites: bounded,
    reserving,
  });
});
