/** @file Runs the training graph for one shard: gathers a batch, feeds it, and lays the gradients out flat. */
import { ZERO_POINT } from './integer';
import { layoutOf, type Layout } from './layout';
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
  private targets = new Int32Array(0);
  private classes = new Int32Array(0);
  private weights = new Float32Array(0);

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
    const options = { masked: job.rows.masked, weighted: job.rows.weights.length > 0 };
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
      this.targets = new Int32Array(count);
      this.classes = new Int32Array(count);
      this.weights = new Float32Array(count);
    }
  }

  /** Gathers rows order[from … to − 1] into the buffers; `scale` multiplies their weights. Gives Σ weights. */
  private gather(order: Uint32Array, from: number, to: number, scale: number): number {
    const { integers, levels, weights } = this.job.rows;
    const { tables, width } = this.layout;
    const { x, fed } = this;
    const stride = tables.length + 2;
    const depth = this.job.spec.levels;
    const offsets = tables.map((table) => table.offset);
    const sizes = tables.map((table) => table.dimension);
    let at = 0;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const row = order[i] as number;
      const base = row * stride;
      for (let e = 0; e < sizes.length; e++) {
        const size = sizes[e] as number;
        let source = (offsets[e] as number) + (integers[base + e] as number) * size;
        for (const end = source + size; source < end;) {
          x[at++] = fed[source++] as number;
        }
      }
      let level = row * depth;
      for (const end = level + depth; level < end;) {
        x[at++] = (levels[level++] as number) - ZERO_POINT;
      }
      const place = i - from;
      this.targets[place] = integers[base + sizes.length] as number;
      this.classes[place] = integers[base + sizes.length + 1] as number;
      const weight = weights.length > 0 ? (weights[row] as number) : 1;
      this.weights[place] = weight * scale;
      sum += weight;
    }
    if (at !== (to - from) * width) {
      throw new RangeError('a batch has rows of another width');
    }
    return sum;
  }

  private feeds(count: number, scale: number): Record<string, Tensor> {
    const { Tensor } = this.ort;
    const { masked, weights } = this.job.rows;
    const feeds: Record<string, Tensor> = {
      ...this.parameters,
      x: new Tensor('float32', this.x.subarray(0, count * this.layout.width), [count, this.layout.width]),
      targets: new Tensor('int32', this.targets.subarray(0, count), [count]),
      weights:
        weights.length > 0
          ? new Tensor('float32', this.weights.subarray(0, count), [count, 1])
          : new Tensor('float32', Float32Array.of(scale), [1, 1]),
    };
    if (masked) {
      feeds.classes = new Tensor('int32', this.classes.subarray(0, count), [count, 1]);
    }
    return feeds;
  }

  /** Adds the gradient of the picked embedding rows up. */
  private scatter(order: Uint32Array, from: number, to: number, dx: Float32Array): void {
    const { integers } = this.job.rows;
    const { tables, layers } = this.layout;
    const { gradient } = this;
    const stride = tables.length + 2;
    const depth = this.job.spec.levels;
    const offsets = tables.map((table) => table.offset);
    const sizes = tables.map((table) => table.dimension);
    gradient.fill(0, 0, layers[0]?.weights ?? 0);
    let at = 0;
    for (let i = from; i < to; i++) {
      const base = (order[i] as number) * stride;
      for (let e = 0; e < sizes.length; e++) {
        const size = sizes[e] as number;
        let target = (offsets[e] as number) + (integers[base + e] as number) * size;
        for (const end = target + size; target < end;) {
          gradient[target] = (gradient[target++] as number) + (dx[at++] as number);
        }
      }
      at += depth;
    }
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
    this.scatter(order, from, to, floats('dx'));
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
