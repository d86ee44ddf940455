/** @file The ONNX graphs of the integer network: the whole one that a file keeps, and the dense one that is run. */
import { paddedWidth } from './gather';
import { ACTIVATION_TOP, ZERO_POINT, type IntegerWeights } from './integer';
import { encodeModel, ELEMENT, type GraphNode, type GraphPort, type TensorValue } from './onnx';

/** Key of the metadata entry with the network's shape. */
export const SPEC_KEY = 'gent.network';
const VERSION = 1;

/** Name of the constant with the step of the tables. */
export const STEP = 'step';

interface Parts {
  readonly nodes: GraphNode[];
  readonly constants: Map<string, TensorValue>;
}

/** Names of a layer's constants. */
export function layerNames(index: number): { weights: string; bias: string; scale: string } {
  return { weights: `w${index}`, bias: `b${index}`, scale: `s${index}` };
}

/** Name of an embedding's table. */
export function tableName(index: number): string {
  return `t${index}`;
}

/**
 * The layers, from `x` (s8, or u8 with a zero point) to `logits` (int32). Only standard operators; each float32 step is exact (see README), so
 * kernels and fusions cannot differ.
 */
function addLayers({ nodes, constants }: Parts, network: IntegerWeights, zero?: string): void {
  if (network.layers.length > 1) {
    constants.set('low', { type: 'float', dims: [], data: Float32Array.of(0) });
    constants.set('high', { type: 'float', dims: [], data: Float32Array.of(ACTIVATION_TOP) });
  }
  let x = 'x';
  network.layers.forEach((layer, index) => {
    const names = layerNames(index);
    const { outputs } = layer;
    constants.set(names.weights, { type: 'int8', dims: [layer.inputs, outputs], data: layer.weights });
    constants.set(names.bias, { type: 'int32', dims: [outputs], data: layer.bias });
    const scales = Float32Array.from(layer.shifts, (shift) => 2 ** -shift);
    constants.set(names.scale, { type: 'float', dims: [outputs], data: scales });
    const at = (step: string): string => `${step}${index}`;
    const product = index === 0 && zero !== undefined ? [x, names.weights, zero] : [x, names.weights];
    nodes.push(
      { op: 'MatMulInteger', inputs: product, outputs: [at('m')] },
      { op: 'Add', inputs: [at('m'), names.bias], outputs: [at('a')] },
      { op: 'Cast', inputs: [at('a')], outputs: [at('f')], attributes: { to: ELEMENT.float } },
      { op: 'Mul', inputs: [at('f'), names.scale], outputs: [at('g')] },
      { op: 'Round', inputs: [at('g')], outputs: [at('r')] }
    );
    if (index === network.layers.length - 1) {
      nodes.push({ op: 'Cast', inputs: [at('r')], outputs: ['logits'], attributes: { to: ELEMENT.int32 } });
    } else {
      nodes.push(
        { op: 'Clip', inputs: [at('r'), 'low', 'high'], outputs: [at('c')] },
        { op: 'Cast', inputs: [at('c')], outputs: [at('h')], attributes: { to: ELEMENT.uint8 } }
      );
    }
    x = at('h');
  });
}

const toInt32 = { to: ELEMENT.int32 };

/** Embeddings picked by the columns of `indices`, side by side, as int32 input steps named `picked`. */
function addEmbeddings({ nodes, constants }: Parts, network: IntegerWeights): void {
  network.spec.embeddings.forEach(({ vocabulary, dimension }, e) => {
    const data = network.tables[e] as Int8Array;
    constants.set(tableName(e), { type: 'int8', dims: [vocabulary, dimension], data });
    constants.set(`e${e}`, { type: 'int32', dims: [], data: Int32Array.of(e) });
    nodes.push(
      { op: 'Gather', inputs: ['indices', `e${e}`], outputs: [`i${e}`], attributes: { axis: 1 } },
      { op: 'Gather', inputs: [tableName(e), `i${e}`], outputs: [`p${e}`], attributes: { axis: 0 } }
    );
  });
  const parts = network.spec.embeddings.map((_, e) => `p${e}`);
  constants.set(STEP, { type: 'int32', dims: [], data: Int32Array.of(network.step) });
  nodes.push(
    { op: 'Concat', inputs: parts, outputs: ['codes'], attributes: { axis: 1 } },
    { op: 'Cast', inputs: ['codes'], outputs: ['whole'], attributes: toInt32 },
    { op: 'Mul', inputs: ['whole', STEP], outputs: ['picked'] }
  );
}

