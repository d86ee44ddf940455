/** @file Training that goes on from the network of an earlier model: batch after batch of the demo shop's traffic. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { openModel } from '../../pkg/generate';
import { simulateShop } from '../../pkg/pandora';
import type { Trace } from '../../pkg/trace';
import { trainModel, type TrainOptions, type TrainResult } from '../../pkg/train';
import { countsOf, shopTraces } from './batches';

const START = 1_760_000_000_000_000_000n;
const EPOCHS = 8;

function train(traces: readonly Trace[], options: TrainOptions = {}): Promise<TrainResult> {
  return trainModel(traces, { epochs: EPOCHS / 2, fidelityCard: false, ...options });
}

describe('two consecutive batches', () => {
  const traces = [...simulateShop({ count: 1600, seed: 3, startUnixNano: START })];
  const batches = [traces.slice(0, 800), traces.slice(800)] as const;
  let first: TrainResult;
  let rolled: TrainResult;

  beforeAll(async () => {
    first = await train(batches[0], { epochs: EPOCHS });
    rolled = await train(batches[1], { from: first.bytes });
  });

  test('going on gives no greater loss than starting anew in as many passes', async () => {
    const fresh = await train(batches[1]);
    expect(rolled.report.anew).toBeUndefined();
    expect(rolled.report.training.integerLoss).toBeLessThanOrEqual(fresh.report.training.integerLoss ?? NaN);
  });

  test('the manifest says what training went on from, and how much was taken over', () => {
    const { from, takenOver } = rolled.manifest.training;
    expect(from).toBe(first.manifest.id);
    expect(takenOver?.rows).toBeGreaterThan((takenOver?.of ?? 0) / 2);
    expect(takenOver?.rows).toBeLessThan(takenOver?.of ?? 0);
    expect(first.manifest.training.from).toBeUndefined();
  });

  test('the same traces, seed and previous model give the same file; another previous model gives another', async () => {
    const again = await train(batches[1], { from: first.bytes });
    expect(Buffer.compare(again.bytes, rolled.bytes)).toBe(0);
    const other = await train(batches[1], { from: rolled.bytes });
    expect(other.manifest.id).not.toBe(rolled.manifest.id);
  });

  test('a batch of operations never seen trains, and its traces are counted exactly', async () => {
    const others = shopTraces(400);
    const { bytes, manifest } = await train(others, { from: first.bytes });
    expect(manifest.training.from).toBe(first.manifest.id);
    const model = await openModel(bytes);
    const generated = await model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
    await model.close();
    expect(Object.fromEntries(countsOf(generated, 60))).toEqual(Object.fromEntries(countsOf(others, 60)));
  });

  test('a network too large for the bytes allowed is left: training starts anew and says so', async () => {
    const { report, bytes } = await train(batches[1], {
      from: first.bytes,
      maxBytes: Math.round(rolled.bytes.length * 0.8),
    });
    expect(report.anew).toMatch(/does not fit/);
    expect(report.training.from).toBeUndefined();
    expect(bytes.length).toBeLessThanOrEqual(rolled.bytes.length * 0.8);
  });

  test('a model without a network is no start, and fewer passes are taken by default', async () => {
    const bare = await train(batches[0], { epochs: 0 });
    const { report } = await train(batches[1], { from: bare.bytes, epochs: 1 });
    expect(report.anew).toMatch(/no network/);
  });

  test('a damaged file is an error with a code', async () => {
    const damaged = first.bytes.slice();
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] as number) ^ 0xff;
    await expect(train(batches[1], { from: damaged })).rejects.toMatchObject({
      code: expect.stringMatching(/^MODEL_/),
    });
    await expect(train(batches[1], { from: new Uint8Array(9) })).rejects.toMatchObject({
      code: expect.stringMatching(/^MODEL_/),
    });
  });
});

const FIXTURES = path.join(__dirname, 'fixtures');
test.each(readdirSync(FIXTURES).filter((file) => file.endsWith('.gent')))(
  'an old model, %s, does no harm',
  async (file) => {
    const { report } = await train(shopTraces(200), { from: readFileSync(path.join(FIXTURES, file)), epochs: 1 });
    expect(report.training.from ?? report.anew).toBeDefined();
  }
);
