/** @file Adam over a part of a flat parameter vector, and the learning-rate schedule. */

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** Decoupled weight decay: keeps what rarely matters near 0, where it costs few bytes. */
const DECAY = 0.05;
/** Share of the planned steps in which the learning rate rises, and the most steps that may take. */
const WARM_UP_SHARE = 0.05;
const WARM_UP_STEPS = 300;

/** State of the optimiser: each vector as long as the parameters. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** One step of Adam (Kingma & Ba 2015, arXiv:1412.6980) with decoupled decay (Loshchilov & Hutter, arXiv:1711.05101). */
export interface AdamStep {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** By how much the gradients are to be multiplied. */
  readonly factor: number;
  /**
   * What a parameter costs, in the unit of the loss, by its size: pulls those to 0 that buy less than that (lasso, Tibshirani
   * 1996, as a step of its own after each of Adam's, so that they do get to 0).
   */
  readonly price: number;
}

/** Updates parameters from … to − 1 with the sum of the shards' gradients, added in the order of the shards. */
export function adam(
  parameters: Float32Array,
  gradients: readonly Float32Array[],
  { first, second }: Moments,
  from: number,
  to: number,
  { step, learningRate, factor, price }: AdamStep
): void {
  const rate = (learningRate * Math.sqrt(1 - BETA2 ** step)) / (1 - BETA1 ** step);
  const keep = 1 - learningRate * DECAY;
  const [a, b] = gradients as [Float32Array, Float32Array | undefined];
  for (let i = from; i < to; i++) {
    let g = a[i] as number;
    if (b !== undefined) {
      g += b[i] as number;
    }
    g *= factor;
    const m = BETA1 * (first[i] as number) + (1 - BETA1) * g;
    const v = BETA2 * (second[i] as number) + (1 - BETA2) * g * g;
    first[i] = m;
    second[i] = v;
    const scale = rate / (Math.sqrt(v) + EPSILON);
    const value = (parameters[i] as number) * keep - m * scale;
    const pull = price * scale;
    parameters[i] = value > pull ? value - pull : value < -pull ? value + pull : 0;
  }
}

/** Learning rate of step 0 … planned − 1: a linear rise, then half a cosine down to 0. */
export function scheduledRate(peak: number, step: number, planned: number): number {
  const warmUp = Math.min(WARM_UP_STEPS, planned * WARM_UP_SHARE);
  if (step < warmUp) {
    return (peak * (step + 1)) / (warmUp + 1);
  }
  const share = Math.min(1, (step - warmUp) / Math.max(1, planned - warmUp));
  return 0.5 * peak * (1 + Math.cos(Math.PI * share));
}
