/**
 * @file How often the 95% intervals of estimated answers hold: random metrics questions to a store with the model,
 * estimated from a part, against the same questions over all generated traces, and over the real ones.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { limit, setLimit } from '../../common';
import { durationQuantiles, seededUniform, type SpanTable } from '../../fidelity';
import {
  modelEngine,
  rawEngine,
  type MetricsRequest,
  type MetricsResult,
  type TimeRange,
  type TracesEngine,
} from '../../query';
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

/** What intervals hold. */
export interface Holding {
  /** Sampling alone, against all generated traces. */
  readonly generated: Coverage;
  /** With the model's error, against the real traces; null when they were not given. */
  readonly real: Coverage | null;
  /** The same of answers from all generated traces. */
  readonly realFromAll: Coverage | null;
  /** Sampling alone, against the real traces. */
  readonly realBySampling: Coverage | null;
}

export interface IntervalCoverage extends Holding {
  readonly questions: readonly string[];
  /** By what is asked. */
  readonly kinds: Readonly<Record<string, Holding>>;
  /** Medians of the widths of intervals by their values, of the same estimates: of sampling alone, with the model's error. */
  readonly widths: { readonly sampling: number | null; readonly whole: number | null };
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
      `{ ${own} && ${longer} } | sum_over_time(duration)`,
      `{ ${own} } | quantile_over_time(duration, .99)`,
      `{ ${own} } | histogram_over_time(duration)`,
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
  private samples = 0;
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

const middle = (values: readonly number[]): number | null =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;

/** Widths of intervals by their values, where estimates are above 0; undefined where there is no interval. */
function widthsOf({ series }: MetricsResult): Map<string, number> {
  const widths = new Map<string, number>();
  for (const { labels, samples } of series) {
    for (const { timestampMs, value, lower, upper } of samples) {
      if (lower !== undefined && upper !== undefined && value > 0) {
        widths.set(`${labelsKey(labels)} ${timestampMs}`, (upper - lower) / value);
      }
    }
  }
  return widths;
}

/** Every tally of one kind of question, or of all. */
class Tallies {
  readonly generated = new Tally();
  readonly real = new Tally();
  readonly realFromAll = new Tally();
  readonly realBySampling = new Tally();

  holding(withReal: boolean): Holding {
    return {
      generated: this.generated.coverage(),
      real: withReal ? this.real.coverage() : null,
      realFromAll: withReal ? this.realFromAll.coverage() : null,
      realBySampling: withReal ? this.realBySampling.coverage() : null,
    };
  }
}

/** What is asked: the function, and whether spans are chosen by their duration. */
function kindOf(question: string): string {
  const [, fn = '', p] = /\| (\w+)\((?:duration, ([\d., ]+))?/.exec(question) ?? [];
  return p === undefined ? fn : `${fn} ${p}`;
}

type Asking = Pick<MetricsRequest, 'mode' | 'intervals'>;

async function ask(
  engine: TracesEngine,
  query: string,
  range: TimeRange,
  asking: Asking,
  signal?: AbortSignal
): Promise<MetricsResult> {
  const stepNanos = (range.end - range.start) / BigInt(SLOTS);
  return engine.metricsRange({ query, range, stepNanos, ...asking, ...(signal === undefined ? {} : { signal }) });
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
    const all = new Tallies();
    const kinds = new Map<string, Tallies>();
    const widths: Record<'sampling' | 'whole', number[]> = { sampling: [], whole: [] };
    for (const question of questions) {
      const counting = /\| (rate|count_over_time|histogram_over_time)/.test(question);
      const asked = (asking: Asking): Promise<MetricsResult> => ask(engine, question, window, asking, signal);
      const kind = kinds.get(kindOf(question)) ?? new Tallies();
      kinds.set(kindOf(question), kind);
      const sampling = await asked({ mode: 'estimate', intervals: 'sampling' });
      const full = await asked({ mode: 'full', intervals: 'sampling' });
      const widthsBySampling = widthsOf(sampling);
      widths.sampling.push(...widthsBySampling.values());
      [all, kind].forEach(({ generated }) => generated.add(sampling, full, counting));
      if (raw !== undefined) {
        const truth = await ask(raw, question, window, { mode: 'full' }, signal);
        const whole = await asked({ mode: 'estimate' });
        const wholeFromAll = await asked({ mode: 'full' });
        widthsOf(whole).forEach((width, key) => {
          if (widthsBySampling.has(key)) {
            widths.whole.push(width);
          }
        });
        for (const tallies of [all, kind]) {
          tallies.real.add(whole, truth, counting);
          tallies.realFromAll.add(wholeFromAll, truth, counting);
          tallies.realBySampling.add(sampling, truth, counting);
        }
      }
    }
    const withReal = raw !== undefined;
    return {
      questions,
      ...all.holding(withReal),
      kinds: Object.fromEntries([...kinds].map(([kind, tallies]) => [kind, tallies.holding(withReal)])),
      widths: { sampling: middle(widths.sampling), whole: middle(widths.whole) },
    };
  } finally {
    setLimit('QUERY_ESTIMATE_SPANS', before);
    await engine.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}
