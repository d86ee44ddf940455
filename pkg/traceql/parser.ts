/**
 * @file The grammar above field expressions: spansets, pipelines, scalars, metrics and their arithmetic.
 * `(` may open a spanset, a pipeline, a scalar or a metrics query, so what stands inside is read
 * as a body and its meaning is decided at `)`.
 */
import type {
  AggregateName,
  ArithmeticOperator,
  AttributeRef,
  ComparisonOperator,
  MathOperator,
  MetricsExpr,
  Query,
  ScalarExpr,
  SpansetExpr,
  SpansetFilter,
  SpansetOperator,
  Stage,
  Static,
} from './ast';
import { Cursor } from './cursor';
import { BINARY_LEVEL } from './depth';
import { foldArithmetic, negate } from './fold';
import { parseAttribute, parseField, staticOf, trueExpression } from './parse-field';
import {
  atMetrics,
  filterValue,
  isMetricsComparison,
  parseHints,
  parseMetricsAggregate,
  parseSecondStages,
} from './parse-metrics';
import { syntaxError, type TraceqlError } from './syntax-error';

type Metrics = Exclude<MetricsExpr, { kind: 'number' }>;

/** What an operand or an operation of them turned out to be. */
type Item =
  | { kind: 'spanset'; value: SpansetExpr; wrapped: boolean; pipelines: boolean; at: number }
  | { kind: 'scalar'; value: ScalarExpr; at: number }
  | { kind: 'stage'; value: Stage; at: number }
  | { kind: 'pipeline'; stages: Stage[]; at: number }
  // `compared`: a comparison or topk was applied to what stands in parentheses; it cannot go into parentheses again.
  | { kind: 'metrics'; value: Metrics; compared: boolean; at: number };

const STRUCTURAL = [
  ...['>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!<<', '!~', '&>', '&>>', '&<', '&<<', '&~'],
] as const;
const SPANSET_OPERATORS = new Set<string>(['&&', '||', ...STRUCTURAL]);
const LEVEL = new Map<string, number>([
  ...Object.entries(BINARY_LEVEL),
  ...STRUCTURAL.map((o): [string, number] => [o, 3]),
]);
const AGGREGATES = new Set<string>(['count', 'min', 'max', 'avg', 'sum']);
const MATH = new Set<string>(['+', '-', '*', '/']);
const NAMES: Readonly<Record<Item['kind'], string>> = {
  spanset: 'a spanset',
  scalar: 'a number',
  stage: 'a filter stage',
  pipeline: 'a pipeline',
  metrics: 'a metrics query',
};

class Parser {
  private readonly cursor: Cursor;

  constructor(text: string) {
    this.cursor = new Cursor(text);
  }

  query(): Query {
    const { cursor } = this;
    const { text } = cursor;
    const item = this.body();
    const hints = parseHints(cursor);
    if (cursor.token.kind !== 'end') {
      throw cursor.unexpected(cursor.symbol === '' ? undefined : 'the end of the query');
    }
    switch (item.kind) {
      case 'metrics':
        return { kind: 'metrics', text, metrics: item.value, hints };
      case 'scalar':
        if (item.value.kind === 'scalarPipeline') {
          throw this.error(item.at, 'an aggregate in a pipeline must be compared, for example `| count() > 2`');
        }
        throw this.error(item.at, 'a query is a filter in braces such as { status = error }, not a number');
      default:
        return { kind: 'search', text, stages: this.stagesOf(item), hints };
    }
  }

  private error(at: number, message: string): TraceqlError {
    return syntaxError(this.cursor.text, at, message);
  }

  private stagesOf(item: Item): Stage[] {
    switch (item.kind) {
      case 'spanset':
      case 'stage':
        return [item.value];
      case 'pipeline':
        return item.stages;
      default:
        throw this.error(item.at, `unexpected ${NAMES[item.kind]}, expected a stage of a pipeline`);
    }
  }

  /** A pipeline, an expression or a metrics query: everything that can stand between parentheses or alone. */
  private body(): Item {
    const { cursor } = this;
    const { at } = cursor.token;
    const first = this.stage(true);
    if (first.kind === 'metrics') {
      const second = parseSecondStages(cursor, () => this.number());
      return {
        ...first,
        value: { ...first.value, second: [...first.value.second, ...second] },
        compared: first.compared || second.length > 0,
      };
    }
    if (!cursor.isSymbol('|')) {
      return first;
    }
    if (first.kind === 'pipeline' || (first.kind === 'spanset' && first.pipelines)) {
      throw this.error(cursor.token.at, 'a pipeline in parentheses cannot be followed by |; move the stage inside');
    }
    const stages = this.stagesOf(first);
    while (cursor.accept('|')) {
      if (atMetrics(cursor)) {
        const aggregate = parseMetricsAggregate(cursor, () => this.filter());
        const second = parseSecondStages(cursor, () => this.number());
        return {
          kind: 'metrics',
          value: cursor.measured({ kind: 'metrics', stages, aggregate, second, at }),
          compared: false,
          at,
        };
      }
      const next = this.stage(false);
      if (next.kind === 'scalar' && cursor.isSymbol(')')) {
        return {
          kind: 'scalar',
          value: cursor.measured({ kind: 'scalarPipeline', stages, aggregate: next.value, at }),
          at,
        };
      }
      if (next.kind === 'spanset' && next.pipelines) {
        throw this.error(next.at, 'a pipeline in parentheses cannot be a stage of another pipeline');
      }
      if (next.kind === 'scalar') {
        throw cursor.unexpected('a comparison of the aggregate, for example count() > 2');
      }
      stages.push(...this.stagesOf(next));
    }
    return { kind: 'pipeline', stages, at };
  }

