/**
 * @file Classifier two-sample tests (Lopez-Paz & Oquab 2017): how well boosted trees tell rows of one side from rows of
 * the other on rows they were not taught. 1 = not at all.
 */
import { boostedScores, type FeatureColumns } from './boosting';
import type { Clock } from './clock';
import { busiestServices, operationRanks, spanRows, traceRows } from './feature-rows';
import { meanOf } from './distance';
import type { SpanTable } from './span-table';

const MAX_ROWS = 8000;
const MIN_DRAWS = 3;
const MAX_DRAWS = 10;
/** Small sets are drawn more often: about this many rows a side in all. */
const ROWS_IN_ALL = 16_000;
const TRAIN_SHARE = 0.7;
/** Fewer rows a side say nothing. */
const MIN_ROWS = 20;
/** Points of an ROC curve. */
const ROC_POINTS = 40;

/** False and true positive rates, ascending, from (0, 0) to (1, 1). */
export type RocCurve = ReadonlyArray<readonly [number, number]>;

export interface TwoSample {
  /** 1 − 2·|AUC − ½|, mean AUC of the draws. */
  readonly c2st: number;
  readonly auc: number;
  /** Of the first draw. */
  readonly roc: RocCurve;
  readonly rowsASide: number;
  readonly draws: number;
}

/** Two-sample tests on trace rows and on span rows; null with too few rows. */
export interface TwoSampleTests {
  readonly traces: TwoSample | null;
  readonly spans: TwoSample | null;
}

