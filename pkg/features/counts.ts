/**
 * @file Counts: how many traces of which shape begin in which time bucket, exactly.
 *
 * The anchor of a trace is its first span (node 0 of its shape). A bucket is W seconds of Unix time. Spans of a trace
 * may begin in other buckets than the anchor: the pattern of a trace says in which, as differences to the anchor's
 * bucket, node by node. Patterns are kept with the counts, so the spans of every operation by bucket are exact.
 *
 * Within a bucket, how many anchors lie in each fifth of it is kept, for all shapes together: a few bits a trace.
 */
import { limit } from '../common';
import { ByteReader, ByteWriter, packSection } from '../model';
import type { BatchColumns } from './columns';
import type { OrderedBatch } from './forest';

/** Bucket widths to choose from, in seconds; all divide a minute. */
export const BUCKET_WIDTHS = [5, 10, 15, 20, 30, 60] as const;
/** The finest width whose table takes at most this much is chosen. */
const CHEAP_BYTES = 3000;
const CHEAP_BYTES_PER_TRACE = 0.75;

/** A pattern as runs: `times` nodes in a row whose bucket is the anchor's plus `shift`. All zeros is the empty list. */
export type Pattern = ReadonlyArray<{ readonly shift: number; readonly times: number }>;

/** Parts of a bucket in which anchors are counted; widths of buckets are multiples. */
export const BUCKET_PARTS = 5;

/** Rows sorted by bucket, shape and pattern; trace i is in the row whose range of indices holds i. */
export interface TraceCounts {
  readonly bucketSeconds: number;
  readonly patterns: readonly Pattern[];
  /** Unix seconds / bucketSeconds of the anchor. */
  readonly bucket: Float64Array;
  readonly shape: Int32Array;
  /** Index into patterns; 0 is the empty pattern. */
  readonly pattern: Int32Array;
  readonly count: Float64Array;
  /**
   * Anchors in each of the {@link BUCKET_PARTS} parts of each bucket that has rows, of traces whose spans all begin in it;
   * undefined in models that spread them evenly.
   */
  readonly parts: Float64Array | undefined;
}

function patternOf(shifts: ArrayLike<number>): Pattern {
  const runs: Array<{ shift: number; times: number }> = [];
  for (let i = 0; i < shifts.length; i++) {
    const shift = shifts[i] as number;
    const last = runs[runs.length - 1];
    if (last !== undefined && last.shift === shift) {
      last.times++;
    } else {
      runs.push({ shift, times: 1 });
    }
  }
  return runs.length === 1 && runs[0]?.shift === 0 ? [] : runs;
}

function countAt(batch: BatchColumns, ordered: OrderedBatch, width: number): TraceCounts {
  const patterns: Pattern[] = [[]];
  const patternIds = new Map<string, number>();
  const rows = new Map<string, { bucket: number; shape: number; pattern: number; count: number }>();
  const partsOf = new Map<number, Float64Array>();
  for (let t = 0; t < batch.traces; t++) {
    const from = batch.spanOffset[t] as number;
    const to = batch.spanOffset[t + 1] as number;
    const bucketOf = (i: number): number => Math.floor((batch.second[ordered.order[i] as number] as number) / width);
    const bucket = bucketOf(from);
    let crosses = false;
    for (let i = from; i < to && !crosses; i++) {
      crosses = bucketOf(i) !== bucket;
    }
    let pattern = 0;
    if (crosses) {
      const runs = patternOf(Array.from({ length: to - from }, (_, i) => bucketOf(from + i) - bucket));
      const key = runs.map((run) => `${run.shift}x${run.times}`).join();
      pattern = patternIds.get(key) ?? patterns.length;
      if (pattern === patterns.length) {
        patternIds.set(key, pattern);
        patterns.push(runs);
      }
    }
    let parts = partsOf.get(bucket);
    if (parts === undefined) {
      parts = new Float64Array(BUCKET_PARTS);
      partsOf.set(bucket, parts);
    }
    if (pattern === 0) {
      const second = batch.second[ordered.order[from] as number] as number;
      const part = Math.floor((second - bucket * width) / (width / BUCKET_PARTS));
      parts[part] = (parts[part] as number) + 1;
    }
    const shape = ordered.shape[t] as number;
    const key = `${bucket}|${shape}|${pattern}`;
    const row = rows.get(key);
    if (row === undefined) {
      rows.set(key, { bucket, shape, pattern, count: 1 });
    } else {
      row.count++;
    }
  }
  const sorted = [...rows.values()].sort((a, b) => a.bucket - b.bucket || a.shape - b.shape || a.pattern - b.pattern);
  return {
    bucketSeconds: width,
    patterns,
    bucket: Float64Array.from(sorted, (row) => row.bucket),
    shape: Int32Array.from(sorted, (row) => row.shape),
    pattern: Int32Array.from(sorted, (row) => row.pattern),
    count: Float64Array.from(sorted, (row) => row.count),
    parts: Float64Array.from([...partsOf].sort(([a], [b]) => a - b).flatMap(([, parts]) => Array.from(parts))),
  };
}

