/**
 * @file Puts a trace into its time bucket so that counts and spans agree: every span begins in the bucket that the
 * trace's pattern gives it, and none before the first or after the last start of the batch.
 */
import { BUCKET_PARTS, expandPattern, type ModelContent } from '../features';
import { permute, stratified, uniform } from './random';
import type { TracePlace } from './trace-index';

const NANOS = 1_000_000_000n;

/** Starts of one trace's spans: bucket (Unix time / width) and ns within the bucket. */
export interface PlacedStarts {
  readonly width: bigint;
  readonly bucket: Float64Array;
  readonly within: Float64Array;
}

/**
 * Where in its bucket a trace begins, 0 ≤ u < 1: as many begin in each part as the counts say, each anywhere in it.
 * Arrivals that nobody coordinates are independent, so within a part they are drawn so.
 */
function inParts(parts: Float64Array, place: TracePlace, seed: number): number {
  const at = permute(place.plain, place.plainSize, seed);
  let part = 0;
  for (let before = 0; part < BUCKET_PARTS - 1; part++) {
    before += parts[place.bucket * BUCKET_PARTS + part] as number;
    if (at < before) {
      break;
    }
  }
  return (part + uniform(seed, place.plain)) / BUCKET_PARTS;
}

/**
 * Places a trace.
 * @param starts - ns from the anchor, in generation order
 * @param key - of the stream for anchors
 */
export function placeTrace(content: ModelContent, place: TracePlace, starts: Float64Array, key: number): PlacedStarts {
  const { counts, window } = content;
  const size = starts.length;
  const bucket = counts.bucket[place.row] as number;
  const width = counts.bucketSeconds * 1e9;
  const widthNanos = BigInt(counts.bucketSeconds) * NANOS;
  const origin = BigInt(bucket) * widthNanos;
  const earliest = Number(window.minStart - origin);
  const latest = Number(window.maxStart - origin);
  const shifts = expandPattern(counts.patterns[counts.pattern[place.row] as number] ?? [], size);
  const shiftAt = (i: number): number => (shifts === undefined ? 0 : (shifts[i] as number));
  // Anchors at which all spans fall where they should: [low, high).
  const anchorLow = Math.max(0, earliest);
  const anchorHigh = Math.min(width, latest + 1);
  let low = anchorLow;
  let high = anchorHigh;
  for (let i = 1; i < size; i++) {
    const start = starts[i] as number;
    const from = shiftAt(i) * width;
    low = Math.max(low, from - start, earliest - start);
    high = Math.min(high, from + width - start, latest + 1 - start);
  }
  const { unit } = window;
  let anchor: number;
  const first = Math.ceil(low / unit);
  const last = Math.ceil(high / unit) - 1;
  if (first <= last) {
    const seed = key ^ Math.imul(bucket, 0x2545f491);
    if (counts.parts !== undefined && counts.pattern[place.row] === 0) {
      const wanted = Math.floor((inParts(counts.parts, place, seed) * width) / unit);
      anchor = Math.max(first, Math.min(last, wanted)) * unit;
    } else {
      anchor = (first + Math.floor(stratified(place.inBucket, place.bucketSize, seed) * (last - first + 1))) * unit;
    }
  } else {
    anchor = Math.max(anchorLow, Math.min(anchorHigh - 1, Math.floor((low + high) / 2)));
  }
  const buckets = new Float64Array(size);
  const within = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const shift = shiftAt(i);
    const from = shift * width;
    const inside = anchor + (starts[i] as number) - from;
    buckets[i] = bucket + shift;
    // Never on the edge itself: slots of queries include their end, buckets their beginning, and both must count alike.
    const least = Math.min(unit, Math.max(0, latest - from));
    within[i] = Math.max(least, earliest - from, Math.min(width - 1, latest - from, inside));
  }
  return { width: widthNanos, bucket: buckets, within };
}
