/** @file A rolling trainer goes on from the last model of its store, and begins anew, saying why, where it cannot. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readModelFile, type Manifest } from '../../pkg/model';
import { simulateShop, TraceSender } from '../../pkg/pandora';
import { openStore } from '../../pkg/store';
import type { Trace } from '../../pkg/trace';
import { startTrainer, stopTrainers, until, type Running } from './harness';

let store: string;
beforeEach(() => (store = mkdtempSync(path.join(tmpdir(), 'gent-rolling-'))));
afterEach(async () => {
  await stopTrainers();
  rmSync(store, { recursive: true, force: true });
});

const BATCH = 200;
const START = 1_700_000_000_000_000_000n;
const HOUR = 3_600_000_000_000n;
const shop = (seed: number): Trace[] => [
  ...simulateShop({ count: BATCH, seed, startUnixNano: START + BigInt(seed) * HOUR }),
];
const start = (config: Parameters<typeof startTrainer>[0] = {}): Promise<Running> =>
  startTrainer({ store, epochs: 1, idleMs: 200, batchTraces: BATCH, rolling: true, ...config });

/** Manifests of the store's models, by the time of their traces. */
async function manifests(): Promise<Manifest[]> {
  const open = await openStore(store, { refreshMs: 0 });
  const { models } = await open.list();
  await open.close();
  return models.flatMap(({ file }) => {
    try {
      return [readModelFile(readFileSync(path.join(store, file))).manifest];
    } catch {
      // The one that a test damaged.
      return [];
    }
  });
}

/** Sends a batch and waits for its model. */
async function learn({ trainer }: Running, seed: number): Promise<Manifest> {
  const before = trainer.status().published;
  await new TraceSender({ endpoint: trainer.address }).sendAll(shop(seed));
  await until(() => trainer.status().published === before + 1, `model ${seed} is published`);
  const { id } = trainer.status().lastModel!;
  return (await manifests()).find((manifest) => manifest.id === id)!;
}

async function page({ trainer }: Running): Promise<string> {
  const text = await (await fetch(`${trainer.address}/`)).text();
  return /^rolling\s+(.*)$/m.exec(text)![1]!;
}

it('goes on from the model before, and says so in manifest, status page and metrics', async () => {
  const running = await start();
  expect(await page(running)).toBe('on: no model yet');
  const first = await learn(running, 1);
  expect(first.training).toMatchObject({ anew: 'the store holds no model yet' });
  expect(first.training.from).toBeUndefined();
  const second = await learn(running, 2);
  const { from, takenOver, anew } = second.training;
  expect([from, anew]).toEqual([first.id, undefined]);
  expect(takenOver!.rows).toBeGreaterThan(takenOver!.of / 2);
  expect(await page(running)).toBe(
    `on: the last model went on from ${first.id}, ${takenOver!.rows} of ${takenOver!.of} embeddings`
  );
  expect(await running.metric('gent_trainer_rolling_trainings_total', { outcome: 'went_on' })).toBe(1);
  expect(await running.metric('gent_trainer_rolling_trainings_total', { outcome: 'anew' })).toBe(1);
});

it('goes on, after it was started again, from the model whose traces are the latest', async () => {
  const first = await start();
  const late = await learn(first, 3);
  await learn(first, 2);
  await first.trainer.stop();
  expect((await learn(await start(), 4)).training.from).toBe(late.id);
});

it('begins anew where the last model is damaged, and its batch is not lost', async () => {
  const running = await start();
  await learn(running, 1);
  const file = path.join(
    store,
    readdirSync(store).find((name) => name.endsWith('.gent'))!
  );
  const bytes = readFileSync(file);
  // The last section: the manifest, from which the store lists models, stays whole.
  bytes[bytes.length - 10]! ^= 0xff;
  writeFileSync(file, bytes);
  expect((await learn(running, 2)).training.anew).toMatch(/^the last model [0-9a-f]{32} is damaged: MODEL_CORRUPT$/);
  expect(await page(running)).toContain('began anew: the last model');
  expect(running.trainer.status().failed).toBe(0);
});

it('begins anew where the last model is gone, or has no network to go on from', async () => {
  const running = await start();
  await learn(running, 1);
  readdirSync(store)
    .filter((name) => name.endsWith('.gent'))
    .forEach((name) => rmSync(path.join(store, name)));
  expect((await learn(running, 2)).training.anew).toBe('the last model of the store cannot be read: STORE_MODEL_GONE');
});

it('begins anew where the last model has too little to go on from', async () => {
  const tiny = await start({ batchTraces: 2 });
  await new TraceSender({ endpoint: tiny.trainer.address }).sendAll(shop(1).slice(0, 2));
  await until(() => tiny.trainer.status().published === 1, 'a model without a network is published');
  await tiny.trainer.stop();
  expect((await learn(await start(), 2)).training.anew).toBe('the previous model has no network');
});

it('is off unless it is asked for', async () => {
  const running = await start({ rolling: false });
  await learn(running, 1);
  const { training } = await learn(running, 2);
  expect([training.from, training.anew]).toEqual([undefined, undefined]);
  expect(await page(running)).toBe('off: every model begins anew');
  expect(await running.metric('gent_trainer_rolling_trainings_total')).toBe(0);
});