/**
 * Counts a batch in the finest buckets that stay cheap; where none does, in the cheapest.
 * @param bucketSeconds - the width wanted, one of {@link BUCKET_WIDTHS}
 */
export function countTraces(batch: BatchColumns, ordered: OrderedBatch, bucketSeconds?: number): TraceCounts {
  if (bucketSeconds !== undefined) {
    return countAt(batch, ordered, bucketSeconds);
  }
  let best: { counts: TraceCounts; bytes: number } | undefined;
  for (const width of BUCKET_WIDTHS) {
    const counts = countAt(batch, ordered, width);
    const writer = new ByteWriter();
    writeCounts(writer, counts);
    const bytes = packSection({ name: 'counts', data: writer.finish() }).storedBytes;
    if (bytes <= CHEAP_BYTES + CHEAP_BYTES_PER_TRACE * batch.traces) {
      return counts;
    }
    if (best === undefined || bytes < best.bytes) {
      best = { counts, bytes };
    }
  }
  return (best as { counts: TraceCounts }).counts;
}

/** Added to the width of buckets where anchors are counted in parts of them. */
const WITH_PARTS = 64;

/** Traces of each bucket whose spans all begin in it. */
function plainTraces({ bucket, pattern, count }: Omit<TraceCounts, 'parts'>): number[] {
  const sums: number[] = [];
  bucket.forEach((b, i) => {
    if (i === 0 || b !== bucket[i - 1]) {
      sums.push(0);
    }
    sums[sums.length - 1] = (sums[sums.length - 1] as number) + (pattern[i] === 0 ? (count[i] as number) : 0);
  });
  return sums;
}

/** Writes the table, column by column. */
export function writeCounts(writer: ByteWriter, counts: TraceCounts): void {
  writer.varint(counts.bucketSeconds + (counts.parts === undefined ? 0 : WITH_PARTS));
  writer.varint(counts.patterns.length - 1);
  for (const pattern of counts.patterns.slice(1)) {
    writer.varint(pattern.length);
    for (const run of pattern) {
      writer.zigzag(run.shift);
      writer.varint(run.times);
    }
  }
  const { bucket, shape, pattern, count } = counts;
  const buckets: number[] = [];
  const rows: number[] = [];
  bucket.forEach((b, i) => {
    if (i === 0 || b !== bucket[i - 1]) {
      buckets.push(b);
      rows.push(0);
    }
    rows[rows.length - 1] = (rows[rows.length - 1] as number) + 1;
  });
  writer.deltas(buckets);
  rows.forEach((n) => writer.varint(n));
  shape.forEach((s, i) => {
    writer.varint(i > 0 && bucket[i] === bucket[i - 1] ? s - (shape[i - 1] as number) : s);
  });
  pattern.forEach((p) => writer.varint(p));
  count.forEach((c) => writer.varint(c));
  // the last part of each is what is left
  for (let part = 0; counts.parts !== undefined && part < BUCKET_PARTS - 1; part++) {
    for (let at = part; at < counts.parts.length; at += BUCKET_PARTS) {
      writer.varint(counts.parts[at] as number);
    }
  }
}

