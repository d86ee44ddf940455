/** @file Metrics over models: from counts where they suffice, else from generated traces, all or a part of them. */
import { limit } from '../common';
import type { TraceGenerator } from '../generate';
import type { StoredModel } from '../store';
import type { Trace } from '../trace';
import { compileMetrics, hintsOf, Intervals, labelsKey, parseQuery, type Query, type Series } from '../traceql';
import type { Budget } from './budget';
import { candidateList, type CandidateList, occupiedSlots } from './candidate-lists';
import { Candidates, indicesOf } from './candidates';
import { CountedMetrics, edgesOf, type Slots } from './counts';
import { Estimate, hasExtremes } from './estimate';
import { partsOf } from './metrics-parts';
import { errorOf, exactWhereEmpty, uncertainOf, unmeasuredNotices } from './model-errors';
import { samplePlan, type SampledTrace } from './sample-plan';
import type { MetricsRequest, MetricsResult, Notice } from './types';
import { compileModelFilter } from './whole-models';

/** Opens a model for as long as `work` takes; undefined when it cannot be used. */
export type UseModel = <T>(
  model: StoredModel,
  work: (generator: TraceGenerator) => Promise<T>
) => Promise<T | undefined>;

const BLOCK_SPANS = 40_000;
/** Traces that are drawn in part together. */
const SIFTED_TOGETHER = 8192;
/** What the cost of a query is told from. */
const PILOT_MODELS = 8;
/** So many times too much after the first of them is too much. */
const SURELY_NOT = 4;
const PILOT_TRACES = 60;
/** Traces that are looked at for exemplars of an answer from counts. */
const EXEMPLAR_TRACES = 60;

/** A metrics query on its way. */
export interface MetricsWork {
  readonly text: string;
  readonly slots: Slots;
  readonly exemplars: number;
  readonly mode: 'auto' | 'full' | 'estimate';
  readonly intervals: 'whole' | 'sampling';
  /** Models whose window touches the range, oldest first. */
  readonly models: readonly StoredModel[];
  readonly use: UseModel;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  readonly onPart?: MetricsRequest['onPart'];
}

type Answer = Pick<MetricsResult, 'series' | 'from' | 'notices' | 'intervals'>;

/** The traces that can matter to a query in one model. */
function candidatesOf(work: MetricsWork, query: Query, model: StoredModel): Promise<CandidateList | undefined> {
  return work.use(model, async (generator) => candidateList(generator, query, model, work.slots));
}

/** Generates traces of one model, block by block. */
async function visit(
  work: MetricsWork,
  list: CandidateList,
  indices: ArrayLike<number>,
  observe: (trace: Trace, at: number) => void
): Promise<void> {
  const perTrace = Math.max(1, list.spans / Math.max(1, list.traces));
  const size = Math.max(1, Math.floor(BLOCK_SPANS / perTrace));
  await work.use(list.model, async (generator) => {
    for (let at = 0; at < indices.length; at += size) {
      work.budget.check();
      const options = work.signal === undefined ? {} : { signal: work.signal };
      const block = Array.from({ length: Math.min(size, indices.length - at) }, (_, i) => indices[at + i] as number);
      const traces = await generator.generate(block, options);
      work.budget.add(traces);
      traces.forEach((trace, i) => observe(trace, at + i));
    }
  });
}

/** Observes every trace that can matter in one model: those that a part of them rules out are not written. */
async function visitAll(work: MetricsWork, query: Query, list: CandidateList, observe: (trace: Trace) => void) {
  const indices = indicesOf(list);
  for (let at = 0; at < indices.length; at += SIFTED_TOGETHER) {
    const block = Array.from(indices.subarray(at, at + SIFTED_TOGETHER));
    work.budget.check();
    const kept = await work.use(list.model, async (generator) =>
      // Made anew: the model may have been closed since it was asked which traces it has.
      new Candidates(generator, query, undefined, list.model.window).sift(block, work.signal)
    );
    await visit(work, list, kept ?? [], observe);
  }
}