  private stage(first: boolean): Item {
    const { cursor } = this;
    const { at } = cursor.token;
    switch (cursor.word) {
      case 'by': {
        cursor.take();
        cursor.expect('(', 'by');
        const expression = parseField(cursor);
        cursor.expect(')');
        return { kind: 'stage', value: cursor.measured({ kind: 'by', expression, at }), at };
      }
      case 'select': {
        cursor.take();
        cursor.expect('(', 'select');
        const attributes: AttributeRef[] = [];
        do {
          attributes.push(parseAttribute(cursor));
        } while (cursor.accept(','));
        cursor.expect(')');
        return { kind: 'stage', value: { kind: 'select', attributes, at }, at };
      }
      case 'coalesce':
        if (first) {
          throw this.error(at, 'coalesce() merges the groups of by(…) and cannot be the first stage');
        }
        cursor.take();
        cursor.expect('(', 'coalesce');
        cursor.expect(')');
        return { kind: 'stage', value: { kind: 'coalesce', at }, at };
      default:
        return this.expression(0);
    }
  }

  private filter(): SpansetFilter {
    const { cursor } = this;
    const { at } = cursor.token;
    cursor.expect('{');
    const expression = cursor.isSymbol('}') ? trueExpression(at) : parseField(cursor);
    cursor.expect('}');
    return cursor.measured({ kind: 'filter', expression, at });
  }

  private operand(): Item {
    const { cursor } = this;
    const { token } = cursor;
    const { at } = token;
    if (cursor.isSymbol('{')) {
      return { kind: 'spanset', value: this.filter(), wrapped: false, pipelines: false, at };
    }
    if (cursor.accept('(')) {
      const inner = cursor.nested(() => this.body());
      if (!cursor.isSymbol(')')) {
        throw cursor.unexpected(cursor.token.kind === 'end' ? ') or |' : ')');
      }
      cursor.take();
      return this.closed(inner, at);
    }
    if (cursor.accept('-')) {
      const value = cursor.nested(() => this.operand());
      const negated = value.kind === 'scalar' && value.value.kind === 'scalar' ? negate(value.value.value) : undefined;
      if (negated === undefined) {
        throw this.error(at, 'a minus sign here must stand before a number');
      }
      return { kind: 'scalar', value: { kind: 'scalar', value: negated, at }, at };
    }
    if (AGGREGATES.has(cursor.word)) {
      const name = cursor.word as AggregateName;
      cursor.take();
      cursor.expect('(', name);
      const expression = name === 'count' ? undefined : parseField(cursor);
      cursor.expect(')');
      return { kind: 'scalar', value: cursor.measured({ kind: 'aggregate', name, expression, at }), at };
    }
    if (token.kind === 'int' || token.kind === 'float' || token.kind === 'duration') {
      cursor.take();
      return { kind: 'scalar', value: { kind: 'scalar', value: staticOf(token) as Static, at }, at };
    }
    throw cursor.unexpected(token.kind === 'word' ? undefined : 'a filter in braces such as { status = error }');
  }

  /** What a body means once its closing parenthesis is read. */
  private closed(inner: Item, at: number): Item {
    switch (inner.kind) {
      case 'spanset':
        return { ...inner, wrapped: true, at };
      case 'stage':
        return {
          kind: 'spanset',
          value: this.cursor.measured({ kind: 'pipeline', stages: [inner.value], at }),
          wrapped: true,
          pipelines: true,
          at,
        };
      case 'pipeline':
        return {
          kind: 'spanset',
          value: this.cursor.measured({ kind: 'pipeline', stages: inner.stages, at }),
          wrapped: true,
          pipelines: true,
          at,
        };
      case 'metrics':
        if (inner.compared) {
          throw this.error(
            at,
            'comparisons and topk/bottomk of what stands in parentheses cannot be in parentheses again'
          );
        }
        return { ...inner, at };
      default:
        return { ...inner, at };
    }
  }

  private expression(minimum: number): Item {
    const { cursor } = this;
    let left = this.operand();
    for (;;) {
      const operator = cursor.symbol;
      const level = LEVEL.get(operator);
      if (level === undefined || level < minimum) {
        return left;
      }
      // Comparisons of a finished metrics query are its second stage, read with the other second stages.
      const { at } = cursor.token;
      cursor.take();
      const right = cursor.nested(() => this.expression(operator === '^' ? level : level + 1));
      left = this.combine(operator, left, right, at);
    }
  }

