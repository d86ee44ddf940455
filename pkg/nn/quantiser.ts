/** @file Real parameters ↔ whole-number codes, and the values that the training graph is fed with in their place. */
import {
  emptyWeights,
  INPUT_BITS,
  MAX_BIAS,
  MAX_SHIFT,
  MIN_SHIFT,
  tableStep,
  topCode,
  unitsOf,
  ACTIVATION_BITS,
  ZERO_POINT,
  type IntegerWeights,
} from './integer';
import { layoutOf, type LayerLayout, type Layout } from './layout';
import type { NetworkSpec } from './types';

/** Bits below a unit of the next layer's step that a bias keeps; finer ones would cost bytes and change nothing. */
const BIAS_FRACTION_BITS = 2;
/** Scales tried below the one at which nothing is cut: few bits do better when the rare large weights are cut. */
const FINER_SCALES = 2;
/** Finest exponent: leaves a bias of a channel with tiny weights the range to matter (2^22 / 2^(6 + 12) = 16). */
const MAX_EXPONENT = 12;

/** Adding and taking away 1.5 · 2^52 leaves a float64 no bit below 1: rounds to a whole number, ties to even. */
const ROUNDER = 1.5 * 2 ** 52;

function round(value: number): number {
  return value + ROUNDER - ROUNDER;
}

function clamp(value: number, top: number): number {
  return value > top ? top : value < -top ? -top : value;
}

/** What the training graph is fed with in the place of the real parameters. */
export interface Fed {
  /**
   * As long as the parameters. Of weights, in two's complement; of embeddings, as the input takes them: {@link ZERO_POINT}
   * stands for 0; of biases, nothing.
   */
  readonly codes: Uint8Array;
  /** One a channel of all layers. */
  readonly biases: Float32Array;
}

/**
 * Turns real parameters into the exact values of the integer network (quantisation-aware training with the
 * straight-through estimator): the training graph only ever computes with numbers that the integer network has, so
 * there is no gap between what is trained and what is kept.
 *
 * Values are fed in units that make each hidden layer come out in activation steps: embeddings in input codes, weights
 * and biases scaled by {@link feedFactor}.
 */
export class Quantiser {
  readonly layout: Layout;
  private readonly top: number;
  private readonly step: number;
  /** Of each channel: codes of a weight of 1, what is fed for a code (a power of two), and the same of biases. */
  private readonly scales: Float64Array;
  readonly steps: Float32Array;
  private readonly biasSteps: Float64Array;
  /** Of each channel: codes are multiples of `grid`; of a bias of 1, and at most, so many of them. */
  private readonly grids: Float64Array;
  private readonly biasScales: Float64Array;
  private readonly biasTops: Float64Array;

  /**
   * @param exponents - one weight exponent e a channel of all layers (weight = code / 2^e); shared by all users, who
   * {@link follow} when one of them has chosen others
   */
  constructor(
    private readonly spec: NetworkSpec,
    readonly bits: number,
    readonly exponents: Int8Array
  ) {
    this.layout = layoutOf(spec);
    this.top = topCode(bits);
    this.step = tableStep(bits);
    const { channels } = this.layout;
    this.scales = new Float64Array(channels);
    this.steps = new Float32Array(channels);
    this.biasSteps = new Float64Array(channels);
    this.grids = new Float64Array(channels);
    this.biasScales = new Float64Array(channels);
    this.biasTops = new Float64Array(channels);
    this.follow();
  }

  /** Takes note of exponents that somebody else has chosen. */
  follow(): void {
    this.layout.layers.forEach(({ channel, outputs }, index) => {
      const { input, output } = unitsOf(this.layout, index);
      const factor = this.feedFactor(index);
      for (let j = channel; j < channel + outputs; j++) {
        const exponent = this.exponents[j] as number;
        const shift = input + exponent - output;
        const kept = Math.min(shift, BIAS_FRACTION_BITS);
        const grid = 2 ** Math.max(0, shift - kept);
        this.grids[j] = grid;
        this.biasScales[j] = 2 ** (output + kept);
        this.biasTops[j] = Math.floor(MAX_BIAS / grid);
        this.scales[j] = 2 ** exponent;
        this.steps[j] = 2 ** -exponent * factor.weights;
        this.biasSteps[j] = 2 ** -(input + exponent) * factor.bias;
      }
    });
  }

  /** Power of two by which a layer's real weight (w) and real bias (b) are multiplied when fed. */
  feedFactor(layer: number): { weights: number; bias: number } {
    const { input } = unitsOf(this.layout, layer);
    const output = layer === this.layout.layers.length - 1 ? 0 : ACTIVATION_BITS;
    return { weights: 2 ** (output - input), bias: 2 ** output };
  }

  /** Chooses the exponents of all channels: the power of two with the least squared error, among a few. */
  chooseExponents(real: Float32Array): void {
    this.layout.layers.forEach((layer, index) => {
      const { input, output } = unitsOf(this.layout, index);
      const low = MIN_SHIFT - input + output;
      const high = Math.min(MAX_EXPONENT, MAX_SHIFT - input + output);
      for (let j = 0; j < layer.outputs; j++) {
        this.exponents[layer.channel + j] = Math.min(high, Math.max(low, this.bestExponent(real, layer, j)));
      }
    });
    this.follow();
  }

