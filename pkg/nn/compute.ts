/** @file Runs the training graph for one shard: gathers a batch, feeds it, and lays the gradients out flat. */
import { inUnits, unitOf, type Units } from './gather';
import { layoutOf, type Layout, type TableLayout } from './layout';
import { RecordView, type PackedRows } from './pack';
import type { Fed, Quantiser } from './quantiser';
import { loadRuntime, sessionOptions, type InferenceSession, type OrtModule, type Tensor } from './runtime';
import type { Job } from './shard';
import { encodeTrainingGraph } from './training-graph';

/** Rows of one evaluation call. */
const EVALUATION_ROWS = 1024;

/** Added to the logits of a class that a row does not have: e^−10000 is 0 in float32. */
const NO_CLASS = -10_000;

/** Whether anything is added to the logits before they are compared with what was seen. */
function hasPrior({ priorLogits, masked }: PackedRows): boolean {
  return priorLogits.length > 0 || masked;
}

/** Summed weighted loss, and the weights' sum. */
export interface LossSum {
  readonly loss: number;
  readonly weight: number;
}

/** The two sessions of a shard and its buffers. */
export class ShardCompute {
  private readonly layout: Layout;
  /** The parameters of this step, copied: the runtime does not take shared memory. */
  private readonly fed: Fed;
  private readonly gradient: Float32Array;
  private readonly parameters: Record<string, Tensor> = {};
  private x = new Uint8Array(0);
  /** Bytes that embeddings are copied by: what all their dimensions are multiples of. */
  private readonly unit: number;
  private readonly codeUnits: Units;
  private xUnits: Units = new Uint8Array(0);
  /** Records of the batch's rows, as in PackedRows. */
  private batch: RecordView;
  private readonly rows: RecordView;
  private targets = new Int32Array(0);
  private weights = new Float32Array(0);
  private prior = new Float32Array(0);
  /** The batch: its rows, by what their weights are multiplied, and the sum of the weights. */
  private taken = { count: 0, scale: 1, weight: 0 };
  /** Kept for {@link copyRecords}. */
  protected seen = 0;

  private constructor(
    private readonly job: Job,
    index: number,
    { steps }: Quantiser,
    private readonly ort: OrtModule,
    private readonly forward: InferenceSession,
    private readonly backward: InferenceSession
  ) {
    this.layout = layoutOf(job.spec);
    const { size, channels, width, tables } = this.layout;
    this.fed = { codes: new Uint8Array(size), biases: new Float32Array(channels) };
    this.unit = unitOf([width, ...tables.map(({ dimension }) => dimension)]);
    this.codeUnits = inUnits(this.fed.codes, this.unit);
    this.gradient = job.gradients[index] as Float32Array;
    this.rows = new RecordView(job.rows.layout, job.rows.records.buffer);
    this.batch = new RecordView(job.rows.layout, new ArrayBuffer(0));
    const { codes, biases } = this.fed;
    const signed = new Int8Array(codes.buffer);
    this.layout.layers.forEach(({ weights, bias, inputs, outputs, channel }, layer) => {
      const ofChannels = (values: Float32Array): Tensor =>
        new ort.Tensor('float32', values.subarray(channel, channel + outputs), [outputs]);
      this.parameters[`q${layer}`] = new ort.Tensor('int8', signed.subarray(weights, bias), [inputs, outputs]);
      this.parameters[`s${layer}`] = ofChannels(steps);
      this.parameters[`b${layer}`] = ofChannels(biases);
    });
  }

  static async create(job: Job, index: number, quantiser: Quantiser): Promise<ShardCompute> {
    const ort = await loadRuntime('native');
    const layout = layoutOf(job.spec);
    const options = { weighted: job.rows.weighted, prior: hasPrior(job.rows) };
    const session = (gradients: boolean): Promise<InferenceSession> =>
      ort.InferenceSession.create(encodeTrainingGraph(layout, { ...options, gradients }), sessionOptions('native'));
    return new ShardCompute(job, index, quantiser, ort, await session(false), await session(true));
  }

