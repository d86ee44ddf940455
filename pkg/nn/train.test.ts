/** @file Training: what is learnt, that it repeats to the byte, and what is refused. */
import { setLimit } from '../common';
import { loadNetwork } from './load';
import { parseNetwork } from './parse-network';
import { evaluateReference } from './reference';
import { randomRows, SMALL, teacherRows } from './samples';
import { trainNetwork } from './train';
import type { TrainingOptions, TrainingRows } from './types';

const { rows, entropy } = teacherRows(SMALL, 6000, 1);
const OPTIONS: TrainingOptions = { seed: 5, epochs: 12, batch: 128, heldOut: 0.1 };

/** Probabilities of a network's classes for one row. */
function probabilities(logits: ArrayLike<number>, row: number, classes: number): number[] {
  const odds = Array.from({ length: classes }, (_, c) => Math.exp((logits[row * classes + c] as number) / 64));
  const total = odds.reduce((sum, each) => sum + each, 0);
  return odds.map((each) => each / total);
}

test('learns a known distribution, and the integer network loses nothing', async () => {
  const updates: string[] = [];
  const progress = {
    start: (step: string, total: number) => updates.push(`${step} ${total}`),
    update: (done: number, note?: string) => updates.push(`${done} ${note}`),
    stop: (note?: string) => updates.push(`stop ${note}`),
  };
  const { report, onnx } = await trainNetwork(SMALL, rows, { ...OPTIONS, epochs: 25, patience: 25, progress });
  expect(report.heldOutLoss).toBeLessThan(entropy + 0.1);
  expect(report.heldOutLoss).toBeGreaterThan(entropy - 0.15);
  expect(Math.abs(report.integerLoss - report.heldOutLoss)).toBeLessThan(0.002);
  expect(report).toMatchObject({ rows: 6000, epochs: 25, parameters: expect.any(Number) });
  expect(updates[0]).toMatch(/^training the network \d+$/);
  expect(updates.at(-1)).toMatch(/^stop loss/);
  const network = await loadNetwork(onnx);
  expect(network.spec).toEqual(SMALL);
  expect(await network.logits(randomRows(SMALL, 100, 2))).toEqual(
    evaluateReference(parseNetwork(onnx), randomRows(SMALL, 100, 2))
  );
  await network.close();
});

test('the same seed gives the same bytes, another seed others', async () => {
  const options = { ...OPTIONS, epochs: 2 };
  const [first, again, other] = [
    await trainNetwork(SMALL, rows, options),
    await trainNetwork(SMALL, rows, options),
    await trainNetwork(SMALL, rows, { ...options, seed: 6 }),
  ];
  expect(Buffer.compare(first.onnx, again.onnx)).toBe(0);
  expect(Buffer.compare(first.onnx, other.onnx)).not.toBe(0);
});

test('goes on from an earlier network', async () => {
  const short = { ...OPTIONS, epochs: 1, learningRate: 1e-6 };
  const trained = await trainNetwork(SMALL, rows, OPTIONS);
  const cold = await trainNetwork(SMALL, rows, short);
  const warm = await trainNetwork(SMALL, rows, { ...short, warmStart: trained.onnx });
  expect(warm.report.heldOutLoss).toBeLessThan(cold.report.heldOutLoss - 0.3);
  expect(Math.abs(warm.report.heldOutLoss - trained.report.heldOutLoss)).toBeLessThan(0.01);
  const narrower = { ...SMALL, hidden: [8] };
  await expect(trainNetwork(narrower, rows, { ...short, warmStart: trained.onnx })).rejects.toMatchObject({
    code: 'NN_BAD_SPEC',
  });
});

test.each([2, 4, 6])('%i bits: codes stay in range and the loss is that of the codes', async (weightBits) => {
  const { report, onnx } = await trainNetwork(SMALL, rows, { ...OPTIONS, epochs: 4, weightBits });
  const top = 2 ** (weightBits - 1) - 1;
  const { layers, tables } = parseNetwork(onnx);
  expect(Math.max(...layers.flatMap(({ weights }) => [...weights].map(Math.abs)))).toBe(top);
  expect(tables.every((table) => table.every((code) => Math.abs(code) <= top))).toBe(true);
  expect(Math.abs(report.integerLoss - report.heldOutLoss)).toBeLessThan(0.003);
});

