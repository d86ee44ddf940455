/** @file Checks training rows and packs them, one record a row, into shared memory, where all shards read them. */
import { GentError, limit } from '../common';
import { checkInputs } from './load';
import type { NetworkSpec, TrainingRows } from './types';

/** Units of a logit in a nat. */
const LOGITS_A_NAT = 64;
/** Bytes of a processor's cache line. */
const LINE = 64;
/** Larger indices do not fit two bytes. */
const NARROW = 2 ** 16;

/**
 * How a row lies in its record: weight (float32), set of the prior (int32), the columns (indices, target, number of
 * classes; two bytes each, four where a vocabulary is larger than that), levels (u8).
 */
export interface RecordLayout {
  /** Bytes of a record: whole 32-bit words, and a cache line where it fits one, so that a shuffled pass misses once a row. */
  readonly bytes: number;
  /** Whether columns take four bytes. */
  readonly wide: boolean;
  /** Where the columns begin, in columns from the record's beginning; where the levels do, in bytes. */
  readonly columns: number;
  readonly levels: number;
}

/** Where in a record weight and prior are, in 32-bit words. */
const WEIGHT = 0;
const PRIOR = 1;

/** Rows in shared memory. */
export interface PackedRows {
  readonly count: number;
  readonly layout: RecordLayout;
  readonly records: Uint8Array;
  /** Whether rows have weights of their own; all 1 if not. */
  readonly weighted: boolean;
  /** Sets of prior logits in nats; empty without. */
  readonly priorLogits: Float32Array;
  /** Whether any row has fewer classes than the network. */
  readonly masked: boolean;
  /** Mean weight. */
  readonly meanWeight: number;
}

/** Records of one buffer, by the kinds of numbers in them. */
export class RecordView {
  readonly words: Int32Array;
  readonly columns: Uint16Array | Int32Array;
  private readonly floats: Float32Array;
  readonly bytes: Uint8Array;
  private readonly stride: number;
  private readonly columnStride: number;

  /** @param buffer - records from its beginning on */
  constructor(
    private readonly layout: RecordLayout,
    buffer: ArrayBufferLike
  ) {
    this.words = new Int32Array(buffer);
    this.columns = layout.wide ? this.words : new Uint16Array(buffer);
    this.floats = new Float32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.stride = layout.bytes / 4;
    this.columnStride = layout.wide ? this.stride : layout.bytes / 2;
  }

  column(row: number, column: number): number {
    return this.columns[row * this.columnStride + this.layout.columns + column] as number;
  }

  setColumn(row: number, column: number, value: number): void {
    this.columns[row * this.columnStride + this.layout.columns + column] = value;
  }

  weight(row: number): number {
    return this.floats[row * this.stride + WEIGHT] as number;
  }

  setWeight(row: number, weight: number): void {
    this.floats[row * this.stride + WEIGHT] = weight;
  }

  /** Set of the prior logits; 0 where there are none. */
  prior(row: number): number {
    return this.words[row * this.stride + PRIOR] as number;
  }

  setPrior(row: number, set: number): void {
    this.words[row * this.stride + PRIOR] = set;
  }

  /** First of the row's levels among `bytes`. */
  levelsAt(row: number): number {
    return row * this.layout.bytes + this.layout.levels;
  }
}

/** How rows of a network lie in their records. */
export function recordLayout({ embeddings, levels, classes }: NetworkSpec): RecordLayout {
  const wide = embeddings.some(({ vocabulary }) => vocabulary > NARROW) || classes >= NARROW;
  const width = wide ? 4 : 2;
  const head = 8;
  const levelsAt = head + (embeddings.length + 2) * width;
  const needed = Math.ceil((levelsAt + levels) / 4) * 4;
  const bytes = needed > LINE / 2 && needed <= LINE ? LINE : needed;
  return { bytes, wide, columns: head / width, levels: levelsAt };
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
  const layout = recordLayout(spec);
  const buffer = shared(count * layout.bytes);
  const view = new RecordView(layout, buffer);
  let masked = false;
  for (let row = 0; row < count; row++) {
    for (let e = 0; e < inputs; e++) {
      view.setColumn(row, e, rows.indices[e]?.[row] as number);
    }
    const target = targets[row] as number;
    const classes = classCount === undefined ? spec.classes : (classCount[row] as number);
    if (classes < 1 || classes > spec.classes) {
      throw problem(row, `${classes} classes of ${spec.classes}`);
    }
    if (target >= classes) {
      throw problem(row, `target ${target} of ${classes} classes`);
    }
    masked ||= classes < spec.classes;
    view.setColumn(row, inputs, target);
    view.setColumn(row, inputs + 1, classes);
    const from = row * spec.levels;
    for (let level = 0, to = view.levelsAt(row); level < spec.levels; level++) {
      view.bytes[to + level] = rows.levels[from + level] as number;
    }
  }
  const meanWeight = packWeights(view, weights, count);
  const priorLogits = packPrior(spec, view, rows);
  return { count, layout, records: view.bytes, weighted: weights !== undefined, priorLogits, masked, meanWeight };
}

function packPrior(spec: NetworkSpec, view: RecordView, { count, prior }: TrainingRows): Float32Array {
  const logits = new Float32Array(prior === undefined ? new SharedArrayBuffer(0) : shared(4 * prior.logits.length));
  if (prior !== undefined) {
    const sets = prior.logits.length / spec.classes;
    for (let row = 0; row < count; row++) {
      const set = prior.rows[row] ?? -1;
      if (!(set >= 0 && set < sets)) {
        throw problem(row, `prior ${set} of ${sets}`);
      }
      view.setPrior(row, set);
    }
    prior.logits.forEach((logit, i) => {
      logits[i] = logit / LOGITS_A_NAT;
    });
  }
  return logits;
}

/** @returns the mean weight */
function packWeights(view: RecordView, weights: Float32Array | undefined, count: number): number {
  if (weights === undefined) {
    for (let row = 0; row < count; row++) {
      view.setWeight(row, 1);
    }
    return 1;
  }
  let sum = 0;
  for (let row = 0; row < count; row++) {
    const weight = weights[row] as number;
    if (!(weight >= 0) || !Number.isFinite(weight)) {
      throw problem(row, `weight ${weight}`);
    }
    view.setWeight(row, weight);
    sum += weight;
  }
  if (!(sum > 0)) {
    throw new GentError('NN_BAD_ROWS', 'all rows weigh 0');
  }
  return sum / count;
}
