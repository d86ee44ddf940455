/** @file The traces of models that durations are read from: evenly spread, with more of the services that are rare. */
import { limit } from '../../common';
import type { TraceGenerator } from '../../generate';
import type { StoredModel } from '../../store';
import type { Budget } from '../budget';
import type { UseModel } from '../model-metrics';
import type { TimeRange } from '../types';
import { DurationSample } from './durations';
import { bucketsOf, ModelFacts } from './model-facts';

/** Traces of a service below which more of them are looked at. */
const FEW_TRACES = 60;

/** Where traces of an overview come from. */
export interface ModelSource {
  /** Models whose window touches the range, oldest first. */
  readonly models: readonly StoredModel[];
  readonly use: UseModel;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
}

/** Traces that begin in a range of whole buckets: the first number of each row, its count and its shape. */
function* rowsIn(model: TraceGenerator, range: TimeRange): Generator<{ first: number; count: number; shape: number }> {
  const { rows } = model;
  const { from, to } = bucketsOf(range, rows.bucketSeconds);
  let first = 0;
  for (let row = 0; row < rows.buckets.length; row++) {
    const bucket = rows.buckets[row] as number;
    const count = rows.counts[row] as number;
    if (bucket >= from && bucket < to) {
      yield { first, count, shape: rows.shapes[row] as number };
    }
    first += count;
  }
}

/** Every so-manieth of a sequence of traces that comes in pieces, always the same ones. */
class Stride {
  private seen = 0;
  private next: number;

  constructor(private readonly every: number) {
    this.next = every / 2;
  }

  /** Offsets within the next `count` traces. */
  take(count: number): number[] {
    const picked: number[] = [];
    for (; this.next < this.seen + count; this.next += this.every) {
      picked.push(Math.floor(this.next) - this.seen);
    }
    this.seen += count;
    return picked;
  }
}

async function generate(source: ModelSource, model: TraceGenerator, indices: number[]) {
  source.budget.check();
  const traces = await model.generate(indices, source.signal === undefined ? {} : { signal: source.signal });
  source.budget.add(traces);
  return traces;
}

/** Looks at about QUERY_OVERVIEW_SPANS spans of the traces that begin in the range. */
export async function sampleModels(source: ModelSource, range: TimeRange): Promise<DurationSample> {
  let spans = 0;
  const services = new Map<string, number>();
  for (const model of source.models) {
    source.budget.check();
    await source.use(model, async (generator) => {
      const facts = ModelFacts.of(generator);
      for (const { count, shape } of rowsIn(generator, range)) {
        spans += count * generator.shapeClasses(shape).length;
        for (const service of facts.servicesOf(shape)) {
          services.set(service, (services.get(service) ?? 0) + count);
        }
      }
    });
  }
  const every = Math.max(1, spans / Math.max(1, limit('QUERY_OVERVIEW_SPANS')));
  const sample = await take(source, range, every, () => true);
  if (every === 1) {
    return sample;
  }
  for (const [service, population] of services) {
    const known = sample.services.get(service);
    if ((known?.traces ?? 0) < Math.min(FEW_TRACES, population)) {
      const more = await take(source, range, Math.max(1, population / FEW_TRACES), (facts, shape) =>
        facts.servicesOf(shape).has(service)
      );
      const found = more.services.get(service);
      if (found !== undefined) {
        sample.services.set(service, found);
      }
    }
  }
  return sample;
}

async function take(
  source: ModelSource,
  range: TimeRange,
  every: number,
  wanted: (facts: ModelFacts, shape: number) => boolean
): Promise<DurationSample> {
  const sample = new DurationSample();
  const stride = new Stride(every);
  for (const model of source.models) {
    await source.use(model, async (generator) => {
      const facts = ModelFacts.of(generator);
      const indices: number[] = [];
      for (const { first, count, shape } of rowsIn(generator, range)) {
        if (wanted(facts, shape)) {
          indices.push(...stride.take(count).map((offset) => first + offset));
        }
      }
      if (indices.length > 0) {
        (await generate(source, generator, indices)).forEach((trace) => sample.observe(trace));
      }
    });
  }
  return sample;
}