  async close(): Promise<void> {
    await this.forward.release();
    await this.backward.release();
  }

  private takeParameters(): void {
    this.fed.codes.set(this.job.fed.codes);
    this.fed.biases.set(this.job.fed.biases);
  }

  private reserve(count: number): void {
    if (this.targets.length < count) {
      const { rows, spec } = this.job;
      this.x = new Uint8Array(count * this.layout.width);
      this.xUnits = inUnits(this.x, this.unit);
      this.batch = new RecordView(rows.layout, new ArrayBuffer(count * rows.layout.bytes));
      this.targets = new Int32Array(count);
      this.weights = new Float32Array(count);
      this.prior = new Float32Array(hasPrior(rows) ? count * spec.classes : 0);
    }
  }

  /**
   * Takes rows order[from … to − 1] as the batch: what of them does not depend on the parameters. `scale` multiplies their
   * weights.
   */
  take(order: Uint32Array, from: number, to: number, scale: number): void {
    const count = to - from;
    this.reserve(count);
    const { batch, x, job } = this;
    const { tables, width } = this.layout;
    this.seen = copyRecords(this.rows.words, batch.words, order, from, to, job.rows.layout.bytes / 4);
    const depth = job.spec.levels;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      this.targets[i] = batch.column(i, tables.length);
      let at = (i + 1) * width - depth;
      for (let level = batch.levelsAt(i), end = level + depth; level < end;) {
        x[at++] = batch.bytes[level++] as number;
      }
      const weight = batch.weight(i);
      this.weights[i] = weight * scale;
      sum += weight;
    }
    if (this.prior.length > 0) {
      this.gatherPrior(count);
    }
    this.taken = { count, scale, weight: sum };
  }

  /** Puts the embeddings of the batch's rows into their columns. */
  private embed(): void {
    const { tables, width } = this.layout;
    const { unit, batch, taken } = this;
    tables.forEach(({ offset, dimension, column }, e) => {
      const table = { offset: offset / unit, dimension: dimension / unit, column: column / unit };
      pickRows(this.codeUnits, table, batch, e, taken.count, this.xUnits, width / unit);
    });
  }

  /** What is added to the logits of the batch's rows: what is known of them, and that some of the classes are not there. */
  private gatherPrior(count: number): void {
    const { batch, prior, job } = this;
    const { priorLogits } = job.rows;
    const { classes } = job.spec;
    const known = priorLogits.length > 0;
    const last = this.layout.tables.length + 1;
    for (let i = 0, at = 0; i < count; i++) {
      const exist = batch.column(i, last);
      const set = batch.prior(i) * classes;
      for (let c = 0; c < exist; c++) {
        prior[at++] = known ? (priorLogits[set + c] as number) : 0;
      }
      for (let c = exist; c < classes; c++) {
        prior[at++] = NO_CLASS;
      }
    }
  }

  private feeds(): Record<string, Tensor> {
    const { Tensor } = this.ort;
    const { count, scale } = this.taken;
    const { rows, spec } = this.job;
    const feeds: Record<string, Tensor> = {
      ...this.parameters,
      x: new Tensor('uint8', this.x.subarray(0, count * this.layout.width), [count, this.layout.width]),
      targets: new Tensor('int32', this.targets.subarray(0, count), [count, 1]),
      weights: rows.weighted
        ? new Tensor('float32', this.weights.subarray(0, count), [count, 1])
        : new Tensor('float32', Float32Array.of(scale), [1, 1]),
    };
    if (hasPrior(rows)) {
      feeds.prior = new Tensor('float32', this.prior.subarray(0, count * spec.classes), [count, spec.classes]);
    }
    return feeds;
  }

  /** Adds up the gradients of the embedding rows that the last `gather` of `count` rows picked. */
  private scatter(count: number, dx: Float32Array): void {
    const { tables, layers, embedded } = this.layout;
    this.gradient.fill(0, 0, layers[0]?.weights ?? 0);
    tables.forEach((table, e) => addRows(this.gradient, table, this.batch, e, count, dx, embedded));
  }

  /**
   * The gradient of Σ scale · weight · loss over the rows taken goes to this shard's gradients; gives the sum without
   * `scale`.
   */
  async gradients(): Promise<LossSum> {
    const { count, scale, weight } = this.taken;
    if (count === 0) {
      this.gradient.fill(0);
      return { loss: 0, weight: 0 };
    }
    this.takeParameters();
    this.embed();
    const results = await this.backward.run(this.feeds());
    const floats = (name: string): Float32Array => results[name]?.data as Float32Array;
    this.layout.layers.forEach(({ weights, bias }, layer) => {
      this.gradient.set(floats(`dw${layer}`), weights);
      this.gradient.set(floats(`db${layer}`), bias);
    });
    if (this.layout.embedded > 0) {
      this.scatter(count, floats('dx'));
    }
    return { loss: (floats('loss')[0] as number) / scale, weight };
  }

  /** Σ weight · loss of rows order[from … to − 1] with the parameters as they are. */
  async loss(order: Uint32Array, from: number, to: number): Promise<LossSum> {
    this.takeParameters();
    let loss = 0;
    let weight = 0;
    for (let start = from; start < to; start += EVALUATION_ROWS) {
      this.take(order, start, Math.min(to, start + EVALUATION_ROWS), 1);
      this.embed();
      const results = await this.forward.run(this.feeds());
      loss += results.loss?.data[0] as number;
      weight += this.taken.weight;
    }
    return { loss, weight };
  }
}

