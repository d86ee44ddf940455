/** @file Adam with a price on the size of parameters: what it comes to, and that what buys nothing ends at 0. */
import { adam, scheduledRate } from './optimiser';
import { randomRows } from './samples';
import { parseNetwork } from './parse-network';
import { trainNetwork } from './train';

/** Minimises (w − at)² / 2 + price · |w|, whose lowest point is `at` drawn towards 0 by the price, or 0 (the lasso). */
function lowest(at: number, price: number): number {
  const parameters = Float32Array.of(0.3);
  const moments = { first: new Float32Array(1), second: new Float32Array(1) };
  for (let step = 1; step <= 4000; step++) {
    const gradient = Float32Array.of((parameters[0] as number) - at);
    const learningRate = scheduledRate(0.01, step - 1, 4000);
    adam(parameters, [gradient], moments, 0, 1, { step, learningRate, factor: 1, price });
  }
  return parameters[0] as number;
}

test.each([
  [0.5, 0, 0.5],
  [0.5, 0.2, 0.3],
  [-0.5, 0.2, -0.3],
  [0.1, 0.2, 0],
  [-0.1, 0.2, 0],
])('lowest at %d for a price of %d: %d', (at, price, expected) => {
  const found = lowest(at, price);
  expect(Math.abs(found - expected)).toBeLessThan(expected === 0 ? 1e-9 : 0.02);
});

test('an input that says nothing costs less', async () => {
  const spec = {
    embeddings: [
      { name: 'told', vocabulary: 4, dimension: 3 },
      { name: 'noise', vocabulary: 40, dimension: 3 },
    ],
    levels: 0,
    hidden: [16],
    classes: 4,
  };
  const rows = randomRows(spec, 10_000, 2);
  const said = randomRows(spec, 10_000, 3).indices[0] as Int32Array;
  // Half of the rows say what the first input is.
  const targets = Uint8Array.from(rows.indices[0] as Int32Array, (told, i) =>
    i % 2 === 0 ? told : (said[i] as number)
  );
  const { onnx, report } = await trainNetwork(
    spec,
    { ...rows, targets },
    { seed: 1, epochs: 60, patience: 60, batch: 256 }
  );
  expect(report.integerLoss).toBeLessThan(1.1);
  const { tables, layers } = parseNetwork(onnx);
  const zeros = (codes: ArrayLike<number>): number =>
    Array.from(codes).filter((code) => code === 0).length / codes.length;
  const ofNoise = (layers[0] as (typeof layers)[number]).weights.subarray(3 * 16);
  // 0 and 3% without a price.
  expect(zeros(ofNoise)).toBeGreaterThan(0.15);
  expect(zeros(tables[1] as Int8Array)).toBeGreaterThan(0.15);
});
