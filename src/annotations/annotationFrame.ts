/** @file The rows of an answer → one frame with the fields that Grafana reads annotations from. */
import { createDataFrame, type DataFrame, type Field, FieldType, getFieldDisplayName } from '@grafana/data';
import type { AnnotationOptions } from '../types';

/** A row: the value of each field by name. */
type Row = Record<string, unknown>;

/** What a row of one kind of answer is called, when the query does not say. */
interface Defaults {
  time: string;
  end?: (row: Row) => number;
  title: string;
  text: string;
  tags: string;
}

const TRACES: Defaults = {
  time: 'startTime',
  end: (row) => Number(row.startTime) + Number(row.traceDuration ?? 0),
  title: '{{traceService}}: {{traceName}}',
  text: 'Trace {{traceID}}, {{traceDuration}} ms',
  tags: '{{traceService}}',
};
const SPANS: Defaults = {
  time: 'time',
  // ns
  end: (row) => Number(row.time) + Number(row.duration ?? 0) / 1e6,
  title: '{{traceService}}: {{name}}',
  text: 'Span {{spanID}} of trace {{traceIdHidden}}',
  tags: '{{traceService}}',
};
const MODELS: Defaults = {
  time: 'from',
  end: (row) => Number(row.to),
  title: 'Model',
  text: '{{traces}} traces, {{bytes}} bytes',
  tags: 'model',
};

function defaultsOf(names: ReadonlySet<string>): Defaults | undefined {
  if (names.has('startTime') && names.has('traceName')) {
    return TRACES;
  }
  if (names.has('time') && names.has('spanID')) {
    return SPANS;
  }
  return names.has('from') && names.has('to') ? MODELS : undefined;
}

function rowsOf(frame: DataFrame): Row[] {
  const fields = frame.fields.filter(({ type }) => type !== FieldType.nestedFrames && type !== FieldType.other);
  return Array.from({ length: frame.length }, (_, i) =>
    Object.fromEntries(fields.map(({ name, values }) => [name, values[i]]))
  );
}

// Grafana shows the text of an annotation as HTML.
const escapeHtml = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] as string);

/** `{{field}}` → the row's value; a field that the row lacks is left out. */
export function fillTemplate(template: string, row: Row): string {
  return template.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, name: string) => escapeHtml(String(row[name] ?? ''))).trim();
}

/** The points of a series that are not zero. */
function seriesRows(frame: DataFrame, frames: DataFrame[]): Row[] {
  const time = frame.fields.find(({ type }) => type === FieldType.time);
  const number = frame.fields.find(({ type }) => type === FieldType.number);
  if (time === undefined || number === undefined) {
    return [];
  }
  const series = getFieldDisplayName(number, frame, frames);
  return rowsOf(frame)
    .map((row) => ({ ...row, series, value: row[number.name], time: row[time.name] }))
    .filter(({ value }) => Boolean(value));
}

const SERIES: Defaults = { time: 'time', title: '{{series}}', text: '{{value}}', tags: '' };

/**
 * Annotations of an answer: a region for each trace, span or model, a mark for each point of a series that is not zero.
 * The row's own fields stay, so that Grafana's field mapping can pick others.
 */
export function annotationFrame(frames: DataFrame[], options: AnnotationOptions): DataFrame {
  const out: Array<Row & { __defaults: Defaults }> = frames.flatMap((frame) => {
    const defaults = defaultsOf(new Set(frame.fields.map(({ name }) => name)));
    const rows = defaults === undefined ? seriesRows(frame, frames) : rowsOf(frame);
    return rows.map((row) => ({ ...row, __defaults: defaults ?? SERIES }));
  });
  const column = (name: string, type: FieldType, value: (row: Row, defaults: Defaults) => unknown): Field => ({
    name,
    type,
    config: {},
    values: out.map((row) => value(row, row.__defaults)),
  });
  const text = (key: keyof AnnotationOptions) =>
    column(key, FieldType.string, (row, defaults) => fillTemplate(options[key] || defaults[key], row));
  const made = [
    column('time', FieldType.time, (row, { time }) => row[time]),
    column('timeEnd', FieldType.time, (row, { end, time }) => end?.(row) ?? row[time]),
    text('title'),
    text('text'),
    text('tags'),
  ];
  const taken = new Set(made.map(({ name }) => name));
  const own = [...new Set(out.flatMap((row) => Object.keys(row)))].filter(
    (name) => name !== '__defaults' && !taken.has(name)
  );
  const ofRow = own.map((name) => column(name, FieldType.string, (row) => String(row[name] ?? '')));
  return createDataFrame({ name: 'annotations', refId: frames[0]?.refId, fields: [...made, ...ofRow] });
}