/** Numbers from 0 to 1 from a seed (mulberry32). */
export function seededUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` different numbers below `total`, in the order drawn. */
export function drawn(total: number, count: number, uniform: () => number): Int32Array {
  const all = Int32Array.from({ length: total }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(uniform() * (total - i));
    const value = all[j] as number;
    all[j] = all[i] as number;
    all[i] = value;
  }
  return all.slice(0, count);
}

/** Area under the ROC curve by ranks, ties at their mean rank. */
export function areaUnderCurve(scores: Float64Array, labels: Uint8Array): number {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  let positives = 0;
  let rankSum = 0;
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j + 1 < order.length && scores[order[j + 1] as number] === scores[order[i] as number]) {
      j += 1;
    }
    for (let k = i; k <= j; k++) {
      if (labels[order[k] as number] === 1) {
        positives += 1;
        rankSum += (i + j) / 2 + 1;
      }
    }
    i = j + 1;
  }
  const negatives = labels.length - positives;
  return positives === 0 || negatives === 0
    ? 0.5
    : (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** The ROC curve of scores at about {@link ROC_POINTS} thresholds. */
export function rocCurve(scores: Float64Array, labels: Uint8Array): RocCurve {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  const points: Array<readonly [number, number]> = [[0, 0]];
  let hits = 0;
  const step = Math.max(1, Math.floor(order.length / ROC_POINTS));
  order.forEach((row, i) => {
    hits += labels[row] as number;
    if ((i + 1) % step === 0 || i + 1 === order.length) {
      points.push([(i + 1 - hits) / Math.max(1, negatives), hits / Math.max(1, positives)]);
    }
  });
  return points;
}

const BITS = new Float64Array(1);
const WORDS = new Uint32Array(BITS.buffer);

/** A number of 0 … 1 that rows with equal keys share. */
function rowHash(keys: FeatureColumns, row: number, seed: number): number {
  let hash = Math.imul(seed + 1, 0x9e3779b1);
  for (const column of keys) {
    BITS[0] = column[row] as number;
    hash = Math.imul(hash ^ (WORDS[0] as number), 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash ^ (WORDS[1] as number), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32;
}

/** Rows of one side under those of the other. */
function stacked(real: FeatureColumns, other: FeatureColumns): FeatureColumns {
  return real.map((column, i) => {
    const below = other[i] as Float64Array;
    const joined = new Float64Array(column.length + below.length);
    joined.set(column);
    joined.set(below, column.length);
    return joined;
  });
}

/** One draw: learns on 70% of the rows (those of equal keys stay together), scores the rest. */
function testDraw(
  features: FeatureColumns,
  keys: FeatureColumns,
  labels: Uint8Array,
  seed: number
): { auc: number; roc: RocCurve } {
  const train: number[] = [];
  const test: number[] = [];
  for (let row = 0; row < labels.length; row++) {
    (rowHash(keys, row, seed) < TRAIN_SHARE ? train : test).push(row);
  }
  const scores = boostedScores(features, labels, Int32Array.from(train));
  const testScores = Float64Array.from(test, (row) => scores[row] as number);
  const testLabels = Uint8Array.from(test, (row) => labels[row] as number);
  return { auc: areaUnderCurve(testScores, testLabels), roc: rocCurve(testScores, testLabels) };
}

/** Some rows: what the trees see of them, and what decides whether they teach or test. */
interface Sample {
  readonly features: FeatureColumns;
  readonly keys: FeatureColumns;
}

interface Rows {
  readonly count: number;
  of(rows: Int32Array): Sample;
}

function chosen(columns: FeatureColumns, rows: Int32Array): FeatureColumns {
  return columns.map((column) => Float64Array.from(rows, (row) => column[row] as number));
}

/** Draws equal numbers of rows of both sides until enough were seen. `pick` chooses the rows of a draw. */
function average(
  rowsASide: number,
  seed: number,
  pick: (uniform: () => number) => readonly [Sample, Sample]
): TwoSample | null {
  if (rowsASide < MIN_ROWS) {
    return null;
  }
  const draws = Math.max(MIN_DRAWS, Math.min(MAX_DRAWS, Math.round(ROWS_IN_ALL / rowsASide)));
  const labels = new Uint8Array(2 * rowsASide).fill(1, rowsASide);
  const results = Array.from({ length: draws }, (_, draw) => {
    const [real, other] = pick(seededUniform(seed * 1000 + draw));
    const features = stacked(real.features, other.features);
    return testDraw(features, stacked(real.keys, other.keys), labels, seed * 1000 + draw);
  });
  const auc = meanOf(results.map((result) => result.auc)) ?? 0.5;
  return { c2st: 1 - 2 * Math.abs(auc - 0.5), auc, roc: results[0]?.roc ?? [], rowsASide, draws };
}

function compare(real: Rows, other: Rows, seed: number): TwoSample | null {
  const rows = Math.min(real.count, other.count, MAX_ROWS);
  return average(rows, seed, (uniform) => [
    real.of(drawn(real.count, rows, uniform)),
    other.of(drawn(other.count, rows, uniform)),
  ]);
}

/** Disjoint halves of the real rows, as many as the comparison drew where there are enough. */
function compareHalves(real: Rows, rowsASide: number, seed: number): TwoSample | null {
  const rows = Math.min(rowsASide, Math.floor(real.count / 2), MAX_ROWS);
  return average(rows, seed, (uniform) => {
    const both = drawn(real.count, 2 * rows, uniform);
    return [real.of(both.subarray(0, rows)), real.of(both.subarray(rows))];
  });
}

/** Rows of traces; equal rows stay together. */
function traceSide(columns: FeatureColumns): Rows {
  const of = (rows: Int32Array): Sample => {
    const features = chosen(columns, rows);
    return { features, keys: features };
  };
  return { count: columns[0]?.length ?? 0, of };
}

/**
 * Rows of spans; those of one trace stay together, and with those of its copies: by start and duration of its entry.
 * Otherwise the start times of a trace with many drawn spans would give it away.
 */
function spanSide(table: SpanTable, features: (rows: Int32Array) => FeatureColumns): Rows {
  const entries = new Int32Array(table.spans);
  table.entry.forEach((entry, trace) => entries.fill(entry, table.offsets[trace], table.offsets[trace + 1]));
  return {
    count: table.spans,
    of: (rows) => ({
      features: features(rows),
      keys: chosen(
        [table.start, table.duration],
        rows.map((row) => entries[row] as number)
      ),
    }),
  };
}

/** What a test of a real side needs of it, made once for many other sides. */
export class TwoSampleTester {
  private readonly traces: Rows;
  private readonly spans: Rows;
  private readonly services: number[];
  private readonly ranks: Map<number, number>;

  constructor(
    real: SpanTable,
    private readonly clock: Clock
  ) {
    this.services = busiestServices(real);
    this.ranks = operationRanks(real);
    this.traces = this.traceRowsOf(real);
    this.spans = this.spanRowsOf(real);
  }

  private traceRowsOf(table: SpanTable): Rows {
    return traceSide(traceRows(table, this.clock, this.services));
  }

  private spanRowsOf(table: SpanTable): Rows {
    return spanSide(table, spanRows(table, this.clock, this.ranks));
  }

  /** Tells `other` from the real side. */
  test(other: SpanTable, seed = 1): TwoSampleTests {
    return {
      traces: compare(this.traces, this.traceRowsOf(other), seed),
      spans: compare(this.spans, this.spanRowsOf(other), seed),
    };
  }

  /** Tells disjoint halves of the real side apart, at the size that a test of `other` has. */
  control(other: SpanTable, seed = 1): TwoSampleTests {
    return {
      traces: compareHalves(this.traces, Math.min(other.traces, MAX_ROWS), seed),
      spans: compareHalves(this.spans, Math.min(other.spans, MAX_ROWS), seed),
    };
  }
}
