/** @file Distances of the ten query templates: as Gen-T publishes them, and corrected so that a permuted answer shows. */
import type { Clock } from './clock';
import {
  addCount,
  bulkRange,
  type Counts,
  meanOf,
  orderedDistance,
  relativeError,
  totalOf,
  totalVariation,
} from './distance';
import { ALL_TEMPLATES, answer, type Answers, entryServices, type KeyKind } from './query-templates';
import type { SpanTable } from './span-table';

const DURATION_BINS = 64;
const NANOS_A_MILLISECOND = 1e6;
/** Published distances below this are dropped, as the original does. */
const NOTHING = 1e-12;

export interface QueryMeasure {
  readonly query: number;
  /** null where the template has no answer on either side. */
  readonly published: number | null;
  readonly corrected: number | null;
  /** Total variation over 64 quantile bins; only of the templates over durations. */
  readonly tv64: number | null;
  /** As above, parameters weighted by their real count; the others weigh each the same. */
  readonly publishedWeighted: number | null;
  readonly correctedWeighted: number | null;
  readonly tv64Weighted: number | null;
  readonly volume: number | null;
}

export interface Queries {
  readonly queries: readonly QueryMeasure[];
  readonly publishedMean: number;
  readonly correctedMean: number | null;
  readonly correctedMeanTv64: number | null;
  readonly publishedWeightedMean: number;
  readonly correctedWeightedMean: number | null;
  readonly correctedWeightedMeanTv64: number | null;
  readonly volume: number | null;
}

function sortedShares(counts: Counts, keys: readonly number[]): number[] {
  const total = totalOf(counts);
  return keys.map((key) => (counts.get(key) ?? 0) / total).sort((a, b) => a - b);
}

/** Gen-T's distance: between the sorted shares, whatever keys they belong to. null when a side is empty. */
export function publishedDistance(real: Counts, other: Counts): number | null {
  if (totalOf(real) === 0 || totalOf(other) === 0) {
    return null;
  }
  const keys = [...new Set([...real.keys(), ...other.keys()])];
  const a = sortedShares(real, keys);
  const b = sortedShares(other, keys);
  return a.reduce((sum, share, i) => sum + Math.abs(share - (b[i] as number)), 0) / keys.length;
}

function wholeMilliseconds(counts: Counts): Counts {
  const result: Counts = new Map();
  for (const [nanos, count] of counts) {
    addCount(result, Math.trunc(nanos / NANOS_A_MILLISECOND), count);
  }
  return result;
}

/** Total variation over bins that hold equal shares of the real durations `bins`. */
export function binnedVariation(bins: Counts, real: Counts, other: Counts): number {
  const total = totalOf(bins);
  const edges: number[] = [];
  let seen = 0;
  for (const [key, count] of [...bins].sort((a, b) => a[0] - b[0])) {
    seen += count;
    if (seen >= ((edges.length + 1) * total) / DURATION_BINS) {
      edges.push(key);
      while (seen >= ((edges.length + 1) * total) / DURATION_BINS) {
        edges.push(key);
      }
    }
  }
  const binned = (counts: Counts): Counts => {
    const result: Counts = new Map();
    for (const [key, count] of counts) {
      let low = 0;
      let high = edges.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((edges[middle] as number) < key) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      addCount(result, low, count);
    }
    return result;
  };
  return totalVariation(binned(real), binned(other));
}

/** Mean over the buckets filled on either side of the difference of the largest values, against the real p1 … p99. */
export function seriesDistance(real: Counts, other: Counts, [low, high]: readonly [number, number]): number {
  const buckets = [...new Set([...real.keys(), ...other.keys()])];
  let sum = 0;
  for (const bucket of buckets) {
    const r = real.get(bucket);
    const s = other.get(bucket);
    if (r === undefined || s === undefined) {
      sum += 1;
    } else if (r !== s) {
      sum += high > low ? Math.min(1, Math.abs(s - r) / (high - low)) : 1;
    }
  }
  return sum / buckets.length;
}

interface Side {
  readonly answers: readonly Answers[];
  readonly weight: number;
}