test('weights count as repetitions', async () => {
  // Half the rows say class 0, half class 1; those of class 1 weigh three times as much.
  const spec = { embeddings: [{ name: 'a', vocabulary: 1, dimension: 2 }], levels: 0, hidden: [4], classes: 2 };
  const count = 400;
  const targets = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const weights = Float32Array.from(targets, (target) => (target === 1 ? 3 : 1));
  const all = { count, indices: [new Int32Array(count)], levels: new Uint8Array(0), targets, weights };
  const { onnx, report } = await trainNetwork(spec, all, { seed: 1, epochs: 60, heldOut: 0, learningRate: 0.01 });
  const network = await loadNetwork(onnx);
  const one = { count: 1, indices: [new Int32Array(1)], levels: new Uint8Array(0) };
  const [, second] = probabilities(await network.logits(one), 0, 2);
  expect(second).toBeGreaterThan(0.72);
  expect(second).toBeLessThan(0.78);
  expect(report.heldOutLoss).toBeCloseTo(-(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25)), 2);
  await network.close();
});

test('classes that a row does not have cost it nothing', async () => {
  // All rows have 3 of 9 classes and an even target among them: the best loss is ln 3 whatever the other logits are.
  const count = 900;
  const targets = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const classCount = new Uint16Array(count).fill(3);
  const base = randomRows(SMALL, count, 1);
  const { report } = await trainNetwork(SMALL, { ...base, targets, classCount }, { seed: 1, epochs: 1, heldOut: 0 });
  expect(report.trainLoss).toBeLessThan(1.6);
  expect(Math.abs(report.integerLoss - report.heldOutLoss)).toBeLessThan(0.003);
});

describe('very little data', () => {
  test('one row, one class', async () => {
    const spec = { embeddings: [{ name: 'a', vocabulary: 1, dimension: 1 }], levels: 0, hidden: [], classes: 1 };
    const row = { count: 1, indices: [Int32Array.of(0)], levels: new Uint8Array(0), targets: Uint8Array.of(0) };
    const { report, onnx } = await trainNetwork(spec, row, { seed: 1, epochs: 3 });
    expect(report).toMatchObject({ rows: 1, integerLoss: 0 });
    expect(parseNetwork(onnx).spec).toEqual(spec);
  });

  test('three rows are learnt by heart', async () => {
    const three = { ...randomRows(SMALL, 3, 4), targets: Uint8Array.of(2, 8, 5) };
    const { report } = await trainNetwork(SMALL, three, { seed: 1, epochs: 300, learningRate: 0.01 });
    expect(report.integerLoss).toBeLessThan(0.1);
  });
});

