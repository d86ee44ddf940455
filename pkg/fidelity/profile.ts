/** @file What plots show of both sides: duration curves and rates by service, shapes. */
import { type Clock, TIME_BUCKETS } from './clock';
import { addCount, type Counts, quantile } from './distance';
import { durationsByService } from './red';
import type { SpanTable } from './span-table';
import { shapesOf } from './trees';

/** Shares of spans at which duration curves are taken. */
const CURVE = [
  0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
  0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999,
] as const;
const SERVICES = 12;
const SHAPES = 20;

export interface ServiceProfile {
  readonly service: string;
  readonly realSpans: number;
  readonly otherSpans: number;
  /** Durations in ns at {@link Profile.curve}; empty without spans. */
  readonly real: readonly number[];
  readonly other: readonly number[];
  /** Spans in each of the 60 parts of the real time range; what lies outside is left out. */
  readonly realRate: readonly number[];
  readonly otherRate: readonly number[];
}

export interface Profile {
  /** Shares of spans that the duration curves are taken at. */
  readonly curve: readonly number[];
  /** Length of the real range of starts, ns. */
  readonly nanos: number;
  /** The services with most real spans. */
  readonly services: readonly ServiceProfile[];
  /** The most frequent shapes, as traces. */
  readonly shapes: ReadonlyArray<{ readonly label: string; readonly real: number; readonly other: number }>;
}

function rates(table: SpanTable, clock: Clock): Map<number, number[]> {
  const result = new Map<number, number[]>();
  for (let row = 0; row < table.spans; row++) {
    const bucket = clock.bucket(table.start[row] as number) - 1;
    if (bucket < 0 || bucket >= TIME_BUCKETS) {
      continue;
    }
    const service = table.service[row] as number;
    let own = result.get(service);
    if (own === undefined) {
      own = new Array<number>(TIME_BUCKETS).fill(0);
      result.set(service, own);
    }
    own[bucket] = (own[bucket] as number) + table.weight;
  }
  return result;
}

function shapeCounts(table: SpanTable): { counts: Counts; example: Map<number, number> } {
  const counts: Counts = new Map();
  const example = new Map<number, number>();
  shapesOf(table).forEach((shape, trace) => {
    addCount(counts, shape, table.weight);
    if (!example.has(shape)) {
      example.set(shape, trace);
    }
  });
  return { counts, example };
}

/** `service name, N spans` of a trace. */
function shapeLabel(table: SpanTable, trace: number): string {
  const { operations, services, names } = table.vocabulary;
  const operation = operations.texts[table.operation[table.entry[trace] as number] as number] as string;
  const at = operation.indexOf(':');
  const spans = (table.offsets[trace + 1] as number) - (table.offsets[trace] as number);
  const name = names.texts[Number(operation.slice(at + 1))] as string;
  return `${services.texts[Number(operation.slice(0, at))]} ${name}, ${spans} spans`;
}

/** What plots show of `other` beside the real side. */
export function profileOf(real: SpanTable, other: SpanTable, clock: Clock): Profile {
  const a = durationsByService(real);
  const b = durationsByService(other);
  const realRates = rates(real, clock);
  const otherRates = rates(other, clock);
  const none = new Array<number>(TIME_BUCKETS).fill(0);
  const curve = (durations: Float64Array | undefined): number[] =>
    durations === undefined ? [] : CURVE.map((q) => quantile(durations, q));
  const services = [...a]
    .sort((x, y) => y[1].length - x[1].length)
    .slice(0, SERVICES)
    .map(([service, durations]) => ({
      service: real.vocabulary.services.texts[service] as string,
      realSpans: durations.length,
      otherSpans: (b.get(service)?.length ?? 0) * other.weight,
      real: curve(durations),
      other: curve(b.get(service)),
      realRate: realRates.get(service) ?? none,
      otherRate: otherRates.get(service) ?? none,
    }));
  const realShapes = shapeCounts(real);
  const otherShapes = shapeCounts(other);
  const labels = new Map<string, number>();
  const shapes = [...realShapes.counts]
    .sort((x, y) => y[1] - x[1])
    .slice(0, SHAPES)
    .map(([shape, count]) => {
      const label = shapeLabel(real, realShapes.example.get(shape) as number);
      const same = (labels.get(label) ?? 0) + 1;
      labels.set(label, same);
      const other = otherShapes.counts.get(shape) ?? 0;
      return { label: same === 1 ? label : `${label} (${same})`, real: count, other };
    });
  return { curve: CURVE, nanos: clock.to - clock.from, services, shapes };
}

/** Services with their durations in ns at the given shares of spans, most spans first. */
export function durationQuantiles(
  table: SpanTable,
  shares: readonly number[]
): Array<{ readonly service: string; readonly quantiles: number[] }> {
  return [...durationsByService(table)]
    .sort((x, y) => y[1].length - x[1].length)
    .map(([service, durations]) => ({
      service: table.vocabulary.services.texts[service] as string,
      quantiles: shares.map((share) => quantile(durations, share)),
    }));
}
