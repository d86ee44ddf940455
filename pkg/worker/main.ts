/** @file Entry of worker.cjs: runs the role that the starter named. Roles are registered in `roles`. */
import { workerData } from 'node:worker_threads';

/** Role name → starts the role with its data. Imports are lazy, so a worker loads only what its role needs. */
const roles: Record<string, (data: unknown) => Promise<void>> = {
  'train-batch': async (data) => (await import('../trainer')).trainBatch(data),
  'nn-shard': async (data) => (await import('../nn')).runShard(data),
  'drawn-bins': async (data) => (await import('../generate')).runDrawnBins(data),
};

async function main(): Promise<void> {
  const { role, data } = workerData as { role: string; data: unknown };
  const start = roles[role];
  if (start === undefined) {
    throw new Error(`unknown worker role ${role}`);
  }
  await start(data);
}

void main();
