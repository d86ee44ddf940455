/** @file The barrier: nobody passes before all have come, and nobody waits for ever once it is broken. */
import { Worker } from 'node:worker_threads';
import { Barrier, BARRIER_CELLS, BrokenBarrier } from './barrier';

test('a broken barrier holds nobody', () => {
  const cells = new Int32Array(new SharedArrayBuffer(4 * BARRIER_CELLS));
  const barrier = new Barrier(cells, 2);
  barrier.break();
  expect(() => barrier.wait()).toThrow(BrokenBarrier);
  expect(() => barrier.wait()).toThrow(BrokenBarrier);
});

test('one party passes at once, round after round', () => {
  const cells = new Int32Array(new SharedArrayBuffer(4 * BARRIER_CELLS));
  const barrier = new Barrier(cells, 1);
  for (let round = 1; round <= 3; round++) {
    barrier.wait();
    expect(cells[1]).toBe(round);
  }
});

test('threads meet: no thread sees the count of a round before all have added to it', async () => {
  const cells = new Int32Array(new SharedArrayBuffer(4 * BARRIER_CELLS));
  const counts = new Int32Array(new SharedArrayBuffer(4 * 200));
  const code = `const { workerData } = require('node:worker_threads');
    const { cells, counts } = workerData;
    const Barrier = ${Barrier.toString().replace(/_barrier\.|[A-Za-z]+\.BrokenBarrier/g, 'Error')};
    const barrier = new Barrier(cells, 3);
    for (let round = 0; round < 200; round++) {
      Atomics.add(counts, round, 1);
      barrier.wait();
      if (Atomics.load(counts, round) !== 3) { throw new Error('passed too early'); }
    }`;
  const workers = Array.from({ length: 3 }, () => new Worker(code, { eval: true, workerData: { cells, counts } }));
  const codes = await Promise.all(
    workers.map((worker) => new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject)))
  );
  expect(codes).toEqual([0, 0, 0]);
  expect(counts.every((count) => count === 3)).toBe(true);
});
