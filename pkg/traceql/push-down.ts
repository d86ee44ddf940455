/** @file Push-down: which traces and classes of spans can matter to a query, decided before anything is generated. */
import type { SeriesLabel } from './results';
import type {
  AttributeRef,
  ComparisonOperator,
  MetricsExpr,
  Query,
  ScalarExpr,
  ScalarFilter,
  SpansetExpr,
  SpansetFilter,
  Stage,
} from './ast';
import { groupKey } from './labels';
import { labelsFor } from './metrics-leaf';
import { compareNumbers } from './statics';
import { canRaise, judge, knownAttribute, type StaticSpan, type Tri } from './static-spans';

/** Tells of a class of spans whether they match one filter. */
export type SpanPredicate = (span: StaticSpan) => Tri;

// A judgement is asked for once a class and filter.
function remembering(filter: SpansetFilter): SpanPredicate {
  const known = new WeakMap<StaticSpan, Tri>();
  return (span) => {
    let tri = known.get(span);
    if (tri === undefined) {
      tri = judge(filter.expression, span);
      known.set(span, tri);
    }
    return tri;
  };
}

function pipelinesOf(metrics: MetricsExpr): Array<readonly Stage[]> {
  switch (metrics.kind) {
    case 'number':
      return [];
    case 'metrics':
      return [metrics.stages];
    case 'math':
      return [...pipelinesOf(metrics.left), ...pipelinesOf(metrics.right)];
  }
}

/** The pipelines of a query: one of a search, one for each function of a metrics query. */
export function pipelinesIn(query: Query): Array<readonly Stage[]> {
  return query.kind === 'search' ? [query.stages] : pipelinesOf(query.metrics);
}

/** The spanset filters of some stages, in the order of the text. */
export function filtersIn(stages: readonly Stage[]): SpansetFilter[] {
  return stages.flatMap((stage) => {
    switch (stage.kind) {
      case 'filter':
        return [stage];
      case 'operation':
        return filtersIn([stage.left, stage.right]);
      case 'pipeline':
        return filtersIn(stage.stages);
      default:
        return [];
    }
  });
}

/** For each spanset filter of the query, in the order of its text: a judgement of classes of spans. */
export function compileSpanPredicate(query: Query): SpanPredicate[] {
  return pipelinesIn(query).flatMap(filtersIn).map(remembering);
}

/** The classes a stage can leave, or undefined when that cannot be told. */
type Narrow = (spans: readonly StaticSpan[]) => readonly StaticSpan[];

/** @param counted - the classes given are those of the spans of a trace, one entry a span */
function narrowSpanset(expression: SpansetExpr, counted: boolean): Narrow {
  switch (expression.kind) {
    case 'filter': {
      const predicate = remembering(expression);
      return (spans) => spans.filter((span) => predicate(span) !== 'no');
    }
    case 'pipeline':
      return narrowStages(expression.stages, counted);
    case 'operation': {
      const left = narrowSpanset(expression.left, counted);
      const right = narrowSpanset(expression.right, counted);
      const { operator } = expression;
      return (spans) => {
        const leftSpans = left(spans);
        if (operator === '||') {
          return [...leftSpans, ...right(spans)];
        }
        if (operator.startsWith('!')) {
          return right(spans);
        }
        const rightSpans = leftSpans.length === 0 ? [] : right(spans);
        if (rightSpans.length === 0) {
          return [];
        }
        return operator === '&&' || operator.startsWith('&') ? [...leftSpans, ...rightSpans] : rightSpans;
      };
    }
  }
}

// At most as many spans as there are classes given (one entry a span) can be counted.
function narrowCount(operator: ComparisonOperator, wanted: bigint): Narrow {
  const least = operator === '>' ? wanted + 1n : operator === '>=' || operator === '=' ? wanted : 0n;
  return (spans) => (BigInt(spans.length) < least ? [] : spans);
}

/** Whether an expression is the greatest, the least or the mean duration of some spans. */
export function boundsDuration(expression: ScalarExpr): boolean {
  return (
    expression.kind === 'aggregate' &&
    (expression.name === 'max' || expression.name === 'min' || expression.name === 'avg') &&
    expression.expression?.kind === 'attribute' &&
    expression.expression.attribute.intrinsic === 'duration'
  );
}

// The greatest, the least and the mean duration of some spans do not exceed the longest.
function narrowDuration(operator: ComparisonOperator, wanted: bigint | number): Narrow {
  if (operator !== '>' && operator !== '>=' && operator !== '=') {
    return (spans) => spans;
  }
  const reached = operator === '>' ? '>' : '>=';
  return (spans) =>
    spans.some(({ duration }) => compareNumbers(reached, duration?.most ?? Infinity, wanted)) ? spans : [];
}

function narrowScalar({ left, right, operator }: ScalarFilter, counted: boolean): Narrow {
  if (right.kind === 'scalar') {
    const { value } = right;
    if (counted && left.kind === 'aggregate' && left.name === 'count' && value.type === 'int') {
      return narrowCount(operator, value.value);
    }
    if (boundsDuration(left) && (value.type === 'int' || value.type === 'float' || value.type === 'duration')) {
      return narrowDuration(operator, value.value);
    }
  }
  return (spans) => spans;
}

