/** @file The traces of models that durations are read from: every so-manieth, more of the services that are rare. */
import { limit } from '../../common';
import type { TraceGenerator } from '../../generate';
import type { StoredModel } from '../../store';
import type { Budget } from '../budget';
import type { UseModel } from '../model-metrics';
import { contains } from '../range';
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

async function generate(source: ModelSource, model: TraceGenerator, indices: number[]) {
  source.budget.check();
  const traces = await model.generate(indices, source.signal === undefined ? {} : { signal: source.signal });
  source.budget.add(traces);
  return traces;
}

/** The next power of two: steps that stay the same while a range moves on, so that its traces are known already. */
const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** Whether trace `index` is one of every `step` that are looked at; always the same ones. */
const isPicked = (index: number, step: number): boolean => index % step === step >> 1;

/** Durations of the traces picked of a whole model, for the step that was asked last. */
const wholeModels = new WeakMap<TraceGenerator, { readonly step: number; readonly sample: DurationSample }>();

/** Looks at up to QUERY_OVERVIEW_SPANS spans, and no less than half as many, of the traces that begin in the range. */
export async function sampleModels(source: ModelSource, range: TimeRange): Promise<DurationSample> {
  let spans = 0;
  const services = new Map<string, number>();
  for (const model of source.models) {
    source.budget.check();
    await source.use(model, async (generator) => {
      const population = ModelFacts.of(generator).populationOf(range, contains(range, model.window));
      spans += population.spans;
      population.services.forEach((traces, service) => services.set(service, (services.get(service) ?? 0) + traces));
    });
  }
  const step = powerOfTwo(spans / Math.max(1, limit('QUERY_OVERVIEW_SPANS')));
  const sample = new DurationSample();
  const end = performance.now() + limit('QUERY_OVERVIEW_MILLISECONDS');
  // In an order that has nothing to do with time, so that what was read by the end stands for all.
  for (const model of [...source.models].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    if (performance.now() >= end) {
      sample.unreadModels++;
      continue;
    }
    await source.use(model, async (generator) => {
      const whole = contains(range, model.window);
      const known = whole ? wholeModels.get(generator) : undefined;
      const own = known?.step === step ? known.sample : await take(source, generator, range, step);
      if (whole && own !== known?.sample) {
        wholeModels.set(generator, { step, sample: own });
      }
      sample.merge(own);
    });
  }
  if (step > 1 && sample.unreadModels === 0) {
    await addRare(source, range, services, sample);
  }
  return sample;
}

/** Durations of the picked traces of one model that begin in the range. */
async function take(
  source: ModelSource,
  generator: TraceGenerator,
  range: TimeRange,
  step: number,
  wanted: (shape: number) => boolean = () => true
): Promise<DurationSample> {
  const indices: number[] = [];
  for (const { first, count, shape } of rowsIn(generator, range)) {
    if (wanted(shape)) {
      for (let index = first; index < first + count; index++) {
        if (isPicked(index, step)) {
          indices.push(index);
        }
      }
    }
  }
  const sample = new DurationSample();
  if (indices.length > 0) {
    (await generate(source, generator, indices)).forEach((trace) => sample.observe(trace));
  }
  return sample;
}

/** Looks at more traces of services of which few were seen. */
async function addRare(
  source: ModelSource,
  range: TimeRange,
  services: ReadonlyMap<string, number>,
  sample: DurationSample
): Promise<void> {
  for (const [service, population] of services) {
    if ((sample.services.get(service)?.traces ?? 0) >= Math.min(FEW_TRACES, population)) {
      continue;
    }
    const step = powerOfTwo(population / FEW_TRACES / 2);
    const more = new DurationSample();
    for (const model of source.models) {
      await source.use(model, async (generator) => {
        const facts = ModelFacts.of(generator);
        more.merge(await take(source, generator, range, step, (shape) => facts.servicesOf(shape).has(service)));
      });
    }
    const found = more.services.get(service);
    if (found !== undefined) {
      sample.services.set(service, found);
    }
  }
}
