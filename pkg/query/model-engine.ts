/** @file Answers over a store of models: opens those a question needs, and generates no more than it needs. */
import { limit } from '../common';
import { mayHoldExemplar, type TraceGenerator } from '../generate';
import type { ModelStore, StoredModel } from '../store';
import type { Trace } from '../trace';
import {
  AnswerBytes,
  compileSearch,
  compileTagNames,
  compileTagValues,
  parseIncomplete,
  parseQuery,
  parseTagName,
  type Query,
} from '../traceql';
import { Budget } from './budget';
import { Candidates } from './candidates';
import { classTags } from './class-tags';
import type { Slots } from './counts';
import { ModelCache, type OpenModel } from './model-cache';
import { modelMetrics } from './model-metrics';
import { type FoundTrace, searchModel } from './model-search';
import { type CompareRequest, ModelOverviews, type OverviewRequest } from './overview';
import { Newest } from './newest';
import { VerdictCache } from './remember';
import { alignRange, contains, touches, traceTouches } from './range';
import { scopedNames } from './tag-scopes';
import { normalTraceId } from './trace-id';
import { compileModelFilter } from './whole-models';
import type {
  EngineDescription,
  MetricsRequest,
  MetricsResult,
  Notice,
  SearchRequest,
  SearchResult,
  TagNamesRequest,
  TagScope,
  TagValue,
  TagValuesRequest,
  TimeRange,
  TraceResult,
  TracesEngine,
} from './types';

const DEFAULT_LIMIT = 20;
/** Digits of a trace id that are those of its model's id. */
const MODEL_DIGITS = 16;
/** Models whose tags are looked at, newest first. */
const TAG_MODELS = 20;

export interface ModelEngineOptions {
  /** Opens a model's bytes; by default with the native runtime. */
  readonly open?: OpenModel;
  /** Spans one query may generate; default: the limit QUERY_SPANS. */
  readonly maxSpans?: number;
  /** Bytes of generated traces kept for the next question; default: the limit QUERY_TRACE_CACHE_BYTES. */
  readonly traceCacheBytes?: number;
}

class ModelEngine implements TracesEngine {
  private readonly cache: ModelCache;
  private readonly verdicts = new VerdictCache();
  private readonly overviews: ModelOverviews;

  constructor(
    private readonly store: ModelStore,
    private readonly options: ModelEngineOptions
  ) {
    this.cache = new ModelCache(store, options.open, options.traceCacheBytes);
    this.overviews = new ModelOverviews({
      modelsOf: (range) => this.modelsOf(range),
      use: (model, work) => this.cache.use(model, work),
      ...(options.maxSpans === undefined ? {} : { maxSpans: options.maxSpans }),
    });
  }

  async search(request: SearchRequest): Promise<SearchResult> {
    const query = parseQuery(request.query.trim() === '' ? '{ }' : request.query);
    const match = compileSearch(query, { spansPerSpanSet: request.spansPerSpanSet ?? 3 });
    const newest = new Newest<FoundTrace>(request.limit || DEFAULT_LIMIT);
    const budget = new Budget(request.signal, this.options.maxSpans);
    const notices: Notice[] = [];
    const models = (await this.modelsOf(request.range)).filter(compileModelFilter(query));
    models.sort((a, b) => (a.window.end === b.window.end ? 0 : a.window.end < b.window.end ? 1 : -1));
    for (const model of models) {
      // All that is left ends before the oldest trace that is kept begins.
      if (newest.threshold !== undefined && model.window.end < newest.threshold) {
        break;
      }
      if (budget.spent) {
        notices.push(stoppedNotice(model, this.options.maxSpans ?? limit('QUERY_SPANS')));
        break;
      }
      budget.check();
      await this.cache.use(model, async (generator) => {
        budget.models++;
        const verdicts = this.verdicts.of(generator, request.query);
        const candidates = new Candidates(generator, query, request.range, model.window, verdicts);
        await searchModel(candidates, { range: request.range, match, newest, budget, signal: request.signal });
      });
    }
    return { traces: newest.list(), notices, stats: budget.stats() };
  }

  async traceById(traceId: string, options: { range?: TimeRange; signal?: AbortSignal } = {}): Promise<TraceResult> {
    const id = normalTraceId(traceId);
    const { models } = await this.store.list();
    const mayHold = (model: StoredModel): boolean =>
      model.id.startsWith(id.slice(0, MODEL_DIGITS)) || mayHoldExemplar(model.exemplarIds, id);
    for (const model of models.filter(mayHold)) {
      const found = await this.cache.use(model, async (generator): Promise<TraceResult | undefined> => {
        const index = generator.indexOf(id);
        if (index === undefined) {
          return undefined;
        }
        const [trace] = await generator.generate(
          [index],
          options.signal === undefined ? {} : { signal: options.signal }
        );
        if (trace !== undefined) {
          new AnswerBytes().addTrace(trace);
        }
        const generated = !generator.isExemplar(index);
        return trace !== undefined && traceTouches(options.range, trace)
          ? { trace, provenance: { generated, model: model.id }, notices: [] }
          : undefined;
      });
      if (found !== undefined) {
        return found;
      }
    }
    const text = `Trace ${id} is not here: this store keeps models, not that trace. Search for traces like it.`;
    return { trace: undefined, notices: [{ severity: 'info', text }] };
  }

  async tagNames(request: TagNamesRequest): Promise<Partial<Record<TagScope, string[]>>> {
    const query = parseIncomplete(request.query ?? '{ }');
    const collector = compileTagNames(query);
    await this.tagTraces(query, request, (trace) => collector.observe(trace));
    return scopedNames(collector.result(), request);
  }