/** Values of parameters with their weights. */
class Weighted {
  private readonly values: number[] = [];
  private readonly weights: number[] = [];

  add(value: number, weight: number): void {
    this.values.push(value);
    this.weights.push(weight);
  }

  mean(): number | null {
    return meanOf(this.values);
  }

  /** By weight; null where nothing weighs. */
  weightedMean(): number | null {
    const total = this.weights.reduce((sum, weight) => sum + weight, 0);
    return total === 0
      ? null
      : this.values.reduce((sum, value, i) => sum + value * (this.weights[i] as number), 0) / total;
  }
}

function correctedDistance(kind: KeyKind, r: Counts, s: Counts, range: () => readonly [number, number]): number {
  switch (kind) {
    case 'category':
      return totalVariation(r, s);
    case 'series':
      return seriesDistance(r, s, range());
    default:
      return orderedDistance(r, s);
  }
}

function measure(query: number, real: Side, other: Side): QueryMeasure {
  const a = real.answers[query] as Answers;
  const b = other.answers[query] as Answers;
  /** Counts of the same parameter in another template of the real side. */
  const realOf = (template: number, parameter: number): Counts =>
    (real.answers[template - 1] as Answers).parameters.get(parameter) ?? new Map();
  const published = new Weighted();
  const corrected = new Weighted();
  const binned = new Weighted();
  const volume: number[] = [];
  for (const parameter of new Set([...a.parameters.keys(), ...b.parameters.keys()])) {
    const r: Counts = a.parameters.get(parameter) ?? new Map();
    const s: Counts = b.parameters.get(parameter) ?? new Map();
    const kind = a.kind(parameter);
    // Template 10 counts the values whose largest template 9 gives.
    const count = totalOf(kind === 'series' ? realOf(10, parameter) : r);
    const old =
      kind === 'duration' ? publishedDistance(wholeMilliseconds(r), wholeMilliseconds(s)) : publishedDistance(r, s);
    if (old !== null && old >= NOTHING) {
      published.add(old, count);
    }
    corrected.add(
      correctedDistance(kind, r, s, () => {
        const values = realOf(10, parameter);
        return values.size > 0 ? bulkRange(values) : [0, 0];
      }),
      count
    );
    if (kind === 'duration') {
      // Bins come from all the real spans of the service: template 7 has them.
      binned.add(binnedVariation(realOf(7, parameter), r, s), count);
    }
    volume.push(
      kind === 'series'
        ? relativeError(s.size, r.size)
        : relativeError(totalOf(s) * other.weight, totalOf(r) * real.weight)
    );
  }
  return {
    query: query + 1,
    published: published.mean(),
    corrected: corrected.mean(),
    tv64: binned.mean(),
    publishedWeighted: published.weightedMean(),
    correctedWeighted: corrected.weightedMean(),
    tv64Weighted: binned.weightedMean(),
    volume: meanOf(volume),
  };
}

/** Measures the templates of `other` against `real`; those not `wanted` do not apply. */
export function queries(
  real: SpanTable,
  other: SpanTable,
  clock: Clock,
  wanted: readonly number[] = ALL_TEMPLATES
): Queries {
  const entries = entryServices(real, other);
  const sides: [Side, Side] = [
    { answers: answer(real, clock, entries, wanted), weight: real.weight },
    { answers: answer(other, clock, entries, wanted), weight: other.weight },
  ];
  const all = ALL_TEMPLATES.map((_, i) => measure(i, ...sides));
  return {
    queries: all,
    publishedMean: meanOf(all.map((own) => own.published)) ?? 0,
    correctedMean: meanOf(all.map((own) => own.corrected)),
    correctedMeanTv64: meanOf(all.map((own) => own.tv64 ?? own.corrected)),
    publishedWeightedMean: meanOf(all.map((own) => own.publishedWeighted)) ?? 0,
    correctedWeightedMean: meanOf(all.map((own) => own.correctedWeighted)),
    correctedWeightedMeanTv64: meanOf(all.map((own) => own.tv64Weighted ?? own.correctedWeighted)),
    volume: meanOf(all.map((own) => own.volume)),
  };
}
