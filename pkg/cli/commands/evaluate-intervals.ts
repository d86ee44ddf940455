/**
 * @file How often the 95% intervals of estimated answers hold: random metrics questions to a store with the model,
 * estimated from a part, against the same questions over all generated traces, and over the real ones.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { limit, setLimit } from '../../common';
import { durationQuantiles, seededUniform, type SpanTable } from '../../fidelity';
import { modelEngine, rawEngine, type MetricsResult, type TimeRange, type TracesEngine } from '../../query';
import { openStore } from '../../store';
import { labelsKey } from '../../traceql';
import type { Trace } from '../../trace';

const SLOTS = 20;
/** So many that the share of intervals that hold is known within one or two percent. */
const QUESTIONS = 64;
/** Share of a model's spans that is estimated from at most. */
const LARGEST_PART = 0.25;
const TRACE_CACHE_BYTES = 1024 * 1024 * 1024;

export interface Coverage {
  /** Samples with an interval. */
  readonly samples: number;
  /** Share whose interval holds the true value. */
  readonly coverage: number;
}

export interface IntervalCoverage {
  readonly questions: readonly string[];
  /** Against all generated traces. */
  readonly generated: Coverage;
  /** Against the real traces; null when they were not given. */
  readonly real: Coverage | null;
}

/** Random questions whose answers counts do not give. */
export function randomQuestions(real: SpanTable, seed: number, count = QUESTIONS): string[] {
  const uniform = seededUniform(seed);
  const durations = durationQuantiles(real, [0.25, 0.5, 0.75, 0.9, 0.95]);
  const one = <T>(list: readonly T[]): T => list[Math.floor(uniform() * list.length)] as T;
  return Array.from({ length: count }, (_, i) => {
    const { service, quantiles } = one(durations);
    const own = `resource.service.name = ${JSON.stringify(service)}`;
    const longer = `duration > ${Math.max(1, Math.round(one(quantiles)))}ns`;
    const forms = [
      `{ ${own} && ${longer} } | rate()`,
      `{ ${own} && ${longer} } | count_over_time() by (name)`,
      `{ ${own} } | avg_over_time(duration)`,
      `{ ${own} } | quantile_over_time(duration, .5, .9)`,
      `{ ${longer} } | rate() by (resource.service.name)`,
    ];
    return forms[i % forms.length] as string;
  });
}

/** True values by series and time; a count that is not there is 0. */
function truth(result: MetricsResult): Map<string, number> {
  const values = new Map<string, number>();
  for (const series of result.series) {
    for (const { timestampMs, value } of series.samples) {
      values.set(`${labelsKey(series.labels)} ${timestampMs}`, value);
    }
  }
  return values;
}

class Tally {
  samples = 0;
  private held = 0;

  /** Looks up every sample with an interval; one that has no true value is left out unless the question counts. */
  add(estimated: MetricsResult, full: MetricsResult, counting: boolean): void {
    const values = truth(full);
    for (const series of estimated.series) {
      for (const { timestampMs, value: estimate, lower, upper } of series.samples) {
        const value = values.get(`${labelsKey(series.labels)} ${timestampMs}`) ?? (counting ? 0 : undefined);
        if (lower === undefined || upper === undefined || value === undefined || !Number.isFinite(value)) {
          continue;
        }
        // Where nothing was and nothing is estimated there is nothing to be uncertain of.
        if (value === 0 && estimate === 0) {
          continue;
        }
        this.samples += 1;
        // Times that were halved and doubled again differ in the last digit.
        const slack = 1e-9 * Math.abs(value);
        this.held += value >= lower - slack && value <= upper + slack ? 1 : 0;
      }
    }
  }

  coverage(): Coverage {
    return { samples: this.samples, coverage: this.samples === 0 ? 0 : this.held / this.samples };
  }
}

async function ask(
  engine: TracesEngine,
  query: string,
  range: TimeRange,
  mode: 'full' | 'estimate',
  signal?: AbortSignal
): Promise<MetricsResult> {
  const stepNanos = (range.end - range.start) / BigInt(SLOTS);
  return engine.metricsRange({ query, range, stepNanos, mode, ...(signal === undefined ? {} : { signal }) });
}

/**
 * Asks random questions of a model.
 * @param real - decides the questions
 * @param realTraces - to compare with as well; held in memory
 */
export async function intervalCoverage(
  bytes: Uint8Array,
  real: SpanTable,
  realTraces: readonly Trace[] | undefined,
  options: { readonly seed?: number; readonly questions?: number; readonly signal?: AbortSignal } = {}
): Promise<IntervalCoverage> {
  const { seed = 1, signal } = options;
  const questions = randomQuestions(real, seed, options.questions);
  const directory = await mkdtemp(path.join(tmpdir(), 'gent-intervals-'));
  const store = await openStore(directory);
  const engine = modelEngine(store, { traceCacheBytes: TRACE_CACHE_BYTES, maxSpans: Number.MAX_SAFE_INTEGER });
  const before = limit('QUERY_ESTIMATE_SPANS');
  try {
    const { window, spans } = await store.publish(bytes);
    // Small models would be generated whole.
    const part = Math.min(before, Math.floor(spans * LARGEST_PART));
    setLimit('QUERY_ESTIMATE_SPANS', part);
    const raw = realTraces === undefined ? undefined : rawEngine(realTraces, 'the real traces');
    const generated = new Tally();
    const againstReal = new Tally();
    for (const question of questions) {
      const counting = /\| (rate|count_over_time)/.test(question);
      const estimated = await ask(engine, question, window, 'estimate', signal);
      generated.add(estimated, await ask(engine, question, window, 'full', signal), counting);
      if (raw !== undefined) {
        againstReal.add(estimated, await ask(raw, question, window, 'full', signal), counting);
      }
    }
    return { questions, generated: generated.coverage(), real: raw === undefined ? null : againstReal.coverage() };
  } finally {
    setLimit('QUERY_ESTIMATE_SPANS', before);
    await engine.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}
