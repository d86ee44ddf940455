import { ByteReader, ByteWriter } from '../model';
import { learnTable } from './quantiser-learn';
import { bucketClass } from './rows';
import {
  DurationMode,
  durationBinsOf,
  durationMassOf,
  GapReference,
  readSites,
  writeSites,
  type TimingSite,
} from './timing';

const site = (reference: GapReference, gapTable: number): TimingSite => ({
  parent: -1,
  place: 0,
  previous: -1,
  reference,
  mode: DurationMode.Absolute,
  gapTable,
  durationTable: 0,
  tightTable: -1,
  looseShare: 0,
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
test.each([
  [true, true, true, true, true, true],
  [true, true, true, true, false, true],
  [true, true, true, true, true, false],
  [true, true, true, true, false, false],
  [true, true, true, false, false, false],
  [true, true, false, false, false, false],
  [true, false, false, false, false, false],
  [false, false, false, false, false, false],
])(
  'sites are read as written, reserving %s, settling %s, holding %s, even %s, foreseeing %s, pacing %s',
  (reserving, settling, holding, even, foreseeing, pacing) => {
    const model = { reserving, settling, holding, even, foreseeing, pacing };
    const sites = [site(GapReference.LatestEnd, 1), site(GapReference.ParentStart, -1)];
    const writer = new ByteWriter();
    writeSites(writer, { sites, ...model }, (ns) => ns);
    const reader = new ByteReader(writer.finish(), 'quantisers');
    expect(() => readSites(reader, 1, 2, (code) => code)).toThrow(/out of range/);
    const bounded = sites.map((one) => ({ ...one, maxDuration: 500_000 }));
    const again = new ByteWriter();
    writeSites(again, { sites: bounded, ...model }, (ns) => ns);
    expect(readSites(new ByteReader(again.finish(), 'quantisers'), 1, 2, (code) => code)).toEqual({
      sites: bounded,
      ...model,
    });
  }
);

test('sites that are told in two ways keep the share of each, and need both tables', () => {
  const told = { ...site(GapReference.ParentStart, -1), mode: DurationMode.SlackOrDuration, maxDuration: 500_000 };
  const read = (tightTable: number): ReturnType<typeof readSites> => {
    const writer = new ByteWriter();
    writeSites(
      writer,
      {
        sites: [{ ...told, tightTable, looseShare: 40 }],
        reserving: true,
        settling: true,
        holding: true,
        even: true,
        foreseeing: true,
        pacing: true,
      },
      (ns) => ns
    );
    return readSites(new ByteReader(writer.finish(), 'quantisers'), 1, 2, (code) => code);
  };
  const { sites } = read(1);
  expect(sites).toEqual([{ ...told, tightTable: 1, looseShare: 40 }]);
  expect(() => read(-1)).toThrow(/no table of what its spans leave/);
  const [one] = sites as [TimingSite];
  const mass = durationMassOf({ tables }, one) as Float64Array;
  expect(mass.length).toBe(durationBinsOf({ tables }, one));
  const slackBins = (tables[1]?.codes.length ?? 0) - 1;
  const total = mass.reduce((sum, n) => sum + n, 0);
  expect(mass.subarray(slackBins).reduce((sum, n) => sum + n, 0) / total).toBeCloseTo(40 / 255);
});

test.each([
  [-3, 0],
  [0, 0],
  [1, 1],
  [24, 24],
  [29, 24],
  [30, 25],
  [47, 27],
  [48, 28],
  [96, 32],
  [1e9, 64],
])('%d time buckets are of class %d', (buckets, expected) => {
  expect(bucketClass(buckets)).toBe(expected);
});
