/** @file Chooses real traces to keep verbatim, and puts them where they stand in the counts. */
import { exemplarTools, type Exemplar, type ExemplarTools } from '../generate';
import { packSection } from '../model';
import { expandPattern, type LearntBatch, type ShapeLayout } from '../features';
import type { IdentifiedBatch } from './batch';
import { rankTraces } from './exemplar-rank';
import { traceOfColumns } from './exemplar-trace';

/** Exemplars of a model. */
export interface ChosenExemplars {
  readonly section: Uint8Array;
  readonly traceIds: readonly string[];
}

const NONE: ChosenExemplars = { section: new Uint8Array(0), traceIds: [] };

/** The rows of the counts: which trace of the batch may take which number. */
class Numbers {
  private readonly rows = new Map<string, number[]>();
  private readonly next: Float64Array;

  constructor(
    private readonly learnt: LearntBatch,
    private readonly batch: IdentifiedBatch
  ) {
    const { counts } = learnt.content;
    this.next = new Float64Array(counts.bucket.length);
    let before = 0;
    counts.bucket.forEach((bucket, row) => {
      this.next[row] = before;
      before += counts.count[row] as number;
      const key = `${bucket}|${counts.shape[row]}`;
      const known = this.rows.get(key);
      if (known === undefined) {
        this.rows.set(key, [row]);
      } else {
        known.push(row);
      }
    });
  }

  /** The next free number that trace t of the batch may take. */
  take(t: number): number | undefined {
    const { content, spans, order } = this.learnt;
    const { counts, layouts } = content;
    const from = spans.offset[t] as number;
    const bucketOf = (i: number): number =>
      Math.floor((this.batch.second[order[from + i] as number] as number) / counts.bucketSeconds);
    const bucket = bucketOf(0);
    const { size } = layouts[spans.shape[t] as number] as ShapeLayout;
    const row = this.rows.get(`${bucket}|${spans.shape[t]}`)?.find((candidate) => {
      const shifts = expandPattern(counts.patterns[counts.pattern[candidate] as number] ?? [], size);
      return Array.from({ length: size }).every((_, i) => bucketOf(i) === bucket + (shifts?.[i] ?? 0));
    });
    if (row === undefined) {
      return undefined;
    }
    this.next[row] = (this.next[row] as number) + 1;
    return (this.next[row] as number) - 1;
  }
}

/**
 * Chooses exemplars: what is rare first, by information a byte, as many as the stored section may take.
 * @param bytes - most stored bytes of the section
 */
export function chooseExemplars(learnt: LearntBatch, batch: IdentifiedBatch, bytes: number): ChosenExemplars {
  const { ids } = batch;
  if (ids === undefined || bytes <= 0) {
    return NONE;
  }
  const tools = exemplarTools(learnt.content);
  const ranked = rankTraces(learnt, batch, (t) => ids.whole(t), bytes + bytes / 2);
  const candidates: Array<{ t: number; exemplar: Exemplar }> = [];
  const taken = new Set<string>();
  for (const t of ranked) {
    const trace = traceOfColumns(learnt, batch, ids, t);
    if (trace !== undefined && !taken.has(trace.traceId) && tools.fits(learnt.spans.shape[t] as number, trace)) {
      taken.add(trace.traceId);
      candidates.push({ t, exemplar: { index: -1, trace } });
    }
  }
  return largestThatFits(candidates, learnt, batch, tools, bytes);
}

/** The longest beginning of the ranking whose section fits: sections grow with what is in them, so halving finds it. */
function largestThatFits(
  candidates: ReadonlyArray<{ t: number; exemplar: Exemplar }>,
  learnt: LearntBatch,
  batch: IdentifiedBatch,
  tools: ExemplarTools,
  bytes: number
): ChosenExemplars {
  let best = NONE;
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const numbers = new Numbers(learnt, batch);
    const chosen = candidates.slice(0, middle).flatMap(({ t, exemplar }): Exemplar[] => {
      const index = numbers.take(t);
      return index === undefined ? [] : [{ ...exemplar, index }];
    });
    const data = tools.write(chosen);
    if (packSection({ name: 'exemplars', data }).storedBytes <= bytes) {
      best = { section: data, traceIds: chosen.map((exemplar) => exemplar.trace.traceId) };
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return best;
}
