/** @file All measures of one side against another. */
import { clockOf } from './clock';
import { queries, type Queries } from './queries';
import { red, type Red } from './red';
import type { SpanTable } from './span-table';
import { spearmanDiff } from './spearman';
import { copying, type Copying, structure, type Structure } from './structure';
import { tasks, type Tasks } from './tasks';

export interface Fidelity {
  readonly traces: number;
  readonly spans: number;
  readonly queries: Queries;
  readonly tasks: Tasks;
  readonly structure: Structure;
  readonly red: Red;
  /** null where no real edge has ten pairs. */
  readonly spearmanDiff: number | null;
  readonly copying: Copying;
}

/** Measures how well `other` stands for `real`. Both tables come from one vocabulary, the real one first. */
export function evaluate(real: SpanTable, other: SpanTable): Fidelity {
  const clock = clockOf(real);
  return {
    traces: other.traces,
    spans: other.spans,
    queries: queries(real, other, clock),
    tasks: tasks(real, other, clock),
    structure: structure(real, other),
    red: red(real, other, clock),
    spearmanDiff: spearmanDiff(real, other),
    copying: copying(real, other),
  };
}
