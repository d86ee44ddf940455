/** @file Pipelines over one trace: spansets in, spansets out. */
import { GentError, limit } from '../common';
import type { ScalarFilter, SpansetExpr, Stage, Static } from './ast';
import type { Compiled, Place } from './access';
import { compileFilter, compileValue } from './compile';
import type { ValueType } from './intrinsics';
import { printField } from './print';
import { combineSpans } from './structural';
import type { TraceView } from './trace-view';
import { compareValues, keyOf, type Value } from './values';

/** What a stage adds to a spanset: `by(name)`, `count()` … */
export interface SetAttribute {
  readonly key: string;
  readonly value: Value;
  readonly type: ValueType;
}

/** Spans of the trace (indices, ascending) with what the pipeline says about them. Never empty. */
export interface WorkingSet {
  readonly spans: readonly number[];
  readonly attributes: readonly SetAttribute[];
}

/** One compiled stage. `place` is scratch space whose view is the trace at hand. */
export type StageRun = (place: Place, sets: WorkingSet[]) => WorkingSet[];

function move(place: Place, index: number): Place {
  const span = place.view.spans[index];
  if (span !== undefined) {
    place.span = span;
    place.index = index;
    place.event = undefined;
    place.link = undefined;
  }
  return place;
}

function only(sets: WorkingSet[]): readonly number[] {
  if (sets.length > 1) {
    throw new GentError(
      'TRACEQL_RUNTIME',
      'spanset operators are not supported for multiple spansets per trace; consider using coalesce()'
    );
  }
  return sets[0]?.spans ?? [];
}

function compileSpanset(expression: SpansetExpr): StageRun {
  switch (expression.kind) {
    case 'pipeline':
      return compileStages(expression.stages);
    case 'operation': {
      const left = compileSpanset(expression.left);
      const right = compileSpanset(expression.right);
      const { operator } = expression;
      return (place, sets) => {
        const found: WorkingSet[] = [];
        for (const set of sets) {
          const leftSpans = only(left(place, [set]));
          if (leftSpans.length === 0 && operator !== '||' && !operator.startsWith('!')) {
            continue;
          }
          const spans = combineSpans(place.view, operator, leftSpans, only(right(place, [set])));
          if (spans.length > 0) {
            found.push({ spans, attributes: set.attributes });
          }
        }
        return found;
      };
    }
    case 'filter': {
      const { expression: condition } = expression;
      if (condition.kind === 'static') {
        const holds = condition.value.type === 'bool' && condition.value.value;
        return (_place, sets) => (holds ? sets : []);
      }
      const test = compileFilter(condition, limit('TRACEQL_EVENT_PAIRS'));
      return (place, sets) => {
        const found: WorkingSet[] = [];
        for (const set of sets) {
          const spans: number[] = [];
          for (const index of set.spans) {
            if (test(move(place, index))) {
              spans.push(index);
            }
          }
          if (spans.length > 0) {
            found.push({ spans, attributes: set.attributes });
          }
        }
        return found;
      };
    }
  }
}

function staticNumber(value: Static): bigint | number {
  return value.type === 'int' || value.type === 'float' || value.type === 'duration' ? value.value : NaN;
}

// Values of different types order by type: numbers, then text, then booleans, then arrays.
function rank(value: Value): number {
  switch (typeof value) {
    case 'string':
      return 1;
    case 'boolean':
      return 2;
    case 'object':
      return 3;
    default:
      return 0;
  }
}

function extreme(name: 'min' | 'max', compiled: Compiled, place: Place, spans: readonly number[]): Value {
  let best: Value;
  for (const index of spans) {
    const value = compiled.get(move(place, index));
    if (value === undefined) {
      continue;
    }
    const order = rank(value) - rank(best);
    const greater = order !== 0 ? order > 0 : isNumber(value) && isNumber(best) && value > best;
    const smaller = order !== 0 ? order < 0 : isNumber(value) && isNumber(best) && value < best;
    if (best === undefined || (name === 'max' ? greater : smaller)) {
      best = value;
    }
  }
  return best;
}