/** Whether what matters costs no more than writing `most` spans, told from a few traces of a few models. */
async function isCheap(work: MetricsWork, query: Query, lists: readonly CandidateList[], most: number) {
  const traces = lists.reduce((sum, list) => sum + list.traces, 0);
  const apart = Math.max(1, lists.length / PILOT_MODELS);
  let seen = 0;
  let cost = 0;
  for (let l = 0; l < lists.length; l += apart) {
    const list = lists[Math.floor(l)] as CandidateList;
    const indices = indicesOf(list);
    const stride = Math.max(1, indices.length / PILOT_TRACES);
    const some = Array.from(
      { length: Math.min(PILOT_TRACES, indices.length) },
      (_, i) => indices[Math.floor(i * stride)]
    );
    await work.use(list.model, async (generator) => {
      const candidates = new Candidates(generator, query, undefined, list.model.window);
      cost += await candidates.costOf(some, work.signal);
      seen += some.length;
    });
    if (seen === 0 || cost * traces > SURELY_NOT * most * seen) {
      return false;
    }
  }
  return cost * traces <= most * seen;
}

async function fromCounts(work: MetricsWork, query: Query): Promise<Series[] | undefined> {
  const counted = CountedMetrics.of(query, work.slots);
  if (counted === undefined) {
    return undefined;
  }
  const tell = partsOf(work.onPart, work.slots.start, query, work.models, () => counted.result());
  for (const [m, model] of work.models.entries()) {
    work.budget.check();
    await tell(m);
    const bucketSeconds = await work.use(model, async (generator) =>
      counted.add(generator) ? generator.spanCounts.bucketSeconds : 0
    );
    if (bucketSeconds === 0) {
      return undefined;
    }
    if (bucketSeconds !== undefined && work.slots.instant === true) {
      await addEdges(work, query, model, counted, bucketSeconds);
    }
  }
  return counted.result();
}

/** Adds what begins in the buckets that an instant query cuts: these traces are written. */
async function addEdges(
  work: MetricsWork,
  query: Query,
  model: StoredModel,
  counted: CountedMetrics,
  bucketSeconds: number
): Promise<void> {
  if (query.kind !== 'metrics' || query.metrics.kind !== 'metrics') {
    return;
  }
  const { aggregate } = query.metrics;
  // Counts come first; what follows them is applied to all of them together.
  const bare: Query = { ...query, metrics: { ...query.metrics, second: [] } };
  for (const { start, end } of edgesOf(work.slots, bucketSeconds)) {
    const slots = { start, end: end > start ? end : start + 1n, step: end - start + 1n, instant: true };
    const list = await candidatesOf({ ...work, slots }, bare, model);
    if (list === undefined || list.traces === 0) {
      continue;
    }
    work.budget.reserve(list.spans);
    const accumulator = compileMetrics(bare, slots);
    await visitAll(work, bare, list, (trace) => accumulator.observe(trace));
    const factor = aggregate.kind === 'rate' ? Number(slots.end - slots.start) / 1e9 : 1;
    for (const { labels, samples } of accumulator.result()) {
      counted.addSpans(labels, Math.round((samples[0]?.value ?? 0) * factor));
    }
  }
}

