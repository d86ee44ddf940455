/**
 * @file The model that knows marginals only: shapes, starts, and for each operation durations, gaps, errors and
 * attribute values, each drawn by itself. What it scores is what no joint structure is worth. It keeps the real
 * marginals exactly, so it has no size.
 */
import type { AttributeColumn } from '../attribute-columns';
import { type SpanTable, subset } from '../span-table';
import { seededUniform } from '../two-sample';
import { type Driver, NO_SIZES } from './types';

/** What spans share whose fields are drawn from one another: the operation, and whether the parent is in the trace. */
function pool(table: SpanTable, row: number): number {
  return 2 * (table.operation[row] as number) + ((table.parent[row] as number) < 0 ? 1 : 0);
}

function pools(table: SpanTable): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let row = 0; row < table.spans; row++) {
    const own = rows.get(pool(table, row));
    if (own === undefined) {
      rows.set(pool(table, row), [row]);
    } else {
      own.push(row);
    }
  }
  return rows;
}

/** As many traces as the real side has, every field drawn from its marginal alone. */
export function independentTable(real: SpanTable, seed: number): SpanTable {
  const uniform = seededUniform(seed);
  const below = (count: number): number => Math.floor(uniform() * count);
  // Shapes by their marginal: whole skeletons of traces, drawn with repetition.
  const skeleton = subset(
    real,
    Array.from({ length: real.traces }, () => below(real.traces))
  );
  const realRows = pools(real);
  const donor = (row: number): number => {
    const rows = realRows.get(pool(skeleton, row)) as number[];
    return rows[below(rows.length)] as number;
  };
  const start = new Float64Array(skeleton.spans);
  for (let trace = 0; trace < skeleton.traces; trace++) {
    const at = real.start[real.entry[below(real.traces)] as number] as number;
    const from = skeleton.offsets[trace] as number;
    const rows = Array.from({ length: (skeleton.offsets[trace + 1] as number) - from }, (_, i) => from + i);
    rows.sort((a, b) => (skeleton.depth[a] as number) - (skeleton.depth[b] as number));
    for (const row of rows) {
      const parent = skeleton.parent[row] as number;
      const other = donor(row);
      start[row] =
        parent < 0 || (skeleton.depth[row] as number) < 0
          ? at
          : (start[parent] as number) +
            ((real.start[other] as number) - (real.start[real.parent[other] as number] as number));
    }
  }
  const drawn = <T extends Int32Array | Float64Array>(source: T, target: T): T => {
    for (let row = 0; row < skeleton.spans; row++) {
      target[row] = source[donor(row)] as number;
    }
    return target;
  };
  const attribute = (column: AttributeColumn): AttributeColumn => ({
    ...column,
    values: drawn(column.values, new Int32Array(skeleton.spans)),
  });
  return {
    ...skeleton,
    start,
    duration: drawn(real.duration, new Float64Array(skeleton.spans)),
    error: drawn(real.error, new Int32Array(skeleton.spans)),
    instance: drawn(real.instance, new Int32Array(skeleton.spans)),
    attributes: real.attributes.map(attribute),
  };
}

/** Every field by itself. */
export function independentColumns(): Driver {
  return {
    name: 'independent columns',
    kind: 'columns',
    produce: async ({ table }, seed) => ({ table: independentTable(table, seed), sizes: NO_SIZES }),
  };
}
