/** @file What the two-sample test looks at: one row of features a trace, or one a span. */
import { selfTime } from '../trace';
import type { Clock } from './clock';
import { addCount, type Counts } from './distance';
import type { FeatureColumns } from './boosting';
import type { SpanTable } from './span-table';

const SERVICES = 15;
/** Operations with a number of their own in span rows; the others share one. */
const FREQUENT_OPERATIONS = 60;
const NANOS_AN_HOUR = 3.6e12;

const microseconds = (nanos: number): number => Math.log1p(Math.max(0, nanos) / 1000);

/** Logarithm on both sides of 0, of nanoseconds. */
const signedLog = (nanos: number): number => Math.sign(nanos) * Math.log1p(Math.abs(nanos) / 1000);

/** Children of each row of a trace as a linked list: first child by row, next sibling by row, −1 at the end. */
function childLists(table: SpanTable): { first: Int32Array; next: Int32Array } {
  const first = new Int32Array(table.spans).fill(-1);
  const next = new Int32Array(table.spans).fill(-1);
  for (let row = table.spans - 1; row >= 0; row--) {
    const parent = table.parent[row] as number;
    if (parent >= 0) {
      next[row] = first[parent] as number;
      first[parent] = row;
    }
  }
  return { first, next };
}

/** Self-time of each span in ns: its duration without what its children cover, overlaps counted once. */
export function selfTimes(table: SpanTable): Float64Array {
  const { first, next } = childLists(table);
  const result = new Float64Array(table.spans);
  for (let row = 0; row < table.spans; row++) {
    const from = table.start[row] as number;
    const to = from + Math.max(0, table.duration[row] as number);
    const children: Array<readonly [number, number]> = [];
    for (let child = first[row] as number; child >= 0; child = next[child] as number) {
      const start = table.start[child] as number;
      children.push([start, start + (table.duration[child] as number)]);
    }
    result[row] = selfTime(from, to, children);
  }
  return result;
}

/** The services with most self-time on the real side, most first. */
export function busiestServices(real: SpanTable): number[] {
  const totals: Counts = new Map();
  const self = selfTimes(real);
  for (let row = 0; row < real.spans; row++) {
    addCount(totals, real.service[row] as number, self[row]);
  }
  return [...totals]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, SERVICES)
    .map(([service]) => service);
}

/** Names of the columns of {@link traceRows}. */
export function traceFeatureNames(real: SpanTable): string[] {
  const services = busiestServices(real).map((service) => `self time ${real.vocabulary.services.texts[service]}`);
  return ['log duration', 'spans', 'error spans', 'hour', 'depth', 'largest fan-out', 'services', ...services];
}

/**
 * A row a trace: log total duration, spans, error spans, hours since the real start, depth, largest fan-out, services,
 * and the share of the trace's self-time of each service of `services`.
 */
export function traceRows(table: SpanTable, clock: Clock, services: readonly number[]): FeatureColumns {
  const columns = Array.from({ length: 7 + services.length }, () => new Float64Array(table.traces));
  const [duration, spans, errors, hour, depth, fan, distinct] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const column = new Map(services.map((service, i) => [service, columns[7 + i] as Float64Array]));
  const self = selfTimes(table);
  const children = new Int32Array(table.spans);
  for (const parent of table.parent) {
    if (parent >= 0) {
      children[parent] = (children[parent] as number) + 1;
    }
  }
  for (let trace = 0; trace < table.traces; trace++) {
    let start = Infinity;
    let end = -Infinity;
    let total = 0;
    const seen = new Set<number>();
    for (let row = table.offsets[trace] as number; row < (table.offsets[trace + 1] as number); row++) {
      start = Math.min(start, table.start[row] as number);
      end = Math.max(end, (table.start[row] as number) + (table.duration[row] as number));
      errors[trace] = (errors[trace] as number) + (table.error[row] as number);
      depth[trace] = Math.max(depth[trace] as number, table.depth[row] as number);
      fan[trace] = Math.max(fan[trace] as number, children[row] as number);
      total += self[row] as number;
      seen.add(table.service[row] as number);
    }
    duration[trace] = microseconds(end - start);
    spans[trace] = (table.offsets[trace + 1] as number) - (table.offsets[trace] as number);
    hour[trace] = (start - clock.from) / NANOS_AN_HOUR;
    distinct[trace] = seen.size;
    for (let row = table.offsets[trace] as number; total > 0 && row < (table.offsets[trace + 1] as number); row++) {
      const own = column.get(table.service[row] as number);
      if (own !== undefined) {
        own[trace] = (own[trace] as number) + (self[row] as number) / total;
      }
    }
  }
  return columns;
}

/** Names of the columns of {@link spanRows}. */
export const SPAN_FEATURES = [
  'operation',
  'parent operation',
  'log duration',
  'log parent duration',
  'gap to parent start',
  'position among siblings',
  'depth',
  'status',
  'hour',
] as const;

/** Rank by frequency on the real side of each operation, the rare ones sharing the last number. */
export function operationRanks(real: SpanTable): Map<number, number> {
  const counts: Counts = new Map();
  for (const operation of real.operation) {
    addCount(counts, operation);
  }
  const ranked = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return new Map(ranked.map(([operation], rank) => [operation, Math.min(rank, FREQUENT_OPERATIONS)]));
}

/** Position of each span among its siblings by start; 0 for tops. */
function positions(table: SpanTable): Int32Array {
  const { first, next } = childLists(table);
  const result = new Int32Array(table.spans);
  for (let row = 0; row < table.spans; row++) {
    const children: number[] = [];
    for (let child = first[row] as number; child >= 0; child = next[child] as number) {
      children.push(child);
    }
    children
      .sort((a, b) => (table.start[a] as number) - (table.start[b] as number))
      .forEach((child, i) => (result[child] = i));
  }
  return result;
}

/** Features of some spans of a table; see {@link SPAN_FEATURES}. Tops have parent operation −1 and no gap. */
export function spanRows(
  table: SpanTable,
  clock: Clock,
  ranks: ReadonlyMap<number, number>
): (rows: Int32Array) => FeatureColumns {
  const position = positions(table);
  const rank = (row: number): number => ranks.get(table.operation[row] as number) ?? FREQUENT_OPERATIONS;
  const parent = (row: number): number => table.parent[row] as number;
  const duration = (row: number): number => microseconds(table.duration[row] as number);
  const gap = (row: number): number => (table.start[row] as number) - (table.start[parent(row)] as number);
  const features: Array<(row: number) => number> = [
    rank,
    (row) => (parent(row) < 0 ? -1 : rank(parent(row))),
    duration,
    (row) => duration(parent(row) < 0 ? row : parent(row)),
    (row) => (parent(row) < 0 ? 0 : signedLog(gap(row))),
    (row) => position[row] as number,
    (row) => table.depth[row] as number,
    (row) => table.error[row] as number,
    (row) => ((table.start[row] as number) - clock.from) / NANOS_AN_HOUR,
  ];
  return (rows) => features.map((feature) => Float64Array.from(rows, feature));
}
