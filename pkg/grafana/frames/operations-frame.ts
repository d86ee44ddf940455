/** @file Operations as a table: of one model, or of a time range. */
import type { OperationName } from '../../query';
import {
  durationColumns,
  hiddenColumn,
  kindName,
  numberColumn,
  operationQuery,
  type Quantiles,
  queryLink,
  textColumn,
} from './columns';
import type { Frame, FrameMeta } from './frame';
import type { LinkTarget } from './search-frames';

/** One row. */
export interface OperationRow extends OperationName {
  readonly spans: number;
  readonly errors: number;
  readonly durations?: Quantiles;
}

/** The busiest operation first. @param seconds - what rates are taken over */
export function operationsFrame(
  operations: readonly OperationRow[],
  seconds: number,
  target: LinkTarget,
  meta: FrameMeta = {}
): Frame {
  const rows = [...operations].sort((a, b) => b.spans - a.spans);
  const per = (n: number): number | null => (seconds > 0 ? n / seconds : null);
  return {
    name: 'Operations',
    fields: [
      textColumn(
        'Service',
        rows.map((row) => row.service)
      ),
      textColumn(
        'Operation',
        rows.map((row) => row.name),
        { links: [queryLink(target, 'Traces', 'query'), queryLink(target, 'Failed traces', 'errorQuery')] }
      ),
      textColumn(
        'Kind',
        rows.map((row) => kindName(row.kind))
      ),
      numberColumn(
        'Spans',
        rows.map((row) => row.spans),
        { unit: 'short' }
      ),
      numberColumn(
        'Errors',
        rows.map((row) => row.errors),
        { unit: 'short' }
      ),
      numberColumn(
        'Error rate',
        rows.map((row) => (row.spans === 0 ? 0 : row.errors / row.spans)),
        { unit: 'percentunit', decimals: 2 }
      ),
      numberColumn(
        'Rate',
        rows.map((row) => per(row.spans)),
        { unit: 'suffix: spans/s', decimals: 3 }
      ),
      ...durationColumns(rows.map((row) => row.durations)),
      hiddenColumn(
        'query',
        rows.map((row) => operationQuery(row))
      ),
      hiddenColumn(
        'errorQuery',
        rows.map((row) => operationQuery(row, ' && status = error'))
      ),
    ],
    meta: { preferredVisualisationType: 'table', ...meta },
  };
}