  private combine(operator: string, left: Item, right: Item, at: number): Item {
    if (left.kind === 'spanset' && right.kind === 'spanset' && SPANSET_OPERATORS.has(operator)) {
      const pipelines = left.pipelines || right.pipelines;
      if (pipelines && !(left.wrapped && right.wrapped && left.pipelines)) {
        throw this.error(
          at,
          left.pipelines
            ? `the right side of ${operator} must be in parentheses when the left side is a pipeline`
            : `the left side of ${operator} must be a pipeline in parentheses when the right side is one`
        );
      }
      const value: SpansetExpr = {
        kind: 'operation',
        operator: operator as SpansetOperator,
        left: left.value,
        right: right.value,
        at,
      };
      this.cursor.measured(value);
      return { kind: 'spanset', value, wrapped: left.wrapped && right.wrapped, pipelines, at: left.at };
    }
    if (left.kind === 'scalar' && right.kind === 'scalar') {
      return this.combineScalars(operator, left, right, at);
    }
    if (left.kind === 'metrics' || right.kind === 'metrics') {
      return this.combineMetrics(operator, left, right, at);
    }
    throw this.error(at, `unexpected ${operator} between ${NAMES[left.kind]} and ${NAMES[right.kind]}`);
  }

  private combineScalars(
    operator: string,
    left: Extract<Item, { kind: 'scalar' }>,
    right: Extract<Item, { kind: 'scalar' }>,
    at: number
  ): Item {
    const literals = left.value.kind === 'scalar' && right.value.kind === 'scalar';
    if (['+', '-', '*', '/', '%', '^'].includes(operator)) {
      const arithmetic = operator as ArithmeticOperator;
      if (left.value.kind === 'scalar' && right.value.kind === 'scalar') {
        if (!MATH.has(operator)) {
          throw this.error(at, `unexpected ${operator}: numbers are combined with + - * / only`);
        }
        if (left.value.value.type === 'duration' || right.value.value.type === 'duration') {
          throw this.error(at, 'duration cannot be used in scalar arithmetic');
        }
        const value = foldArithmetic(arithmetic, left.value.value, right.value.value);
        if (value === undefined) {
          throw this.error(at, 'an integer cannot be divided by zero');
        }
        return { kind: 'scalar', value: { kind: 'scalar', value, at: left.at }, at: left.at };
      }
      const value: ScalarExpr = { kind: 'arithmetic', operator: arithmetic, left: left.value, right: right.value, at };
      this.cursor.measured(value);
      return { kind: 'scalar', value, at: left.at };
    }
    if (!isMetricsComparison(operator) || literals) {
      throw this.error(at, `unexpected ${operator}: a scalar filter compares an aggregate, for example count() > 2`);
    }
    const comparison: ComparisonOperator = operator;
    return {
      kind: 'stage',
      value: this.cursor.measured({
        kind: 'scalarFilter',
        operator: comparison,
        left: left.value,
        right: right.value,
        at,
      }),
      at: left.at,
    };
  }

  private combineMetrics(operator: string, left: Item, right: Item, at: number): Item {
    if (left.kind === 'metrics' && isMetricsComparison(operator)) {
      const value = this.literal(right);
      const stage = { kind: 'metricsFilter', operator, value: filterValue(value), at } as const;
      return { ...left, value: { ...left.value, second: [...left.value.second, stage] }, compared: true };
    }
    if (!MATH.has(operator)) {
      throw this.error(at, `unexpected ${operator}: metrics queries are combined with + - * / only`);
    }
    const side = (item: Item): MetricsExpr => {
      if (item.kind === 'metrics') {
        return item.value;
      }
      const value = this.literal(item);
      if (value.type === 'duration') {
        throw this.error(item.at, 'duration cannot be used as a scalar operand in metric arithmetic');
      }
      return { kind: 'number', value: filterValue(value), at: item.at };
    };
    const value: Metrics = {
      kind: 'math',
      operator: operator as MathOperator,
      left: side(left),
      right: side(right),
      second: [],
      at,
    };
    this.cursor.measured(value);
    return { kind: 'metrics', value, compared: false, at: left.at };
  }

  private literal(item: Item): Static {
    if (item.kind !== 'scalar' || item.value.kind !== 'scalar') {
      throw this.error(item.at, `unexpected ${NAMES[item.kind]}, expected a number`);
    }
    return item.value.value;
  }

  /** A number, or arithmetic of numbers. */
  private number(): Static {
    return this.literal(this.expression(4));
  }
}

/** Text → tree, by the grammar only (see validate for types). Throws TraceqlError TRACEQL_SYNTAX. */
export function parseSyntax(text: string): Query {
  return new Parser(text).query();
}
