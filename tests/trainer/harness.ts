/** @file Starts a real trainer on a free port over a store in a temporary directory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEFAULT_TRAINER_CONFIG, Trainer, type TrainerConfig } from '../../pkg/trainer';

export interface Running {
  readonly trainer: Trainer;
  readonly store: string;
  /** http://127.0.0.1:port/v1/traces */
  readonly url: string;
  /** The value of a metric, summed over its labels that match. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
}

const cleanUps: Array<() => Promise<void>> = [];

/** Starts one; {@link stopTrainers} ends it. */
export async function startTrainer(config: Partial<TrainerConfig> = {}): Promise<Running> {
  const store = mkdtempSync(path.join(tmpdir(), 'gent-trainer-'));
  const trainer = await Trainer.start({
    config: { ...DEFAULT_TRAINER_CONFIG, listen: '127.0.0.1:0', store, ...config },
  });
  cleanUps.push(async () => {
    const stopped = trainer.stop();
    trainer.abort();
    await stopped;
    rmSync(store, { recursive: true, force: true });
  });
  return {
    trainer,
    store,
    url: `${trainer.address}/v1/traces`,
    async metric(name, labels = {}) {
      const metric = await trainer.metrics.registry.getSingleMetric(name)?.get();
      return (metric?.values ?? [])
        .filter((value) => Object.entries(labels).every(([key, wanted]) => String(value.labels[key]) === wanted))
        .reduce((sum, value) => sum + value.value, 0);
    },
  };
}

/** Stops every trainer that was started, without training what they hold to the end. */
export async function stopTrainers(): Promise<void> {
  for (const cleanUp of cleanUps.splice(0)) {
    await cleanUp();
  }
}

/** Waits until `condition` holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 60_000
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`did not happen: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
