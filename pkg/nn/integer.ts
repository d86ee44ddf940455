/** @file The integer network: its weights as whole numbers, and the scheme that ties them to real values. */
import { layoutOf, type Layout } from './layout';
import type { NetworkSpec } from './types';

/**
 * The scheme. Every scale is a power of two.
 * - input: s8, value code / 2^6. Embeddings lie within ±63/64, levels (code = level − 128) run from −2 to 127/64;
 * - hidden activation: u8, value code / 2^ACTIVATION_BITS, so ReLU is the cut at 0;
 * - weight: s8 code / 2^e with one exponent e a channel;
 * - logit: code / 2^6 nat.
 * A layer computes clip(round((Σ x · w + bias) / 2^shift)), shift = unit in + e − unit out.
 */
export const INPUT_BITS = 6;
export const ACTIVATION_BITS = 6;
export const LOGIT_BITS = 6;
/** The level of value 0; also the zero point of the input where it is held as u8. */
export const ZERO_POINT = 128;
export const ACTIVATION_TOP = 255;
/** Widest weight: u8 × 7-bit products summed in pairs fit 16 bits, so kernels without VNNI do not saturate. */
export const MAX_WEIGHT_BITS = 7;
export const MIN_WEIGHT_BITS = 2;
/** Bits of a weight where nobody asks for others: once weights have a price, seven buy next to nothing on real traces, and five cost fidelity. */
export const DEFAULT_WEIGHT_BITS = 6;
/** |bias| in accumulator units. */
export const MAX_BIAS = 2 ** 22;
/** Range of a channel's shift; scales outside are never chosen and not accepted from a file. */
export const MIN_SHIFT = -8;
export const MAX_SHIFT = 22;

/** One dense layer in whole numbers. */
export interface IntegerLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** Row-major inputs × outputs, each within ±63. */
  readonly weights: Int8Array;
  /** In units of the accumulator. */
  readonly bias: Int32Array;
  /** The accumulator of channel j counts 2^−shift[j] of the next layer's activation (or logit) steps. */
  readonly shifts: Int8Array;
}

/** All weights of a network. */
export interface IntegerWeights {
  readonly spec: NetworkSpec;
  readonly layout: Layout;
  /** Input steps of one step of a table's codes, see {@link tableStep}. */
  readonly step: number;
  /** One table an embedding: codes within ±63, vocabulary × dimension. */
  readonly tables: readonly Int8Array[];
  readonly layers: readonly IntegerLayer[];
}

/** The largest weight code of a bit width. */
export function topCode(bits: number): number {
  return 2 ** (bits - 1) - 1;
}

/** Input steps of one step of an embedding's code: fewer bits keep the range and coarsen the steps. */
export function tableStep(bits: number): number {
  return 2 ** (MAX_WEIGHT_BITS - bits);
}

/** Unit (as a power of two) of a layer's input and of its output. */
export function unitsOf(layout: Layout, layer: number): { input: number; output: number } {
  return {
    input: layer === 0 ? INPUT_BITS : ACTIVATION_BITS,
    output: layer === layout.layers.length - 1 ? LOGIT_BITS : ACTIVATION_BITS,
  };
}

/** Integer weights of a spec, all zero. */
export function emptyWeights(spec: NetworkSpec, step = 1): IntegerWeights {
  const layout = layoutOf(spec);
  return {
    spec,
    layout,
    step,
    tables: layout.tables.map(({ vocabulary, dimension }) => new Int8Array(vocabulary * dimension)),
    layers: layout.layers.map(({ inputs, outputs }) => ({
      inputs,
      outputs,
      weights: new Int8Array(inputs * outputs),
      bias: new Int32Array(outputs),
      shifts: new Int8Array(outputs),
    })),
  };
}
