/**
 * @file One shard of a training: a worker thread that computes the gradients of its part of each batch, updates its
 * part of the parameters, and evaluates its part of the held-out rows. Shards meet at barriers; all that they share
 * is shared memory. The number of shards is fixed, so results do not depend on the number of cores.
 */
import { parentPort } from 'node:worker_threads';
import { Barrier, BARRIER_CELLS, BrokenBarrier } from './barrier';
import { ShardCompute } from './compute';
import { adam, scheduledRate, type AdamStep } from './optimiser';
import type { PackedRows } from './pack';
import { Quantiser, type Fed } from './quantiser';
import { Random } from './random';
import type { NetworkSpec } from './types';

/** Threads of one training. */
export const SHARDS = 2;
/** Steps between two choices of the weights' scales. */
const RESCALE_STEPS = 64;
/** Steps of the first epoch after which a time budget is turned into a number of epochs. */
const TIMING_STEPS = 40;
const PROGRESS_MS = 400;
/** A held-out loss must be lower by this much (nats) to count as better. */
const BETTER_BY = 1e-5;

/** Cells of `control`: those of the barrier come first. */
export const CONTROL = { planned: BARRIER_CELLS, stop: BARRIER_CELLS + 1, cells: BARRIER_CELLS + 2 } as const;
/** Cells of `sums`: loss and weight, of training and of held-out rows, for each shard. */
export const SUM = { train: 0, trainWeight: 1, held: 2, heldWeight: 3, cells: 4 } as const;

/** What all shards share. All arrays lie in shared memory. */
export interface Job {
  readonly spec: NetworkSpec;
  readonly bits: number;
  readonly seed: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly patience: number;
  readonly timeBudgetSeconds: number;
  readonly rows: PackedRows;
  /** Rows to learn from and rows held out. */
  readonly learn: Uint32Array;
  readonly held: Uint32Array;
  readonly real: Float32Array;
  readonly fed: Fed;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly best: Float32Array;
  readonly exponents: Int8Array;
  readonly bestExponents: Int8Array;
  readonly gradients: readonly Float32Array[];
  readonly control: Int32Array;
  readonly sums: Float64Array;
}

/** What a shard tells the main thread (progress, the end and its result only by shard 0). */
export type ShardMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number; readonly note: string }
  | { readonly kind: 'done'; readonly epochs: number; readonly trainLoss: number; readonly heldOutLoss: number }
  | { readonly kind: 'failed'; readonly why: string };

/**
 * What a weight or an embedding of size 1 costs, in nats of the loss over all rows: a size of 0 takes few bits in the file. Chosen on
 * real traces, docs/adr/0010-price-of-weights.md.
 */
const WEIGHT_PRICE = 1;
/** Fewer rows than this pay no more each: what little they say should be learnt. */
const PAYING_ROWS = 10_000;

class Shard {
  private readonly barrier: Barrier;
  private readonly steps: number;
  private readonly started = performance.now();
  private reported = 0;
  private step = 0;

  constructor(
    private readonly job: Job,
    private readonly index: number,
    private readonly compute: ShardCompute,
    private readonly quantiser: Quantiser
  ) {
    this.barrier = new Barrier(job.control, SHARDS);
    this.steps = Math.ceil(job.learn.length / job.batch);
  }

  private get leads(): boolean {
    return this.index === 0;
  }

  private seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  /** Part of 0 … total − 1 that belongs to this shard. */
  private share(total: number): [number, number] {
    return [Math.floor((total * this.index) / SHARDS), Math.floor((total * (this.index + 1)) / SHARDS)];
  }

  private sum(cell: number): number {
    let sum = 0;
    for (let shard = 0; shard < SHARDS; shard++) {
      sum += this.job.sums[shard * SUM.cells + cell] as number;
    }
    return sum;
  }

  private put(cell: number, value: number): void {
    this.job.sums[this.index * SUM.cells + cell] = value;
  }

  private rescale(): void {
    const { real, fed } = this.job;
    if (this.leads) {
      this.quantiser.chooseExponents(real);
      this.quantiser.feed(real, fed, 0, real.length);
    }
    this.barrier.wait();
    this.quantiser.follow();
  }

  private update(options: AdamStep): void {
    const { real, fed, first, second, gradients } = this.job;
    const [from, to] = this.share(real.length);
    for (const segment of this.quantiser.gradientSegments()) {
      const start = Math.max(from, segment.from);
      const end = Math.min(to, segment.to);
      if (start < end) {
        adam(real, gradients, { first, second }, start, end, {
          ...options,
          factor: options.factor * segment.factor,
          price: segment.priced ? options.price : 0,
        });
      }
    }
    this.quantiser.feed(real, fed, from, to);
  }

  /** With a time budget: how many epochs fit in it, from the speed so far. */
  private plan(epochsDone: number): void {
    const { timeBudgetSeconds, epochs, control } = this.job;
    if (timeBudgetSeconds > 0 && this.leads && epochsDone > 0) {
      const fits = Math.floor(((timeBudgetSeconds - this.seconds()) * epochsDone) / this.seconds());
      control[CONTROL.planned] = Math.max(1, Math.min(epochs, Math.ceil(epochsDone) + Math.max(0, fits)));
    }
  }

