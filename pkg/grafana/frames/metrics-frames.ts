/**
 * @file Series as frames: one frame a series for graphs, heat maps and alerts, with the bounds of its interval where
 * numbers are estimated; one table for instant queries; and exemplars.
 * Source of the frame types: Grafana's dataplane contract (timeseries-multi and numeric-long, version 0.1).
 */
import type { Exemplar, Sample, Series, SeriesLabel } from '../../traceql';
import type { Field, FieldConfig, Frame, FrameMeta } from './frame';
import { type LinkTarget, traceLink } from './search-frames';
import { textValue } from './values';

/** The label that TraceQL gives the buckets of histogram_over_time. */
const BUCKET_LABEL = '__bucket';
/** The label that tells the bounds of an interval from the series itself. */
const BOUND_LABEL = 'gent.interval';
/** Units of an axis of durations, each from so many seconds. */
const DURATION_UNITS: ReadonlyArray<readonly [unit: string, seconds: number]> = [
  ['min', 60],
  ['s', 1],
  ['ms', 1e-3],
  ['µs', 1e-6],
];
/** A band is light, for many may lie over each other. */
const BAND_OPACITY = 12;
/** The axis of a graph ends at so many times the largest estimate at the latest. */
const CUT_AT = 1.5;

export interface MetricsFrameOptions {
  readonly target: LinkTarget;
  /** The query, which names a series without labels. */
  readonly query: string;
  /** Grafana unit of the values: `s` for durations. */
  readonly unit?: string;
  /** The buckets of a histogram are bounds of durations, in seconds. */
  readonly durationBuckets?: boolean;
  /** A step whose value is zero has none: a gap in the graph. Not for alert rules, which get zeros as TraceQL gives them. */
  readonly zeroIsGap?: boolean;
  /** Leave out what an alert rule must not evaluate: bounds of intervals and exemplars. */
  readonly valuesOnly?: boolean;
  /** Leave out the bounds of intervals. */
  readonly withoutBounds?: boolean;
}

interface NamedSeries {
  readonly series: Series;
  readonly name: string;
  readonly labels: Record<string, string>;
}

/** String values in quotes, as TraceQL writes them: tells the string "503" from the integer 503. */
function quoted(label: SeriesLabel): string {
  return typeof label.value === 'string' ? JSON.stringify(label.value) : textValue(label.value);
}

function displayName(labels: readonly SeriesLabel[], fallback: string): string {
  const [first, second] = labels;
  if (first === undefined) {
    return fallback;
  }
  if (second === undefined) {
    return textValue(first.value);
  }
  return `{${labels.map((label) => `${label.key}=${quoted(label)}`).join(', ')}}`;
}

/** Names and labels, unique in the answer: Grafana tells series apart by the text of their labels alone. */
function nameSeries(all: readonly Series[], fallback: string): NamedSeries[] {
  const plain = all.map((series) => JSON.stringify(series.labels.map((label) => [label.key, textValue(label.value)])));
  const seen = new Map<string, number>();
  plain.forEach((key) => seen.set(key, (seen.get(key) ?? 0) + 1));
  return all.map((series, i) => {
    const print = (seen.get(plain[i] ?? '') ?? 0) > 1 ? quoted : (label: SeriesLabel) => textValue(label.value);
    const labels = Object.fromEntries(series.labels.map((label) => [label.key, print(label)]));
    const name = displayName(series.labels, fallback);
    return {
      series,
      labels,
      name: print === quoted && series.labels.length === 1 ? (Object.values(labels)[0] ?? name) : name,
    };
  });
}

const nanosOf = (timestampMs: number): bigint => BigInt(Math.round(timestampMs)) * 1_000_000n;

function timeSeriesFrame(
  { series, name, labels }: NamedSeries,
  value: (sample: Sample) => number | undefined,
  config: FieldConfig,
  meta: FrameMeta
): Frame {
  const fields: Field[] = [
    { name: 'time', type: 'time', values: series.samples.map((sample) => nanosOf(sample.timestampMs)) },
    {
      name: 'value',
      type: 'number',
      labels,
      config: { displayName: name, ...config },
      values: series.samples.map(value),
    },
  ];
  return { name, fields, meta: { type: 'timeseries-multi', typeVersion: [0, 1], ...meta } };
}

/** Colours of Grafana's palette, for a series and its band: by itself Grafana would give each of the three its own. */
const COLOURS = ['green', 'yellow', 'blue', 'orange', 'red', 'purple', 'dark-green', 'dark-yellow', 'dark-blue'];

const isBounded = ({ lower, upper }: Sample) => lower !== undefined && upper !== undefined;

