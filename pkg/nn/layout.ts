/** @file Checks a network's shape and says where each of its parameters lies in one flat vector. */
import { GentError, limit } from '../common';
import type { NetworkSpec } from './types';

/** An embedding table: `vocabulary` × `dimension`, row-major, from `offset` on. */
export interface TableLayout {
  readonly offset: number;
  readonly vocabulary: number;
  readonly dimension: number;
  /** First column of the network's input that the picked row fills. */
  readonly column: number;
}

/** A dense layer: weights `inputs` × `outputs`, row-major, then `outputs` biases. */
export interface LayerLayout {
  readonly weights: number;
  readonly bias: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Offset of the layer's first channel among the channels of all layers. */
  readonly channel: number;
}

/** Where everything lies. */
export interface Layout {
  readonly tables: readonly TableLayout[];
  readonly layers: readonly LayerLayout[];
  /** Width of the network's input: all embedding dimensions, then the levels. */
  readonly width: number;
  /** Width of the embeddings alone. */
  readonly embedded: number;
  /** Number of parameters. */
  readonly size: number;
  /** Channels (outputs) of all layers together. */
  readonly channels: number;
}

/**
 * Widest input of a layer: |Σ activation × weight + bias| ≤ 255 · 63 · 768 + 2^22 < 2^24, the whole numbers that
 * float32 holds without a gap, so that no step of the integer network can round.
 */
export const MAX_WIDTH = 768;
const MAX_CLASSES = 1024;
const MAX_LAYERS = 16;
const MAX_EMBEDDINGS = 256;

function whole(value: number, low: number, high: number, what: string): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new GentError('NN_BAD_SPEC', `${what} is ${value}, not a whole number in ${low} … ${high}`);
  }
}

/**
 * The layout of a network.
 * @throws GentError NN_BAD_SPEC when a size is not a whole number in its range or the network is over a limit
 */
export function layoutOf(spec: NetworkSpec): Layout {
  const parameters = limit('NN_PARAMETERS');
  whole(spec.embeddings.length, 0, MAX_EMBEDDINGS, 'the number of embeddings');
  whole(spec.hidden.length, 0, MAX_LAYERS, 'the number of hidden layers');
  whole(spec.levels, 0, MAX_WIDTH, 'the number of levels');
  whole(spec.classes, 1, MAX_CLASSES, 'the number of classes');
  let offset = 0;
  let column = 0;
  const tables = spec.embeddings.map(({ name, vocabulary, dimension }): TableLayout => {
    whole(vocabulary, 1, parameters, `the vocabulary of embedding ${name}`);
    whole(dimension, 1, MAX_WIDTH, `the dimension of embedding ${name}`);
    const table = { offset, vocabulary, dimension, column };
    offset += vocabulary * dimension;
    column += dimension;
    return table;
  });
  const width = column + spec.levels;
  whole(width, 1, MAX_WIDTH, 'the width of the input (all dimensions and levels)');
  let inputs = width;
  let channel = 0;
  const layers = [...spec.hidden, spec.classes].map((outputs, index): LayerLayout => {
    if (index < spec.hidden.length) {
      whole(outputs, 1, MAX_WIDTH, `the width of hidden layer ${index + 1}`);
    }
    const layer = { weights: offset, bias: offset + inputs * outputs, inputs, outputs, channel };
    offset = layer.bias + outputs;
    channel += outputs;
    inputs = outputs;
    return layer;
  });
  whole(offset, 1, parameters, 'the number of parameters');
  return { tables, layers, width, embedded: column, size: offset, channels: channel };
}