  private bestExponent(real: Float32Array, layer: LayerLayout, channel: number): number {
    let largest = 1e-6;
    const end = layer.bias;
    for (let at = layer.weights + channel; at < end; at += layer.outputs) {
      largest = Math.max(largest, Math.abs(real[at] as number));
    }
    if (!Number.isFinite(largest)) {
      throw new RangeError('a weight is not finite');
    }
    const widest = Math.floor(Math.log2((this.top + 0.5) / largest));
    let best = widest;
    let least = Infinity;
    for (let exponent = widest; exponent <= widest + FINER_SCALES; exponent++) {
      const scale = 2 ** exponent;
      let error = 0;
      for (let at = layer.weights + channel; at < end; at += layer.outputs) {
        const code = (real[at] as number) * scale;
        error += (code - clamp(round(code), this.top)) ** 2;
      }
      error /= scale * scale;
      if (error < least) {
        least = error;
        best = exponent;
      }
    }
    return best;
  }

  private biasCode(value: number, channel: number): number {
    const units = round(value * (this.biasScales[channel] as number));
    return clamp(units, this.biasTops[channel] as number) * (this.grids[channel] as number);
  }

  /** Writes what to feed for parameters from … to − 1, and cuts embeddings of `real` to their range. */
  feed(real: Float32Array, { codes, biases }: Fed, from: number, to: number): void {
    const unit = 2 ** INPUT_BITS / this.step;
    const edge = this.top / unit;
    const tablesEnd = Math.min(to, this.layout.layers[0]?.weights ?? 0);
    for (let at = from; at < tablesEnd; at++) {
      const value = clamp(real[at] as number, edge);
      real[at] = value;
      codes[at] = round(value * unit) * this.step + ZERO_POINT;
    }
    for (const { weights, bias, channel, outputs } of this.layout.layers) {
      const start = Math.max(from, weights);
      const end = Math.min(to, bias);
      if (start < end) {
        const scales = this.scales.subarray(channel, channel + outputs);
        feedWeights(real, codes, start, end, (start - weights) % outputs, scales, this.top);
      }
      for (let at = Math.max(from, bias); at < Math.min(to, bias + outputs); at++) {
        const j = channel + at - bias;
        biases[j] = this.biasCode(real[at] as number, j) * (this.biasSteps[j] as number);
      }
    }
  }

  /**
   * Factor from the gradient of a fed value to that of the real parameter, by segments from … to − 1; and whether smaller
   * parameters cost fewer bytes, which biases do not.
   */
  gradientSegments(): Array<{ from: number; to: number; factor: number; priced: boolean }> {
    const tables = { from: 0, to: this.layout.layers[0]?.weights ?? 0, factor: 2 ** INPUT_BITS, priced: true };
    const dense = this.layout.layers.flatMap((layer, index) => {
      const factor = this.feedFactor(index);
      return [
        { from: layer.weights, to: layer.bias, factor: factor.weights, priced: true },
        { from: layer.bias, to: layer.bias + layer.outputs, factor: factor.bias, priced: false },
      ];
    });
    return [tables, ...dense];
  }

  /** The integer network of real parameters. */
  toInteger(real: Float32Array): IntegerWeights {
    const weights = emptyWeights(this.spec, this.step);
    const unit = 2 ** INPUT_BITS / this.step;
    this.layout.tables.forEach(({ offset }, e) => {
      const table = weights.tables[e] as Int8Array;
      for (let at = 0; at < table.length; at++) {
        table[at] = clamp(round((real[offset + at] as number) * unit), this.top);
      }
    });
    this.layout.layers.forEach(({ weights: from, bias, inputs, outputs, channel }, index) => {
      const layer = weights.layers[index] as IntegerWeights['layers'][number];
      const { input, output } = unitsOf(this.layout, index);
      for (let j = 0; j < outputs; j++) {
        const exponent = this.exponents[channel + j] as number;
        layer.shifts[j] = input + exponent - output;
        layer.bias[j] = this.biasCode(real[bias + j] as number, channel + j);
        for (let i = 0; i < inputs; i++) {
          const code = round((real[from + i * outputs + j] as number) * 2 ** exponent);
          layer.weights[i * outputs + j] = clamp(code, this.top);
        }
      }
    });
    return weights;
  }
}

/** Quantises weights start … end − 1 of a layer; the first is of channel `channel`. */
function feedWeights(
  real: Float32Array,
  codes: Uint8Array,
  start: number,
  end: number,
  channel: number,
  scales: Float64Array,
  top: number
): void {
  const channels = scales.length;
  let j = channel;
  for (let at = start; at < end; at++) {
    codes[at] = clamp(round((real[at] as number) * (scales[j] as number)), top);
    j = j + 1 === channels ? 0 : j + 1;
  }
}

/** Real parameters that give the integer network back, for training to go on from. */
export function toReal(network: IntegerWeights): Float32Array {
  const real = new Float32Array(network.layout.size);
  network.layout.tables.forEach(({ offset }, e) => {
    network.tables[e]?.forEach((code, at) => {
      real[offset + at] = (code * network.step) / 2 ** INPUT_BITS;
    });
  });
  network.layout.layers.forEach(({ weights, bias, outputs }, index) => {
    const layer = network.layers[index] as IntegerWeights['layers'][number];
    const { input, output } = unitsOf(network.layout, index);
    const exponents = Array.from(layer.shifts, (shift) => shift - input + output);
    layer.weights.forEach((code, at) => {
      real[weights + at] = code * 2 ** -(exponents[at % outputs] as number);
    });
    layer.bias.forEach((value, j) => {
      real[bias + j] = value * 2 ** -(input + (exponents[j] as number));
    });
  });
  return real;
}