describe('is refused', () => {
  const good = { ...randomRows(SMALL, 3, 4), targets: Uint8Array.of(2, 8, 5) };
  const wrongRows: ReadonlyArray<[string, TrainingRows]> = [
    ['no rows', { ...good, count: 0 }],
    ['a target that is no class', { ...good, targets: Uint8Array.of(2, 9, 5) }],
    ['a target that the row does not have', { ...good, classCount: Uint16Array.of(9, 8, 9) }],
    ['a row without classes', { ...good, classCount: Uint16Array.of(9, 0, 9) }],
    ['a row with more classes than the network', { ...good, classCount: Uint16Array.of(9, 10, 9) }],
    ['an index out of its vocabulary', { ...good, indices: [Int32Array.of(0, 7, 0), good.indices[1]!] }],
    ['too few targets', { ...good, targets: Uint8Array.of(1) }],
    ['a weight that is no number', { ...good, weights: Float32Array.of(1, NaN, 1) }],
    ['a negative weight', { ...good, weights: Float32Array.of(1, -1, 1) }],
    ['weights of 0 only', { ...good, weights: new Float32Array(3) }],
  ];
  test.each(wrongRows)('%s', async (_, each) => {
    await expect(trainNetwork(SMALL, each, OPTIONS)).rejects.toMatchObject({ code: 'NN_BAD_ROWS' });
  });

  const wrongOptions: ReadonlyArray<Partial<TrainingOptions>> = [
    { epochs: 0 },
    { epochs: 1.5 },
    { batch: 0 },
    { learningRate: 0 },
    { heldOut: 1 },
    { patience: 0 },
    { weightBits: 8 },
    { weightBits: 1 },
  ];
  test.each(wrongOptions)('option %j', async (option) => {
    await expect(trainNetwork(SMALL, good, { ...OPTIONS, ...option })).rejects.toMatchObject({ code: 'NN_BAD_SPEC' });
  });

  test.each([
    { classes: 0 },
    { classes: 5000 },
    { levels: 800 },
    { hidden: [0] },
    { hidden: [1000] },
    { embeddings: [], levels: 0 },
    { embeddings: [{ name: 'a', vocabulary: 0, dimension: 1 }] },
  ])('shape %j', async (part) => {
    await expect(trainNetwork({ ...SMALL, ...part }, good, OPTIONS)).rejects.toMatchObject({ code: 'NN_BAD_SPEC' });
  });

  test('more rows than the limit', async () => {
    setLimit('NN_ROWS', 2);
    await expect(trainNetwork(SMALL, good, OPTIONS)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    setLimit('NN_ROWS', undefined);
  });
});

describe('stops early', () => {
  test('when it is cancelled, before or in the middle', async () => {
    const before = AbortSignal.abort();
    await expect(trainNetwork(SMALL, rows, { ...OPTIONS, signal: before })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const controller = new AbortController();
    const progress = { start: () => undefined, stop: () => undefined, update: () => controller.abort() };
    const training = trainNetwork(SMALL, rows, { ...OPTIONS, epochs: 100_000, progress, signal: controller.signal });
    await expect(training).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('when the held-out loss gets no better', async () => {
    const noise = { ...rows, targets: rows.targets.map((_, i) => (i * 7919) % 9) };
    const { report } = await trainNetwork(SMALL, noise, { ...OPTIONS, epochs: 500, patience: 2 });
    expect(report.epochs).toBeLessThan(100);
  });

  test('when its time is over', async () => {
    const { report } = await trainNetwork(SMALL, rows, { ...OPTIONS, epochs: 100_000, timeBudgetSeconds: 0.5 });
    expect(report.epochs).toBeLessThan(5000);
    expect(report.epochs).toBeGreaterThanOrEqual(1);
  });
});

test('a training that diverges is an error, not a network', async () => {
  const options = { ...OPTIONS, learningRate: 1e38 };
  await expect(trainNetwork(SMALL, rows, options)).rejects.toMatchObject({ code: 'NN_TRAINING_FAILED' });
});

test('what a prior says need not be learnt, and the loss counts it', async () => {
  const { classes } = SMALL;
  const count = 4000;
  const inputs = randomRows(SMALL, count, 9);
  // two priors, each all but sure of a class of its own
  const logits = new Int16Array(2 * classes).fill(-300);
  logits[1] = 0;
  logits[classes + 5] = 0;
  const sets = Int32Array.from({ length: count }, (_, row) => row % 2);
  const known: TrainingRows = {
    ...inputs,
    targets: Uint8Array.from(sets, (set) => (set === 0 ? 1 : 5)),
    prior: { logits, rows: sets },
  };
  const { report } = await trainNetwork(SMALL, known, { ...OPTIONS, epochs: 1, learningRate: 1e-4 });
  // −ln(1 / (1 + 8 e^(−300/64)))
  expect(report.heldOutLoss).toBeLessThan(0.2);
  expect(Math.abs(report.integerLoss - report.heldOutLoss)).toBeLessThan(0.002);
  const wrong = { ...known, prior: { logits, rows: sets.map(() => 2) } };
  await expect(trainNetwork(SMALL, wrong, OPTIONS)).rejects.toMatchObject({ code: 'NN_BAD_ROWS' });
});
