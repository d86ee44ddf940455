/** @file Rate, errors and durations over time, by service and by whole trace. */
import type { Clock } from './clock';
import { addCount, type Counts, meanOf, quantile, relativeError } from './distance';
import { oncePer } from './memo';
import type { SpanTable } from './span-table';

const QUANTILES = [0.5, 0.9, 0.99] as const;
const CELLS = 1024;

export interface Red {
  rate: number;
  rateWeighted: number;
  durationP50: number;
  durationP90: number;
  durationP99: number;
  /** null when neither side has an error. */
  errorRateAbs: number | null;
  traceP50: number;
  traceP90: number;
  traceP99: number;
  redError: number;
}

/** Durations of each service in ns, ascending. */
export const durationsByService = oncePer((table: SpanTable): Map<number, Float64Array> => {
  const sizes: Counts = new Map();
  for (const service of table.service) {
    addCount(sizes, service);
  }
  const filled = new Map([...sizes].map(([service, size]) => [service, { values: new Float64Array(size), at: 0 }]));
  for (let row = 0; row < table.spans; row++) {
    const own = filled.get(table.service[row] as number);
    if (own !== undefined) {
      own.values[own.at++] = table.duration[row] as number;
    }
  }
  return new Map([...filled].map(([service, { values }]) => [service, values.sort()]));
});

function rateCells(table: SpanTable, clock: Clock): Counts {
  const counts: Counts = new Map();
  for (let row = 0; row < table.spans; row++) {
    addCount(counts, (table.service[row] as number) * CELLS + clock.bucket(table.start[row] as number), table.weight);
  }
  return counts;
}

/** Whole-trace durations (earliest start to latest end) in ns, ascending. */
export const traceDurations = oncePer((table: SpanTable): Float64Array => {
  const durations = new Float64Array(table.traces);
  for (let trace = 0; trace < table.traces; trace++) {
    let start = Infinity;
    let end = -Infinity;
    for (let row = table.offsets[trace] as number; row < (table.offsets[trace + 1] as number); row++) {
      start = Math.min(start, table.start[row] as number);
      end = Math.max(end, (table.start[row] as number) + (table.duration[row] as number));
    }
    durations[trace] = end - start;
  }
  return durations.sort();
});

function errorRates(table: SpanTable): Map<number, number> {
  const spans: Counts = new Map();
  const errors: Counts = new Map();
  for (let row = 0; row < table.spans; row++) {
    addCount(spans, table.service[row] as number);
    addCount(errors, table.service[row] as number, table.error[row] as number);
  }
  return new Map([...spans].map(([service, count]) => [service, (errors.get(service) ?? 0) / count]));
}

function errorRateAbs(real: SpanTable, other: SpanTable): number | null {
  const a = errorRates(real);
  const b = errorRates(other);
  if (![...a.values(), ...b.values()].some((rate) => rate > 0)) {
    return null;
  }
  const services = [...new Set([...a.keys(), ...b.keys()])];
  return meanOf(services.map((service) => Math.abs((a.get(service) ?? 0) - (b.get(service) ?? 0))));
}

/** Measures rate, errors and durations of `other` against `real`. */
export function red(real: SpanTable, other: SpanTable, clock: Clock): Red {
  const realCells = rateCells(real, clock);
  const otherCells = rateCells(other, clock);
  const errors: number[] = [];
  let difference = 0;
  for (const cell of new Set([...realCells.keys(), ...otherCells.keys()])) {
    const r = realCells.get(cell) ?? 0;
    const s = otherCells.get(cell) ?? 0;
    errors.push(relativeError(s, r));
    difference += Math.abs(s - r);
  }
  const a = durationsByService(real);
  const b = durationsByService(other);
  const services = [...new Set([...a.keys(), ...b.keys()])];
  const [p50, p90, p99] = QUANTILES.map(
    (q) =>
      meanOf(
        services.map((service) => {
          const r = a.get(service);
          const s = b.get(service);
          return r === undefined || s === undefined ? 1 : relativeError(quantile(s, q), quantile(r, q));
        })
      ) ?? 0
  ) as [number, number, number];
  const realTraces = traceDurations(real);
  const otherTraces = traceDurations(other);
  const [t50, t90, t99] = QUANTILES.map((q) =>
    otherTraces.length === 0 ? 1 : relativeError(quantile(otherTraces, q), quantile(realTraces, q))
  ) as [number, number, number];
  const rate = meanOf(errors) ?? 0;
  const errorRate = errorRateAbs(real, other);
  return {
    rate,
    rateWeighted: Math.min(1, difference / Math.max(1, real.spans * real.weight)),
    durationP50: p50,
    durationP90: p90,
    durationP99: p99,
    errorRateAbs: errorRate,
    traceP50: t50,
    traceP90: t90,
    traceP99: t99,
    redError: meanOf([rate, (p50 + p90 + p99) / 3, (t50 + t90 + t99) / 3, errorRate]) ?? 0,
  };
}
