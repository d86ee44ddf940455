/** @file Which traces of a model can matter to a query: decided from shapes, classes and bounds, without generating. */
import type { TraceGenerator } from '../generate';
import { compileTraceFilter, type Query } from '../traceql';
import { contains, touches } from './range';
import { Verdict, type Verdicts } from './remember';
import { QuerySieve } from './sieve';
import type { TimeRange } from './types';

/**
 * Sifting is given up when, after so many traces, a span drawn for it spares fewer spans than this: drawing the times of a
 * span costs about half of writing it.
 */
const WORTH = 0.6;
const FEWEST_SIFTED = 200;
/** Drawing a span in part, against writing it whole. */
const PART_OF_WRITING = 0.3;

/** What can be said of the traces of a shape. */
enum Chance {
  NotAsked = 0,
  May = 1,
  None = 2,
  /** Only real traces can match: generated ones last too long, or not long enough. */
  RealOnly = 3,
}

/** Asks of each trace whether it can matter. Never false for a trace that does. */
export class Candidates {
  private readonly shapes: Uint8Array;
  private readonly mayMatch: ReturnType<typeof compileTraceFilter>;
  private readonly whole: boolean;
  private sieve: QuerySieve | undefined;
  /** Traces sifted, spans that were drawn for it, and spans of the traces that it left out. */
  private sifted = 0;
  private drawn = 0;
  private spared = 0;

  /**
   * @param window - of the model
   * @param verdicts - of the same query on the model's traces, from earlier
   */
  constructor(
    readonly model: TraceGenerator,
    query: Query,
    private readonly range: TimeRange | undefined,
    window: TimeRange,
    private readonly verdicts?: Verdicts
  ) {
    this.shapes = verdicts?.shapes ?? new Uint8Array(model.shapeCount);
    this.mayMatch = compileTraceFilter(query);
    this.whole = contains(range, window);
    this.sieve = QuerySieve.of(model, query, this.mayMatch);
  }

  /** Whether any shape of the model can match at all. */
  get any(): boolean {
    for (let shape = 0; shape < this.model.shapeCount; shape++) {
      const chance = this.chanceOf(shape);
      if (chance === Chance.May || (chance === Chance.RealOnly && this.model.exemplars.length > 0)) {
        return true;
      }
    }
    return false;
  }

  /** Traces that can contribute to the answer, newest buckets first, from trace `from` down to `to`. */
  *descending(from: number, to: number): Generator<number, void, void> {
    const { rows } = this.model;
    let above = this.model.traceCount;
    for (let row = rows.counts.length - 1; row >= 0 && above > to; row--) {
      const first = above - (rows.counts[row] as number);
      if (first <= from) {
        const inside = this.within(rows.shapes[row] as number, Math.max(first, to), Math.min(above, from + 1));
        for (let n = inside.length - 1; n >= 0; n--) {
          yield inside[n] as number;
        }
      }
      above = first;
    }
  }

  /** Those of one row, all of one shape, from trace `from` to before `to`. */
  private within(shape: number, from: number, to: number): number[] {
    const chance = this.chanceOf(shape);
    const { model } = this;
    const found: number[] = [];
    if (chance === Chance.RealOnly) {
      const { exemplars } = model;
      for (let at = countBelow(exemplars, from); at < exemplars.length && (exemplars[at] as number) < to; at++) {
        if (this.touchesRange(exemplars[at] as number)) {
          found.push(exemplars[at] as number);
        }
      }
    } else if (chance === Chance.May) {
      // Bounds of generated traces are those of their row.
      let ofRow: boolean | undefined;
      for (let index = from; index < to; index++) {
        const own = !this.whole && model.isExemplar(index);
        if (own ? this.touchesRange(index) : (ofRow ??= this.touchesRange(index))) {
          found.push(index);
        }
      }
    }
    return found;
  }

  private touchesRange(index: number): boolean {
    if (this.whole) {
      return true;
    }
    const { start, end } = this.model.boundsOf(index);
    return touches(this.range, start, end);
  }

  /** What is known of trace `index` from earlier, whatever the range. */
  verdictOn(index: number): Verdict {
    return this.verdicts?.traces[index] ?? Verdict.Unknown;
  }

  /** Remembers what was found of trace `index`. */
  settle(index: number, verdict: Verdict): void {
    if (this.verdicts !== undefined) {
      this.verdicts.traces[index] = verdict;
    }
  }

