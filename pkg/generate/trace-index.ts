/** @file The numbering of a model's traces: rows of the counts in order, and what can be known of a trace from its number. */
import type { ModelContent } from '../features';
import { hash32, hex8 } from './random';

/** Where a trace stands. */
export interface TracePlace {
  /** Number of the trace. */
  readonly index: number;
  /** Row of the counts. */
  readonly row: number;
  readonly shape: number;
  /** Number of the trace among all traces of its shape: what spreads its uniform numbers over strata. */
  readonly ofShape: number;
  /** Number of the trace among those of its bucket, and how many they are. */
  readonly inBucket: number;
  readonly bucketSize: number;
  /** Number of the bucket among those that have traces. */
  readonly bucket: number;
  /** Of traces whose spans all begin in their bucket: number among those of its bucket, and how many they are. */
  readonly plain: number;
  readonly plainSize: number;
}

const NANOS = 1_000_000_000n;

export class TraceIndex {
  readonly traceCount: number;
  readonly spanCount: number;
  /** Traces before each row; length rows + 1. */
  private readonly before: Float64Array;
  private readonly shapeBefore: Float64Array;
  private readonly bucketStart: Float64Array;
  private readonly bucketSize: Float64Array;
  private readonly bucketOf: Int32Array;
  private readonly plainBefore: Float64Array;
  private readonly plainOf: Float64Array;
  /** Traces of each shape. */
  readonly shapeTraces: Float64Array;
  private readonly key: number;
  private readonly prefix: string;

  constructor(
    private readonly content: ModelContent,
    modelId: string
  ) {
    const { counts, layouts } = content;
    const rows = counts.bucket.length;
    this.before = new Float64Array(rows + 1);
    this.shapeBefore = new Float64Array(rows);
    this.shapeTraces = new Float64Array(layouts.length);
    this.bucketStart = new Float64Array(rows);
    this.bucketSize = new Float64Array(rows);
    this.bucketOf = new Int32Array(rows);
    this.plainBefore = new Float64Array(rows);
    const plain: number[] = [];
    let spans = 0;
    for (let row = 0; row < rows; row++) {
      const shape = counts.shape[row] as number;
      const count = counts.count[row] as number;
      this.before[row + 1] = (this.before[row] as number) + count;
      this.shapeBefore[row] = this.shapeTraces[shape] as number;
      this.shapeTraces[shape] = (this.shapeTraces[shape] as number) + count;
      spans += count * (layouts[shape]?.size ?? 0);
      if (row === 0 || counts.bucket[row] !== counts.bucket[row - 1]) {
        plain.push(0);
      }
      const bucket = plain.length - 1;
      this.bucketOf[row] = bucket;
      this.plainBefore[row] = plain[bucket] as number;
      plain[bucket] = (plain[bucket] as number) + (counts.pattern[row] === 0 ? count : 0);
      this.bucketStart[row] =
        row > 0 && counts.bucket[row] === counts.bucket[row - 1]
          ? (this.bucketStart[row - 1] as number)
          : (this.before[row] as number);
    }
    this.plainOf = Float64Array.from(plain);
    for (let row = rows - 1; row >= 0; row--) {
      const last = row === rows - 1 || counts.bucket[row] !== counts.bucket[row + 1];
      this.bucketSize[row] = last
        ? (this.before[row + 1] as number) - (this.bucketStart[row] as number)
        : (this.bucketSize[row + 1] as number);
    }
    this.traceCount = this.before[rows] as number;
    this.spanCount = spans;
    this.prefix = modelId.slice(0, 16);
    this.key = Number.parseInt(modelId.slice(16, 24), 16) | 0;
  }

  /** Row of trace i, 0 ≤ i < traceCount. */
  rowOf(index: number): number {
    let low = 0;
    let high = this.before.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.before[middle] as number) <= index) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  placeOf(index: number): TracePlace {
    const row = this.rowOf(index);
    const ofRow = index - (this.before[row] as number);
    const bucket = this.bucketOf[row] as number;
    return {
      index,
      row,
      shape: this.content.counts.shape[row] as number,
      ofShape: (this.shapeBefore[row] as number) + ofRow,
      inBucket: index - (this.bucketStart[row] as number),
      bucketSize: this.bucketSize[row] as number,
      bucket,
      plain: (this.plainBefore[row] as number) + ofRow,
      plainSize: this.plainOf[bucket] as number,
    };
  }

  /** First trace whose bucket ends after `time` (ns). */
  firstIndexAt(time: bigint): number {
    const { bucket, bucketSeconds } = this.content.counts;
    const width = BigInt(bucketSeconds) * NANOS;
    let low = 0;
    let high = bucket.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((BigInt(bucket[middle] as number) + 1n) * width > time) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return this.before[low] as number;
  }

  /** Half of the model's id, a check, and the number: 32 hex digits. */
  traceId(index: number): string {
    return this.prefix + hex8(hash32(this.key, index, 1)) + hex8(index);
  }

  indexOf(traceId: string): number | undefined {
    if (!/^[0-9a-f]{32}$/.test(traceId) || !traceId.startsWith(this.prefix)) {
      return undefined;
    }
    const index = Number.parseInt(traceId.slice(24), 16);
    return index < this.traceCount && this.traceId(index) === traceId ? index : undefined;
  }
}
