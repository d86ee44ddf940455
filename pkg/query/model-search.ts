/** @file Search in one model, newest traces first, generating no more than the answer needs. */
import type { TraceSummary } from '../traceql';
import type { Trace } from '../trace';
import type { Budget } from './budget';
import type { Candidates } from './candidates';
import { type Newest } from './newest';
import { traceTouches } from './range';
import { Verdict } from './remember';
import type { TimeRange, TraceProvenance } from './types';

/** A summary with where it came from. */
export type FoundTrace = TraceSummary & { provenance: TraceProvenance };

/** Traces looked at at first, and at most: a search that finds soon stays cheap, one that does not gets to full speed. */
const FIRST_BLOCK_TRACES = 16;
const LARGEST_BLOCK_TRACES = 8192;
/** Spans that are written together. */
const LARGEST_BLOCK_SPANS = 40_000;

/** A search on its way through the models. */
export interface SearchWork {
  readonly range: TimeRange | undefined;
  readonly match: (trace: Trace) => TraceSummary | undefined;
  readonly newest: Newest<FoundTrace>;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
}

/** First trace that can be among the newest. */
function lowestOf({ newest }: SearchWork, candidates: Candidates): number {
  const { threshold } = newest;
  return threshold === undefined ? 0 : candidates.model.firstIndexAt(threshold);
}

/**
 * Offers every matching trace of a model that can be among the newest.
 * Traces are numbered by the time bucket of their root, and no trace starts after its root does, so going down the
 * numbers may stop where buckets end before the oldest trace that is kept.
 */
export async function searchModel(candidates: Candidates, work: SearchWork): Promise<void> {
  const { newest, budget, signal } = work;
  let blockTraces = Math.max(FIRST_BLOCK_TRACES, newest.most);
  let from = candidates.any ? candidates.model.traceCount - 1 : -1;
  while (from >= lowestOf(work, candidates) && !budget.spent) {
    budget.check();
    const block: number[] = [];
    const unknown: number[] = [];
    let last = -1;
    for (const index of candidates.descending(from, lowestOf(work, candidates))) {
      last = index;
      const verdict = candidates.verdictOn(index);
      if (verdict === Verdict.NoMatch || verdict === Verdict.LeftOut) {
        budget.skip(verdict === Verdict.LeftOut ? 1 : candidates.spansOf(index));
        continue;
      }
      block.push(index);
      if (verdict === Verdict.Unknown) {
        unknown.push(index);
      }
      if (block.length >= blockTraces) {
        break;
      }
    }
    const kept = new Set(await candidates.sift(unknown, signal));
    const written = block.filter((index) => {
      if (candidates.verdictOn(index) === Verdict.Match || kept.has(index)) {
        return true;
      }
      candidates.settle(index, Verdict.LeftOut);
      budget.skip(1);
      return false;
    });
    await offerAll(candidates, written, work);
    from = block.length < blockTraces ? -1 : last - 1;
    blockTraces = Math.min(LARGEST_BLOCK_TRACES, 2 * blockTraces);
  }
}

/** Writes traces (newest first) and offers those that match. */
async function offerAll(candidates: Candidates, indices: readonly number[], work: SearchWork): Promise<void> {
  const { model } = candidates;
  const { range, match, newest, budget, signal } = work;
  for (let at = 0; at < indices.length && !budget.spent;) {
    const lowest = lowestOf(work, candidates);
    const block: number[] = [];
    for (let spans = 0; at < indices.length && spans < LARGEST_BLOCK_SPANS; at++) {
      const index = indices[at] as number;
      if (index < lowest) {
        at = indices.length;
      } else {
        block.push(index);
        spans += candidates.spansOf(index);
      }
    }
    budget.check();
    const traces = await model.generate(block, signal === undefined ? {} : { signal });
    budget.add(traces);
    traces.forEach((trace, i) => {
      if (!traceTouches(range, trace)) {
        return;
      }
      const summary = match(trace);
      const index = block[i] as number;
      candidates.settle(index, summary === undefined ? Verdict.NoMatch : Verdict.Match);
      if (summary !== undefined) {
        newest.offer({ ...summary, provenance: { generated: !model.isExemplar(index), model: model.modelId } });
      }
    });
  }
}