/** The graph that a file keeps: `indices` int32 [n × embeddings] and `levels` u8 [n × levels] in, `logits` int32 out. */
export function encodeNetwork(network: IntegerWeights): Uint8Array {
  const { spec } = network;
  const parts: Parts = { nodes: [], constants: new Map() };
  const inputs: GraphPort[] = [];
  const columns: string[] = [];
  if (spec.embeddings.length > 0) {
    inputs.push({ name: 'indices', type: 'int32', dims: ['n', spec.embeddings.length] });
    addEmbeddings(parts, network);
    columns.push('picked');
  }
  if (spec.levels > 0) {
    inputs.push({ name: 'levels', type: 'uint8', dims: ['n', spec.levels] });
    parts.constants.set('zero', { type: 'int32', dims: [], data: Int32Array.of(ZERO_POINT) });
    parts.nodes.push(
      { op: 'Cast', inputs: ['levels'], outputs: ['raw'], attributes: toInt32 },
      { op: 'Sub', inputs: ['raw', 'zero'], outputs: ['centred'] }
    );
    columns.push('centred');
  }
  parts.nodes.push(
    { op: 'Concat', inputs: columns, outputs: ['wide'], attributes: { axis: 1 } },
    { op: 'Cast', inputs: ['wide'], outputs: ['x'], attributes: { to: ELEMENT.int8 } }
  );
  addLayers(parts, network);
  return encodeModel({
    ...parts,
    inputs,
    outputs: [{ name: 'logits', type: 'int32', dims: ['n', spec.classes] }],
    metadata: { [SPEC_KEY]: specText(network) },
  });
}

/**
 * The graph that is run: `x` u8 [n × paddedWidth], gathered by the caller, in; `logits` int32 out. The padding's weights
 * are 0.
 */
export function encodeLayers(network: IntegerWeights): Uint8Array {
  const parts: Parts = { nodes: [], constants: new Map() };
  const width = paddedWidth(network.layout.width);
  const layers = network.layers.map((layer, index) => {
    if (index > 0) {
      return layer;
    }
    const weights = new Int8Array(width * layer.outputs);
    weights.set(layer.weights);
    return { ...layer, inputs: width, weights };
  });
  parts.constants.set('zero', { type: 'uint8', dims: [], data: Uint8Array.of(ZERO_POINT) });
  addLayers(parts, { ...network, layers }, 'zero');
  return encodeModel({
    ...parts,
    inputs: [{ name: 'x', type: 'uint8', dims: ['n', width] }],
    outputs: [{ name: 'logits', type: 'int32', dims: ['n', network.spec.classes] }],
  });
}

function specText({ spec }: IntegerWeights): string {
  const embeddings = spec.embeddings.map(({ name, vocabulary, dimension }) => ({ name, vocabulary, dimension }));
  const { levels, hidden, classes } = spec;
  return JSON.stringify({ version: VERSION, embeddings, levels, hidden, classes });
}

/** Reads what {@link encodeNetwork} wrote as metadata; undefined when it is no such text. */
export function parseSpec(text: string): IntegerWeights['spec'] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const record = (value ?? {}) as Record<string, unknown>;
  const isNumber = (each: unknown): each is number => typeof each === 'number';
  const { version, embeddings, levels, hidden, classes } = record;
  if (version !== VERSION || !Array.isArray(embeddings) || !Array.isArray(hidden)) {
    return undefined;
  }
  if (!hidden.every(isNumber) || !isNumber(levels) || !isNumber(classes)) {
    return undefined;
  }
  const inputs = embeddings.map((each: unknown) => (each ?? {}) as Record<string, unknown>);
  const parsed = inputs.flatMap(({ name, vocabulary, dimension }) =>
    typeof name === 'string' && isNumber(vocabulary) && isNumber(dimension) ? [{ name, vocabulary, dimension }] : []
  );
  return parsed.length === inputs.length ? { embeddings: parsed, levels, hidden, classes } : undefined;
}
