/** @file Trains a network: checks, splits and packs the rows, runs the shards, and writes the integer network. */
import { GentError, startWorker } from '../common';
import { Barrier } from './barrier';
import { encodeNetwork } from './inference-graph';
import { DEFAULT_WEIGHT_BITS, MAX_WEIGHT_BITS, MIN_WEIGHT_BITS } from './integer';
import { layoutOf, type Layout } from './layout';
import { loadNetwork } from './load';
import { packRows, RecordView, type PackedRows } from './pack';
import { parseNetwork } from './parse-network';
import { Quantiser, toReal } from './quantiser';
import { Random } from './random';
import { CONTROL, SHARDS, SUM, type Job, type ShardMessage } from './shard';
import type { NetworkSpec, TrainedNetwork, TrainingOptions, TrainingRows, WarmStart } from './types';

/** Peak learning rate for batches of LARGEST_BATCH; smaller batches take one smaller by the root of the ratio. */
const DEFAULT_LEARNING_RATE = 0.01;
const LEAST_LEARNING_RATE = 0.003;
const DEFAULT_HELD_OUT = 0.03;
/** More rows than this say no more about when to stop. */
const MOST_HELD_OUT = 30_000;
const DEFAULT_PATIENCE = 6;
/** Batch by default: about this many steps an epoch, within bounds. */
const STEPS_AN_EPOCH = 200;
const SMALLEST_BATCH = 32;
const LARGEST_BATCH = 1024;
/** Standard deviation of an embedding before training. */
const EMBEDDING_SPREAD = 0.2;

function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

function checkOptions(options: TrainingOptions): void {
  const { epochs, batch = 1, learningRate = 1, heldOut = 0, patience = 1, weightBits = DEFAULT_WEIGHT_BITS } = options;
  const fail = (what: string, value: number): never => {
    throw new GentError('NN_BAD_SPEC', `training option ${what} is ${value}`);
  };
  if (!Number.isInteger(epochs) || epochs < 1) {
    fail('epochs', epochs);
  }
  if (!Number.isInteger(batch) || batch < 1) {
    fail('batch', batch);
  }
  if (!(learningRate > 0)) {
    fail('learningRate', learningRate);
  }
  if (!(heldOut >= 0 && heldOut < 1)) {
    fail('heldOut', heldOut);
  }
  if (!(patience >= 1)) {
    fail('patience', patience);
  }
  if (!Number.isInteger(weightBits) || weightBits < MIN_WEIGHT_BITS || weightBits > MAX_WEIGHT_BITS) {
    fail('weightBits', weightBits);
  }
}

/** Rows to learn from and rows held out, a seeded choice; with too few rows, the same rows serve both ends. */
function split(count: number, heldOut: number, seed: number): { learn: Uint32Array; held: Uint32Array } {
  const shared = (length: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(4 * length));
  const order = shared(count).map((_, i) => i);
  new Random(seed, 1).shuffle(order);
  const size = Math.min(MOST_HELD_OUT, Math.floor(count * heldOut));
  const take = (from: number, to: number): Uint32Array => {
    const part = shared(to - from);
    part.set(order.subarray(from, to));
    return part;
  };
  const learn = take(size, count);
  return { learn, held: size > 0 ? take(0, size) : take(0, Math.min(count, MOST_HELD_OUT)) };
}

/** He-normal weights (He et al. 2015, arXiv:1502.01852), small embeddings; those of values that never occur are 0. */
function initialise(real: Float32Array, layout: Layout, rows: PackedRows, seed: number): void {
  const random = new Random(seed, 2);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const view = new RecordView(rows.layout, rows.records.buffer);
  layout.tables.forEach(({ offset, vocabulary, dimension }, e) => {
    const occurs = new Uint8Array(vocabulary);
    for (let row = 0; row < rows.count; row++) {
      occurs[view.column(row, e)] = 1;
    }
    for (let i = 0; i < vocabulary * dimension; i++) {
      const value = normal() * EMBEDDING_SPREAD;
      real[offset + i] = occurs[Math.floor(i / dimension)] === 1 ? value : 0;
    }
  });
  layout.layers.forEach(({ weights, bias, inputs }, index) => {
    const last = index === layout.layers.length - 1;
    const spread = Math.sqrt((last ? 0.5 : 2) / inputs);
    for (let i = weights; i < bias; i++) {
      real[i] = normal() * spread;
    }
  });
}

