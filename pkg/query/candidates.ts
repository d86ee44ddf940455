/** @file Which traces of a model can matter to a query: decided from shapes, classes and bounds, without generating. */
import type { TraceGenerator } from '../generate';
import { compileTraceFilter, type Query } from '../traceql';
import { contains, touches } from './range';
import { Verdict, type Verdicts } from './remember';
import type { TimeRange } from './types';

/** Asks of each trace whether it can matter. Never false for a trace that does. */
export class Candidates {
  /** 0 = not asked yet, 1 = may match, 2 = cannot. */
  private readonly shapes: Uint8Array;
  private readonly mayMatch: ReturnType<typeof compileTraceFilter>;
  private readonly whole: boolean;

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
  }

  /** Whether any shape of the model can match at all. */
  get any(): boolean {
    for (let shape = 0; shape < this.model.shapeCount; shape++) {
      if (this.shapeMatches(shape)) {
        return true;
      }
    }
    return false;
  }

  /** Whether trace `index` can contribute to the answer. */
  has(index: number): boolean {
    if (!this.shapeMatches(this.model.shapeOf(index))) {
      return false;
    }
    if (this.whole) {
      return true;
    }
    const { start, end } = this.model.boundsOf(index);
    return touches(this.range, start, end);
  }

  /** Whether trace `index` is known not to match, whatever the range. */
  ruledOut(index: number): boolean {
    return this.verdicts?.[index] === Verdict.NoMatch;
  }

  /** Remembers whether trace `index` matches. */
  settle(index: number, matches: boolean): void {
    if (this.verdicts !== undefined) {
      this.verdicts[index] = matches ? Verdict.Match : Verdict.NoMatch;
    }
  }

  /** All of them, ascending. */
  list(): number[] {
    const indices: number[] = [];
    if (!this.any) {
      return indices;
    }
    for (let index = 0; index < this.model.traceCount; index++) {
      if (this.has(index)) {
        indices.push(index);
      }
    }
    return indices;
  }

  /** Spans of a trace. */
  spansOf(index: number): number {
    return this.model.shapeClasses(this.model.shapeOf(index)).length;
  }

  private shapeMatches(shape: number): boolean {
    if (this.shapes[shape] === 0) {
      const { classes } = this.model;
      const spans = Array.from(this.model.shapeClasses(shape)).flatMap((id) => classes[id] ?? []);
      this.shapes[shape] = this.mayMatch(spans) ? 1 : 2;
    }
    return this.shapes[shape] === 1;
  }
}
