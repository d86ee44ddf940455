/** @file Columns that several tables have: durations, links to TraceQL, operations. */
import type { DurationSummary, OperationName } from '../../query';
import type { DataLink, Field, FieldConfig } from './frame';
import type { LinkTarget } from './search-frames';

/** Text in quotes, as TraceQL reads it. */
export const quoted = (text: string): string => JSON.stringify(text);

/** TraceQL for the spans of a service. */
export const serviceQuery = (service: string, more = ''): string =>
  `{ resource.service.name = ${quoted(service)}${more} }`;

/** TraceQL for the spans of an operation. */
export const operationQuery = ({ service, name }: OperationName, more = ''): string =>
  serviceQuery(service, ` && name = ${quoted(name)}${more}`);

/** A link that asks the TraceQL which the row holds in a column. */
export function queryLink(target: LinkTarget, title: string, column: string): DataLink {
  return {
    title,
    url: '',
    internal: {
      datasourceUid: target.uid,
      datasourceName: target.name,
      query: { query: `\${__data.fields.${column}}`, queryType: 'traceql' },
    },
  };
}

const HIDDEN: FieldConfig = { custom: { hidden: true, hideFrom: { viz: true, legend: true, tooltip: true } } };

/** A column for links only. */
export function hiddenColumn(name: string, values: readonly string[]): Field {
  return { name, type: 'string', config: HIDDEN, values };
}

export function textColumn(name: string, values: ReadonlyArray<string | null>, config: FieldConfig = {}): Field {
  return { name, type: 'string', config, values };
}

export function numberColumn(
  name: string,
  values: ReadonlyArray<number | null | undefined>,
  config: FieldConfig = {}
): Field {
  return { name, type: 'number', config, values };
}

/** ns → ms. */
export const toMilliseconds = (nanos: number | undefined): number | null => (nanos === undefined ? null : nanos / 1e6);

const QUANTILES = ['p50', 'p90', 'p99'] as const;

/** Those of the quantiles that are known. */
export type Quantiles = Partial<Pick<DurationSummary, (typeof QUANTILES)[number]>>;

/** p50, p90 and p99 in ms; with the bounds of their intervals where any row is estimated. */
export function durationColumns(rows: ReadonlyArray<Quantiles | undefined>): Field[] {
  return QUANTILES.flatMap((p) => {
    const config: FieldConfig = { unit: 'ms', decimals: 2 };
    const bounds = (['lower', 'upper'] as const).flatMap((bound): Field[] => {
      const values = rows.map((row) => toMilliseconds(row?.[p]?.[bound]));
      const more: FieldConfig = {
        ...config,
        description: `${bound} end of the 95% interval of ${p}: the error of the sample`,
      };
      return values.every((value) => value === null) ? [] : [numberColumn(`${p} ${bound}`, values, more)];
    });
    return [
      numberColumn(
        p,
        rows.map((row) => toMilliseconds(row?.[p]?.value)),
        config
      ),
      ...bounds,
    ];
  });
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** The name of a span kind as TraceQL has it. */
export const kindName = (kind: number): string => KINDS[kind] ?? String(kind);
