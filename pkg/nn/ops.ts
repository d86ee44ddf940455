/** @file The differentiable operators of the training graph: forward nodes, and the gradient of each. */
import type { Graph, Value } from './autodiff';
import { RUNTIME_DOMAIN } from './onnx';

/** a · b for matrices. */
export function matMul(graph: Graph, a: Value, b: Value): Value {
  const output = graph.emit('Gemm', [a, b], [at(a, 0), at(b, 1)]);
  return graph.record([a, b], output, (gradient, [needA, needB]) => [
    needA ? graph.emit('Gemm', [gradient, b], a.dims, { transB: 1 }) : undefined,
    needB ? graph.emit('Gemm', [a, gradient], b.dims, { transA: 1 }) : undefined,
  ]);
}

/** x · weights + bias, the bias a row. */
export function linear(graph: Graph, x: Value, weights: Value, bias: Value): Value {
  const output = graph.emit('Gemm', [x, weights, bias], [at(x, 0), at(weights, 1)]);
  return recordLinear(graph, output, x, weights, bias);
}

/** A matrix product in whole numbers, which says what {@link linear} would. */
export interface WholeNumbers {
  /** u8, the same as x; x is this less `zero`. */
  readonly x: Value;
  readonly zero: number;
  /** s8, and what a unit of a column of them is worth: together the same as weights. */
  readonly weights: Value;
  readonly steps: Value;
}

/**
 * {@link linear}, but forwards in whole numbers: several times as fast, and the same numbers where sums of products are
 * exact in float32.
 * @param first - give the gradient of the first columns of x only; default all
 */
export function linearOfWhole(
  graph: Graph,
  whole: WholeNumbers,
  x: Value,
  weights: Value,
  bias: Value,
  first?: number
): Value {
  const none: Value = { name: '', dims: [] };
  const zero =
    whole.zero === 0
      ? none
      : graph.constant(`zero${whole.zero}`, { type: 'uint8', dims: [], data: Uint8Array.of(whole.zero) });
  const output = graph.emit(
    'MatMulIntegerToFloat',
    [whole.x, whole.weights, graph.scalar(1), whole.steps, zero, none, bias],
    [at(x, 0), at(weights, 1)],
    undefined,
    RUNTIME_DOMAIN
  );
  return recordLinear(graph, output, x, weights, bias, first);
}

function recordLinear(graph: Graph, output: Value, x: Value, weights: Value, bias: Value, first?: number): Value {
  const gradientOfX = (gradient: Value): Value =>
    graph.emit(
      'Gemm',
      [gradient, first === undefined ? weights : firstRows(graph, weights, first)],
      [at(x, 0), first ?? at(x, 1)],
      { transB: 1 }
    );
  return graph.record([x, weights, bias], output, (gradient, [needX, needWeights, needBias]) => [
    needX ? gradientOfX(gradient) : undefined,
    needWeights ? graph.emit('Gemm', [x, gradient], weights.dims, { transA: 1 }) : undefined,
    needBias ? reduceTo(graph, gradient, bias) : undefined,
  ]);
}

function firstRows(graph: Graph, matrix: Value, count: number): Value {
  const place = (n: number): Value =>
    graph.constant(`row${n}`, { type: 'int64', dims: [1], data: BigInt64Array.of(BigInt(n)) });
  return graph.emit('Slice', [matrix, place(0), place(count)], [count, at(matrix, 1)]);
}

/** a + b with broadcasting. */
export function add(graph: Graph, a: Value, b: Value): Value {
  const output = graph.emit('Add', [a, b], broadcast(a, b));
  return graph.record([a, b], output, (gradient, [needA, needB]) => [
    needA ? reduceTo(graph, gradient, a) : undefined,
    needB ? reduceTo(graph, gradient, b) : undefined,
  ]);
}

/** a − b with broadcasting. */
export function sub(graph: Graph, a: Value, b: Value): Value {
  const output = graph.emit('Sub', [a, b], broadcast(a, b));
  return graph.record([a, b], output, (gradient, [needA, needB]) => [
    needA ? reduceTo(graph, gradient, a) : undefined,
    needB ? graph.emit('Neg', [reduceTo(graph, gradient, b)], b.dims) : undefined,
  ]);
}

/** a ∘ b (element by element) with broadcasting. */
export function mul(graph: Graph, a: Value, b: Value): Value {
  const output = graph.emit('Mul', [a, b], broadcast(a, b));
  const part = (gradient: Value, other: Value, self: Value): Value =>
    reduceTo(graph, graph.emit('Mul', [gradient, other], output.dims), self);
  return graph.record([a, b], output, (gradient, [needA, needB]) => [
    needA ? part(gradient, b, a) : undefined,
    needB ? part(gradient, a, b) : undefined,
  ]);
}

/** max(x, 0). */
export function relu(graph: Graph, x: Value): Value {
  const output = graph.emit('Relu', [x], x.dims);
  return graph.record([x], output, (gradient) => {
    const open = graph.emit('Sign', [output], x.dims);
    return [graph.emit('Mul', [gradient, open], x.dims)];
  });
}

/**
 * x rounded to whole numbers (ties to even) and cut to 0…`top`: an unsigned activation in units of its own step, with
 * the ReLU inside. The gradient is the straight-through estimator (Bengio et al. 2013, arXiv:1308.3432): that of the
 * identity where the rounded x lies in 1…top, else 0.
 */
