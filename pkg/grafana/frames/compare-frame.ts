/** @file What differs between two windows, as a table with links. */
import { ALL_TRACES, type Change, type OperationName, type WindowComparison } from '../../query';
import { hiddenColumn, kindName, numberColumn, operationQuery, queryLink, textColumn, toMilliseconds } from './columns';
import type { Frame, FrameMeta } from './frame';
import type { LinkTarget } from './search-frames';

const digits = (value: number): string => (value === 0 ? '0' : String(Number(value.toPrecision(3))));

function duration(nanos: number): string {
  const units: Array<[number, string]> = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ];
  const [factor, unit] = units.find(([one]) => nanos >= one) ?? [1, 'ns'];
  return `${digits(nanos / factor)} ${unit}`;
}

/** What a change is measured in. */
function shown({ kind, operation }: Change, value: number): string {
  switch (kind) {
    case 'errors':
      return `${digits(value * 100)}%`;
    case 'p50':
    case 'p99':
      return duration(value);
    case 'new shape':
    case 'gone shape':
      return `${digits(value)} traces/s`;
    default:
      return `${digits(value)} ${operation.name === ALL_TRACES.name ? 'traces' : 'spans'}/s`;
  }
}

const isAll = ({ name, service }: OperationName): boolean => name === ALL_TRACES.name && service === '';

const spansOf = (operation: OperationName): string => (isAll(operation) ? '{ }' : operationQuery(operation));

/** TraceQL for spans that show the change. */
function queryOf({ kind, operation, before, after }: Change): string {
  switch (kind) {
    case 'errors':
      return operationQuery(operation, ' && status = error');
    case 'p50':
    case 'p99': {
      const [slow, fast] = [Math.max(before, after), Math.min(before, after)];
      const between = toMilliseconds(Math.sqrt(Math.max(1, slow) * Math.max(1, fast))) ?? 0;
      return operationQuery(operation, ` && duration ${after >= before ? '>' : '<'} ${digits(between)}ms`);
    }
    default:
      return spansOf(operation);
  }
}

/** The surest change first. Before and after are texts, for each row has its own unit. */
export function compareFrame({ changes }: WindowComparison, target: LinkTarget, meta: FrameMeta = {}): Frame {
  const text = (name: string, of: (change: Change) => string, width?: number) =>
    textColumn(name, changes.map(of), width === undefined ? {} : { custom: { width } });
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    name: 'Changes',
    fields: [
      text('Change', ({ kind }) => kind, 130),
      textColumn(
        'Operation',
        changes.map(({ operation }) => operation.name),
        { links: [queryLink(target, 'Spans that show it', 'query'), queryLink(target, 'All spans', 'operationQuery')] }
      ),
      text('Service', ({ operation }) => operation.service),
      text('Kind', ({ operation }) => (isAll(operation) ? '' : kindName(operation.kind)), 90),
      text('Before', (change) => shown(change, change.before), 130),
      text('After', (change) => shown(change, change.after), 130),
      numberColumn(
        'Ratio',
        changes.map(({ before, after }) => finite(after / before)),
        { decimals: 2, custom: { width: 90 } }
      ),
      numberColumn(
        'Score',
        changes.map(({ score }) => score),
        {
          decimals: 1,
          custom: { width: 90 },
          description:
            'How sure it is that the change began here: the log-likelihood ratio G of two different windows against one traffic, less what chance gives. 0: explained by what the operation calls.',
        }
      ),
      numberColumn(
        'Evidence',
        changes.map(({ evidence }) => evidence),
        {
          decimals: 1,
          custom: { width: 100 },
          description: 'How sure it is that there is a change at all, wherever it began; on the scale of the score.',
        }
      ),
      textColumn(
        'Details',
        changes.map((change) => change.text),
        { custom: { minWidth: 320, cellOptions: { type: 'auto', wrapText: true } } }
      ),
      hiddenColumn('query', changes.map(queryOf)),
      hiddenColumn(
        'operationQuery',
        changes.map(({ operation }) => spansOf(operation))
      ),
    ],
    meta: { preferredVisualisationType: 'table', ...meta },
  };
}

/**
 * The score of each change, for alert rules: each kind of change of each operation once, with its highest score.
 * Where nothing differs, no numbers: "no data" for a rule.
 */
export function scoreFrame({ changes }: WindowComparison, meta: FrameMeta = {}): Frame {
  const seen = new Set<string>();
  const rows = changes.filter(({ kind, operation }) => {
    const key = JSON.stringify([kind, operation.service, operation.name, operation.kind]);
    return !seen.has(key) && seen.add(key);
  });
  return {
    name: 'Scores',
    fields: [
      textColumn(
        'Change',
        rows.map(({ kind }) => kind)
      ),
      textColumn(
        'Operation',
        rows.map(({ operation }) => operation.name)
      ),
      textColumn(
        'Service',
        rows.map(({ operation }) => operation.service)
      ),
      textColumn(
        'Kind',
        rows.map(({ operation }) => kindName(operation.kind))
      ),
      numberColumn(
        'Score',
        rows.map(({ score }) => score)
      ),
    ],
    meta: { type: 'numeric-long', typeVersion: [0, 1], preferredVisualisationType: 'table', ...meta },
  };
}
