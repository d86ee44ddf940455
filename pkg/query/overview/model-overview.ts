/** @file Overviews of a store of models: counts exactly, durations from generated traces. */
import { createHash } from 'node:crypto';
import { GentError, limit } from '../../common';
import type { StoredModel } from '../../store';
import { Budget } from '../budget';
import { LruCache } from '../lru';
import type { UseModel } from '../model-metrics';
import { alignRange, contains, touches } from '../range';
import type { Notice, TimeRange } from '../types';
import { compareFacts, type WindowFacts, windowNotices } from './compare';
import { DurationSample } from './durations';
import { ModelFacts } from './model-facts';
import { type ModelSource, sampleModels } from './model-sample';
import { overviewOf } from './scope';
import { Tally } from './tally';
import type { CompareRequest, Overview, OverviewEngine, OverviewRequest, WindowComparison } from './types';

const NANOS = 1_000_000_000n;
const MINUTE = 60n * NANOS;
const DEFAULT_CHANGES = 100;
/** The limit that a notice names where an answer is not whole. */
const UNREAD = 'QUERY_OVERVIEW_MILLISECONDS';
/** Memory of one service, call, operation or change of an answer; roughly. */
const BYTES_A_ROW = 500;

/** Where the models are. */
export interface ModelAccess {
  /** Models whose window touches the range, oldest first. */
  modelsOf(range: TimeRange): Promise<StoredModel[]>;
  readonly use: UseModel;
  /** Spans one question may generate; absent = the limit QUERY_SPANS. */
  readonly maxSpans?: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Answers of a store, remembered: models never change, so neither do the answers of the same models. */
export class ModelOverviews implements OverviewEngine {
  private readonly answers = new LruCache<Overview | WindowComparison>(() => limit('QUERY_OVERVIEW_CACHE_BYTES'));

  private readonly running = new Map<string, Promise<Overview | WindowComparison>>();

  constructor(private readonly access: ModelAccess) {}

  async overview(request: OverviewRequest): Promise<Overview> {
    const { source, range, key } = await this.open(request.range, request.signal);
    const withDurations = request.durations !== false;
    return this.remember(
      request.signal,
      `overview ${key} ${withDurations} ${JSON.stringify(request.services ?? [])}`,
      async () => {
        const tally = new Tally();
        await this.each(source, (facts, model) => facts.addSpans(tally, range, contains(range, model.window)));
        const sample = withDurations ? await sampleModels(source, range) : undefined;
        const shown = overviewOf(tally, sample, request.services);
        const notices = sample === undefined ? [] : durationNotices(sample, tally);
        return { range, ...shown, from: 'counts', notices, stats: source.budget.stats() };
      }
    );
  }

  async compareWindows(request: CompareRequest): Promise<WindowComparison> {
    const [after, before] = [
      await this.open(request.range, request.signal),
      await this.open(request.baseline, request.signal),
    ];
    const { services, limit: most = DEFAULT_CHANGES } = request;
    return this.remember(
      request.signal,
      `compare ${before.key} ${after.key} ${JSON.stringify(services ?? [])} ${most}`,
      async () => {
        const facts = async ({ source, range }: typeof after): Promise<WindowFacts> => {
          const tally = new Tally();
          await this.each(source, (model, { window }) => model.addTraces(tally, range, contains(range, window)));
          return { range, tally, sample: await sampleModels({ ...source, budget: after.source.budget }, range) };
        };
        const [old, now] = [await facts(before), await facts(after)];
        return {
          range: after.range,
          baseline: before.range,
          traces: now.tally.traces,
          baselineTraces: old.tally.traces,
          changes: compareFacts(old, now, services).slice(0, most),
          notices: [
            ...windowNotices(old, now),
            ...durationNotices(old.sample, old.tally),
            ...durationNotices(now.sample, now.tally),
          ],
          stats: after.source.budget.stats(),
        };
      }
    );
  }

  /** Forgets all answers. */
  clear(): void {
    this.answers.clear();
  }

  /** The models of a range, and the range in whole time buckets of all of them. */
  private async open(asked: TimeRange, signal: AbortSignal | undefined) {
    // A minute more on each side: the range may grow to whole buckets, which may touch another model.
    const near = await this.access.modelsOf({ start: asked.start - MINUTE, end: asked.end + MINUTE });
    const budget = new Budget(signal, this.access.maxSpans);
    let seconds = 1;
    for (const model of near) {
      budget.check();
      const width = await this.access.use(model, async (generator) => generator.rows.bucketSeconds);
      seconds = width === undefined ? seconds : (seconds * width) / gcd(seconds, width);
    }
    const range = alignRange(asked, BigInt(seconds) * NANOS);
    const models = near.filter(({ window }) => touches(range, window.start, window.end));
    budget.models = models.length;
    const source: ModelSource = { models, use: this.access.use, budget, signal };
    const hash = createHash('sha256');
    models.forEach((model) => hash.update(model.id));
    return { source, range, key: `${hash.digest('base64url')} ${range.start} ${range.end}` };
  }

  private async each(source: ModelSource, visit: (facts: ModelFacts, model: StoredModel) => void): Promise<void> {
    for (const model of source.models) {
      source.budget.check();
      await source.use(model, async (generator) => visit(ModelFacts.of(generator), model));
    }
  }

  /** Several panels of a dashboard ask the same at once: one of them works it out. */
  private async remember<T extends Overview | WindowComparison>(
    signal: AbortSignal | undefined,
    key: string,
    make: () => Promise<T>
  ): Promise<T> {
    const known = this.answers.get(key);
    if (known !== undefined) {
      return known as T;
    }
    const running = this.running.get(key);
    if (running !== undefined) {
      const answer = await running.catch(() => undefined);
      if (answer !== undefined) {
        return answer as T;
      }
      // It failed or was left; whoever still wants to know asks for himself.
      if (signal?.aborted) {
        throw new GentError('CANCELLED', 'the query was cancelled');
      }
    }
    const made = make();
    this.running.set(key, made);
    const answer = await made.finally(() => {
      if (this.running.get(key) === made) {
        this.running.delete(key);
      }
    });
    // What there was no time for is looked at by the next question.
    if (answer.notices.some(({ severity, text }) => severity === 'warning' && text.includes(UNREAD))) {
      return answer;
    }
    const rows =
      'changes' in answer
        ? answer.changes.length
        : answer.services.length + answer.calls.length + answer.operations.length;
    this.answers.set(key, answer, BYTES_A_ROW * (rows + 1) + key.length);
    return answer;
  }
}

/** Says which part of the traces durations come from. */
function durationNotices(sample: DurationSample, tally: Tally): Notice[] {
  if (sample.unreadModels > 0) {
    const text = `Counts are exact. Durations are of ${sample.traces.toLocaleString('en-US')} traces only: there was no time for those of ${sample.unreadModels} models (${UNREAD}). Ask again: what was read is known.`;
    return [{ severity: 'warning', text }];
  }
  const spans = [...tally.operations.values()].reduce((sum, operation) => sum + operation.spans, 0);
  const most = limit('QUERY_OVERVIEW_SPANS');
  if (spans <= most || sample.spans >= spans) {
    return [];
  }
  const part = ((100 * sample.spans) / spans).toPrecision(2);
  const text = `Counts are exact. Durations are estimated from ${part}% of the spans (${sample.traces.toLocaleString('en-US')} traces; limit QUERY_OVERVIEW_SPANS).`;
  return [{ severity: 'info', text }];
}
