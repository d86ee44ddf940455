/** @file What the training graph is fed with is what the integer network computes with. */
import { layoutOf } from './layout';
import { Quantiser, toReal, type Fed } from './quantiser';
import { Random } from './random';
import { randomRows, SMALL } from './samples';
import { encodeTrainingGraph } from './training-graph';
import { loadRuntime, sessionOptions } from './runtime';
import { evaluateReference } from './reference';
import { parseNetwork } from './parse-network';
import { encodeNetwork } from './inference-graph';

const layout = layoutOf(SMALL);

function nothingFed(): Fed {
  return { codes: new Uint8Array(layout.size), biases: new Float32Array(layout.channels) };
}

function quantised(bits: number): { quantiser: Quantiser; real: Float32Array; fed: Fed } {
  const random = new Random(bits);
  const quantiser = new Quantiser(SMALL, bits, new Int8Array(layout.channels));
  const real = Float32Array.from({ length: layout.size }, () => (random.uniform() - 0.5) * 2.5 * random.uniform());
  const fed = nothingFed();
  quantiser.chooseExponents(real);
  quantiser.feed(real, fed, 0, layout.size);
  return { quantiser, real, fed };
}

describe.each([7, 6, 5, 4, 3, 2])('%i bits', (bits) => {
  test('the loss of the fed values is that of the integer network', async () => {
    const { quantiser, real, fed } = quantised(bits);
    const network = quantiser.toInteger(real);
    const rows = randomRows(SMALL, 200, 3);
    const logits = evaluateReference(network, rows);
    const ort = await loadRuntime('native');
    const graph = encodeTrainingGraph(layout, { weighted: false, prior: false, gradients: false });
    const session = await ort.InferenceSession.create(graph, sessionOptions('native'));
    const floats = (data: Float32Array, dims: number[]) => new ort.Tensor('float32', data, dims);
    const parameters = Object.fromEntries(
      layout.layers.flatMap(({ weights, bias, inputs, outputs, channel }, i) => [
        [`b${i}`, floats(fed.biases.slice(channel, channel + outputs), [outputs])],
        [`q${i}`, new ort.Tensor('int8', new Int8Array(fed.codes.slice(weights, bias).buffer), [inputs, outputs])],
        [`s${i}`, floats(quantiser.steps.slice(channel, channel + outputs), [outputs])],
      ])
    );
    for (let row = 0; row < 200; row++) {
      const x = layout.tables.flatMap(({ offset, dimension }, e) => {
        const start = offset + rows.indices[e]![row]! * dimension;
        return [...fed.codes.subarray(start, start + dimension)];
      });
      rows.levels.subarray(row * SMALL.levels, (row + 1) * SMALL.levels).forEach((level) => x.push(level));
      const target = row % SMALL.classes;
      const { loss } = await session.run({
        ...parameters,
        x: new ort.Tensor('uint8', Uint8Array.from(x), [1, layout.width]),
        targets: new ort.Tensor('int32', Int32Array.of(target), [1, 1]),
        weights: floats(Float32Array.of(1), [1, 1]),
      });
      const own = [...logits.subarray(row * SMALL.classes, (row + 1) * SMALL.classes)].map((logit) => logit / 64);
      const expected = Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - own[target]!), 0));
      // The only difference is that the integer network rounds logits to 1/64 nat.
      expect(Math.abs((loss!.data[0] as number) - expected)).toBeLessThan(1 / 64);
    }
  });

  test('a part at a time gives the same values', () => {
    const { quantiser, real, fed } = quantised(bits);
    const again = nothingFed();
    for (let from = 0; from < layout.size; from += 37) {
      quantiser.feed(real, again, from, Math.min(layout.size, from + 37));
    }
    expect(again).toEqual(fed);
  });

  test('real → integer → real → integer keeps the network', () => {
    const { quantiser, real } = quantised(bits);
    const network = quantiser.toInteger(real);
    expect(quantiser.toInteger(toReal(network))).toEqual(network);
    expect(parseNetwork(encodeNetwork(network))).toEqual(network);
    const top = 2 ** (bits - 1) - 1;
    expect(network.layers.every(({ weights }) => weights.every((code) => Math.abs(code) <= top))).toBe(true);
  });
});

test('values beyond all ranges are cut, not wrapped', () => {
  const quantiser = new Quantiser(SMALL, 7, new Int8Array(layout.channels));
  const real = Float32Array.from({ length: layout.size }, (_, i) => (i % 2 === 0 ? 1e9 : -1e9));
  quantiser.chooseExponents(real);
  const network = quantiser.toInteger(real);
  expect(parseNetwork(encodeNetwork(network))).toEqual(network);
  expect(network.tables[0]!.every((code) => Math.abs(code) <= 63)).toBe(true);
});
