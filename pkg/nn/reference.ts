/** @file The integer network in plain TypeScript: slow, no runtime needed, and the judge of the ONNX graphs. */
import { ACTIVATION_TOP, ZERO_POINT, type IntegerWeights } from './integer';
import type { RowInputs } from './types';

/** x / 2^shift rounded to a whole number, ties to even, as ONNX Round does. */
function roundShift(x: number, shift: number): number {
  const exact = x * 2 ** -shift;
  const floor = Math.floor(exact);
  const rest = exact - floor;
  if (rest !== 0.5) {
    return rest > 0.5 ? floor + 1 : floor;
  }
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Logits in 1/64 nat, row-major count × classes. Indices must lie within their vocabularies. */
export function evaluateReference(network: IntegerWeights, rows: RowInputs): Int32Array {
  const { layout, tables, layers, spec } = network;
  const out = new Int32Array(rows.count * spec.classes);
  const input = new Float64Array(layout.width);
  for (let row = 0; row < rows.count; row++) {
    layout.tables.forEach(({ dimension, column }, e) => {
      const start = (rows.indices[e]?.[row] as number) * dimension;
      for (let d = 0; d < dimension; d++) {
        input[column + d] = (tables[e]?.[start + d] as number) * network.step;
      }
    });
    for (let l = 0; l < spec.levels; l++) {
      input[layout.width - spec.levels + l] = (rows.levels[row * spec.levels + l] as number) - ZERO_POINT;
    }
    let current = input;
    layers.forEach((layer, depth) => {
      const last = depth === layers.length - 1;
      const next = new Float64Array(layer.outputs);
      for (let j = 0; j < layer.outputs; j++) {
        let sum = layer.bias[j] as number;
        for (let i = 0; i < layer.inputs; i++) {
          sum += (current[i] as number) * (layer.weights[i * layer.outputs + j] as number);
        }
        const code = roundShift(sum, layer.shifts[j] as number);
        next[j] = last ? code : Math.min(ACTIVATION_TOP, Math.max(0, code));
      }
      current = next;
    });
    for (let c = 0; c < spec.classes; c++) {
      out[row * spec.classes + c] = current[c] as number;
    }
  }
  return out;
}
