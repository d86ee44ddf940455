/** @file All measures of other sides against one real side. */
import { type Clock, clockOf } from './clock';
import { given, type Given } from './given';
import { queries, type Queries } from './queries';
import { red, type Red } from './red';
import type { SpanTable } from './span-table';
import { spearmanDiff } from './spearman';
import { copying, type Copying, structure, type Structure } from './structure';
import { tasks, type Tasks } from './tasks';
import { TwoSampleTester, type TwoSampleTests } from './two-sample';

export interface Fidelity {
  readonly traces: number;
  readonly spans: number;
  readonly queries: Queries;
  readonly tasks: Tasks;
  readonly structure: Structure;
  readonly red: Red;
  /** null where no real edge has ten pairs. */
  readonly spearmanDiff: number | null;
  readonly given: Given;
  /** Two-sample tests: 1 = not to be told from the real side. Read with `copying`: a copy or a sample scores 1 too. */
  readonly c2st: TwoSampleTests;
  /** The same tests between disjoint halves of the real side; null unless asked for. */
  readonly control: TwoSampleTests | null;
  readonly copying: Copying;
}

export interface EvaluateOptions {
  /** Of the draws of the two-sample tests; default 1. */
  readonly seed?: number;
  /** Measure the control of the two-sample tests too. */
  readonly control?: boolean;
}

/** Measures others against one real side. All tables come from one vocabulary, the real one first. */
export class Evaluator {
  private readonly tester: TwoSampleTester;

  /** @param clock - time buckets; those of the real side when left out */
  constructor(
    readonly real: SpanTable,
    readonly clock: Clock = clockOf(real)
  ) {
    this.tester = new TwoSampleTester(real, clock);
  }

  /** How well `other` stands for the real side. */
  measure(other: SpanTable, { seed = 1, control = false }: EvaluateOptions = {}): Fidelity {
    const { real, clock } = this;
    return {
      traces: other.traces,
      spans: other.spans,
      queries: queries(real, other, clock),
      tasks: tasks(real, other, clock),
      structure: structure(real, other),
      red: red(real, other, clock),
      spearmanDiff: spearmanDiff(real, other),
      given: given(real, other),
      c2st: this.tester.test(other, seed),
      control: control ? this.tester.control(other, seed) : null,
      copying: copying(real, other),
    };
  }
}
