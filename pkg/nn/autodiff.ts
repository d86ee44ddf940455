/**
 * @file Reverse-mode differentiation that emits plain ONNX: each operator writes its forward nodes at once and leaves
 * behind how to write its gradient, so that one graph gives the loss and every gradient asked for.
 */
import type { Attribute, ElementType, GraphNode, GraphPort, OnnxModel, TensorValue } from './onnx';

type Dims = ReadonlyArray<number | string>;

/** A tensor of the graph: its name and its shape (a text dimension is symbolic). */
export interface Value {
  readonly name: string;
  readonly dims: Dims;
}

interface TapeEntry {
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** Writes the gradients of the inputs named in `wanted`, given the gradient of the output. */
  backward(gradient: Value, wanted: readonly boolean[]): Array<Value | undefined>;
}

/** Builds a graph of float32 tensors and its gradient. */
export class Graph {
  private readonly inputs: GraphPort[] = [];
  private readonly outputs: GraphPort[] = [];
  private readonly constants = new Map<string, TensorValue>();
  private readonly nodes: GraphNode[] = [];
  private readonly tape: TapeEntry[] = [];
  private counter = 0;

  /** An input that is fed at each run. */
  input(name: string, dims: Dims, type: ElementType = 'float'): Value {
    this.inputs.push({ name, type, dims });
    return { name, dims };
  }

  /** A constant kept in the graph; equal names are stored once. */
  constant(name: string, value: TensorValue): Value {
    this.constants.set(name, value);
    return { name, dims: value.dims };
  }

  /** A float scalar constant. */
  scalar(value: number): Value {
    return this.constant(`c${value}`, { type: 'float', dims: [], data: new Float32Array([value]) });
  }

  /** Makes a value an output under a name of its own. */
  output(name: string, value: Value, type: ElementType = 'float'): void {
    this.nodes.push({ op: 'Identity', inputs: [value.name], outputs: [name] });
    this.outputs.push({ name, type, dims: value.dims });
  }

  /** One node without a gradient. */
  emit(
    op: string,
    inputs: readonly Value[],
    dims: Dims,
    attributes?: Record<string, Attribute>,
    domain?: string
  ): Value {
    const name = `v${this.counter++}`;
    this.nodes.push({ op, inputs: inputs.map((value) => value.name), outputs: [name], attributes, domain });
    return { name, dims };
  }

  /** Remembers how `output` depends on `inputs`. */
  record(inputs: readonly Value[], output: Value, backward: TapeEntry['backward']): Value {
    this.tape.push({ inputs, output, backward });
    return output;
  }

  /** One node with several outputs and no gradient (Split). */
  emitMany(
    op: string,
    inputs: readonly Value[],
    dims: readonly Dims[],
    attributes?: Record<string, Attribute>
  ): Value[] {
    const outputs = dims.map((each) => ({ name: `v${this.counter++}`, dims: each }));
    this.nodes.push({
      op,
      inputs: inputs.map((value) => value.name),
      outputs: outputs.map((value) => value.name),
      attributes,
    });
    return outputs;
  }

  /** Writes the gradients of a scalar `loss`; one value for each of `wanted`, in order (undefined: it has no influence). */
  gradients(loss: Value, wanted: readonly Value[]): Array<Value | undefined> {
    const depends = new Set(wanted.map((value) => value.name));
    for (const entry of this.tape) {
      if (entry.inputs.some((value) => depends.has(value.name))) {
        depends.add(entry.output.name);
      }
    }
    const gradients = new Map<string, Value>([[loss.name, this.scalar(1)]]);
    for (const entry of [...this.tape].reverse()) {
      const gradient = gradients.get(entry.output.name);
      const needs = entry.inputs.map((value) => depends.has(value.name));
      if (gradient === undefined || !needs.includes(true)) {
        continue;
      }
      entry.backward(gradient, needs).forEach((part, index) => {
        const input = entry.inputs[index];
        if (part === undefined || input === undefined || !needs[index]) {
          return;
        }
        const sum = gradients.get(input.name);
        gradients.set(input.name, sum === undefined ? part : this.emit('Add', [sum, part], part.dims));
      });
    }
    return wanted.map((value) => gradients.get(value.name));
  }

  /** The graph as a model. */
  model(): OnnxModel {
    return { inputs: this.inputs, outputs: this.outputs, constants: this.constants, nodes: this.nodes };
  }
}
