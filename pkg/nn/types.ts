/** @file The network of a model as the rest of the project sees it: rows of small integers in, a class out. */
import type { Progress } from '../common';

/** One categorical input: an index into an embedding table. */
export interface EmbeddingInput {
  readonly name: string;
  /** Number of different indices; rows hold 0 … vocabulary − 1. */
  readonly vocabulary: number;
  /** Length of the learnt vector. */
  readonly dimension: number;
}

/** Shape of a network: embeddings and levels in, hidden layers, one softmax over `classes`. */
export interface NetworkSpec {
  readonly embeddings: readonly EmbeddingInput[];
  /** Number of numeric inputs; each is a level 0…255 standing for level/255. */
  readonly levels: number;
  /** Widths of the hidden layers. */
  readonly hidden: readonly number[];
  /** Number of classes of the one output; a row may use fewer (see Rows.classCount). */
  readonly classes: number;
}

/** Inputs of `count` rows, column by column so that they move between threads without a copy. */
export interface RowInputs {
  readonly count: number;
  /** One column for each embedding, each of length ≥ count. */
  readonly indices: readonly Int32Array[];
  /** Row-major count × levels. */
  readonly levels: Uint8Array;
}

/** Logits that are known before the network says anything: what it gives is added to them. */
export interface PriorLogits {
  /** Sets of logits in 1/64 nat, one after the other, each as long as the network has classes. */
  readonly logits: Int16Array;
  /** The set of each row. */
  readonly rows: Int32Array;
}

/** Rows to learn from. */
export interface TrainingRows extends RowInputs {
  /** The class of each row, 0 … classes − 1. */
  readonly targets: Uint8Array | Uint16Array;
  /** How many of the classes exist for the row (classes beyond are never drawn); absent = all. */
  readonly classCount?: Uint16Array;
  /** Weight of each row in the loss; absent = 1. */
  readonly weights?: Float32Array;
  /** What the network need not learn; whoever draws from its logits must add the same. Absent = all 0. */
  readonly prior?: PriorLogits;
}

/** A network to go on from whose vocabularies are others. */
export interface WarmStart {
  readonly onnx: Uint8Array;
  /**
   * For each embedding of the new network, the row of the old network's embedding in the same place that each of its
   * rows goes on from; −1 = none. The dimensions, levels, hidden layers and classes must be the same.
   */
  readonly rows: readonly Int32Array[];
}

export interface TrainingOptions {
  readonly seed: number;
  /** Upper bound on passes over the rows. */
  readonly epochs: number;
  /** Rows of one step, over all shards. */
  readonly batch?: number;
  readonly learningRate?: number;
  /** Share of rows held out for the stopping rule. */
  readonly heldOut?: number;
  /** Stop after this many epochs without a better held-out loss. */
  readonly patience?: number;
  /** Stop starting new epochs after this many seconds of wall time; 0 = never (then the result depends on the seed only). */
  readonly timeBudgetSeconds?: number;
  /** Bits of a weight in the file: codes within ±(2^(bits−1) − 1), at most 7 so that every kernel multiplies exactly; 6 by default. */
  readonly weightBits?: number;
  /** Weights to go on from, as an earlier training gave them: of the same spec, or with what became of its rows. */
  readonly warmStart?: Uint8Array | WarmStart;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface TrainingReport {
  readonly epochs: number;
  readonly rows: number;
  readonly parameters: number;
  /** Nats a row. */
  readonly trainLoss: number;
  readonly heldOutLoss: number;
  /** Held-out loss of the integer network that goes into the file. */
  readonly integerLoss: number;
  readonly seconds: number;
}

export interface TrainedNetwork {
  /** The integer inference graph: ONNX bytes, deterministic, weights as int8. */
  readonly onnx: Uint8Array;
  readonly report: TrainingReport;
}

/** Which ONNX Runtime evaluates the network; both give the same integers. */
export type Runtime = 'native' | 'wasm';

/** A network ready to be asked. */
export interface IntegerNetwork {
  readonly spec: NetworkSpec;
  /**
   * Logits in 1/64 nat as exact integers, row-major count × classes. The same rows give the same integers on every
   * machine, in any batch. The result may be a view into a buffer that the next call overwrites.
   */
  logits(rows: RowInputs): Promise<Int32Array | Int16Array>;
  close(): Promise<void>;
}