/**
 * Where the axis ends when a few bounds lie far above all estimates, as those of steps with hardly a span do: by itself
 * the axis would reach up to them, and flatten what was measured. The bounds themselves stay as they are.
 */
function axisEnd(all: readonly NamedSeries[]): number | undefined {
  let [estimate, bound] = [0, 0];
  for (const { value, upper } of all.flatMap(({ series }) => series.samples)) {
    estimate = Math.max(estimate, Number.isFinite(value) ? value : 0);
    bound = Math.max(bound, upper !== undefined && !Number.isNaN(upper) ? upper : 0);
  }
  return estimate > 0 && bound > CUT_AT * estimate ? CUT_AT * estimate : undefined;
}

/**
 * A series and, when it is estimated, the bounds of its 95% interval as two more fields, which a time series panel draws
 * as a band. In one frame, for Explore counts frames and draws the first twenty.
 * @param index - of the series in the answer: chooses the colour that it shares with its band
 * @param max - where the axis ends
 */
function seriesFrame(
  named: NamedSeries,
  index: number,
  max: number | undefined,
  options: MetricsFrameOptions,
  meta: FrameMeta
): Frame {
  const unit: FieldConfig = options.unit === undefined ? {} : { unit: options.unit };
  if (options.valuesOnly === true || options.withoutBounds === true || !named.series.samples.some(isBounded)) {
    return timeSeriesFrame(named, (sample) => sample.value, unit, meta);
  }
  const config: FieldConfig = {
    ...unit,
    ...(max === undefined ? {} : { max }),
    color: { mode: 'fixed', fixedColor: COLOURS[index % COLOURS.length] },
  };
  const bound = (kind: 'lower' | 'upper', custom: FieldConfig['custom']): Field => ({
    name: kind,
    type: 'number',
    labels: { ...named.labels, [BOUND_LABEL]: kind },
    config: {
      ...config,
      displayName: `${named.name} (${kind} 95%)`,
      custom: { lineWidth: 0, showPoints: 'never', hideFrom: { legend: true, tooltip: false, viz: false }, ...custom },
    },
    values: named.series.samples.map((sample) => sample[kind]),
  });
  const lower = bound('lower', { fillOpacity: 0 });
  const upper = bound('upper', { fillBelowTo: lower.config?.displayName, fillOpacity: BAND_OPACITY });
  const main = timeSeriesFrame(named, (sample) => sample.value, config, meta);
  return {
    ...main,
    fields: [...main.fields, lower, upper],
    meta: { ...meta, type: 'timeseries-wide', typeVersion: [0, 1] },
  };
}

/**
 * The upper bound of a bucket for an axis, e.g. `≤ 4.19 ms`. The heat map writes the names of buckets as they come, and
 * Explore gives it no unit to write them with. A name that began with a digit would be read as a number, and sorted by it.
 */
function bucketBound(seconds: number): string {
  const [unit, size] = DURATION_UNITS.find(([, from]) => seconds >= from) ?? ['ns', 1e-9];
  return `≤ ${Number((seconds / size).toPrecision(3))} ${unit}`;
}

/** Buckets of a histogram, sorted by bound within their other labels, named by the bound as heat maps want it. */
function histogramFrames(all: readonly NamedSeries[], durations: boolean, meta: FrameMeta): Frame[] {
  const bucket = (named: NamedSeries) => Number(named.labels[BUCKET_LABEL]);
  const others = (named: NamedSeries) =>
    Object.entries(named.labels)
      .filter(([key]) => key !== BUCKET_LABEL)
      .flat()
      .join('\u0000');
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...all]
    .sort((a, b) => compare(others(a), others(b)) || bucket(a) - bucket(b))
    .map((named) => {
      const name = named.labels[BUCKET_LABEL] ?? named.name;
      const single = Object.keys(named.labels).length === 1;
      const config = single && durations ? { displayName: bucketBound(bucket(named)) } : {};
      return timeSeriesFrame({ ...named, name: single ? name : named.name }, (sample) => sample.value, config, meta);
    });
}

function label(exemplar: Exemplar, ...keys: string[]): SeriesLabel | undefined {
  return exemplar.labels.find((candidate) => keys.includes(candidate.key));
}

const TRACE_ID_KEYS = ['trace:id', 'traceID', 'traceId', 'trace_id'];

