/** @file How far parent and child durations rank together, by edge. */
import { edgesOf } from './structure';
import type { SpanTable } from './span-table';

const EDGES = 50;
const MIN_PAIRS = 10;
const MAX_PAIRS = 5000;
const OPERATIONS = 2 ** 26;

/** Ranks from 1, ties at their mean rank. */
function ranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number));
  const result = new Float64Array(values.length);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1] as number] === values[order[i] as number]) {
      j += 1;
    }
    for (let k = i; k <= j; k++) {
      result[order[k] as number] = (i + j) / 2 + 1;
    }
    i = j + 1;
  }
  return result;
}

/** Spearman's rank correlation; 0 when one side is constant. */
export function spearman(x: Float64Array, y: Float64Array): number {
  const a = ranks(x);
  const b = ranks(y);
  const mean = (x.length + 1) / 2;
  let covariance = 0;
  let varianceA = 0;
  let varianceB = 0;
  for (let i = 0; i < a.length; i++) {
    const left = (a[i] as number) - mean;
    const right = (b[i] as number) - mean;
    covariance += left * right;
    varianceA += left * left;
    varianceB += right * right;
  }
  return varianceA === 0 || varianceB === 0 ? 0 : covariance / Math.sqrt(varianceA * varianceB);
}

/** Rows of the children of each wanted edge. */
function childRows(table: SpanTable, wanted: ReadonlySet<number>): Map<number, number[]> {
  const rows = new Map<number, number[]>([...wanted].map((edge) => [edge, []]));
  for (let row = 0; row < table.spans; row++) {
    const parent = table.parent[row] as number;
    if (parent >= 0) {
      rows.get((table.operation[parent] as number) * OPERATIONS + (table.operation[row] as number))?.push(row);
    }
  }
  return rows;
}

function correlation(table: SpanTable, children: readonly number[]): number {
  const count = Math.min(children.length, MAX_PAIRS);
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const row = children[Math.floor((i * children.length) / count)] as number;
    x[i] = table.duration[table.parent[row] as number] as number;
    y[i] = table.duration[row] as number;
  }
  return spearman(x, y);
}

/** Mean of min(1, |ρ − ρ'|) over the most frequent real edges; null where no edge has enough pairs. */
export function spearmanDiff(real: SpanTable, other: SpanTable): number | null {
  const edges = [...edgesOf(real)]
    .filter(([, count]) => count >= MIN_PAIRS)
    .sort((a, b) => b[1] - a[1])
    .slice(0, EDGES)
    .map(([edge]) => edge);
  if (edges.length === 0) {
    return null;
  }
  const wanted = new Set(edges);
  const a = childRows(real, wanted);
  const b = childRows(other, wanted);
  let sum = 0;
  for (const edge of edges) {
    const theirs = b.get(edge) ?? [];
    sum +=
      theirs.length < 3 ? 1 : Math.min(1, Math.abs(correlation(other, theirs) - correlation(real, a.get(edge) ?? [])));
  }
  return sum / edges.length;
}
