/** @file How often the 95% intervals of estimates hold: random metrics queries, answered from all traces and from a part. */
import { serviceName, type Trace } from '../../pkg/trace';
import { compileMetrics, Intervals, labelsKey, parseQuery } from '../../pkg/traceql';
// What is measured is this part of the engine, without models around it.
import { Estimate } from '../../pkg/query/estimate';
import { samplePlan } from '../../pkg/query/sample-plan';

/** Samples with an interval, and those whose interval holds the value of all traces. What is told exactly does not count. */
export interface Held {
  samples: number;
  held: number;
}

export interface Coverage extends Held {
  /** Of the samples where something is, or is estimated. */
  readonly busy: Held;
  /** By function, as written in queries, without arguments. */
  readonly kinds: Map<string, Held>;
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const FUNCTIONS = [
  'rate()',
  'count_over_time()',
  'sum_over_time(duration)',
  'avg_over_time(duration)',
  'quantile_over_time(duration, .5)',
  'quantile_over_time(duration, .9)',
  'quantile_over_time(duration, .99)',
  'histogram_over_time(duration)',
];
/** What the functions are told apart by. */
const kindOf = (fn: string): string =>
  fn
    .replace('_over_time', '')
    .replace('duration', '')
    .replace(/[(), ]+/g, ' ')
    .trim();
const GROUPS = ['', ' by (resource.service.name)', ' by (name)', ' by (kind)'];

/** Numbers in [0, 1): a linear congruential generator (Knuth, TAOCP 2, 3.3.4). */
function seeded(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Random metrics queries about what the traces hold. */
function* queriesOf(
  traces: readonly Trace[],
  random: () => number
): Generator<{ text: string; kind: string }, never, void> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (;;) {
    const span = pick(pick(traces).spans);
    const duration = Number(span.endTimeUnixNano - span.startTimeUnixNano);
    const near = `duration > ${Math.max(1, Math.round(duration * (0.3 + random())))}ns`;
    const name = `name = ${JSON.stringify(span.name)}`;
    const condition = pick([
      '',
      near,
      `resource.service.name = ${JSON.stringify(serviceName(span.resource))}`,
      name,
      `${name} && ${near}`,
      `kind = ${KINDS[span.kind] ?? 'internal'} && duration < ${duration + 1}ns`,
    ]);
    const fn = pick(FUNCTIONS);
    yield { text: `{ ${condition} } | ${fn}${pick(GROUPS)}`, kind: kindOf(fn) };
  }
}

/** Numbers the shapes of traces: the names of their spans in order, and how deep they are. */
function shapesOf(traces: readonly Trace[]): number[] {
  const ids = new Map<string, number>();
  return traces.map(({ spans }) => {
    const shape = spans.map(({ name, statusCode }) => `${name} ${statusCode}`).join();
    const id = ids.get(shape) ?? ids.size;
    ids.set(shape, id);
    return id;
  });
}

/**
 * Measures coverage.
 * @param traces - in the order of their starts
 * @param parts - shares of the traces to estimate from
 * @returns by part
 */
export function measureCoverage(
  traces: readonly Trace[],
  parts: readonly number[],
  queries: number,
  seed: number
): Map<number, Coverage> {
  const random = seeded(seed);
  const texts = queriesOf(traces, random);
  const shapes = shapesOf(traces);
  const starts = traces.flatMap(({ spans }) => spans.map(({ startTimeUnixNano }) => startTimeUnixNano));
  const start = starts.reduce((least, time) => (time < least ? time : least)) - 1n;
  const end = starts.reduce((most, time) => (time > most ? time : most));
  const found = new Map(
    parts.map((part): [number, Coverage] => [
      part,
      { samples: 0, held: 0, busy: { samples: 0, held: 0 }, kinds: new Map<string, Held>() },
    ])
  );
  for (let q = 0; q < queries; q++) {
    const { text, kind } = texts.next().value;
    const query = parseQuery(text);
    const step = (end - start) / BigInt(1 + Math.floor(40 * random())) + 1n;
    const options = { start, end, step };
    const intervals = new Intervals(options);
    const slots = traces.map(({ spans }) => Math.max(0, intervals.indexOf(spans[0]?.startTimeUnixNano ?? 0n)));
    const occupied = new Set(starts.map((time) => intervals.indexOf(time)));
    const all = compileMetrics(query, options);
    traces.forEach((trace) => all.observe(trace));
    const truth = new Map(
      all
        .result()
        .map(({ labels, samples }) => [labelsKey(labels), new Map(samples.map((one) => [one.timestampMs, one.value]))])
    );
    for (const part of parts) {
      // Another sample for each question: what is left out of it at the beginning varies.
      const skipped = Math.floor(random() * 7);
      const first = traces.map((_, i) => i).slice(skipped);
      const list = { first, count: first.map(() => 1), slot: slots.slice(skipped), shape: shapes.slice(skipped) };
      // What a model's counts and bounds tell: in which slots there may be spans at all.
      const estimate = new Estimate(query, options, (slot) => occupied.has(slot));
      for (const one of samplePlan([list], intervals.count, part)[0] ?? []) {
        estimate.observe(traces[one.index] as Trace, one);
      }
      const coverage = found.get(part) as Coverage;
      const ofKind = coverage.kinds.get(kind) ?? { samples: 0, held: 0 };
      coverage.kinds.set(kind, ofKind);
      for (const { labels, samples } of estimate.result()) {
        const real = truth.get(labelsKey(labels));
        for (const { timestampMs, value: estimated, lower, upper } of samples) {
          if (lower === undefined || upper === undefined) {
            continue;
          }
          const value = real?.get(timestampMs) ?? 0;
          const rounding = 1e-9 * Math.abs(value);
          const holds = lower <= value + rounding && value - rounding <= upper;
          if (lower === upper && holds) {
            continue;
          }
          const tallies = value === 0 && estimated === 0 ? [coverage, ofKind] : [coverage, ofKind, coverage.busy];
          for (const tally of tallies) {
            tally.samples++;
            tally.held += holds ? 1 : 0;
          }
        }
      }
    }
  }
  return found;
}
