/** @file Metrics over models: from counts where they suffice, else from generated traces, all or a part of them. */
import { limit } from '../common';
import type { TraceGenerator } from '../generate';
import type { StoredModel } from '../store';
import {
  compileMetrics,
  hintsOf,
  labelsKey,
  type MetricsAccumulator,
  parseQuery,
  type Query,
  type Series,
} from '../traceql';
import type { Budget } from './budget';
import { Candidates } from './candidates';
import { CountedMetrics, type Slots } from './counts';
import { Estimate } from './estimate';
import type { MetricsResult, Notice } from './types';

/** Opens a model for as long as `work` takes; undefined when it cannot be used. */
export type UseModel = <T>(
  model: StoredModel,
  work: (generator: TraceGenerator) => Promise<T>
) => Promise<T | undefined>;

const BLOCK_SPANS = 40_000;
/** Traces that are looked at for exemplars of an answer from counts. */
const EXEMPLAR_TRACES = 60;

/** A metrics query on its way. */
export interface MetricsWork {
  readonly text: string;
  readonly slots: Slots;
  readonly exemplars: number;
  readonly mode: 'auto' | 'full' | 'estimate';
  /** Models whose window touches the range, oldest first. */
  readonly models: readonly StoredModel[];
  readonly use: UseModel;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
}

type Answer = Pick<MetricsResult, 'series' | 'from' | 'notices'>;

/** The traces that can matter to a query in one model. */
async function candidatesOf(work: MetricsWork, query: Query, model: StoredModel): Promise<CandidateList | undefined> {
  return work.use(model, async (generator) => {
    // Spans that start at the very end of the range count.
    const range = { start: work.slots.start, end: work.slots.end + 1n };
    const candidates = new Candidates(generator, query, range, model.window);
    const indices = candidates.list();
    return { model, indices, spans: indices.reduce((sum, index) => sum + candidates.spansOf(index), 0) };
  });
}

interface CandidateList {
  readonly model: StoredModel;
  readonly indices: readonly number[];
  readonly spans: number;
}

/** Generates traces of one model, block by block. */
async function visit(
  work: MetricsWork,
  list: CandidateList,
  indices: readonly number[],
  observe: (trace: Parameters<MetricsAccumulator['observe']>[0]) => void
): Promise<void> {
  const perTrace = Math.max(1, list.spans / Math.max(1, list.indices.length));
  const size = Math.max(1, Math.floor(BLOCK_SPANS / perTrace));
  await work.use(list.model, async (generator) => {
    for (let at = 0; at < indices.length; at += size) {
      work.budget.check();
      const options = work.signal === undefined ? {} : { signal: work.signal };
      const traces = await generator.generate(indices.slice(at, at + size), options);
      work.budget.add(traces);
      traces.forEach(observe);
    }
  });
}

async function fromCounts(work: MetricsWork, query: Query): Promise<Series[] | undefined> {
  const counted = CountedMetrics.of(query, work.slots);
  if (counted === undefined) {
    return undefined;
  }
  for (const model of work.models) {
    work.budget.check();
    if ((await work.use(model, async (generator) => counted.add(generator))) === false) {
      return undefined;
    }
  }
  return counted.result();
}

/** Exemplars for series from counts: of a few traces, spread over the range. */
async function withExemplars(work: MetricsWork, query: Query, series: Series[]): Promise<Series[]> {
  if (work.exemplars === 0 || work.slots.instant === true || series.length === 0) {
    return series;
  }
  const { start, end, step } = work.slots;
  const accumulator = compileMetrics(query, { start, end, step, exemplars: work.exemplars });
  const each = Math.max(1, Math.ceil(EXEMPLAR_TRACES / work.models.length));
  for (const model of work.models.slice(-EXEMPLAR_TRACES)) {
    const list = await candidatesOf(work, query, model);
    if (list !== undefined) {
      const stride = Math.max(1, list.indices.length / each);
      const picked = Array.from({ length: Math.min(each, list.indices.length) }, (_, i) => Math.floor(i * stride));
      const indices = picked.flatMap((at) => list.indices[at] ?? []);
      await visit(work, list, indices, (trace) => accumulator.observe(trace));
    }
  }
  const found = new Map(accumulator.result().map(({ labels, exemplars }) => [labelsKey(labels), exemplars]));
  return series.map((one) => ({ ...one, exemplars: found.get(labelsKey(one.labels)) ?? [] }));
}

async function fromTraces(work: MetricsWork, query: Query): Promise<Answer> {
  const lists: CandidateList[] = [];
  for (const model of work.models) {
    work.budget.check();
    const list = await candidatesOf(work, query, model);
    if (list !== undefined && list.indices.length > 0) {
      lists.push(list);
    }
  }
  const spans = lists.reduce((sum, list) => sum + list.spans, 0);
  const traces = lists.reduce((sum, list) => sum + list.indices.length, 0);
  const part = Math.min(1, limit('QUERY_ESTIMATE_SPANS') / Math.max(1, spans));
  const estimate =
    part < 1 && (work.mode === 'estimate' || (work.mode === 'auto' && spans > limit('QUERY_FULL_SPANS')));
  const { start, end, step, instant } = work.slots;
  const options = { start, end, step, exemplars: work.exemplars, ...(instant === true ? { instant } : {}) };
  const accumulator = compileMetrics(query, options);
  if (!estimate) {
    work.budget.reserve(spans);
    for (const list of lists) {
      await visit(work, list, list.indices, (trace) => accumulator.observe(trace));
    }
    return { series: accumulator.result(), from: 'generated', notices: [] };
  }
  // Every so-manieth trace over all models: the part follows the traffic, and is always the same one.
  const stride = 1 / part;
  const picked = Math.max(1, Math.floor(traces / stride));
  const estimated = new Estimate(query, accumulator, traces / picked, Number(step) / 1e9);
  let before = 0;
  for (const list of lists) {
    const first = Math.ceil(before / stride - 0.5);
    const indices: number[] = [];
    for (let n = first; ; n++) {
      const at = Math.floor((n + 0.5) * stride) - before;
      if (at >= list.indices.length) {
        break;
      }
      indices.push(...(at >= 0 ? [list.indices[at] ?? 0] : []));
    }
    before += list.indices.length;
    await visit(work, list, indices, (trace) => estimated.observe(trace));
  }
  const text = `Estimated from ${picked.toLocaleString('en-US')} of ${traces.toLocaleString('en-US')} traces.`;
  const notices: Notice[] = [{ severity: 'info', text }];
  return { series: estimated.result(), from: 'estimated', notices };
}

/** Answers a metrics query over models. */
export async function modelMetrics(work: MetricsWork): Promise<Answer> {
  const query = parseQuery(work.text);
  // Compiled for its checks, before any model is opened.
  const { start, end, step, instant } = work.slots;
  compileMetrics(query, { start, end, step, ...(instant === true ? { instant } : {}) });
  const counted = await fromCounts(work, query);
  if (counted === undefined) {
    return fromTraces(work, query);
  }
  const { exemplars } = hintsOf(query);
  const most = typeof exemplars === 'number' ? exemplars : exemplars === false ? 0 : work.exemplars;
  const series = await withExemplars({ ...work, exemplars: most }, query, counted);
  return { series, from: 'counts', notices: [] };
}
