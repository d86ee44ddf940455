import { decodeFrame } from '../../../tests/plugin/decode-frame';
import type { Sample, Series, SeriesLabel } from '../../traceql';
import { encodeFrame } from './arrow';
import { instantFrame, type MetricsFrameOptions, rangeFrames } from './metrics-frames';

const OPTIONS: MetricsFrameOptions = { target: { uid: 'gent', name: 'GenT' }, query: '{ } | rate()' };

const series = (labels: SeriesLabel[], samples: Sample[] = [{ timestampMs: 1000, value: 1 }]): Series => ({
  labels,
  samples,
  exemplars: [],
});

const range = (all: Series[], options: Partial<MetricsFrameOptions> = {}) =>
  rangeFrames(all, { ...OPTIONS, ...options }).map((frame) => decodeFrame(encodeFrame(frame)));

test('each series is a frame of times and values with its labels', () => {
  const [frame] = range([
    series(
      [{ key: 'resource.service.name', value: 'shop' }],
      [
        { timestampMs: 1000, value: 1.5 },
        { timestampMs: 2000, value: NaN },
      ]
    ),
  ]);
  expect(frame).toMatchObject({
    name: 'shop',
    meta: { type: 'timeseries-multi', typeVersion: [0, 1], preferredVisualisationType: 'graph' },
    fields: [
      { name: 'time', arrow: 'Timestamp<NANOSECOND>', values: [1_000_000_000n, 2_000_000_000n] },
      {
        name: 'value',
        labels: { 'resource.service.name': 'shop' },
        config: { displayName: 'shop' },
        values: [1.5, NaN],
      },
    ],
  });
});

test.each<[string, SeriesLabel[], string]>([
  ['no label: the query', [], '{ } | rate()'],
  ['one label: its value', [{ key: 'status', value: 'error' }], 'error'],
  [
    'several: all of them, strings quoted',
    [
      { key: 'a', value: 'x' },
      { key: 'b', value: 5n },
      { key: 'c', value: null },
    ],
    '{a="x", b=5, c=nil}',
  ],
])('the name of a series with %s', (_, labels, name) => {
  expect(range([series(labels)])[0]?.fields[1]?.config.displayName).toBe(name);
});

test('series that differ by the type of a label only stay apart', () => {
  const frames = range([series([{ key: 'code', value: '503' }]), series([{ key: 'code', value: 503n }])]);
  expect(frames.map((frame) => frame.fields[1]?.labels.code)).toEqual(['"503"', '503']);
  expect(frames.map((frame) => frame.fields[1]?.config.displayName)).toEqual(['"503"', '503']);
});

test('an estimate comes with the bounds of its interval in the same frame, drawn as a band', () => {
  const all = [series([{ key: 'a', value: 'x' }], [{ timestampMs: 0, value: 5, lower: 4, upper: 7 }])];
  const [frame, ...others] = range(all, { unit: 's' });
  expect(others).toEqual([]);
  const [, main, lower, upper] = frame?.fields ?? [];
  expect([main, lower, upper].map((field) => field?.values)).toEqual([[5], [4], [7]]);
  expect([main, lower, upper].map((field) => field?.config.unit)).toEqual(['s', 's', 's']);
  expect([main, lower, upper].map((field) => field?.config.max)).toEqual([undefined, undefined, undefined]);
  expect(upper?.config.custom).toMatchObject({ fillBelowTo: lower?.config.displayName, lineWidth: 0 });
  expect(new Set([main, lower, upper].map((field) => JSON.stringify(field?.labels))).size).toBe(3);
  expect(range(all, { valuesOnly: true })[0]?.fields).toHaveLength(2);
  expect(range(all, { withoutBounds: true })[0]?.fields).toHaveLength(2);
});

test('bounds far above every estimate do not stretch the axis; they stay in the data', () => {
  const sample = (value: number, upper: number) => [{ timestampMs: 0, value, lower: 0, upper }];
  const all = [series([{ key: 'a', value: 'x' }], sample(2, 3)), series([{ key: 'a', value: 'y' }], sample(1, 100))];
  for (const frame of range(all)) {
    expect(frame.fields.slice(1).map(({ config }) => config.max)).toEqual([3, 3, 3]);
  }
  expect(range(all)[1]?.fields[3]?.values).toEqual([100]);
});

