/** @file Drivers beside each other: each makes its traces with every seed, all measured against one real side. */
import { GentError } from '../common';
import { clockOf } from './clock';
import { type Driver, NO_SIZES, type Sizes, type TraceSource } from './drivers';
import { Evaluator, type Fidelity } from './evaluate';
import { summarise, type Spread } from './measures';
import { type SpanTable, subset } from './span-table';
import { drawn, seededUniform } from './two-sample';

/** One line of a comparison. */
export interface ComparisonRow {
  readonly name: string;
  readonly kind: Driver['kind'];
  /** Of the first seed. */
  readonly sizes: Sizes;
  readonly seeds: readonly number[];
  /** A measurement a seed. */
  readonly runs: readonly Fidelity[];
  readonly summary: Readonly<Record<string, Spread | null>>;
}

export interface CompareOptions {
  readonly seeds: readonly number[];
  readonly signal?: AbortSignal;
  /** Told before each run. */
  readonly onRun?: (driver: string, seed: number) => void;
  /** Handed the traces of the first seed. */
  readonly onFirst?: (table: SpanTable) => void;
}

/** Runs one driver with every seed. The control of the two-sample test is measured for models. */
export async function compareDriver(
  driver: Driver,
  source: TraceSource,
  evaluator: Evaluator,
  { seeds, signal, onRun, onFirst }: CompareOptions
): Promise<ComparisonRow> {
  const runs: Fidelity[] = [];
  let sizes: Sizes | undefined;
  for (const seed of seeds) {
    onRun?.(driver.name, seed);
    const produced = await driver.produce(source, seed, signal);
    if (sizes === undefined) {
      sizes = produced.sizes;
      onFirst?.(produced.table);
    }
    runs.push(evaluator.measure(produced.table, { seed, control: driver.kind === 'model' }));
    // Measuring is synchronous: let signals in between runs.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted === true) {
      throw new GentError('CANCELLED', 'the evaluation was cancelled');
    }
  }
  return {
    name: driver.name,
    kind: driver.kind,
    sizes: sizes ?? NO_SIZES,
    seeds,
    runs,
    summary: summarise(runs),
  };
}

/** One random half of the real traces measured against the other: what noise alone costs. */
export function halfVersusHalf(real: SpanTable, seed: number): Fidelity {
  const half = Math.floor(real.traces / 2);
  const order = drawn(real.traces, 2 * half, seededUniform(seed));
  const part = (from: number): SpanTable =>
    subset(
      real,
      [...order.subarray(from, from + half)].sort((a, b) => a - b)
    );
  // Buckets are those of all the real traces: a half alone would begin or end earlier.
  return new Evaluator(part(0), clockOf(real)).measure(part(half), { seed });
}
