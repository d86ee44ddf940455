/** @file Overviews of traces in memory: everything is looked at. */
import type { Trace } from '../../trace';
import { Budget } from '../budget';
import type { TimeRange } from '../types';
import { compareFacts, type WindowFacts, windowNotices } from './compare';
import { DurationSample } from './durations';
import { beginOf, TraceFacts } from './raw';
import { overviewOf } from './scope';
import { Tally } from './tally';
import type { CompareRequest, Overview, OverviewEngine, OverviewRequest, WindowComparison } from './types';

const DEFAULT_CHANGES = 100;

/** Visits the traces that touch a range, pausing now and then so that others get their turn. */
export type VisitTraces = (range: TimeRange, budget: Budget, visit: (trace: Trace) => void) => Promise<void>;

/** Answers over traces in memory. */
export class RawOverviews implements OverviewEngine {
  constructor(private readonly each: VisitTraces) {}

  async overview(request: OverviewRequest): Promise<Overview> {
    const { range, services, signal } = request;
    const budget = new Budget(signal);
    const facts = new TraceFacts();
    const tally = new Tally();
    const sample = request.durations === false ? undefined : new DurationSample();
    await this.each(range, budget, (trace) => {
      facts.addSpans(tally, trace, range);
      sample?.observe(trace, range);
    });
    return { range, ...overviewOf(tally, sample, services), from: 'raw', notices: [], stats: budget.stats() };
  }

  async compareWindows(request: CompareRequest): Promise<WindowComparison> {
    const budget = new Budget(request.signal);
    const facts = new TraceFacts();
    const window = async (range: TimeRange): Promise<WindowFacts> => {
      const [tally, sample] = [new Tally(), new DurationSample()];
      await this.each(range, budget, (trace) => {
        const begin = beginOf(trace);
        if (begin >= range.start && begin < range.end) {
          tally.add(facts.summaryOf(trace), 1);
          sample.observe(trace);
        }
      });
      return { range, tally, sample };
    };
    const [old, now] = [await window(request.baseline), await window(request.range)];
    return {
      range: request.range,
      baseline: request.baseline,
      traces: now.tally.traces,
      baselineTraces: old.tally.traces,
      changes: compareFacts(old, now, request.services).slice(0, request.limit ?? DEFAULT_CHANGES),
      notices: windowNotices(old, now),
      stats: budget.stats(),
    };
  }
}