  private report(epoch: number, loss: string): void {
    if (this.leads && performance.now() - this.reported >= PROGRESS_MS) {
      this.reported = performance.now();
      const total = this.steps * (this.job.control[CONTROL.planned] as number);
      const note = `epoch ${epoch + 1}${loss}`;
      this.tell({ kind: 'progress', done: Math.min(this.step, total), total, note });
    }
  }

  tell(message: ShardMessage): void {
    parentPort?.postMessage(message);
  }

  private async learn(epoch: number, loss: string): Promise<void> {
    const { job, steps } = this;
    const order = Uint32Array.from(job.learn);
    new Random(job.seed, 16 + epoch).shuffle(order);
    this.put(SUM.train, 0);
    this.put(SUM.trainWeight, 0);
    const take = (i: number): void => {
      const start = Math.floor((order.length * i) / steps);
      const size = Math.floor((order.length * (i + 1)) / steps) - start;
      const [from, to] = this.share(size);
      this.compute.take(order, start + from, start + to, 1 / (size * job.rows.meanWeight));
    };
    take(0);
    for (let i = 0; i < steps; i++) {
      if (this.step % RESCALE_STEPS === 0) {
        this.rescale();
      }
      const part = await this.compute.gradients();
      job.sums[this.index * SUM.cells + SUM.train]! += part.loss;
      job.sums[this.index * SUM.cells + SUM.trainWeight]! += part.weight;
      if (epoch === 0 && i === Math.min(TIMING_STEPS, steps - 1)) {
        this.plan((i + 1) / steps);
      }
      const round = this.barrier.arrive();
      if (i + 1 < steps) {
        // while the other shard may still be at its gradients
        take(i + 1);
      }
      this.barrier.wait(round);
      const planned = steps * (job.control[CONTROL.planned] as number);
      const learningRate = scheduledRate(job.learningRate, this.step, planned);
      this.step++;
      this.update({
        step: this.step,
        learningRate,
        factor: 1,
        price: WEIGHT_PRICE / Math.max(order.length, PAYING_ROWS),
      });
      this.barrier.wait();
      this.report(epoch, loss);
    }
  }

  private async evaluate(): Promise<void> {
    const { held } = this.job;
    const [from, to] = this.share(held.length);
    const { loss, weight } = await this.compute.loss(held, from, to);
    this.put(SUM.held, loss);
    this.put(SUM.heldWeight, weight);
    this.barrier.wait();
  }

  /** All epochs; the best parameters stay in `job.best`. */
  async run(): Promise<void> {
    const { job } = this;
    let best = Infinity;
    let bestTrain = Infinity;
    let worse = 0;
    let note = '';
    for (let epoch = 0; ; epoch++) {
      await this.learn(epoch, note);
      await this.evaluate();
      const train = this.sum(SUM.train) / this.sum(SUM.trainWeight);
      const held = this.sum(SUM.held) / this.sum(SUM.heldWeight);
      if (!Number.isFinite(train) || !Number.isFinite(held)) {
        throw new Error(`the loss of epoch ${epoch + 1} is not finite`);
      }
      note = ` loss ${held.toFixed(4)}`;
      if (held < best - BETTER_BY) {
        best = held;
        bestTrain = train;
        worse = 0;
        if (this.leads) {
          job.best.set(job.real);
          job.bestExponents.set(job.exponents);
        }
      } else {
        worse++;
      }
      if (this.leads) {
        this.plan(epoch + 1);
        const late = job.timeBudgetSeconds > 0 && this.seconds() >= job.timeBudgetSeconds;
        const over = epoch + 1 >= (job.control[CONTROL.planned] as number) || late || worse >= job.patience;
        job.control[CONTROL.stop] = over ? 1 : 0;
      }
      this.barrier.wait();
      if (job.control[CONTROL.stop] === 1) {
        if (this.leads) {
          this.tell({ kind: 'done', epochs: epoch + 1, trainLoss: bestTrain, heldOutLoss: best });
        }
        return;
      }
    }
  }
}

/** The worker role `nn-shard`. It ends by itself: a thread must not be terminated inside the native runtime. */
export async function runShard(data: unknown): Promise<void> {
  const { job, index } = data as { job: Job; index: number };
  let compute: ShardCompute | undefined;
  try {
    const quantiser = new Quantiser(job.spec, job.bits, job.exponents);
    compute = await ShardCompute.create(job, index, quantiser);
    await new Shard(job, index, compute, quantiser).run();
  } catch (error) {
    if (!(error instanceof BrokenBarrier)) {
      new Barrier(job.control, SHARDS).break();
      const why = error instanceof Error ? error.message : String(error);
      parentPort?.postMessage({ kind: 'failed', why } satisfies ShardMessage);
    }
  } finally {
    await compute?.close();
  }
}
