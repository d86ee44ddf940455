/**
 * @file Reads a network out of ONNX bytes that nobody vouches for: the weights are taken out within stated sizes,
 * checked, and must give the very same bytes when written again. The runtime never sees the bytes themselves.
 */
import { GentError, limit } from '../common';
import { encodeNetwork, layerNames, parseSpec, SPEC_KEY, STEP, tableName } from './inference-graph';
import { emptyWeights, MAX_BIAS, MAX_SHIFT, MAX_WEIGHT_BITS, MIN_SHIFT, topCode, type IntegerWeights } from './integer';
import { ELEMENT } from './onnx';
import { layoutOf, type Layout } from './layout';
import { readFields } from './protobuf';
import type { NetworkSpec } from './types';

const MAX_CONSTANTS = 4096;
const MAX_METADATA_BYTES = 256 * 1024;

/** Steps that the widths of 7 … 2 bits have. */
const STEPS = [1, 2, 4, 8, 16, 32];

function bad(why: string): GentError {
  return new GentError('NN_BAD_NETWORK', `network: ${why}`);
}

interface RawTensor {
  readonly type: number;
  readonly bytes: Uint8Array;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Constants of the GraphProto by name, as views of the bytes. */
function readConstants(graph: Uint8Array): Map<string, RawTensor> {
  const constants = new Map<string, RawTensor>();
  for (const field of readFields(graph, 'graph')) {
    if (field.number !== 5 || field.wire !== 2) {
      continue;
    }
    let name = '';
    let type = 0;
    let bytes: Uint8Array = new Uint8Array(0);
    for (const part of readFields(field.bytes, 'constant')) {
      if (part.number === 2) {
        type = Number(part.integer & 0xffffn);
      } else if (part.number === 8) {
        name = text(part.bytes.subarray(0, 64));
      } else if (part.number === 9) {
        bytes = part.bytes;
      }
    }
    constants.set(name, { type, bytes });
    if (constants.size > MAX_CONSTANTS) {
      throw bad(`more than ${MAX_CONSTANTS} constants`);
    }
  }
  return constants;
}

/** The bytes of a constant that must have `size` elements of a type; a copy, so that they are aligned. */
function take(
  constants: Map<string, RawTensor>,
  name: string,
  type: keyof typeof ELEMENT,
  length: number
): ArrayBuffer {
  const tensor = constants.get(name);
  if (tensor === undefined || tensor.type !== ELEMENT[type] || tensor.bytes.length !== length) {
    throw bad(`constant ${name} is not ${length} bytes of ${type}`);
  }
  const copy = new ArrayBuffer(length);
  new Uint8Array(copy).set(tensor.bytes);
  return copy;
}

function fillLayers(network: IntegerWeights, constants: Map<string, RawTensor>): void {
  const top = topCode(MAX_WEIGHT_BITS);
  network.layers.forEach((layer, index) => {
    const names = layerNames(index);
    const { outputs } = layer;
    layer.weights.set(new Int8Array(take(constants, names.weights, 'int8', layer.inputs * outputs)));
    layer.bias.set(new Int32Array(take(constants, names.bias, 'int32', 4 * outputs)));
    const scales = new Float32Array(take(constants, names.scale, 'float', 4 * outputs));
    if (layer.weights.some((code) => Math.abs(code) > top)) {
      throw bad(`layer ${index} has a weight beyond ±${top}`);
    }
    if (layer.bias.some((value) => Math.abs(value) > MAX_BIAS)) {
      throw bad(`layer ${index} has a bias beyond ±${MAX_BIAS}`);
    }
    scales.forEach((scale, j) => {
      const shift = -Math.log2(scale);
      if (!Number.isInteger(shift) || shift < MIN_SHIFT || shift > MAX_SHIFT) {
        throw bad(`layer ${index} has a scale that is no power of two in range`);
      }
      layer.shifts[j] = shift;
    });
  });
}

function checkedLayout(spec: NetworkSpec): Layout {
  try {
    return layoutOf(spec);
  } catch (error) {
    throw error instanceof GentError ? bad(error.message) : error;
  }
}

/**
 * The weights in ONNX bytes written by {@link encodeNetwork}.
 * @throws GentError NN_BAD_NETWORK when they are anything else; LIMIT_EXCEEDED when they are over NN_BYTES
 */
export function parseNetwork(onnx: Uint8Array): IntegerWeights {
  const most = limit('NN_BYTES');
  if (onnx.length > most) {
    throw new GentError('LIMIT_EXCEEDED', `network: ${onnx.length} bytes, over NN_BYTES = ${most}`);
  }
  let graph: Uint8Array | undefined;
  let specText: string | undefined;
  for (const field of readFields(onnx, 'model')) {
    if (field.number === 7 && field.wire === 2) {
      graph = field.bytes;
    } else if (field.number === 14 && field.wire === 2) {
      const entry = new Map([...readFields(field.bytes, 'metadata')].map((part) => [part.number, part.bytes]));
      const value = entry.get(2) ?? new Uint8Array(0);
      if (text(entry.get(1) ?? value) === SPEC_KEY && value.length <= MAX_METADATA_BYTES) {
        specText = text(value);
      }
    }
  }
  const spec = specText === undefined ? undefined : parseSpec(specText);
  if (graph === undefined || spec === undefined) {
    throw bad(`no graph with metadata ${SPEC_KEY}`);
  }
  const constants = readConstants(graph);
  const { size } = checkedLayout(spec);
  if (size > onnx.length) {
    throw bad(`${size} parameters in ${onnx.length} bytes`);
  }
  const step = spec.embeddings.length > 0 ? new Int32Array(take(constants, STEP, 'int32', 4))[0] : 1;
  if (!STEPS.includes(step as number)) {
    throw bad(`a table step of ${step}`);
  }
  const network = emptyWeights(spec, step);
  network.tables.forEach((table, e) => {
    table.set(new Int8Array(take(constants, tableName(e), 'int8', table.length)));
    if (table.some((code) => Math.abs(code * network.step) > topCode(MAX_WEIGHT_BITS))) {
      throw bad(`embedding ${e} has a code out of range`);
    }
  });
  fillLayers(network, constants);
  const again = encodeNetwork(network);
  if (again.length !== onnx.length || Buffer.compare(again, onnx) !== 0) {
    throw bad('the graph is not the one that these weights give');
  }
  return network;
}