  /**
   * Those of the traces that may match, as far as a part of each tells; all of them where that has left out too few to be
   * worth it. Never leaves out a trace that matches.
   */
  async sift(indices: readonly number[], signal: AbortSignal | undefined): Promise<readonly number[]> {
    if (this.sieve === undefined || indices.length === 0) {
      return indices;
    }
    const { kept, drawn } = await this.model.sift(indices, this.sieve, signal === undefined ? {} : { signal });
    const spans = (list: readonly number[]): number => list.reduce((sum, index) => sum + this.spansOf(index), 0);
    this.sifted += indices.length;
    this.drawn += drawn;
    this.spared += spans(indices) - spans(kept);
    if (this.sifted >= FEWEST_SIFTED && this.spared < WORTH * this.drawn) {
      this.sieve = undefined;
    }
    return kept;
  }

  /** Spans as many as which it takes to write those of the traces that may match, whatever is remembered of them. */
  async costOf(indices: readonly number[], signal: AbortSignal | undefined): Promise<number> {
    const spans = (list: readonly number[]): number => list.reduce((sum, index) => sum + this.spansOf(index), 0);
    if (this.sieve === undefined) {
      return spans(indices);
    }
    const options = { all: true, ...(signal === undefined ? {} : { signal }) };
    const { kept, drawn } = await this.model.sift(indices, this.sieve, options);
    return PART_OF_WRITING * drawn + spans(kept);
  }

  /** All of them, ascending: as runs of numbers that follow each other in one row of the counts. */
  runs(): CandidateRuns {
    const { rows } = this.model;
    const first: number[] = [];
    const count: number[] = [];
    const row: number[] = [];
    let spans = 0;
    let traces = 0;
    let from = 0;
    for (let r = 0; r < rows.counts.length; r++) {
      const until = from + (rows.counts[r] as number);
      const begun = first.length;
      const shape = rows.shapes[r] as number;
      if (this.chanceOf(shape) === Chance.May && this.whole) {
        first.push(from);
        count.push(until - from);
      } else {
        for (const index of this.within(shape, from, until)) {
          const last = first.length - 1;
          if (last >= begun && (first[last] as number) + (count[last] as number) === index) {
            count[last] = (count[last] as number) + 1;
          } else {
            first.push(index);
            count.push(1);
          }
        }
      }
      for (let n = begun; n < first.length; n++) {
        row.push(r);
        traces += count[n] as number;
        spans += (count[n] as number) * this.model.shapeClasses(shape).length;
      }
      from = until;
    }
    return { first: Int32Array.from(first), count: Int32Array.from(count), row: Int32Array.from(row), traces, spans };
  }

  /** All of them, ascending. */
  list(): number[] {
    return this.any ? Array.from(indicesOf(this.runs())) : [];
  }

  /** Spans of a trace. */
  spansOf(index: number): number {
    return this.model.shapeClasses(this.model.shapeOf(index)).length;
  }

  private chanceOf(shape: number): Chance {
    if (this.shapes[shape] === Chance.NotAsked) {
      const { classes } = this.model;
      const spans = Array.from(this.model.shapeClasses(shape)).flatMap((id) => classes[id] ?? []);
      this.shapes[shape] = !this.mayMatch(spans)
        ? Chance.None
        : (this.sieve?.shapeMatters(shape) ?? true)
          ? Chance.May
          : Chance.RealOnly;
    }
    return this.shapes[shape] as Chance;
  }
}

/** How many of the rising numbers are below `least`. */
function countBelow(rising: readonly number[], least: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] as number) < least) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Traces of one model as runs of numbers that follow each other, ascending. */
export interface CandidateRuns {
  /** First number of each run, how many it has, and the row of the counts that it lies in. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly row: Int32Array;
  /** Of all runs together. */
  readonly traces: number;
  readonly spans: number;
}

/** The numbers of all traces of some runs, ascending. */
export function indicesOf({ first, count, traces }: Pick<CandidateRuns, 'first' | 'count' | 'traces'>): Int32Array {
  const indices = new Int32Array(traces);
  let at = 0;
  first.forEach((from, run) => {
    for (let n = 0; n < (count[run] as number); n++) {
      indices[at++] = from + n;
    }
  });
  return indices;
}
