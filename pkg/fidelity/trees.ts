/** @file Canonical forms of traces: shapes of (service, name), and hashes of shapes with durations. */
import { oncePer } from './memo';
import { ORPHAN, ROOT, type SpanTable } from './span-table';

/** Rows of a trace, deepest first; those in cycles are left out. */
function deepestFirst(table: SpanTable, trace: number): number[] {
  const rows: number[] = [];
  for (let row = table.offsets[trace] as number; row < (table.offsets[trace + 1] as number); row++) {
    if ((table.depth[row] as number) >= 0) {
      rows.push(row);
    }
  }
  return rows.sort((a, b) => (table.depth[b] as number) - (table.depth[a] as number));
}

/**
 * Number of each trace's shape in the vocabulary: the tree of operations, children unordered. Several tops make a
 * forest; a top whose parent is missing differs from a root. Spans in cycles of parents count as a bag of operations.
 */
export const shapesOf = oncePer((table: SpanTable): Int32Array => {
  const shapes = new Int32Array(table.traces);
  const { shapes: dictionary } = table.vocabulary;
  for (let trace = 0; trace < table.traces; trace++) {
    const from = table.offsets[trace] as number;
    const children = new Map<number, number[]>();
    const tops: string[] = [];
    for (const row of deepestFirst(table, trace)) {
      const below = children.get(row)?.sort((a, b) => a - b) ?? [];
      const id = dictionary.id(`${table.operation[row]}(${below.join()})`);
      const parent = table.parent[row] as number;
      if (parent === ROOT || parent === ORPHAN) {
        tops.push(`${parent === ROOT ? 'r' : 'm'}${id}`);
      } else {
        const siblings = children.get(parent);
        if (siblings === undefined) {
          children.set(parent, [id]);
        } else {
          siblings.push(id);
        }
      }
    }
    for (let row = from; row < (table.offsets[trace + 1] as number); row++) {
      if ((table.depth[row] as number) < 0) {
        tops.push(`c${table.operation[row]}`);
      }
    }
    shapes[trace] = dictionary.id(`*${tops.sort().join()}`);
  }
  return shapes;
});

const LOW = 0x100000000;

/** Mixes a number into a 53-bit hash. */
function mix(hash: number, value: number): number {
  let low = (hash % LOW) | 0;
  let high = Math.floor(hash / LOW) | 0;
  const valueLow = (value % LOW) | 0;
  const valueHigh = Math.floor(value / LOW) | 0;
  low = Math.imul(low ^ valueLow, 0x85ebca6b) + Math.imul(high, 0x27d4eb2f);
  low ^= low >>> 15;
  high = Math.imul(high ^ valueHigh ^ low, 0xc2b2ae35) + valueLow;
  high ^= high >>> 13;
  low = Math.imul(low ^ high, 0x9e3779b1);
  low ^= low >>> 16;
  return (high & 0x1fffff) * LOW + (low >>> 0);
}

/** A 53-bit hash of each trace's tree of operations with every duration in whole microseconds. */
export const timedTreesOf = oncePer((table: SpanTable): Float64Array => {
  const hashes = new Float64Array(table.traces);
  for (let trace = 0; trace < table.traces; trace++) {
    const children = new Map<number, number[]>();
    const tops: number[] = [];
    for (const row of deepestFirst(table, trace)) {
      const micros = Math.round((table.duration[row] as number) / 1000);
      let hash = mix(mix(1, table.operation[row] as number), micros + 2 ** 40);
      for (const child of children.get(row)?.sort((a, b) => a - b) ?? []) {
        hash = mix(hash, child);
      }
      const parent = table.parent[row] as number;
      if (parent < 0) {
        tops.push(mix(hash, parent === ROOT ? 1 : 2));
      } else {
        const siblings = children.get(parent);
        if (siblings === undefined) {
          children.set(parent, [hash]);
        } else {
          siblings.push(hash);
        }
      }
    }
    hashes[trace] = tops.sort((a, b) => a - b).reduce(mix, tops.length);
  }
  return hashes;
});