test('buckets of a histogram are a heat map, sorted by their bounds', () => {
  const bucket = (bound: number) => series([{ key: '__bucket', value: bound }]);
  const frames = range([bucket(0.5), bucket(16), bucket(2)]);
  expect(frames.map((frame) => frame.name)).toEqual(['0.5', '2', '16']);
  expect(frames[0]?.meta).toMatchObject({ preferredVisualisationPluginId: 'heatmap' });
});

test('buckets of durations are shown with units, and keep their bounds as labels', () => {
  const buckets = [0.000000512, 0.0005, 0.004194304, 1.073741824, 137.438953472].map((bound) =>
    series([{ key: '__bucket', value: bound }])
  );
  const fields = range(buckets, { durationBuckets: true }).map((frame) => frame.fields[1]);
  expect(fields.map((field) => field?.config?.displayName)).toEqual([
    '≤ 512 ns',
    '≤ 500 µs',
    '≤ 4.19 ms',
    '≤ 1.07 s',
    '≤ 2.29 min',
  ]);
  expect(fields[2]?.labels).toEqual({ __bucket: '0.004194304' });
});

test('exemplars are annotations whose trace ids open traces', () => {
  const one: Series = {
    ...series([{ key: 'service', value: 'shop' }]),
    exemplars: [
      {
        labels: [
          { key: 'trace:id', value: 'ab' },
          { key: 'x', value: 1n },
        ],
        timestampMs: 5,
        value: 0.25,
      },
    ],
  };
  const frame = range([one])[1];
  expect(frame).toMatchObject({ name: 'exemplar', meta: { dataTopic: 'annotations' } });
  expect(frame?.fields.map((field) => [field.name, field.values[0]])).toEqual([
    ['Time', 5_000_000n],
    ['Value', 0.25],
    ['traceId', 'ab'],
    ['service', 'shop'],
    ['x', '1'],
  ]);
  expect(frame?.fields[2]?.config.links).toMatchObject([{ internal: { query: { query: '${__value.raw}' } } }]);
  expect(range([one], { valuesOnly: true })).toHaveLength(1);
});

test('no series is a typed answer without rows', () => {
  expect(range([])).toMatchObject([{ rows: 0, meta: { type: 'timeseries-multi', typeVersion: [0, 1] } }]);
});

test('an instant query is a table of labels and one value', () => {
  const frame = decodeFrame(
    encodeFrame(
      instantFrame(
        [
          series([{ key: 'a', value: 'x' }], [{ timestampMs: 0, value: 5, lower: 4, upper: 7 }]),
          series([{ key: 'b', value: 2n }]),
          series([{ key: 'a', value: 'empty' }], []),
        ],
        OPTIONS
      )
    )
  );
  expect(frame.meta).toMatchObject({ type: 'numeric-long', typeVersion: [0, 1] });
  expect(frame.fields.map((field) => [field.name, field.values])).toEqual([
    ['a', ['x', '']],
    ['b', ['', '2']],
    ['Value', [5, 1]],
    ['Lower 95%', [4, null]],
    ['Upper 95%', [7, null]],
  ]);
});

test('a step in which nothing was measured is a gap, band and all; alert rules get the zero', () => {
  const samples = [
    { timestampMs: 0, value: 5, lower: 4, upper: 7 },
    { timestampMs: 1000, value: 0, lower: 0, upper: 17 },
  ];
  const [frame] = range([series([{ key: 'a', value: 'x' }], samples)], { unit: 's', zeroIsGap: true });
  expect(frame?.fields.slice(1).map(({ values }) => values)).toEqual([
    [5, NaN],
    [4, null],
    [7, null],
  ]);
  const [values] = range([series([], samples)], { unit: 's', zeroIsGap: true, valuesOnly: true });
  expect(values?.fields[1]?.values).toEqual([5, 0]);
});
