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
    this.shapes = new Uint8Array(model.shapeCount);
    this.mayMatch = compileTraceFilter(query);
    this.whole = contains(range, window);
    this.sieve = QuerySieve.of(model, query, this.mayMatch);
  }

  /** Whether any shape of the model can match at all. */
  get any(): boolean {
    for (let shape = 0; shape < this.model.shapeCount; shape++) {
      const chance = this.chanceOf(shape);
      if (chance === Chance.May || (chance === Chance.RealOnly && hasExemplars(this.model))) {
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
        const has = this.inRow(rows.shapes[row] as number);
        for (let index = Math.min(above - 1, from); has !== undefined && index >= Math.max(first, to); index--) {
          if (has(index)) {
            yield index;
          }
        }
      }
      above = first;
    }
  }

  /** Tells which traces of one row of the counts, all of one shape, can contribute; undefined: none. */
  private inRow(shape: number): ((index: number) => boolean) | undefined {
    const { model, range } = this;
    const chance = this.chanceOf(shape);
    if (chance === Chance.None || (chance === Chance.RealOnly && !hasExemplars(model))) {
      return undefined;
    }
    // Bounds of generated traces are those of their row.
    let ofRow: boolean | undefined;
    const inRange = (index: number): boolean => {
      const { start, end } = model.boundsOf(index);
      return touches(range, start, end);
    };
    return (index) => {
      if (model.isExemplar(index)) {
        return this.whole || inRange(index);
      }
      if (chance === Chance.RealOnly) {
        return false;
      }
      ofRow ??= this.whole || inRange(index);
      return ofRow;
    };
  }

  /** What is known of trace `index` from earlier, whatever the range. */
  verdictOn(index: number): Verdict {
    return this.verdicts?.[index] ?? Verdict.Unknown;
  }

  /** Remembers what was found of trace `index`. */
  settle(index: number, verdict: Verdict): void {
    if (this.verdicts !== undefined) {
      this.verdicts[index] = verdict;
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

  /** All of them, ascending. */
  list(): number[] {
    const indices: number[] = [];
    if (!this.any) {
      return indices;
    }
    for (const index of this.descending(this.model.traceCount - 1, 0)) {
      indices.push(index);
    }
    return indices.reverse();
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

const withExemplars = new WeakMap<TraceGenerator, boolean>();

function hasExemplars(model: TraceGenerator): boolean {
  let known = withExemplars.get(model);
  if (known === undefined) {
    known = false;
    for (let index = 0; index < model.traceCount && !known; index++) {
      known = model.isExemplar(index);
    }
    withExemplars.set(model, known);
  }
  return known;
}
