/** @file Search in one model, newest traces first, generating no more than the answer needs. */
import type { TraceSummary } from '../traceql';
import type { Trace } from '../trace';
import type { Budget } from './budget';
import type { Candidates } from './candidates';
import { type Newest } from './newest';
import { traceTouches } from './range';
import type { TimeRange, TraceProvenance } from './types';

/** A summary with where it came from. */
export type FoundTrace = TraceSummary & { provenance: TraceProvenance };

/** Traces generated at first, and spans at most: a search that finds soon stays cheap, one that does not gets to full speed. */
const FIRST_BLOCK_TRACES = 16;
const LARGEST_BLOCK_SPANS = 40_000;

/**
 * Offers every matching trace of a model that can be among the newest.
 * Traces are numbered by the time bucket of their root, and no trace starts after its root does, so going down the
 * numbers may stop where buckets end before the oldest trace that is kept.
 */
export async function searchModel(
  candidates: Candidates,
  range: TimeRange | undefined,
  match: (trace: Trace) => TraceSummary | undefined,
  newest: Newest<FoundTrace>,
  budget: Budget,
  signal: AbortSignal | undefined
): Promise<void> {
  const { model } = candidates;
  let blockTraces = Math.max(FIRST_BLOCK_TRACES, newest.most);
  let index = candidates.any ? model.traceCount - 1 : -1;
  while (index >= 0 && !budget.spent) {
    const { threshold } = newest;
    const last = threshold === undefined ? 0 : model.firstIndexAt(threshold);
    const block: number[] = [];
    let spans = 0;
    for (; index >= last && block.length < blockTraces && spans < LARGEST_BLOCK_SPANS; index--) {
      if (!candidates.has(index)) {
        continue;
      }
      if (candidates.ruledOut(index)) {
        budget.skip(candidates.spansOf(index));
      } else {
        block.push(index);
        spans += candidates.spansOf(index);
      }
    }
    if (block.length > 0) {
      budget.check();
      const traces = await model.generate(block, signal === undefined ? {} : { signal });
      budget.add(traces);
      traces.forEach((trace, i) => {
        if (!traceTouches(range, trace)) {
          return;
        }
        const summary = match(trace);
        candidates.settle(block[i] ?? -1, summary !== undefined);
        if (summary !== undefined) {
          const generated = !model.isExemplar(block[i] ?? -1);
          newest.offer({ ...summary, provenance: { generated, model: model.modelId } });
        }
      });
      blockTraces *= 2;
    }
    if (index < last) {
      return;
    }
  }
}