/** Exemplars for series from counts: of a few traces, spread over the range. */
async function withExemplars(work: MetricsWork, query: Query, series: Series[]): Promise<Series[]> {
  if (work.exemplars === 0 || work.slots.instant === true || series.length === 0) {
    return series;
  }
  const { start, end, step } = work.slots;
  const accumulator = compileMetrics(query, { start, end, step, exemplars: work.exemplars });
  const each = Math.max(1, Math.ceil((2 * EXEMPLAR_TRACES) / work.models.length));
  const apart = Math.max(1, work.models.length / EXEMPLAR_TRACES);
  const most = Math.min(EXEMPLAR_TRACES, work.models.length);
  const models = Array.from({ length: most }, (_, m) => work.models[Math.floor(m * apart)] as StoredModel);
  for (const model of models) {
    const list = await candidatesOf(work, query, model);
    if (list !== undefined) {
      const all = indicesOf(list);
      const stride = Math.max(1, all.length / each);
      const picked = Array.from({ length: Math.min(each, all.length) }, (_, i) => Math.floor(i * stride));
      const indices = picked.flatMap((at) => all[at] ?? []);
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
    if (list !== undefined && list.traces > 0) {
      lists.push(list);
    }
  }
  const spans = lists.reduce((sum, list) => sum + list.spans, 0);
  const traces = lists.reduce((sum, list) => sum + list.traces, 0);
  const part = Math.min(1, limit('QUERY_ESTIMATE_SPANS') / Math.max(1, spans));
  const most = limit('QUERY_FULL_SPANS');
  const estimate =
    part < 1 &&
    (work.mode === 'estimate' ||
      // What few traces have is found by drawing a little of each; a sample of them could hardly tell.
      (work.mode === 'auto' && spans > most && !(await isCheap(work, query, lists, most))));
  const { start, end, step, instant } = work.slots;
  const { count } = new Intervals({ start, end, step, ...(instant === true ? { instant } : {}) });
  const occupied = occupiedSlots(lists, count);
  const uncertain = work.intervals === 'whole' ? uncertainOf(query, lists, work.slots, occupied) : {};
  const whole = uncertain.modelledSlots !== undefined;
  const options = {
    start,
    end,
    step,
    exemplars: work.exemplars,
    ...(instant === true ? { instant } : {}),
    ...uncertain,
  };
  const mayHold = (slot: number): boolean => occupied[slot] === 1;
  const listed = lists.map(({ model }) => model);
  if (!estimate) {
    const accumulator = compileMetrics(query, options);
    const result = (): Series[] =>
      whole ? exactWhereEmpty(accumulator.result(), options, mayHold) : accumulator.result();
    const tell = partsOf(work.onPart, work.slots.start, query, listed, result);
    if (work.mode === 'full' || spans <= most) {
      work.budget.reserve(spans);
    }
    for (const [l, list] of lists.entries()) {
      await tell(l);
      accumulator.from(errorOf(list.model));
      await visitAll(work, query, list, (trace) => accumulator.observe(trace));
    }
    const notices = whole ? unmeasuredNotices(listed) : [];
    return { series: result(), from: 'generated', notices, ...(whole ? { intervals: 'whole' } : {}) };
  }
  const estimated = new Estimate(query, options, mayHold);
  const plan = samplePlan(lists, count, part);
  const tell = partsOf(work.onPart, work.slots.start, query, listed, () => estimated.result());
  let picked = 0;
  for (const [l, list] of lists.entries()) {
    await tell(l);
    const chosen = plan[l] ?? [];
    picked += chosen.length;
    const indices = chosen.map(({ index }) => index);
    estimated.from(errorOf(list.model));
    await visit(work, list, indices, (trace, at) => estimated.observe(trace, chosen[at] as SampledTrace));
  }
  const text = `Estimated from ${picked.toLocaleString('en-US')} of ${traces.toLocaleString('en-US')} traces.`;
  const notices: Notice[] = [
    { severity: 'info', text },
    ...(work.intervals === 'whole' ? unmeasuredNotices(listed) : []),
  ];
  if (query.kind === 'metrics' && hasExtremes(query.metrics)) {
    notices.push({
      severity: 'warning',
      text: 'The least and the greatest values are those of the traces looked at: others may lie beyond.',
    });
  }
  return { series: estimated.result(), from: 'estimated', notices, intervals: whole ? 'whole' : 'sampling' };
}

/** Answers a metrics query over models. */
export async function modelMetrics(request: MetricsWork): Promise<Answer> {
  const query = parseQuery(request.text);
  const work = { ...request, models: request.models.filter(compileModelFilter(query)) };
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