/**
 * Copies the records of rows order[from … to − 1], of `size` words each. The rows lie anywhere in memory, so a word of each
 * is looked at first: nothing hangs on what is read, so the processor waits for many of them at once.
 * @returns nothing of use, but to be kept, lest the first pass be dropped as useless
 */
function copyRecords(
  source: Int32Array,
  target: Int32Array,
  order: Uint32Array,
  from: number,
  to: number,
  size: number
): number {
  let seen = 0;
  for (let i = from; i < to; i++) {
    seen ^= source[(order[i] as number) * size] as number;
  }
  for (let i = from, at = 0; i < to; i++) {
    for (let word = (order[i] as number) * size, end = word + size; word < end;) {
      target[at++] = source[word++] as number;
    }
  }
  return seen;
}

/** Copies the picked row of one table into its columns of `x`, for each row of the batch. All sizes are in units. */
function pickRows(
  codes: Units,
  { offset, dimension, column }: Omit<TableLayout, 'vocabulary'>,
  batch: RecordView,
  e: number,
  count: number,
  x: Units,
  width: number
): void {
  for (let i = 0; i < count; i++) {
    let source = offset + batch.column(i, e) * dimension;
    let at = i * width + column;
    for (const end = at + dimension; at < end;) {
      x[at++] = codes[source++] as number;
    }
  }
}

/** Adds columns of `dx` to the picked rows of one table's gradient, row after row (the order fixes the rounding). */
function addRows(
  gradient: Float32Array,
  { offset, dimension, column }: TableLayout,
  batch: RecordView,
  e: number,
  count: number,
  dx: Float32Array,
  width: number
): void {
  for (let i = 0; i < count; i++) {
    let target = offset + batch.column(i, e) * dimension;
    let at = i * width + column;
    const end = at + dimension;
    for (; at + 3 < end; at += 4, target += 4) {
      gradient[target] = (gradient[target] as number) + (dx[at] as number);
      gradient[target + 1] = (gradient[target + 1] as number) + (dx[at + 1] as number);
      gradient[target + 2] = (gradient[target + 2] as number) + (dx[at + 2] as number);
      gradient[target + 3] = (gradient[target + 3] as number) + (dx[at + 3] as number);
    }
    for (; at < end; at++, target++) {
      gradient[target] = (gradient[target] as number) + (dx[at] as number);
    }
  }
}
