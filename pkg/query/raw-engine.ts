/** @file Answers over raw traces held in memory: what the model engine is compared with. */
import { padId, traceBounds, TRACE_ID_DIGITS, type Trace } from '../trace';
import {
  AnswerBytes,
  compileMetrics,
  compileSearch,
  compileTagNames,
  compileTagValues,
  parseIncomplete,
  parseQuery,
  parseTagName,
} from '../traceql';
import { Budget } from './budget';
import { Newest } from './newest';
import { type CompareRequest, type OverviewRequest, RawOverviews } from './overview';
import { alignRange, touches, traceTouches } from './range';
import { scopedNames } from './tag-scopes';
import { normalTraceId } from './trace-id';
import type {
  EngineDescription,
  MetricsRequest,
  MetricsResult,
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

/** Traces between two looks at the clock and the caller. */
const BLOCK = 500;
const DEFAULT_LIMIT = 20;
const DEFAULT_EXEMPLARS = 0;

class RawEngine implements TracesEngine {
  private readonly byId: ReadonlyMap<string, Trace>;
  /** Of each trace, in the order of `traces`. */
  private readonly bounds: ReadonlyArray<{ readonly start: bigint; readonly end: bigint }>;
  /** Positions of the traces, newest start first. */
  private readonly newestFirst: Int32Array;
  private readonly overviews = new RawOverviews((range, budget, visit) => this.each(range, budget, visit));

  constructor(
    private readonly traces: readonly Trace[],
    private readonly location: string
  ) {
    this.bounds = traces.map(traceBounds);
    const startOf = (position: number): bigint => this.bounds[position]?.start ?? 0n;
    this.newestFirst = Int32Array.from(traces.keys()).sort((a, b) =>
      startOf(a) === startOf(b) ? a - b : startOf(a) < startOf(b) ? 1 : -1
    );
    this.byId = new Map(traces.map((trace) => [padId(trace.traceId, TRACE_ID_DIGITS), trace]));
  }

  async search(request: SearchRequest): Promise<SearchResult> {
    const query = parseQuery(request.query.trim() === '' ? '{ }' : request.query);
    const match = compileSearch(query, { spansPerSpanSet: request.spansPerSpanSet ?? 3 });
    const newest = new Newest<SearchResult['traces'][number]>(request.limit || DEFAULT_LIMIT);
    const budget = new Budget(request.signal);
    let left = BLOCK;
    for (const position of this.newestFirst) {
      const { start, end } = this.bounds[position] as { start: bigint; end: bigint };
      // All that is left begins before the oldest trace that is kept.
      if (newest.threshold !== undefined && start < newest.threshold) {
        break;
      }
      if (!touches(request.range, start, end)) {
        continue;
      }
      const trace = this.traces[position] as Trace;
      const summary = match(trace);
      if (summary !== undefined) {
        newest.offer({ ...summary, provenance: { generated: false } });
      }
      budget.add([trace]);
      if (--left === 0) {
        left = BLOCK;
        await pause(budget);
      }
    }
    return { traces: newest.list(), notices: [], stats: budget.stats() };
  }

  async traceById(traceId: string, options: { range?: TimeRange } = {}): Promise<TraceResult> {
    const trace = this.byId.get(normalTraceId(traceId));
    if (trace !== undefined) {
      new AnswerBytes().addTrace(trace);
    }
    return trace !== undefined && traceTouches(options.range, trace)
      ? { trace, provenance: { generated: false }, notices: [] }
      : { trace: undefined, notices: [] };
  }

  async tagNames(request: TagNamesRequest): Promise<Partial<Record<TagScope, string[]>>> {
    const collector = compileTagNames(parseIncomplete(request.query ?? '{ }'));
    await this.each(request.range, new Budget(request.signal), (trace) => collector.observe(trace));
    return scopedNames(collector.result(), request);
  }

  async tagValues(request: TagValuesRequest): Promise<TagValue[]> {
    const collector = compileTagValues(parseIncomplete(request.query ?? '{ }'), parseTagName(request.tag));
    await this.each(request.range, new Budget(request.signal), (trace) => collector.observe(trace));
    const values = collector.result();
    return request.limit ? values.slice(0, request.limit) : values;
  }

  async metricsRange(request: MetricsRequest): Promise<MetricsResult> {
    const step = request.stepNanos;
    const { start, end } = alignRange(request.range, step);
    return this.metrics(request, { start, end, step });
  }

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
    const window = this.bounds.reduce<TimeRange | undefined>(
      (all, one) =>
        all === undefined
          ? one
          : { start: one.start < all.start ? one.start : all.start, end: one.end > all.end ? one.end : all.end },
      undefined
    );
    return {
      kind: 'traces',
      location: this.location,
      ...(window === undefined ? {} : { window }),
      models: [],
      skipped: [],
      traces: this.traces.length,
      spans: this.traces.reduce((sum, trace) => sum + trace.spans.length, 0),
    };
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  private async metrics(
    request: Omit<MetricsRequest, 'stepNanos'>,
    range: { start: bigint; end: bigint; step: bigint; instant?: boolean }
  ): Promise<MetricsResult> {
    const exemplars = request.exemplars ?? DEFAULT_EXEMPLARS;
    const accumulator = compileMetrics(parseQuery(request.query), { ...range, exemplars });
    const budget = new Budget(request.signal);
    await this.each({ start: range.start, end: range.end + 1n }, budget, (trace) => accumulator.observe(trace));
    return { series: accumulator.result(), from: 'raw', notices: [], stats: budget.stats() };
  }

  /** Visits the traces of a range, pausing now and then so that others get their turn. */
  private async each(range: TimeRange | undefined, budget: Budget, visit: (trace: Trace) => void): Promise<void> {
    for (let at = 0; at < this.traces.length; at += BLOCK) {
      const block = this.traces.slice(at, at + BLOCK).filter((_, i) => {
        const { start, end } = this.bounds[at + i] as { start: bigint; end: bigint };
        return touches(range, start, end);
      });
      block.forEach(visit);
      budget.add(block);
      await pause(budget);
    }
  }
}

/** Lets others have their turn, and ends what nobody waits for any more. */
async function pause(budget: Budget): Promise<void> {
  budget.check();
  await new Promise((resolve) => setImmediate(resolve));
}

/**
 * An engine over traces in memory.
 * @param location - the file or address they came from, for people
 */
export function rawEngine(traces: readonly Trace[], location: string): TracesEngine {
  return new RawEngine(traces, location);
}