  async tagValues(request: TagValuesRequest): Promise<TagValue[]> {
    const query = parseIncomplete(request.query ?? '{ }');
    const tag = parseTagName(request.tag);
    const collector = compileTagValues(query, tag);
    // What models list comes from all of them; numbers and forms are read from traces of the newest.
    const list = classTags(query, tag, (values) => collector.include(values));
    if (list !== undefined) {
      const budget = new Budget(request.signal, this.options.maxSpans);
      for (const model of (await this.modelsOf(request.range)).slice(-limit('QUERY_TAG_MODELS'))) {
        budget.check();
        const inside = contains(request.range, model.window) ? undefined : request.range;
        await this.cache.use(model, async (generator) => list(generator, inside));
      }
    }
    await this.tagTraces(query, request, (trace) => collector.observe(trace));
    const values = collector.result();
    return request.limit ? values.slice(0, request.limit) : values;
  }

  async metricsRange(request: MetricsRequest): Promise<MetricsResult> {
    const step = request.stepNanos;
    return this.metrics(request, { ...alignRange(request.range, step), step });
  }

  /** Edges are exact: what counts cannot tell of the buckets they cut is generated. */
  async metricsInstant(request: Omit<MetricsRequest, 'stepNanos'>): Promise<MetricsResult> {
    const { start, end } = request.range;
    return this.metrics(request, { start, end, step: end - start, instant: true });
  }

  overview(request: OverviewRequest) {
    return this.overviews.overview(request);
  }

  compareWindows(request: CompareRequest) {
    return this.overviews.compareWindows(request);
  }

  async describe(): Promise<EngineDescription> {
    const { models, skipped } = await this.store.list();
    const window = models.reduce<TimeRange | undefined>((all, { window: one }) => {
      if (all === undefined) {
        return one;
      }
      return { start: one.start < all.start ? one.start : all.start, end: one.end > all.end ? one.end : all.end };
    }, undefined);
    return {
      kind: 'models',
      location: this.store.location,
      ...(window === undefined ? {} : { window }),
      models,
      skipped,
      traces: models.reduce((sum, model) => sum + model.traces, 0),
      spans: models.reduce((sum, model) => sum + model.spans, 0),
    };
  }

  async close(): Promise<void> {
    await this.cache.close();
    this.verdicts.clear();
    this.overviews.clear();
    await this.store.close();
  }

  /** Models whose window touches the range, oldest first. */
  private async modelsOf(range: TimeRange | undefined): Promise<StoredModel[]> {
    const { models } = await this.store.list();
    return models.filter((model) => touches(range, model.window.start, model.window.end));
  }

  private async metrics(request: Omit<MetricsRequest, 'stepNanos'>, slots: Slots): Promise<MetricsResult> {
    const budget = new Budget(request.signal, this.options.maxSpans);
    const models = await this.modelsOf({ start: slots.start, end: slots.end + 1n });
    budget.models = models.length;
    const answer = await modelMetrics({
      text: request.query,
      slots,
      exemplars: request.exemplars ?? 0,
      mode: request.mode ?? 'auto',
      intervals: request.intervals ?? 'whole',
      models,
      use: (model, work) => this.cache.use(model, work),
      budget,
      signal: request.signal,
      ...(request.onPart === undefined || slots.instant === true ? {} : { onPart: request.onPart }),
    });
    return { ...answer, stats: budget.stats() };
  }

  /** Shows `observe` traces that stand for their models: one of each shape, then others spread over time. */
  private async tagTraces(
    query: Query,
    request: Pick<TagNamesRequest, 'range' | 'signal'>,
    observe: (trace: Trace) => void
  ): Promise<void> {
    const budget = new Budget(request.signal, this.options.maxSpans);
    const holding = (await this.modelsOf(request.range)).filter(compileModelFilter(query));
    const models = holding.slice(-TAG_MODELS).reverse();
    const most = Math.max(1, limit('QUERY_TAG_SPANS'));
    for (const model of models) {
      if (budget.spans >= 2 * most) {
        return;
      }
      budget.check();
      await this.cache.use(model, async (generator) => {
        const inside = contains(request.range, model.window) ? undefined : request.range;
        const candidates = new Candidates(generator, query, inside, model.window);
        const traces = await generator.generate(
          representatives(generator, candidates, most),
          request.signal === undefined ? {} : { signal: request.signal }
        );
        budget.add(traces);
        traces.filter((trace) => traceTouches(inside, trace)).forEach(observe);
      });
    }
  }
}

function stoppedNotice(model: StoredModel, most: number): Notice {
  const end = new Date(Number(model.window.end / 1_000_000n)).toISOString();
  const text = `Traces before ${end} were not searched: the query may look at ${most} spans (QUERY_SPANS).`;
  return { severity: 'warning', text };
}

/** Candidates of at most about `most` spans: the first of each shape, then every so-manieth. */
function representatives(model: TraceGenerator, candidates: Candidates, most: number): number[] {
  const all = candidates.list();
  const seen = new Set<number>();
  const picked = new Set<number>();
  let spans = 0;
  const pick = (index: number) => {
    if (!picked.has(index) && spans < most) {
      picked.add(index);
      spans += candidates.spansOf(index);
    }
  };
  for (const index of all) {
    const shape = model.shapeOf(index);
    if (!seen.has(shape)) {
      seen.add(shape);
      pick(index);
    }
  }
  const perTrace = Math.max(1, spans / Math.max(1, picked.size));
  const stride = Math.max(1, Math.floor((all.length * perTrace) / most));
  for (let at = 0; at < all.length; at += stride) {
    pick(all[at] ?? 0);
  }
  return [...picked].sort((a, b) => a - b);
}

/** An engine over the models of a store, which it closes when it is closed itself. */
export function modelEngine(store: ModelStore, options: ModelEngineOptions = {}): TracesEngine {
  return new ModelEngine(store, options);
}
