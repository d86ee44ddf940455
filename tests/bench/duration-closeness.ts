/** @file How close durations of generated spans are to those of real ones, by operation. */
import { serviceName, type Resource, type Trace } from '../../pkg/trace';

/** Errors over the operations with enough spans; 0 = equal. */
export interface Closeness {
  /** Operations compared. */
  readonly operations: number;
  /** Total variation over 64 quantile bins, weighted by spans. */
  readonly tv64: number;
  /** W1 between p1 and p99 scaled to [0, 1], weighted by spans. */
  readonly w1: number;
  /** Mean relative errors. */
  readonly p50: number;
  readonly p99: number;
  readonly mean: number;
}

const MIN_SPANS = 100;

function durations(traces: readonly Trace[]): Map<string, Float64Array> {
  const services = new WeakMap<Resource, string>();
  const lists = new Map<string, number[]>();
  for (const trace of traces) {
    for (const span of trace.spans) {
      let service = services.get(span.resource);
      if (service === undefined) {
        service = serviceName(span.resource);
        services.set(span.resource, service);
      }
      const key = `${service}\0${span.name}\0${span.kind}`;
      let list = lists.get(key);
      if (list === undefined) {
        list = [];
        lists.set(key, list);
      }
      list.push(Number(span.endTimeUnixNano - span.startTimeUnixNano));
    }
  }
  return new Map([...lists].map(([key, list]) => [key, Float64Array.from(list).sort()]));
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

function relativeError(value: number, real: number): number {
  return real === 0 ? (value === 0 ? 0 : 1) : Math.min(1, Math.abs(value - real) / Math.abs(real));
}

function shares(sorted: Float64Array, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < edges.length && value >= (edges[bin] as number)) {
      bin++;
    }
    counts[bin] = (counts[bin] as number) + 1 / sorted.length;
  }
  return counts;
}

/** W1 of both samples clipped to the real p1 … p99 and scaled, from 500 quantiles. */
function scaledW1(a: Float64Array, b: Float64Array, low: number, high: number): number {
  if (high <= low) {
    return 0;
  }
  const at = (sorted: Float64Array, q: number): number =>
    (Math.max(low, Math.min(high, quantile(sorted, q))) - low) / (high - low);
  let sum = 0;
  for (let i = 0; i < 500; i++) {
    sum += Math.abs(at(a, (i + 0.5) / 500) - at(b, (i + 0.5) / 500)) / 500;
  }
  return sum;
}

/** Compares; an operation that was not generated counts as wholly wrong. */
export function durationCloseness(real: readonly Trace[], generated: readonly Trace[]): Closeness {
  const theirs = durations(generated);
  const sum = { operations: 0, spans: 0, tv64: 0, w1: 0, p50: 0, p99: 0, mean: 0 };
  for (const [key, a] of durations(real)) {
    if (a.length < MIN_SPANS) {
      continue;
    }
    const b = theirs.get(key) ?? new Float64Array(0);
    const edges = Array.from({ length: 63 }, (_, i) => quantile(a, (i + 1) / 64));
    const [p, q] = [shares(a, edges), shares(b, edges)];
    const mean = (list: Float64Array): number => list.reduce((all, value) => all + value, 0) / Math.max(1, list.length);
    sum.operations++;
    sum.spans += a.length;
    sum.tv64 += (a.length * p.reduce((all, share, i) => all + Math.abs(share - (q[i] as number)), 0)) / 2;
    sum.w1 += a.length * scaledW1(a, b, quantile(a, 0.01), quantile(a, 0.99));
    sum.p50 += relativeError(quantile(b, 0.5), quantile(a, 0.5));
    sum.p99 += relativeError(quantile(b, 0.99), quantile(a, 0.99));
    sum.mean += relativeError(mean(b), mean(a));
  }
  const { operations, spans } = sum;
  return {
    operations,
    tv64: sum.tv64 / spans,
    w1: sum.w1 / spans,
    p50: sum.p50 / operations,
    p99: sum.p99 / operations,
    mean: sum.mean / operations,
  };
}
