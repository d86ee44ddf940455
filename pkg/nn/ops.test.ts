/** @file Every operator's gradient against central finite differences, on ONNX Runtime. */
import { Graph, type Value } from './autodiff';
import { ELEMENT, encodeModel } from './onnx';
import * as ops from './ops';
import { Random } from './random';
import { loadRuntime, sessionOptions } from './runtime';

interface Input {
  readonly dims: readonly number[];
  /** Values to use; random in ±1 by default, away from the kinks of the operators. */
  readonly data?: readonly number[];
}

interface Case {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly build: (graph: Graph, inputs: readonly Value[]) => Value;
}

const integers = (graph: Graph, name: string, data: readonly number[], dims = [data.length]): Value =>
  graph.constant(name, { type: 'int32', dims, data: Int32Array.from(data) });

const CASES: readonly Case[] = [
  { name: 'matMul', inputs: [{ dims: [3, 4] }, { dims: [4, 2] }], build: (g, [a, b]) => ops.matMul(g, a!, b!) },
  {
    name: 'linear',
    inputs: [{ dims: [3, 4] }, { dims: [4, 2] }, { dims: [2] }],
    build: (g, [x, w, b]) => ops.linear(g, x!, w!, b!),
  },
  { name: 'add', inputs: [{ dims: [3, 4] }, { dims: [3, 4] }], build: (g, [a, b]) => ops.add(g, a!, b!) },
  { name: 'add, row', inputs: [{ dims: [3, 4] }, { dims: [4] }], build: (g, [a, b]) => ops.add(g, a!, b!) },
  { name: 'add, column', inputs: [{ dims: [3, 1] }, { dims: [3, 4] }], build: (g, [a, b]) => ops.add(g, a!, b!) },
  { name: 'add, to itself', inputs: [{ dims: [3, 2] }], build: (g, [a]) => ops.add(g, a!, a!) },
  { name: 'sub', inputs: [{ dims: [3, 4] }, { dims: [1, 4] }], build: (g, [a, b]) => ops.sub(g, a!, b!) },
  { name: 'mul', inputs: [{ dims: [3, 4] }, { dims: [3, 4] }], build: (g, [a, b]) => ops.mul(g, a!, b!) },
  { name: 'mul, broadcast', inputs: [{ dims: [4] }, { dims: [3, 1] }], build: (g, [a, b]) => ops.mul(g, a!, b!) },
  { name: 'mul, square', inputs: [{ dims: [3, 2] }], build: (g, [a]) => ops.mul(g, a!, a!) },
  {
    name: 'relu',
    inputs: [{ dims: [2, 3], data: [-1, -0.3, 0.2, 0.7, 1.5, -2] }],
    build: (g, [x]) => ops.relu(g, x!),
  },
  {
    name: 'embed, repeated rows',
    inputs: [{ dims: [5, 3] }],
    build: (g, [table]) => ops.embed(g, table!, integers(g, 'rows', [4, 0, 4, 2])),
  },
  {
    name: 'concat',
    inputs: [{ dims: [3, 2] }, { dims: [3, 1] }, { dims: [3, 4] }],
    build: (g, parts) => ops.concat(g, parts),
  },
  {
    name: 'softmaxCrossEntropy',
    inputs: [{ dims: [3, 4] }],
    build: (g, [x]) =>
      ops.softmaxCrossEntropy(
        g,
        x!,
        integers(g, 'targets', [1, 3, 0], [3, 1]),
        g.constant('one', { type: 'float', dims: [1, 1], data: Float32Array.of(0.5) })
      ),
  },
  {
    name: 'softmaxCrossEntropy, weighted, a class that is not there',
    inputs: [{ dims: [3, 4] }],
    build: (g, [x]) =>
      ops.softmaxCrossEntropy(
        g,
        ops.add(g, x!, g.constant('mask', { type: 'float', dims: [1, 4], data: Float32Array.of(0, 0, 0, -10_000) })),
        integers(g, 'targets', [1, 1, 0], [3, 1]),
        g.constant('weights', { type: 'float', dims: [3, 1], data: Float32Array.of(0.5, 2, 1) })
      ),
  },
  {
    name: 'a network',
    inputs: [{ dims: [4, 3] }, { dims: [3, 5] }, { dims: [5] }, { dims: [5, 3] }, { dims: [3] }],
    build: (g, [x, w, b, v, c]) =>
      ops.softmaxCrossEntropy(
        g,
        ops.linear(g, ops.mul(g, ops.linear(g, x!, w!, b!), g.scalar(0.7)), v!, c!),
        integers(g, 'targets', [1, 2, 0, 0], [4, 1]),
        g.constant('one', { type: 'float', dims: [1, 1], data: Float32Array.of(1) })
      ),
  },
];

