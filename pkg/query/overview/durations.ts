/**
 * @file Durations of spans looked at: by operation, whole and by themselves, and of the requests of services; quantiles
 * with distribution-free intervals.
 * Source of the intervals: H. A. David and H. N. Nagaraja, Order Statistics (2003), section 7.1, with the normal
 * approximation of the binomial, the finite population correction, and traces instead of spans as independent draws.
 */
import {
  buildTree,
  childrenOf,
  durationNanos,
  selfTime,
  serviceName,
  type Span,
  type SpanTree,
  type Trace,
} from '../../trace';
import type { TimeRange } from '../types';
import { operationKey } from './tally';
import type { DurationSummary, Quantile } from './types';

const Z_95 = 1.96;

/** Durations in ns. */
export class Durations {
  readonly values: number[] = [];
  /** Time of each span in which none of its children ran. */
  readonly self: number[] = [];
  /** Traces that the spans are of. */
  traces = 0;
  private last = '';

  /** Adds what others saw of other traces. */
  merge(other: Durations): void {
    for (let i = 0; i < other.values.length; i++) {
      this.values.push(other.values[i] as number);
      this.self.push(other.self[i] as number);
    }
    this.traces += other.traces;
  }

  add(traceId: string, duration: number, self: number): void {
    this.values.push(duration);
    this.self.push(self);
    if (traceId !== this.last) {
      this.last = traceId;
      this.traces++;
    }
  }

  /**
   * Quantiles; undefined when no span was seen.
   * @param population - how many such spans there are in all
   */
  summary(population: number): DurationSummary | undefined {
    const samples = this.values.length;
    if (samples === 0) {
      return undefined;
    }
    const share = Math.min(1, samples / Math.max(samples, population));
    const sorted = Float64Array.from(this.values).sort();
    const of = (p: number): Quantile => quantile(sorted, p, share, this.traces);
    return { p50: of(0.5), p90: of(0.9), p99: of(0.99), samples, share };
  }
}

/** The p-quantile of sorted values as TraceQL's exact one: the smallest value with a share p at or below it. */
export function quantileOf(sorted: ArrayLike<number>, p: number): number {
  const rank = Math.ceil(p * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? NaN;
}

function quantile(sorted: Float64Array, p: number, share: number, independent: number): Quantile {
  const value = quantileOf(sorted, p);
  if (share >= 1) {
    return { value };
  }
  const error = Z_95 * Math.sqrt((p * (1 - p) * (1 - share)) / Math.max(1, independent));
  const n = sorted.length;
  const lowest = Math.floor((p - error) * n);
  const highest = Math.ceil((p + error) * n) + 1;
  // Too few spans to bound the quantile by one of them: no bound is better than a wrong one.
  return {
    value,
    ...(lowest >= 1 ? { lower: sorted[lowest - 1] as number } : {}),
    ...(highest <= n ? { upper: sorted[highest - 1] as number } : {}),
  };
}

/** Self-time of span `index`, ns. */
function selfTimeOf(tree: SpanTree, index: number): number {
  const { spans } = tree.trace;
  const span = spans[index];
  if (span === undefined) {
    return 0;
  }
  const since = (time: bigint): number => Number(time - span.startTimeUnixNano);
  const inner = Array.from(childrenOf(tree, index), (child) => spans[child] as Span).map(
    (child) => [since(child.startTimeUnixNano), since(child.endTimeUnixNano)] as const
  );
  return selfTime(0, Math.max(0, Number(durationNanos(span))), inner);
}

/** Gathers durations of traces. */
export class DurationSample {
  /** By {@link operationKey}. */
  readonly operations = new Map<string, Durations>();
  /** Of requests, by service. */
  readonly services = new Map<string, Durations>();
  traces = 0;
  spans = 0;
  /** Models for which there was no time. */
  unreadModels = 0;

  /** Adds what was gathered of other traces. */
  merge(other: DurationSample): void {
    other.operations.forEach((durations, key) => durationsOf(this.operations, key).merge(durations));
    other.services.forEach((durations, key) => durationsOf(this.services, key).merge(durations));
    this.traces += other.traces;
    this.spans += other.spans;
  }

  /** @param range - only spans that begin in it; absent = all */
  observe(trace: Trace, range?: TimeRange): void {
    const tree = buildTree(trace);
    this.traces++;
    this.spans += trace.spans.length;
    trace.spans.forEach((span, i) => {
      if (range !== undefined && (span.startTimeUnixNano < range.start || span.startTimeUnixNano >= range.end)) {
        return;
      }
      const service = serviceName(span.resource);
      const duration = Math.max(0, Number(durationNanos(span)));
      const self = selfTimeOf(tree, i);
      const key = operationKey({ service, name: span.name, kind: span.kind });
      durationsOf(this.operations, key).add(trace.traceId, duration, self);
      const above = trace.spans[tree.parents[i] as number];
      if (above === undefined || serviceName(above.resource) !== service) {
        durationsOf(this.services, service).add(trace.traceId, duration, self);
      }
    });
  }
}

function durationsOf(map: Map<string, Durations>, key: string): Durations {
  const known = map.get(key) ?? new Durations();
  map.set(key, known);
  return known;
}