function readParts(reader: ByteReader, counts: Omit<TraceCounts, 'parts'>): Float64Array {
  const plain = plainTraces(counts);
  const parts = new Float64Array(plain.length * BUCKET_PARTS);
  for (let part = 0; part < BUCKET_PARTS - 1; part++) {
    plain.forEach((left, b) => {
      const n = reader.varint(left);
      parts[b * BUCKET_PARTS + part] = n;
      plain[b] = left - n;
    });
  }
  plain.forEach((left, b) => {
    parts[(b + 1) * BUCKET_PARTS - 1] = left;
  });
  return parts;
}

/**
 * Reads the table and checks it: rows sorted, shapes known, patterns as long as their shapes.
 * @param sizes - spans of each shape
 */
export function readCounts(reader: ByteReader, sizes: Float64Array): TraceCounts {
  const head = reader.varint(60 + WITH_PARTS);
  const bucketSeconds = head % WITH_PARTS;
  if (bucketSeconds === 0 || 60 % bucketSeconds !== 0) {
    reader.fail(`buckets of ${bucketSeconds} seconds do not divide a minute`);
  }
  const patterns: Pattern[] = [[]];
  const lengths = [0];
  const mostNodes = limit('MODEL_TRACE_SPANS');
  for (let left = reader.count(3); left > 0; left--) {
    const runs: Array<{ shift: number; times: number }> = [];
    let length = 0;
    for (let r = reader.count(2); r > 0; r--) {
      const run = { shift: reader.zigzag(), times: reader.varint(mostNodes) };
      length += run.times;
      runs.push(run);
    }
    patterns.push(runs);
    lengths.push(length);
  }
  const buckets = reader.deltas();
  const rows = Array.from(buckets, () => reader.count(3));
  const total = rows.reduce((sum, n) => sum + n, 0);
  if (total * 3 > reader.remaining || buckets.some((b, i) => i > 0 && b <= (buckets[i - 1] as number))) {
    reader.fail(`${total} rows do not fit, or buckets are not sorted`);
  }
  const bucket = new Float64Array(total);
  const shape = new Int32Array(total);
  let at = 0;
  rows.forEach((n, b) => {
    let last = 0;
    for (let i = 0; i < n; i++) {
      last += reader.varint(sizes.length - 1);
      if (last >= sizes.length) {
        reader.fail(`shape ${last} of ${sizes.length}`);
      }
      bucket[at] = buckets[b] as number;
      shape[at++] = last;
    }
  });
  const pattern = Int32Array.from({ length: total }, () => reader.varint(patterns.length - 1));
  const count = Float64Array.from({ length: total }, () => reader.varint());
  let spans = 0;
  const mostSpans = limit('MODEL_SPANS');
  for (let i = 0; i < total; i++) {
    const size = sizes[shape[i] as number] as number;
    spans += size * (count[i] as number);
    if (count[i] === 0 || spans > mostSpans) {
      reader.fail(`an empty row, or more spans than MODEL_SPANS = ${mostSpans}`);
    }
    if (pattern[i] !== 0 && lengths[pattern[i] as number] !== size) {
      reader.fail(`a pattern of ${lengths[pattern[i] as number]} nodes for a shape of ${size}`);
    }
  }
  const counts = { bucketSeconds, patterns, bucket, shape, pattern, count };
  return { ...counts, parts: head < WITH_PARTS ? undefined : readParts(reader, counts) };
}

/** Most buckets from a trace's first span to another. */
export function reachOf(pattern: Pattern): number {
  return pattern.reduce((most, { shift }) => Math.max(most, shift), 0);
}

/** A pattern node by node. */
export function expandPattern(pattern: Pattern, size: number): Float64Array | undefined {
  if (pattern.length === 0) {
    return undefined;
  }
  const shifts = new Float64Array(size);
  let at = 0;
  for (const run of pattern) {
    shifts.fill(run.shift, at, at + run.times);
    at += run.times;
  }
  return shifts;
}
