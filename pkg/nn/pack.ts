/** @file Checks training rows and packs them row by row into shared memory, where all shards read them. */
import { GentError, limit } from '../common';
import { checkInputs } from './load';
import type { NetworkSpec, TrainingRows } from './types';

/** Units of a logit in a nat. */
const LOGITS_A_NAT = 64;

/** Rows in shared memory. A row's integers lie together, so that a shuffled pass costs one cache miss a row. */
export interface PackedRows {
  readonly count: number;
  /** count × (embeddings + 2): indices, target, number of classes. */
  readonly integers: Int32Array;
  /** count × levels. */
  readonly levels: Uint8Array;
  /** One a row; empty when all weigh 1. */
  readonly weights: Float32Array;
  /** Sets of prior logits in nats, and the set of each row; both empty without. */
  readonly priorLogits: Float32Array;
  readonly priorRows: Int32Array;
  /** Whether any row has fewer classes than the network. */
  readonly masked: boolean;
}

function shared(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.max(bytes, 8));
}

function problem(row: number, why: string): GentError {
  return new GentError('NN_BAD_ROWS', `row ${row}: ${why}`);
}

/**
 * Packs rows.
 * @throws GentError NN_BAD_ROWS when there is no row, or a row has an index out of its vocabulary, a target that is
 * no class of it, or a weight that is negative or not finite; LIMIT_EXCEEDED over NN_ROWS
 */
export function packRows(spec: NetworkSpec, rows: TrainingRows): PackedRows {
  const { count, targets, classCount, weights } = rows;
  if (count === 0) {
    throw new GentError('NN_BAD_ROWS', 'there is no row to learn from');
  }
  checkInputs({ spec }, rows);
  if (count > limit('NN_ROWS')) {
    throw new GentError('LIMIT_EXCEEDED', `${count} rows, over NN_ROWS = ${limit('NN_ROWS')}`);
  }
  for (const [name, column] of Object.entries({ targets, classCount, weights })) {
    if (column !== undefined && column.length < count) {
      throw new GentError('NN_BAD_ROWS', `${name} has ${column.length} of ${count} rows`);
    }
  }
  const inputs = spec.embeddings.length;
  const stride = inputs + 2;
  const integers = new Int32Array(shared(4 * count * stride));
  rows.indices.forEach((column, e) => {
    for (let row = 0, to = e; row < count; row++, to += stride) {
      integers[to] = column[row] as number;
    }
  });
  let masked = false;
  for (let row = 0, to = inputs; row < count; row++, to += stride) {
    const target = targets[row] as number;
    const classes = classCount === undefined ? spec.classes : (classCount[row] as number);
    if (classes < 1 || classes > spec.classes) {
      throw problem(row, `${classes} classes of ${spec.classes}`);
    }
    if (target >= classes) {
      throw problem(row, `target ${target} of ${classes} classes`);
    }
    masked ||= classes < spec.classes;
    integers[to] = target;
    integers[to + 1] = classes;
  }
  const levels = new Uint8Array(shared(count * spec.levels));
  levels.set(rows.levels.subarray(0, count * spec.levels));
  return { count, integers, levels, weights: packWeights(weights, count), ...packPrior(spec, rows), masked };
}

function packPrior(spec: NetworkSpec, { count, prior }: TrainingRows): Pick<PackedRows, 'priorLogits' | 'priorRows'> {
  const priorRows = new Int32Array(prior === undefined ? new SharedArrayBuffer(0) : shared(4 * count));
  const priorLogits = new Float32Array(
    prior === undefined ? new SharedArrayBuffer(0) : shared(4 * prior.logits.length)
  );
  if (prior !== undefined) {
    const sets = prior.logits.length / spec.classes;
    for (let row = 0; row < count; row++) {
      const set = prior.rows[row] ?? -1;
      if (!(set >= 0 && set < sets)) {
        throw problem(row, `prior ${set} of ${sets}`);
      }
      priorRows[row] = set;
    }
    prior.logits.forEach((logit, i) => {
      priorLogits[i] = logit / LOGITS_A_NAT;
    });
  }
  return { priorLogits, priorRows };
}

function packWeights(weights: Float32Array | undefined, count: number): Float32Array {
  if (weights === undefined) {
    return new Float32Array(new SharedArrayBuffer(0));
  }
  const packed = new Float32Array(shared(4 * count));
  let sum = 0;
  for (let row = 0; row < count; row++) {
    const weight = weights[row] as number;
    if (!(weight >= 0) || !Number.isFinite(weight)) {
      throw problem(row, `weight ${weight}`);
    }
    packed[row] = weight;
    sum += weight;
  }
  if (!(sum > 0)) {
    throw new GentError('NN_BAD_ROWS', 'all rows weigh 0');
  }
  return packed;
}
