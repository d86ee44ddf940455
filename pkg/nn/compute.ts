/** @file Runs the training graph for one shard: gathers a batch, feeds it, and lays the gradients out flat. */
import { ZERO_POINT } from './integer';
import { layoutOf, type Layout, type TableLayout } from './layout';
import { loadRuntime, sessionOptions, type InferenceSession, type OrtModule, type Tensor } from './runtime';
import type { Job } from './shard';
import { encodeTrainingGraph } from './training-graph';

/** Rows of one evaluation call. */
const EVALUATION_ROWS = 1024;

/** Summed weighted loss, and the weights' sum. */
export interface LossSum {
  readonly loss: number;
  readonly weight: number;
}

/** The two sessions of a shard and its buffers. */
export class ShardCompute {
  private readonly layout: Layout;
  /** The parameters of this step, copied: the runtime does not take shared memory. */
  private readonly fed: Float32Array;
  private readonly gradient: Float32Array;
  private readonly parameters: Record<string, Tensor> = {};
  private x = new Float32Array(0);
  /** Integers of the batch's rows, as in PackedRows. */
  private records = new Int32Array(0);
  private targets = new Int32Array(0);
  private classes = new Int32Array(0);
  private weights = new Float32Array(0);
  private prior = new Float32Array(0);

  private constructor(
    private readonly job: Job,
    index: number,
    private readonly ort: OrtModule,
    private readonly forward: InferenceSession,
    private readonly backward: InferenceSession
  ) {
    this.layout = layoutOf(job.spec);
    this.fed = new Float32Array(this.layout.size);
    this.gradient = job.gradients[index] as Float32Array;
    this.layout.layers.forEach(({ weights, bias, inputs, outputs }, layer) => {
      const part = (from: number, to: number, dims: number[]): Tensor =>
        new ort.Tensor('float32', this.fed.subarray(from, to), dims);
      this.parameters[`w${layer}`] = part(weights, bias, [inputs, outputs]);
      this.parameters[`b${layer}`] = part(bias, bias + outputs, [outputs]);
    });
  }

  static async create(job: Job, index: number): Promise<ShardCompute> {
    const ort = await loadRuntime('native');
    const layout = layoutOf(job.spec);
    const { masked, weights, priorRows } = job.rows;
    const options = { masked, weighted: weights.length > 0, prior: priorRows.length > 0 };
    const session = (gradients: boolean): Promise<InferenceSession> =>
      ort.InferenceSession.create(encodeTrainingGraph(layout, { ...options, gradients }), sessionOptions('native'));
    return new ShardCompute(job, index, ort, await session(false), await session(true));
  }

  async close(): Promise<void> {
    await this.forward.release();
    await this.backward.release();
  }

  private reserve(count: number): void {
    if (this.targets.length < count) {
      this.x = new Float32Array(count * this.layout.width);
      this.records = new Int32Array(count * (this.layout.tables.length + 2));
      this.targets = new Int32Array(count);
      this.classes = new Int32Array(count);
      this.weights = new Float32Array(count);
      this.prior = new Float32Array(this.job.rows.priorRows.length > 0 ? count * this.job.spec.classes : 0);
    }
  }