/** Loss = Σ pattern ∘ output, so that each element of the output counts differently. */
async function evaluate(
  inputs: readonly Input[],
  build: Case['build']
): Promise<(data: readonly Float32Array[]) => Promise<{ loss: number; gradients: Float32Array[] }>> {
  const ort = await loadRuntime('native');
  const graph = new Graph();
  const values = inputs.map(({ dims }, i) => graph.input(`in${i}`, dims));
  const output = build(graph, values);
  const size = output.dims.reduce<number>((product, dim) => product * (dim as number), 1);
  const pattern = graph.constant('pattern', {
    type: 'float',
    dims: output.dims as number[],
    data: Float32Array.from({ length: size }, (_, i) => 1 + (i % 3) * 0.5),
  });
  const loss = ops.sum(graph, ops.mul(graph, output, pattern));
  const gradients = graph.gradients(loss, values);
  graph.output('loss', loss);
  gradients.forEach((gradient, i) => graph.output(`g${i}`, gradient!));
  const session = await ort.InferenceSession.create(encodeModel(graph.model()), sessionOptions('native'));
  return async (data) => {
    const feeds = Object.fromEntries(
      data.map((each, i) => [`in${i}`, new ort.Tensor('float32', each, inputs[i]!.dims)])
    );
    const results = await session.run(feeds);
    return {
      loss: results.loss!.data[0] as number,
      gradients: inputs.map((_, i) => Float32Array.from(results[`g${i}`]!.data as Float32Array)),
    };
  };
}

describe('gradients equal finite differences', () => {
  test.each(CASES)('$name', async ({ inputs, build }) => {
    const random = new Random(7);
    const run = await evaluate(inputs, build);
    const data = inputs.map(({ dims, data: given }) =>
      Float32Array.from(
        { length: dims.reduce((product, dim) => product * dim, 1) },
        (_, i) => given?.[i] ?? random.uniform() * 2 - 1
      )
    );
    const { gradients } = await run(data);
    const step = 1 / 64;
    for (const [i, input] of data.entries()) {
      for (let k = 0; k < input.length; k++) {
        const kept = input[k]!;
        input[k] = kept + step;
        const above = (await run(data)).loss;
        input[k] = kept - step;
        const below = (await run(data)).loss;
        input[k] = kept;
        expect(Math.abs(gradients[i]![k]! - (above - below) / (2 * step))).toBeLessThan(2e-3);
      }
    }
  });
});

describe('quantiseActivation', () => {
  test('rounds ties to even, cuts to 0…top, and passes the gradient straight through where it is inside', async () => {
    const run = await evaluate([{ dims: [1, 8] }], (g, [x]) => ops.quantiseActivation(g, x!, 3));
    const x = Float32Array.of(-5, 0.4, 0.5, 1.5, 2.5, 3.2, 3.6, 9);
    // Rounded: −5 0 0 2 2 3 4 9; cut: 0 0 0 2 2 3 3 3; the pattern is 1, 1.5, 2 repeated.
    const { loss, gradients } = await run([x]);
    expect(loss).toBe(2 * 1 + 2 * 1.5 + 3 * 2 + 3 * 1 + 3 * 1.5);
    expect([...gradients[0]!]).toEqual([0, 0, 0, 1, 1.5, 2, 0, 0]);
  });
});

test('linearOfWhole says what linear says, with the gradient of as many columns of x as are wanted', async () => {
  const inputs = [{ dims: [2, 3] }, { dims: [3, 2] }, { dims: [2] }];
  const exact = await evaluate(inputs, (g, [x, w, b]) => ops.linear(g, x!, w!, b!));
  const whole = await evaluate(inputs, (g, [x, w, b]) => {
    const bytes = g.emit('Cast', [g.emit('Add', [x!, g.scalar(4)], [2, 3])], [2, 3], { to: ELEMENT.uint8 });
    const codes = g.emit('Cast', [g.emit('Mul', [w!, g.scalar(2)], [3, 2])], [3, 2], { to: ELEMENT.int8 });
    const steps = g.constant('steps', { type: 'float', dims: [2], data: Float32Array.of(0.5, 0.5) });
    return ops.linearOfWhole(g, { x: bytes, zero: 4, weights: codes, steps }, x!, w!, b!, 2);
  });
  const data = [
    Float32Array.of(1, -2, 3, 0, 5, -1),
    Float32Array.of(0.5, -31.5, 7, 2.5, 0, -1.5),
    Float32Array.of(0.25, -3),
  ];
  const [of, ofWhole] = [await exact(data), await whole(data)];
  expect(ofWhole.loss).toBe(of.loss);
  expect(of.loss).not.toBe(0);
  expect(ofWhole.gradients.slice(1)).toEqual(of.gradients.slice(1));
  expect([...ofWhole.gradients[0]!]).toEqual([0, 1, 3, 4].map((i) => of.gradients[0]![i]));
});

test('what does not influence the loss has no gradient', () => {
  const graph = new Graph();
  const x = graph.input('x', [2]);
  const y = graph.input('y', [2]);
  const [gx, gy] = graph.gradients(ops.sum(graph, ops.mul(graph, x, x)), [x, y]);
  expect(gx).toBeDefined();
  expect(gy).toBeUndefined();
});
