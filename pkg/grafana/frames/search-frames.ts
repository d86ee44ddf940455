/**
 * @file Search results as tables: traces (each with the spans that matched), spans, or raw JSON.
 * Names of fields and links follow Grafana's Tempo data source, so that panels made for it work.
 */
import type { SearchResult } from '../../query';
import type { MatchedSpan, SpanSet, TraceSummary } from '../../traceql';
import type { KeyValue } from '../../trace';
import type { DataLink, Field, FieldConfig, Frame, FrameMeta, Json } from './frame';
import { frameJson } from './frame-json';
import { cellValue, textValue, toMs } from './values';

/** The data source that links lead to: the one that was asked. */
export interface LinkTarget {
  readonly uid: string;
  readonly name: string;
}

/** Rows a table may show. */
export type TableType = 'traces' | 'spans' | 'raw';

const TABLE_META: FrameMeta = { preferredVisualisationType: 'table', uniqueRowIdFields: [0] };

/** The link that opens the trace whose id the cell holds. */
export function traceLink(target: LinkTarget, title = 'Trace: ${__value.raw}'): DataLink {
  return {
    title,
    url: '',
    internal: {
      datasourceUid: target.uid,
      datasourceName: target.name,
      query: { query: '${__value.raw}', queryType: 'traceql' },
    },
  };
}

function spanLink(target: LinkTarget): DataLink {
  return {
    title: 'Span: ${__value.raw}',
    url: '',
    internal: {
      datasourceUid: target.uid,
      datasourceName: target.name,
      query: { query: '${__data.fields.traceIdHidden}', queryType: 'traceql' },
      panelsState: { trace: { spanId: '${__value.raw}' } },
    },
  };
}

interface SpanRow {
  readonly summary: TraceSummary;
  readonly span: MatchedSpan;
  /** What the pipeline added to the spanset, then what the query reads of the span. */
  readonly attributes: readonly KeyValue[];
}

function spanRows(summary: TraceSummary): SpanRow[] {
  return summary.spanSets.flatMap((set: SpanSet) =>
    set.spans.map((span) => ({ summary, span, attributes: [...set.attributes, ...span.attributes] }))
  );
}

/** One column an attribute key: a number column when every value is a number, text otherwise. */
function attributeFields(rows: readonly SpanRow[]): Field[] {
  const keys = [...new Set(rows.flatMap((row) => row.attributes.map((attribute) => attribute.key)))].sort();
  return keys.map((key): Field => {
    const values = rows.map((row) => row.attributes.find((attribute) => attribute.key === key)?.value);
    const config: FieldConfig = { displayNameFromDS: key };
    const cells = values.map((value) => (value === undefined || value === null ? null : cellValue(value)));
    if (cells.every((cell) => cell === null || typeof cell === 'number')) {
      return { name: key, type: 'number', config, values: cells as Array<number | null> };
    }
    const texts = values.map((value) => (value === undefined || value === null ? null : textValue(value)));
    return { name: key, type: 'string', config, values: texts };
  });
}

function spanFields(rows: readonly SpanRow[], target: LinkTarget, withTrace: boolean): Field[] {
  const named = rows.some((row) => row.span.name !== undefined);
  const trace: Field[] = withTrace
    ? [
        {
          name: 'traceService',
          type: 'string',
          config: { displayNameFromDS: 'Trace Service', custom: { width: 200 } },
          values: rows.map((row) => row.summary.rootServiceName),
        },
        {
          name: 'traceName',
          type: 'string',
          config: { displayNameFromDS: 'Trace Name', custom: { width: 200 } },
          values: rows.map((row) => row.summary.rootTraceName),
        },
      ]
    : [];
  const name: Field[] = named
    ? [
        {
          name: 'name',
          type: 'string',
          config: { displayNameFromDS: 'Name' },
          values: rows.map((row) => row.span.name),
        },
      ]
    : [];
  return [
    {
      name: 'traceIdHidden',
      type: 'string',
      config: { custom: { hidden: true, hideFrom: { viz: true, legend: true, tooltip: true } } },
      values: rows.map((row) => row.summary.traceId),
    },
    ...trace,
    {
      name: 'spanID',
      type: 'string',
      config: { unit: 'string', displayNameFromDS: 'Span ID', custom: { width: 200 }, links: [spanLink(target)] },
      values: rows.map((row) => row.span.spanId),
    },
    {
      name: 'time',
      type: 'time',
      config: { displayNameFromDS: 'Start time', custom: { width: 200 } },
      values: rows.map((row) => row.span.startTimeUnixNano),
    },
    ...name,
    ...attributeFields(rows),
    {
      name: 'duration',
      type: 'number',
      config: { displayNameFromDS: 'Duration', unit: 'ns', custom: { width: 120 } },
      values: rows.map((row) => Number(row.span.durationNanos)),
    },
  ];
}

function tracesTable(result: SearchResult, target: LinkTarget): Frame {
  const { traces } = result;
  const nested = traces.map((summary): Json => {
    const rows = spanRows(summary);
    const fields = spanFields(rows, target, false);
    return [frameJson({ name: 'Spans', fields, meta: { preferredVisualisationType: 'table' } })];
  });
  return {
    name: 'Traces',
    fields: [
      {
        name: 'traceID',
        type: 'string',
        config: { unit: 'string', displayNameFromDS: 'Trace ID', custom: { width: 290 }, links: [traceLink(target)] },
        values: traces.map((trace) => trace.traceId),
      },
      {
        name: 'startTime',
        type: 'time',
        config: { displayNameFromDS: 'Start time', custom: { width: 200 } },
        values: traces.map((trace) => trace.startTimeUnixNano),
      },
      {
        name: 'traceService',
        type: 'string',
        config: { displayNameFromDS: 'Service' },
        values: traces.map((trace) => trace.rootServiceName),
      },
      {
        name: 'traceName',
        type: 'string',
        config: { displayNameFromDS: 'Name' },
        values: traces.map((trace) => trace.rootTraceName),
      },
      {
        name: 'traceDuration',
        type: 'number',
        config: { displayNameFromDS: 'Duration', unit: 'ms', custom: { width: 120 } },
        values: traces.map((trace) => toMs(trace.durationNanos)),
      },
      // Each cell: the frames of the matched spans, for the browser half to show under the row.
      { name: 'nested', type: 'json', values: nested },
    ],
    meta: TABLE_META,
  };
}

function spansTable(result: SearchResult, target: LinkTarget): Frame {
  const rows = result.traces.flatMap(spanRows);
  return { name: 'Spans', fields: spanFields(rows, target, true), meta: { preferredVisualisationType: 'table' } };
}

function rawTable(result: SearchResult): Frame {
  const values = result.traces.map((trace) =>
    JSON.stringify(trace, (_, value: unknown) =>
      typeof value === 'bigint'
        ? value.toString()
        : value instanceof Uint8Array
          ? Buffer.from(value).toString('base64')
          : value
    )
  );
  return {
    name: 'Raw response',
    fields: [{ name: 'response', type: 'string', values }],
    meta: { preferredVisualisationType: 'table' },
  };
}

/** The table of a search in the form asked for. Links lead to `target`. */
export function searchFrame(result: SearchResult, table: TableType, target: LinkTarget): Frame {
  switch (table) {
    case 'traces':
      return tracesTable(result, target);
    case 'spans':
      return spansTable(result, target);
    case 'raw':
      return rawTable(result);
  }
}