/** Puts the weights to go on from in the place of fresh ones. */
function warm(real: Float32Array, layout: Layout, start: Uint8Array | WarmStart): void {
  if (start instanceof Uint8Array) {
    const network = parseNetwork(start);
    if (JSON.stringify(network.layout) !== JSON.stringify(layout)) {
      throw new GentError('NN_BAD_SPEC', 'the network to go on from has another shape');
    }
    real.set(toReal(network));
    return;
  }
  const network = parseNetwork(start.onnx);
  const old = toReal(network);
  const shapeOf = ({ tables, layers }: Layout): string =>
    JSON.stringify([tables.map((table) => table.dimension), layers.map(({ inputs, outputs }) => [inputs, outputs])]);
  const fits =
    shapeOf(network.layout) === shapeOf(layout) &&
    start.rows.length === layout.tables.length &&
    layout.tables.every(({ vocabulary }, e) => {
      const most = network.layout.tables[e]?.vocabulary ?? 0;
      const rows = start.rows[e] as Int32Array;
      return rows.length === vocabulary && rows.every((row) => row >= -1 && row < most);
    });
  if (!fits) {
    throw new GentError('NN_BAD_SPEC', 'the network to go on from has another shape');
  }
  layout.tables.forEach(({ offset, dimension }, e) => {
    const from = network.layout.tables[e]?.offset ?? 0;
    start.rows[e]?.forEach((row, i) => {
      const at = offset + i * dimension;
      const known = old.subarray(from + row * dimension, from + (row + 1) * dimension);
      // A row of 0 is one that never occurred: there is nothing to take, or no use for it.
      if (
        row >= 0 &&
        known.some((value) => value !== 0) &&
        real.subarray(at, at + dimension).some((value) => value !== 0)
      ) {
        real.set(known, at);
      }
    });
  });
  layout.layers.forEach(({ weights, bias, outputs }, index) => {
    const from = network.layout.layers[index]?.weights ?? 0;
    real.set(old.subarray(from, from + bias + outputs - weights), weights);
  });
}

function makeJob(spec: NetworkSpec, rows: TrainingRows | PackedRows, options: TrainingOptions): Job {
  const layout = layoutOf(spec);
  checkOptions(options);
  const packed = 'records' in rows ? rows : packRows(spec, rows);
  const { seed } = options;
  const { learn, held } = split(packed.count, options.heldOut ?? DEFAULT_HELD_OUT, seed);
  const bits = options.weightBits ?? DEFAULT_WEIGHT_BITS;
  const wanted = 2 ** Math.round(Math.log2(learn.length / STEPS_AN_EPOCH));
  const batch = options.batch ?? Math.min(LARGEST_BATCH, Math.max(SMALLEST_BATCH, wanted));
  const rate = Math.max(LEAST_LEARNING_RATE, DEFAULT_LEARNING_RATE * Math.sqrt(Math.min(1, batch / LARGEST_BATCH)));
  const vector = (): Float32Array => sharedFloats(layout.size);
  const real = vector();
  initialise(real, layout, packed, seed);
  if (options.warmStart !== undefined) {
    warm(real, layout, options.warmStart);
  }
  const bytes = (length: number): Int8Array => new Int8Array(new SharedArrayBuffer(length));
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL.cells));
  control[CONTROL.planned] = options.epochs;
  return {
    spec,
    bits,
    seed,
    epochs: options.epochs,
    batch,
    learningRate: options.learningRate ?? rate,
    patience: options.patience ?? DEFAULT_PATIENCE,
    timeBudgetSeconds: options.timeBudgetSeconds ?? 0,
    rows: packed,
    learn,
    held,
    real,
    fed: { codes: new Uint8Array(new SharedArrayBuffer(layout.size)), biases: sharedFloats(layout.channels) },
    first: vector(),
    second: vector(),
    best: vector(),
    exponents: bytes(layout.channels),
    bestExponents: bytes(layout.channels),
    gradients: Array.from({ length: SHARDS }, vector),
    control,
    sums: new Float64Array(new SharedArrayBuffer(8 * SHARDS * SUM.cells)),
  };
}

type Done = Extract<ShardMessage, { kind: 'done' }>;

/**
 * Runs the shards to the end. They are asked to stop, never terminated: a thread that is ended inside the native
 * runtime takes the process with it.
 */