  /** Gathers rows order[from … to − 1] into the buffers; `scale` multiplies their weights. Gives Σ weights. */
  private gather(order: Uint32Array, from: number, to: number, scale: number): number {
    const { integers, levels, weights } = this.job.rows;
    const { tables, width } = this.layout;
    const { x, records } = this;
    const stride = tables.length + 2;
    const depth = this.job.spec.levels;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const row = order[i] as number;
      const place = i - from;
      let record = place * stride;
      for (let source = row * stride, end = source + stride; source < end;) {
        records[record++] = integers[source++] as number;
      }
      this.targets[place] = records[record - 2] as number;
      this.classes[place] = records[record - 1] as number;
      let at = (place + 1) * width - depth;
      for (let level = row * depth, end = level + depth; level < end;) {
        x[at++] = (levels[level++] as number) - ZERO_POINT;
      }
      const weight = weights.length > 0 ? (weights[row] as number) : 1;
      this.weights[place] = weight * scale;
      sum += weight;
    }
    this.gatherPrior(order, from, to);
    tables.forEach((table, e) => pickRows(this.fed, table, records, e, stride, to - from, x, width));
    return sum;
  }

  private gatherPrior(order: Uint32Array, from: number, to: number): void {
    const { priorRows, priorLogits } = this.job.rows;
    const { classes } = this.job.spec;
    if (priorRows.length > 0) {
      for (let i = from, at = 0; i < to; i++, at += classes) {
        const set = (priorRows[order[i] as number] as number) * classes;
        this.prior.set(priorLogits.subarray(set, set + classes), at);
      }
    }
  }

  private feeds(count: number, scale: number): Record<string, Tensor> {
    const { Tensor } = this.ort;
    const { masked, weights, priorRows } = this.job.rows;
    const { classes } = this.job.spec;
    const feeds: Record<string, Tensor> = {
      ...this.parameters,
      x: new Tensor('float32', this.x.subarray(0, count * this.layout.width), [count, this.layout.width]),
      targets: new Tensor('int32', this.targets.subarray(0, count), [count]),
      weights:
        weights.length > 0
          ? new Tensor('float32', this.weights.subarray(0, count), [count, 1])
          : new Tensor('float32', Float32Array.of(scale), [1, 1]),
    };
    if (priorRows.length > 0) {
      feeds.prior = new Tensor('float32', this.prior.subarray(0, count * classes), [count, classes]);
    }
    if (masked) {
      feeds.classes = new Tensor('int32', this.classes.subarray(0, count), [count, 1]);
    }
    return feeds;
  }

  /** Adds up the gradients of the embedding rows that the last `gather` of `count` rows picked. */
  private scatter(count: number, dx: Float32Array): void {
    const { tables, layers, width } = this.layout;
    const stride = tables.length + 2;
    this.gradient.fill(0, 0, layers[0]?.weights ?? 0);
    tables.forEach((table, e) => addRows(this.gradient, table, this.records, e, stride, count, dx, width));
  }

  /**
   * The gradient of Σ scale · weight · loss over rows order[from … to − 1] goes to this shard's gradients; gives the
   * sum without `scale`.
   */
  async gradients(order: Uint32Array, from: number, to: number, scale: number): Promise<LossSum> {
    const count = to - from;
    if (count === 0) {
      this.gradient.fill(0);
      return { loss: 0, weight: 0 };
    }
    this.fed.set(this.job.fed);
    this.reserve(count);
    const weight = this.gather(order, from, to, scale);
    const results = await this.backward.run(this.feeds(count, scale));
    const floats = (name: string): Float32Array => results[name]?.data as Float32Array;
    this.layout.layers.forEach(({ weights, bias }, layer) => {
      this.gradient.set(floats(`dw${layer}`), weights);
      this.gradient.set(floats(`db${layer}`), bias);
    });
    this.scatter(count, floats('dx'));
    return { loss: (floats('loss')[0] as number) / scale, weight };
  }

  /** Σ weight · loss of rows order[from … to − 1] with the parameters as they are. */
  async loss(order: Uint32Array, from: number, to: number): Promise<LossSum> {
    this.fed.set(this.job.fed);
    let loss = 0;
    let weight = 0;
    for (let start = from; start < to; start += EVALUATION_ROWS) {
      const end = Math.min(to, start + EVALUATION_ROWS);
      this.reserve(end - start);
      weight += this.gather(order, start, end, 1);
      const results = await this.forward.run(this.feeds(end - start, 1));
      loss += results.loss?.data[0] as number;
    }
    return { loss, weight };
  }
}

/** Copies the picked row of one table into its columns of `x`, for each row of the batch. Unrolled: it is a hot loop. */
function pickRows(
  fed: Float32Array,
  { offset, dimension, column }: TableLayout,
  records: Int32Array,
  e: number,
  stride: number,
  count: number,
  x: Float32Array,
  width: number
): void {
  for (let i = 0; i < count; i++) {
    let source = offset + (records[i * stride + e] as number) * dimension;
    let at = i * width + column;
    const end = at + dimension;
    for (; at + 3 < end; at += 4, source += 4) {
      x[at] = fed[source] as number;
      x[at + 1] = fed[source + 1] as number;
      x[at + 2] = fed[source + 2] as number;
      x[at + 3] = fed[source + 3] as number;
    }
    for (; at < end; at++, source++) {
      x[at] = fed[source] as number;
    }
  }
}

/** Adds columns of `dx` to the picked rows of one table's gradient, row after row (the order fixes the rounding). */
function addRows(
  gradient: Float32Array,
  { offset, dimension, column }: TableLayout,
  records: Int32Array,
  e: number,
  stride: number,
  count: number,
  dx: Float32Array,
  width: number
): void {
  for (let i = 0; i < count; i++) {
    let target = offset + (records[i * stride + e] as number) * dimension;
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
