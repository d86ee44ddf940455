/** @file Service graphs and comparisons over a store of 100 models of the demo shop, spread over a day. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { simulateShop } from '../../pkg/pandora';
import { modelEngine, type TimeRange } from '../../pkg/query';
import { openStore } from '../../pkg/store';
import { trainModel } from '../../pkg/train';
import { shiftedModel } from './shifted-model';
import type { Bench, BenchRow } from './types';

const MODELS = 100;
const MINUTE = 60_000_000_000n;
const START = 1_767_225_600_000_000_000n;
/** The shop's half hour is published at intervals of this many minutes: the models cover a day, overlapping. */
const APART = 14;

async function timed<T>(run: () => Promise<T>): Promise<{ ms: number; answer: T }> {
  const begin = performance.now();
  const answer = await run();
  return { ms: performance.now() - begin, answer };
}

export const bench: Bench = {
  name: 'overview',
  async run({ quick, log }): Promise<BenchRow[]> {
    const directory = mkdtempSync(path.join(tmpdir(), 'gent-overview-bench-'));
    try {
      const count = quick ? 2000 : 10_000;
      log(`training on ${count} traces of the demo shop`);
      const traces = [...simulateShop({ seed: 1, count, startUnixNano: START })];
      const { bytes } = await trainModel(traces, { epochs: 1 });
      const store = await openStore(directory);
      for (let i = 0; i < MODELS; i++) {
        await store.publish(shiftedModel(bytes, i * APART));
      }
      const engine = modelEngine(store);
      const day: TimeRange = { start: START, end: START + 24n * 60n * MINUTE };
      const moved = (by: bigint): TimeRange => ({ start: day.start + by, end: day.end + by });
      const cold = await timed(() => engine.overview({ range: day }));
      const again = await timed(() => engine.overview({ range: day }));
      const later = await timed(() => engine.overview({ range: moved(MINUTE) }));
      const counts = await timed(() => engine.overview({ range: moved(2n * MINUTE), durations: false }));
      const hour = { start: day.end - 60n * MINUTE, end: day.end };
      const before = { start: hour.start - 24n * 30n * MINUTE, end: hour.end - 24n * 30n * MINUTE };
      const changes = await timed(() => engine.compareWindows({ range: hour, baseline: before }));
      const share = cold.answer.services[0]?.durations?.share ?? 1;
      const spans = cold.answer.services.reduce((sum, one) => sum + one.spans, 0);
      await engine.close();
      return [
        {
          what: 'service graph, 24 h, nothing open',
          value: cold.ms,
          unit: 'ms',
          note: `${MODELS} models, ${spans} spans, durations of ${(share * 100).toPrecision(2)}%`,
        },
        { what: '… the same question again', value: again.ms, unit: 'ms' },
        { what: '… a minute later', value: later.ms, unit: 'ms' },
        { what: '… counts alone, another minute later', value: counts.ms, unit: 'ms', target: '≤ 200 ms' },
        {
          what: 'one hour against one hour, models open',
          value: changes.ms,
          unit: 'ms',
          note: `${changes.answer.traces} and ${changes.answer.baselineTraces} traces`,
        },
      ];
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