async function runShards(job: Job, { progress, signal }: TrainingOptions): Promise<Done> {
  if (signal?.aborted === true) {
    throw new GentError('CANCELLED', 'the training was cancelled');
  }
  const barrier = new Barrier(job.control, SHARDS);
  let done: Done | undefined;
  let failure: GentError | undefined;
  const fail = (error: GentError): void => {
    failure ??= error;
    barrier.break();
  };
  const onAbort = (): void => fail(new GentError('CANCELLED', 'the training was cancelled'));
  signal?.addEventListener('abort', onAbort, { once: true });
  const onMessage = (message: ShardMessage): void => {
    if (message.kind === 'done') {
      done = message;
    } else if (message.kind === 'failed') {
      fail(new GentError('NN_TRAINING_FAILED', message.why));
    } else {
      progress?.update(message.done, message.note);
    }
  };
  progress?.start('training the network', Math.ceil(job.learn.length / job.batch) * job.epochs);
  const ended = Array.from({ length: SHARDS }, (_, index) => {
    const worker = startWorker('nn-shard', { job, index });
    worker.on('message', onMessage);
    worker.on('error', (error) => fail(new GentError('NN_TRAINING_FAILED', error.message, { cause: error })));
    return new Promise<void>((resolve) => worker.on('exit', () => resolve()));
  });
  await Promise.all(ended);
  signal?.removeEventListener('abort', onAbort);
  if (failure !== undefined || done === undefined) {
    progress?.stop('stopped');
    throw failure ?? new GentError('NN_TRAINING_FAILED', 'the training workers ended without a result');
  }
  return done;
}

/** Mean loss (nats a row) of the network in `onnx` over the held-out rows of a job, from its integer logits. */
async function integerLoss(onnx: Uint8Array, job: Job): Promise<number> {
  const { spec, held, rows } = job;
  const network = await loadNetwork(onnx);
  const inputs = spec.embeddings.length;
  const view = new RecordView(rows.layout, rows.records.buffer);
  const levels = new Uint8Array(held.length * spec.levels);
  held.forEach((row, i) => {
    const from = view.levelsAt(row);
    levels.set(view.bytes.subarray(from, from + spec.levels), i * spec.levels);
  });
  const indices = spec.embeddings.map((_, e) => Int32Array.from(held, (row) => view.column(row, e)));
  const logits = await network.logits({ count: held.length, indices, levels });
  await network.close();
  let loss = 0;
  let weights = 0;
  held.forEach((row, i) => {
    const weight = view.weight(row);
    const set = rows.priorLogits.length > 0 ? view.prior(row) * spec.classes : -1;
    const own = Float64Array.from({ length: view.column(row, inputs + 1) }, (_, c) => {
      const prior = set < 0 ? 0 : 64 * (rows.priorLogits[set + c] as number);
      return (logits[i * spec.classes + c] as number) + prior;
    });
    loss += weight * crossEntropy(own, view.column(row, inputs));
    weights += weight;
  });
  return loss / weights;
}

/** −log softmax(logits / 64)[target]. */
function crossEntropy(logits: Float64Array, target: number): number {
  let top = -Infinity;
  for (const logit of logits) {
    top = Math.max(top, logit);
  }
  let sum = 0;
  for (const logit of logits) {
    sum += Math.exp((logit - top) / 64);
  }
  return Math.log(sum) - ((logits[target] as number) - top) / 64;
}

/**
 * Trains a network on `rows` and gives its integer form. The same spec, rows, options and seed give the same bytes on
 * one machine, unless a time budget is set. Two worker threads do the work.
 * @param rows - packed for this very spec, where the caller need not keep them otherwise: half the memory
 * @throws GentError NN_BAD_SPEC, NN_BAD_ROWS, LIMIT_EXCEEDED for what cannot be trained; CANCELLED by the signal;
 * NN_TRAINING_FAILED when a worker fails; NN_RUNTIME_MISSING
 */
export async function trainNetwork(
  spec: NetworkSpec,
  rows: TrainingRows | PackedRows,
  options: TrainingOptions
): Promise<TrainedNetwork> {
  const started = performance.now();
  const job = makeJob(spec, rows, options);
  const done = await runShards(job, options);
  const onnx = encodeNetwork(new Quantiser(spec, job.bits, job.bestExponents).toInteger(job.best));
  const report = {
    epochs: done.epochs,
    rows: rows.count,
    parameters: job.real.length,
    trainLoss: done.trainLoss,
    heldOutLoss: done.heldOutLoss,
    integerLoss: await integerLoss(onnx, job),
    seconds: (performance.now() - started) / 1000,
  };
  options.progress?.stop(`loss ${report.integerLoss.toFixed(4)} nats, ${report.epochs} epochs`);
  return { onnx, report };
}