function isNumber(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

// Only values of the type of the first are added up; an average still counts every value that is not nil.
function total(
  name: 'avg' | 'sum',
  compiled: Compiled,
  place: Place,
  spans: readonly number[]
): bigint | number | undefined {
  let first: Value;
  let integers = 0n;
  let floats = 0;
  let count = 0;
  for (const index of spans) {
    const value = compiled.get(move(place, index));
    if (value === undefined) {
      continue;
    }
    first ??= value;
    count++;
    if (typeof value === typeof first && isNumber(value)) {
      floats += Number(value);
      integers = typeof value === 'bigint' ? BigInt.asIntN(64, integers + value) : 0n;
    }
  }
  if (!isNumber(first)) {
    return undefined;
  }
  if (name === 'sum') {
    return typeof first === 'bigint' ? integers : floats;
  }
  return compiled.type === 'duration' && typeof first === 'bigint' ? integers / BigInt(count) : floats / count;
}

function compileScalarFilter(stage: ScalarFilter): StageRun {
  const { left, right, operator } = stage;
  if (left.kind !== 'aggregate' || right.kind !== 'scalar') {
    throw new GentError('TRACEQL_UNSUPPORTED', 'a scalar filter compares one aggregate with a number');
  }
  const wanted = staticNumber(right.value);
  const { name } = left;
  const compiled =
    left.expression === undefined ? undefined : compileValue(left.expression, limit('TRACEQL_EVENT_PAIRS'));
  const key = `${name}(${left.expression === undefined ? '' : printField(left.expression)})`;
  return (place, sets) => {
    const found: WorkingSet[] = [];
    for (const set of sets) {
      const value =
        compiled === undefined || name === 'count'
          ? BigInt(set.spans.length)
          : name === 'min' || name === 'max'
            ? extreme(name, compiled, place, set.spans)
            : total(name, compiled, place, set.spans);
      if (value !== undefined && compareValues(operator, value, wanted)) {
        const type = compiled?.type ?? 'int';
        found.push({ spans: set.spans, attributes: [...set.attributes, { key, value, type }] });
      }
    }
    return found;
  };
}

function compileStage(stage: Stage): StageRun {
  switch (stage.kind) {
    case 'scalarFilter':
      return compileScalarFilter(stage);
    case 'by': {
      const compiled = compileValue(stage.expression, limit('TRACEQL_EVENT_PAIRS'));
      const key = `by(${printField(stage.expression)})`;
      return (place, sets) => {
        const found: WorkingSet[] = [];
        for (const set of sets) {
          const groups = new Map<string, { value: Value; spans: number[] }>();
          for (const index of set.spans) {
            const value = compiled.get(move(place, index));
            const groupKey = keyOf(value);
            const group = groups.get(groupKey);
            if (group === undefined) {
              groups.set(groupKey, { value, spans: [index] });
            } else {
              group.spans.push(index);
            }
          }
          for (const { value, spans } of groups.values()) {
            const attribute: SetAttribute =
              value === undefined ? { key, value: 'nil', type: 'string' } : { key, value, type: compiled.type };
            found.push({ spans, attributes: [...set.attributes, attribute] });
          }
        }
        return found;
      };
    }
    case 'coalesce':
      return (_place, sets) => {
        const spans = [...new Set(sets.flatMap((set) => set.spans))].sort((a, b) => a - b);
        return spans.length === 0 ? [] : [{ spans, attributes: [] }];
      };
    case 'select':
      // Selecting decorates the answer; see search.
      return (_place, sets) => sets;
    default:
      return compileSpanset(stage);
  }
}

function compileStages(stages: readonly Stage[]): StageRun {
  const runs = stages.map((stage) => compileStage(stage));
  const [first] = runs;
  if (runs.length === 1 && first !== undefined) {
    return first;
  }
  return (place, sets) => {
    let current = sets;
    for (const run of runs) {
      if (current.length === 0) {
        return current;
      }
      current = run(place, current);
    }
    return current;
  };
}

/** Compiles a pipeline into a function from a trace to its spansets (none when the trace does not match). */
export function compilePipeline(stages: readonly Stage[]): (view: TraceView) => WorkingSet[] {
  const run = compileStages(stages);
  return (view) => {
    const [span] = view.spans;
    if (span === undefined) {
      return [];
    }
    const place: Place = { view, span, index: 0, event: undefined, link: undefined, failed: false };
    const spans = Array.from({ length: view.spans.length }, (_, i) => i);
    return run(place, [{ spans, attributes: [] }]);
  };
}