/** Exemplars as the dots Grafana puts on a graph, each with a link to its trace. */
function exemplarFrame(series: readonly NamedSeries[], options: MetricsFrameOptions): Frame[] {
  const rows = series.flatMap((named) => named.series.exemplars.map((exemplar) => ({ named, exemplar })));
  if (rows.length === 0) {
    return [];
  }
  const keys = new Set<string>();
  for (const { named, exemplar } of rows) {
    [...Object.keys(named.labels), ...exemplar.labels.map((candidate) => candidate.key)].forEach((key) =>
      keys.add(key)
    );
  }
  TRACE_ID_KEYS.forEach((key) => keys.delete(key));
  const unit: FieldConfig = options.unit === undefined ? {} : { unit: options.unit };
  const fields: Field[] = [
    { name: 'Time', type: 'time', values: rows.map(({ exemplar }) => nanosOf(exemplar.timestampMs)) },
    { name: 'Value', type: 'number', config: unit, values: rows.map(({ exemplar }) => exemplar.value) },
    {
      name: 'traceId',
      type: 'string',
      config: { links: [traceLink(options.target, 'View trace')] },
      values: rows.map(({ exemplar }) => {
        const found = label(exemplar, ...TRACE_ID_KEYS);
        return found === undefined ? null : textValue(found.value);
      }),
    },
    ...[...keys].sort().map((key): Field => {
      const values = rows.map(({ named, exemplar }) => {
        const found = label(exemplar, key);
        return found === undefined ? (named.labels[key] ?? null) : textValue(found.value);
      });
      return { name: key, type: 'string', values };
    }),
  ];
  return [{ name: 'exemplar', fields, meta: { dataTopic: 'annotations' } }];
}

/** The series without the steps in which nothing was measured. */
function withGaps(series: Series): Series {
  const samples = series.samples.map((sample) =>
    sample.value === 0 ? { timestampMs: sample.timestampMs, value: NaN } : sample
  );
  return { ...series, samples };
}

/** Frames of a range query, the series first, then exemplars. `meta` is put on the first frame. */
export function rangeFrames(all: readonly Series[], options: MetricsFrameOptions, meta: FrameMeta = {}): Frame[] {
  const gaps = options.zeroIsGap === true && options.valuesOnly !== true;
  const named = nameSeries(gaps ? all.map(withGaps) : all, options.query);
  const histogram = named.length > 0 && named.every(({ labels }) => labels[BUCKET_LABEL] !== undefined);
  const max = axisEnd(named);
  const frames = histogram
    ? histogramFrames(named, options.durationBuckets === true, {
        preferredVisualisationType: 'graph',
        preferredVisualisationPluginId: 'heatmap',
      })
    : named.map((one, i) => seriesFrame(one, i, max, options, { preferredVisualisationType: 'graph' }));
  const exemplars = options.valuesOnly === true ? [] : exemplarFrame(named, options);
  if (frames.length === 0) {
    // A typed answer without rows reads as "no data", which an alert rule can act on.
    const empty: FrameMeta = { type: 'timeseries-multi', typeVersion: [0, 1], preferredVisualisationType: 'graph' };
    // The heat map cannot draw a frame without fields.
    const fields: Field[] =
      options.durationBuckets === true && options.valuesOnly !== true
        ? [
            { name: 'time', type: 'time', values: [] },
            { name: 'value', type: 'number', values: [] },
          ]
        : [];
    return [{ name: '', fields, meta: { ...empty, ...meta } }, ...exemplars];
  }
  return [
    ...frames.map((frame, i) => (i === 0 ? { ...frame, meta: { ...frame.meta, ...meta } } : frame)),
    ...exemplars,
  ];
}

/** One table of an instant query: a text column a label, and the value. Fit for alert rules as it is. */
export function instantFrame(all: readonly Series[], options: MetricsFrameOptions, meta: FrameMeta = {}): Frame {
  const named = nameSeries(all, options.query).filter(({ series }) => series.samples.length > 0);
  const keys = [...new Set(named.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const last = named.map(({ series }) => series.samples[series.samples.length - 1]);
  const unit: FieldConfig = options.unit === undefined ? {} : { unit: options.unit };
  const fields: Field[] = [
    ...keys.map((key): Field => ({ name: key, type: 'string', values: named.map(({ labels }) => labels[key] ?? '') })),
    { name: 'Value', type: 'number', config: unit, values: last.map((sample) => sample?.value) },
  ];
  const estimated = last.some((sample) => sample !== undefined && isBounded(sample));
  if (estimated && options.valuesOnly !== true && options.withoutBounds !== true) {
    fields.push(
      { name: 'Lower 95%', type: 'number', config: unit, values: last.map((sample) => sample?.lower) },
      { name: 'Upper 95%', type: 'number', config: unit, values: last.map((sample) => sample?.upper) }
    );
  }
  return {
    name: 'Value',
    fields,
    meta: { type: 'numeric-long', typeVersion: [0, 1], preferredVisualisationType: 'table', ...meta },
  };
}