export function quantiseActivation(graph: Graph, x: Value, top: number): Value {
  const rounded = graph.emit('Round', [x], x.dims);
  const output = graph.emit('Clip', [rounded, graph.scalar(0), graph.scalar(top)], x.dims);
  return graph.record([x], output, (gradient) => {
    // Whole numbers: clip(r · (top + 1 − r), 0, 1) is 1 just where 1 ≤ r ≤ top.
    const room = graph.emit('Sub', [graph.scalar(top + 1), rounded], x.dims);
    const inside = graph.emit('Mul', [rounded, room], x.dims);
    const open = graph.emit('Clip', [inside, graph.scalar(0), graph.scalar(1)], x.dims);
    return [graph.emit('Mul', [gradient, open], x.dims)];
  });
}

/**
 * Rows of `table` [vocabulary × dimension] picked by int32 `index` [rows]. The gradient adds up with ScatterElements:
 * ScatterND with reduction races on more than one thread in ONNX Runtime 1.30 (microsoft/onnxruntime#18048).
 */
export function embed(graph: Graph, table: Value, index: Value): Value {
  const dims = [at(index, 0), at(table, 1)];
  const output = graph.emit('Gather', [table, index], dims, { axis: 0 });
  return graph.record([table], output, (gradient) => {
    const zero = graph.emit('Mul', [table, graph.scalar(0)], table.dims);
    const axis = graph.constant('axis1', { type: 'int64', dims: [1], data: new BigInt64Array([1n]) });
    const column = graph.emit('Unsqueeze', [index, axis], [at(index, 0), 1]);
    const shape = graph.emit('Shape', [gradient], [2]);
    const spread = graph.emit('Expand', [column, shape], dims);
    const picked = { axis: 0, reduction: 'add' };
    // ScatterElements got its reduction in operator set 16.
    return [graph.emit('ScatterElements', [zero, spread, gradient], table.dims, picked)];
  });
}

/** Columns side by side; the gradient is split again. */
export function concat(graph: Graph, parts: readonly Value[]): Value {
  const widths = parts.map((part) => at(part, 1) as number);
  const first = parts[0];
  const rows = first === undefined ? 0 : at(first, 0);
  const output = graph.emit('Concat', parts, [rows, widths.reduce((sum, width) => sum + width, 0)], { axis: 1 });
  return graph.record(parts, output, (gradient) => {
    const sizes = graph.constant(`split${widths.join('_')}`, {
      type: 'int64',
      dims: [widths.length],
      data: BigInt64Array.from(widths, (width) => BigInt(width)),
    });
    const dims = parts.map((part) => part.dims);
    return graph.emitMany('Split', [gradient, sizes], dims, { axis: 1 });
  });
}

/** Sum of all elements, a scalar. */
export function sum(graph: Graph, x: Value): Value {
  const output = graph.emit('ReduceSum', [x], [], { keepdims: 0 });
  return graph.record([x], output, (gradient) => {
    const shape = graph.emit('Shape', [x], [x.dims.length]);
    return [graph.emit('Expand', [gradient, shape], x.dims)];
  });
}

/** Σ over rows of weight × −log softmax(logits)[target]. `targets` int32 [rows × 1]; `weights` [rows × 1] or [1 × 1]. */
export function softmaxCrossEntropy(graph: Graph, logits: Value, targets: Value, weights: Value): Value {
  const logs = graph.emit('LogSoftmax', [logits], logits.dims, { axis: 1 });
  const own = graph.emit('GatherElements', [logs, targets], targets.dims, { axis: 1 });
  const chosen = graph.emit('Mul', [own, graph.emit('Neg', [weights], weights.dims)], targets.dims);
  const loss = graph.emit('ReduceSum', [chosen], [], { keepdims: 0 });
  return graph.record([logits], loss, (gradient) => {
    // softmax − one-hot, the latter without ever being laid out
    const scale = graph.emit('Mul', [weights, gradient], weights.dims);
    const shape = graph.emit('Shape', [targets], [2]);
    const less = graph.emit('Expand', [graph.scalar(-1), shape], targets.dims);
    const odds = graph.emit('Exp', [logs], logits.dims);
    const error = graph.emit('ScatterElements', [odds, targets, less], logits.dims, { axis: 1, reduction: 'add' });
    return [graph.emit('Mul', [error, scale], logits.dims)];
  });
}

function at(value: Value, axis: number): number | string {
  const dim = value.dims[axis];
  if (dim === undefined) {
    throw new RangeError(`${value.name} has no axis ${axis}`);
  }
  return dim;
}

function broadcast(a: Value, b: Value): Array<number | string> {
  const rank = Math.max(a.dims.length, b.dims.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a.dims[i - rank + a.dims.length] ?? 1;
    const right = b.dims[i - rank + b.dims.length] ?? 1;
    return left === 1 ? right : left;
  });
}

/** Sums a gradient over the axes along which `target` was broadcast. */
function reduceTo(graph: Graph, gradient: Value, target: Value): Value {
  const extra = gradient.dims.length - target.dims.length;
  const lead: number[] = [];
  const kept: number[] = [];
  gradient.dims.forEach((dim, axis) => {
    if (axis < extra) {
      lead.push(axis);
    } else if (target.dims[axis - extra] === 1 && dim !== 1) {
      kept.push(axis);
    }
  });
  const sum = (value: Value, axes: number[], keepdims: number, dims: Value['dims']): Value => {
    const list = graph.constant(`axes${axes.join('_')}`, {
      type: 'int64',
      dims: [axes.length],
      data: BigInt64Array.from(axes, (axis) => BigInt(axis)),
    });
    return graph.emit('ReduceSum', [value, list], dims, { keepdims });
  };
  let result = gradient;
  if (kept.length > 0) {
    const dims = gradient.dims.map((dim, axis) => (kept.includes(axis) ? 1 : dim));
    result = sum(result, kept, 1, dims);
  }
  return lead.length > 0 ? sum(result, lead, 0, target.dims) : result;
}