function narrowStages(stages: readonly Stage[], counted: boolean): Narrow {
  const steps = stages.map((stage): Narrow => {
    switch (stage.kind) {
      case 'scalarFilter':
        return narrowScalar(stage, counted);
      case 'by':
      case 'select':
      case 'coalesce':
        return (spans) => spans;
      default:
        return narrowSpanset(stage, counted);
    }
  });
  return (spans) => {
    let current = spans;
    for (const step of steps) {
      if (current.length === 0) {
        return current;
      }
      current = step(current);
    }
    return current;
  };
}

// Grouping within an operand, or arithmetic, can end the query with an error: then every trace has to be looked at.
function mayRaise(stages: readonly Stage[], operand = false): boolean {
  return stages.some((stage) => {
    switch (stage.kind) {
      case 'filter':
        return false;
      case 'operation':
        return mayRaise([stage.left, stage.right], true);
      case 'pipeline':
        return mayRaise(stage.stages, true);
      case 'by':
        return operand || canRaise(stage.expression);
      case 'scalarFilter':
        return (
          stage.left.kind === 'aggregate' && stage.left.expression !== undefined && canRaise(stage.left.expression)
        );
      default:
        return false;
    }
  });
}

/**
 * Compiles the question whether a trace, described by the class of each of its spans (one entry a span, in any order), can
 * contribute to the answer. false only when it certainly cannot.
 */
export function compileTraceFilter(query: Query): (spans: readonly StaticSpan[]) => boolean {
  return compileFilter(query, true);
}

/**
 * Compiles the question whether any of many traces can contribute to the answer, given the classes of spans that occur in
 * them, each once. false only when none can.
 */
export function compileTracesFilter(query: Query): (classes: readonly StaticSpan[]) => boolean {
  return compileFilter(query, false);
}

function compileFilter(query: Query, counted: boolean): (spans: readonly StaticSpan[]) => boolean {
  const pipelines = pipelinesIn(query);
  // A lone filter that can stop the query is judged with care; other stages could keep it from being reached.
  const alone = pipelines.every((stages) => stages.length === 1 && stages[0]?.kind === 'filter');
  const raising = !alone && pipelines.flatMap(filtersIn).some((filter) => canRaise(filter.expression));
  if (raising || pipelines.some((stages) => mayRaise(stages))) {
    return () => true;
  }
  const narrows = pipelines.map((stages) => narrowStages(stages, counted));
  return (spans) => narrows.some((narrow) => narrow(spans).length > 0);
}

const compiledFilters = new WeakMap<Query, (spans: readonly StaticSpan[]) => boolean>();

/** Whether a trace with these spans can contribute to the answer; see {@link compileTraceFilter}. */
export function traceMayMatch(query: Query, spans: readonly StaticSpan[]): boolean {
  let compiled = compiledFilters.get(query);
  if (compiled === undefined) {
    compiled = compileTraceFilter(query);
    compiledFilters.set(query, compiled);
  }
  return compiled(spans);
}

/** A metrics query that counts of classes of spans can answer. */
export interface StaticMetrics {
  readonly fn: 'rate' | 'count_over_time';
  /** Whether the spans of a class count. The counts suffice when it is never 'maybe'. */
  readonly filter: SpanPredicate;
  /** The group-by attributes, in order. */
  readonly by: readonly AttributeRef[];
  /** Labels of the series that a class belongs to; 'unknown' when they differ from span to span. */
  readonly labels: (span: StaticSpan) => SeriesLabel[] | 'unknown';
  /** Labels of the series of zeros that an answer has when nothing matches; undefined: it has none. */
  readonly emptyLabels: SeriesLabel[] | undefined;
}

/**
 * The query as counts can answer it: one filter, then rate() or count_over_time(), grouped or not. What follows (topk,
 * comparisons) is applied with applySecondStages. undefined: it needs spans.
 */
export function staticMetrics(query: Query): StaticMetrics | undefined {
  if (query.kind !== 'metrics' || query.metrics.kind !== 'metrics') {
    return undefined;
  }
  const { stages, aggregate } = query.metrics;
  const [filter] = stages;
  const counts = aggregate.kind === 'rate' || aggregate.kind === 'count_over_time';
  if (!counts || stages.length !== 1 || filter?.kind !== 'filter' || canRaise(filter.expression)) {
    return undefined;
  }
  const keys = aggregate.by.map(groupKey);
  const { expression } = filter;
  const never = expression.kind === 'static' && expression.value.type === 'bool' && !expression.value.value;
  return {
    fn: aggregate.kind,
    filter: remembering(filter),
    by: aggregate.by,
    labels: (span) => {
      const values = aggregate.by.map((attribute) => knownAttribute(attribute, span));
      const known = values.flatMap((value) => (value === 'unknown' ? [] : [value.value]));
      return known.length < values.length ? 'unknown' : labelsFor(aggregate, keys, known);
    },
    emptyLabels: keys.length === 0 && !never ? labelsFor(aggregate, keys, []) : undefined,
  };
}
