/**
 * @file Durations and errors given something else: the instance that a span runs in, and what the entry span of its trace says of
 * itself. Marginals do not show whether it is the slow pod whose spans are slow, or the call that minds a flag.
 */
import { meanOf, quantile, relativeError } from './distance';
import type { SpanTable } from './span-table';

/** Cells of fewer real spans say little. */
const LEAST_SPANS = 50;
const OPERATIONS = 2 ** 26;
const QUANTILES = [0.5, 0.9] as const;

export interface Given {
  /** By operation and instance, for operations of several instances; null where there are none. */
  readonly instances: number | null;
  /** Of the children of entry spans by operation and by the values of the entry's attributes; null where none has two. */
  readonly attributes: number | null;
}

/** Spans of one cell. */
interface Cell {
  readonly durations: number[];
  errors: number;
}

/** Cells of one kind of thing (an operation, or an operation for an attribute) by value. */
type Cells = Map<number, Map<number, Cell>>;

function add(cells: Cells, thing: number, value: number, duration: number, error: number): void {
  let row = cells.get(thing);
  if (row === undefined) {
    row = new Map();
    cells.set(thing, row);
  }
  let cell = row.get(value);
  if (cell === undefined) {
    cell = { durations: [], errors: 0 };
    row.set(value, cell);
  }
  cell.durations.push(duration);
  cell.errors += error;
}

function byInstance(table: SpanTable): Cells {
  const cells: Cells = new Map();
  for (let row = 0; row < table.spans; row++) {
    const instance = table.instance[row] as number;
    if (instance >= 0) {
      add(cells, table.operation[row] as number, instance, table.duration[row] as number, table.error[row] as number);
    }
  }
  return cells;
}

function byAttribute(table: SpanTable): Cells {
  const cells: Cells = new Map();
  for (let trace = 0; trace < table.traces; trace++) {
    const entry = table.entry[trace] as number;
    for (let row = table.offsets[trace] as number; row < (table.offsets[trace + 1] as number); row++) {
      if (table.parent[row] !== entry) {
        continue;
      }
      table.attributes.forEach(({ values }, attribute) => {
        const value = values[entry] as number;
        if (value >= 0) {
          const thing = attribute * OPERATIONS + (table.operation[row] as number);
          add(cells, thing, value, table.duration[row] as number, table.error[row] as number);
        }
      });
    }
  }
  return cells;
}

/** Mean over cells of how far p50, p90 and the share of errors are off; a cell that is missing is off by 1. */
function errorOf(real: Cells, other: Cells): number | null {
  const errors: number[] = [];
  for (const [thing, row] of real) {
    const large = [...row].filter(([, { durations }]) => durations.length >= LEAST_SPANS);
    if (large.length < 2) {
      continue;
    }
    for (const [value, own] of large) {
      const theirs = other.get(thing)?.get(value);
      if (theirs === undefined) {
        errors.push(1);
        continue;
      }
      const [a, b] = [own, theirs].map(({ durations }) => Float64Array.from(durations).sort()) as [
        Float64Array,
        Float64Array,
      ];
      const share = ({ errors: failed, durations }: Cell): number => failed / durations.length;
      const parts = QUANTILES.map((q) => relativeError(quantile(b, q), quantile(a, q)));
      errors.push(meanOf([...parts, Math.abs(share(own) - share(theirs))]) ?? 0);
    }
  }
  return meanOf(errors);
}

/** Measures `other` against `real`: 0 is best, 1 is worst. */
export function given(real: SpanTable, other: SpanTable): Given {
  return {
    instances: errorOf(byInstance(real), byInstance(other)),
    attributes: errorOf(byAttribute(real), byAttribute(other)),
  };
}
