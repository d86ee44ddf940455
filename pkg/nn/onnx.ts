/** @file Writes ONNX models (onnx.proto3 of the ONNX project, IR version 8) by hand: no dependency, the same bytes every time. */
import { MessageWriter } from './protobuf';

/** Element types of TensorProto.DataType that this room uses. */
export const ELEMENT = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
export type ElementType = keyof typeof ELEMENT;

type TensorData = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** A constant of the graph. */
export interface TensorValue {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export type Attribute = number | string;

/** One operator of the graph: of the ONNX standard, or of a domain. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Where the operator is defined; absent = the standard. Only {@link RUNTIME_DOMAIN} is used beside it. */
  readonly domain?: string;
}

/** An input or output: a text dimension is symbolic (any size). */
export interface GraphPort {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: ReadonlyArray<number | string>;
}

/** A whole model. Nodes stand in an order in which each input is known before it is used. */
export interface OnnxModel {
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
  readonly constants: ReadonlyMap<string, TensorValue>;
  readonly nodes: readonly GraphNode[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** IR 8 with operator set 17: the oldest pair that has every operator used here, so old runtimes read it too. */
const IR_VERSION = 8;
const OPSET = 17;
/** Operators of ONNX Runtime's own. */
export const RUNTIME_DOMAIN = 'com.microsoft';

/** Bytes of the data, little-endian as ONNX wants `raw_data` (and as every machine that Node runs on stores it). */
function rawBytes(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function attributeMessage(name: string, value: Attribute): MessageWriter {
  const message = new MessageWriter().text(1, name);
  if (typeof value === 'number') {
    return message.integer(3, value).integer(20, 2);
  }
  return message.text(4, value).integer(20, 3);
}

function nodeMessage(node: GraphNode): MessageWriter {
  const message = new MessageWriter();
  node.inputs.forEach((name) => message.text(1, name));
  node.outputs.forEach((name) => message.text(2, name));
  message.text(4, node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    message.message(5, attributeMessage(name, value));
  }
  return node.domain === undefined ? message : message.text(7, node.domain);
}

function tensorMessage(name: string, value: TensorValue): MessageWriter {
  const message = new MessageWriter();
  if (value.dims.length > 0) {
    message.packed(1, value.dims);
  }
  return message.integer(2, ELEMENT[value.type]).text(8, name).bytes(9, rawBytes(value.data));
}

function portMessage(port: GraphPort): MessageWriter {
  const shape = new MessageWriter();
  for (const dim of port.dims) {
    shape.message(1, typeof dim === 'number' ? new MessageWriter().integer(1, dim) : new MessageWriter().text(2, dim));
  }
  const tensor = new MessageWriter().integer(1, ELEMENT[port.type]).message(2, shape);
  return new MessageWriter().text(1, port.name).message(2, new MessageWriter().message(1, tensor));
}

/** The model as ONNX bytes. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = new MessageWriter();
  model.nodes.forEach((node) => graph.message(1, nodeMessage(node)));
  graph.text(2, 'gent');
  for (const [name, value] of model.constants) {
    graph.message(5, tensorMessage(name, value));
  }
  model.inputs.forEach((port) => graph.message(11, portMessage(port)));
  model.outputs.forEach((port) => graph.message(12, portMessage(port)));

  const message = new MessageWriter().integer(1, IR_VERSION).text(2, 'gent').message(7, graph);
  message.message(8, new MessageWriter().text(1, '').integer(2, OPSET));
  if (model.nodes.some(({ domain }) => domain !== undefined)) {
    message.message(8, new MessageWriter().text(1, RUNTIME_DOMAIN).integer(2, 1));
  }
  for (const [key, value] of Object.entries(model.metadata ?? {})) {
    message.message(14, new MessageWriter().text(1, key).text(2, value));
  }
  return message.finish();
}
