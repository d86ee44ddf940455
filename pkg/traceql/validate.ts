/** @file What a query must satisfy beyond the grammar: types, ranges, and what TraceQL does not support yet. */
import type {
  AttributeRef,
  BinaryOperator,
  FieldExpr,
  MetricsAggregate,
  MetricsExpr,
  Query,
  ScalarExpr,
  SecondStage,
  Stage,
} from './ast';
import { isComparison } from './fold';
import type { ValueType } from './intrinsics';
import { attributeType } from './parse-field';
import { printField, printStage } from './print';
import { compileRegex } from './regex';
import { meaningError } from './syntax-error';

const NUMERIC = new Set<ValueType>(['int', 'float', 'duration']);
const MOST_GROUPS = 5;
const MOST_COMPARE_VALUES = 1000n;

/** Type of a field expression as far as the text tells. An operation of two attributes stays `attribute`. */
export function typeOf(expression: FieldExpr): ValueType {
  switch (expression.kind) {
    case 'static':
      return expression.value.type;
    case 'attribute':
      return attributeType(expression.attribute);
    case 'unary':
      return typeOf(expression.operand);
    case 'binary': {
      if (isComparison(expression.operator) || expression.operator === '&&' || expression.operator === '||') {
        return 'bool';
      }
      const left = typeOf(expression.left);
      return left === 'attribute' ? typeOf(expression.right) : left;
    }
  }
}

/** Whether an expression depends on the span at all. */
function referencesSpan(expression: FieldExpr): boolean {
  switch (expression.kind) {
    case 'static':
      return false;
    case 'attribute':
      return true;
    case 'unary':
      return referencesSpan(expression.operand);
    case 'binary':
      return referencesSpan(expression.left) || referencesSpan(expression.right);
  }
}

function operatorTakes(operator: BinaryOperator, type: ValueType): boolean {
  if (type === 'attribute') {
    return true;
  }
  switch (operator) {
    case '=':
    case '!=':
      return true;
    case '&&':
    case '||':
      return type === 'bool';
    case '=~':
    case '!~':
      return type === 'string';
    case '<':
    case '<=':
    case '>':
    case '>=':
      return NUMERIC.has(type) || type === 'string';
    default:
      return NUMERIC.has(type);
  }
}

class Validator {
  constructor(private readonly text: string) {}

  private invalid(at: number, message: string): Error {
    return meaningError('TRACEQL_INVALID', this.text, at, message);
  }

  private unsupported(at: number, message: string): Error {
    return meaningError('TRACEQL_UNSUPPORTED', this.text, at, message);
  }

  attribute(attribute: AttributeRef, at: number): void {
    if (attribute.parent || attribute.intrinsic === 'parent') {
      throw this.unsupported(at, 'parent is not yet supported');
    }
  }

  field(expression: FieldExpr): void {
    switch (expression.kind) {
      case 'static':
        return;
      case 'attribute':
        this.attribute(expression.attribute, expression.at);
        return;
      case 'unary': {
        this.field(expression.operand);
        const type = typeOf(expression.operand);
        if (type !== 'attribute' && !(expression.operator === '!' ? type === 'bool' : NUMERIC.has(type))) {
          const wanted = expression.operator === '!' ? 'true or false' : 'a number';
          throw this.invalid(expression.at, `${expression.operator} needs ${wanted}: ${printField(expression)}`);
        }
        return;
      }
      case 'binary':
        this.binary(expression);
    }
  }

  private binary(expression: Extract<FieldExpr, { kind: 'binary' }>): void {
    const { operator, left, right, at } = expression;
    this.field(left);
    this.field(right);
    const leftType = typeOf(left);
    const rightType = typeOf(right);
    if (right.kind === 'static' && right.value.type === 'nil') {
      const isAttribute = left.kind === 'attribute';
      if (operator === '=' && isAttribute && left.attribute.intrinsic !== undefined) {
        throw this.invalid(at, `${printField(expression)} is never true: intrinsics cannot be nil`);
      }
      if (
        operator === '=' &&
        isAttribute &&
        left.attribute.scope === 'resource' &&
        left.attribute.name === 'service.name'
      ) {
        throw this.invalid(at, `${printField(expression)} is never true: every resource has a service.name`);
      }
      return;
    }
    const matching =
      leftType === 'attribute' ||
      rightType === 'attribute' ||
      leftType === rightType ||
      (NUMERIC.has(leftType) && NUMERIC.has(rightType));
    if (!matching) {
      throw this.invalid(at, `${operator} compares ${leftType} with ${rightType}: ${printField(expression)}`);
    }
    if (!operatorTakes(operator, leftType) || !operatorTakes(operator, rightType)) {
      throw this.invalid(at, `${operator} is not defined for ${leftType} and ${rightType}: ${printField(expression)}`);
    }
    if (operator === '=~' || operator === '!~') {
      if (right.kind !== 'static' || right.value.type !== 'string') {
        throw this.invalid(right.at, `the right side of ${operator} must be text in quotes, not ${printField(right)}`);
      }
      try {
        compileRegex(right.value.value);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw this.invalid(right.at, `not a regular expression of RE2: ${reason}`);
      }
    }
  }

  filter(expression: FieldExpr, at: number): void {
    this.field(expression);
    const type = typeOf(expression);
    if (type !== 'attribute' && type !== 'bool') {
      throw this.invalid(at, `a filter must be true or false, this is a ${type}: { ${printField(expression)} }`);
    }
  }

  stages(stages: readonly Stage[]): void {
    stages.forEach((stage) => {
      this.stage(stage);
    });
  }

  private stage(stage: Stage): void {
    switch (stage.kind) {
      case 'filter':
        this.filter(stage.expression, stage.at);
        return;
      case 'operation':
        this.stage(stage.left);
        this.stage(stage.right);
        return;
      case 'pipeline':
        this.stages(stage.stages);
        return;
      case 'scalarFilter':
        this.scalar(stage.left);
        this.scalar(stage.right);
        if (stage.left.kind !== 'aggregate') {
          const what = 'the left side of a scalar filter must be one aggregate such as count()';
          throw this.unsupported(stage.at, `${what}; other forms are not yet supported: ${printStage(stage)}`);
        }
        if (stage.right.kind !== 'scalar') {
          const what = 'the right side of a scalar filter must be a number';
          throw this.unsupported(stage.at, `${what}; other forms are not yet supported: ${printStage(stage)}`);
        }
        return;
      case 'by':
        this.field(stage.expression);
        if (!referencesSpan(stage.expression)) {
          throw this.invalid(stage.at, `by() must refer to the span: ${printStage(stage)}`);
        }
        return;
      case 'select':
        stage.attributes.forEach((attribute) => {
          this.attribute(attribute, stage.at);
        });
        return;
      case 'coalesce':
        return;
    }
  }

  private scalar(scalar: ScalarExpr): void {
    switch (scalar.kind) {
      case 'scalar':
        return;
      case 'arithmetic':
        this.scalar(scalar.left);
        this.scalar(scalar.right);
        return;
      case 'scalarPipeline':
        this.stages(scalar.stages);
        this.scalar(scalar.aggregate);
        return;
      case 'aggregate': {
        if (scalar.expression === undefined) {
          return;
        }
        this.field(scalar.expression);
        const type = typeOf(scalar.expression);
        const shown = `${scalar.name}(${printField(scalar.expression)})`;
        if (type !== 'attribute' && !NUMERIC.has(type)) {
          throw this.invalid(scalar.at, `an aggregate needs a number, this is a ${type}: ${shown}`);
        }
        if (!referencesSpan(scalar.expression)) {
          throw this.invalid(scalar.at, `an aggregate must refer to the span: ${shown}`);
        }
      }
    }
  }

  metrics(metrics: MetricsExpr, inMath: boolean): void {
    switch (metrics.kind) {
      case 'number':
        return;
      case 'math':
        this.metrics(metrics.left, true);
        this.metrics(metrics.right, true);
        this.second(metrics.second);
        return;
      case 'metrics':
        this.stages(metrics.stages);
        this.aggregate(metrics.aggregate);
        this.second(metrics.second);
        if (metrics.aggregate.kind === 'compare' && (inMath || metrics.second.length > 0)) {
          throw this.invalid(metrics.at, 'compare() cannot be followed by a second stage or used in arithmetic');
        }
    }
  }

  private aggregate(aggregate: MetricsAggregate): void {
    const { at } = aggregate;
    if (aggregate.kind === 'compare') {
      this.filter(aggregate.selection.expression, aggregate.selection.at);
      if (aggregate.topN < 1n || aggregate.topN > MOST_COMPARE_VALUES) {
        throw this.invalid(at, `compare() keeps between 1 and ${MOST_COMPARE_VALUES} values, not ${aggregate.topN}`);
      }
      if (aggregate.window !== undefined && aggregate.window.end <= aggregate.window.start) {
        throw this.invalid(at, 'the window of compare() must end after it starts');
      }
      return;
    }
    aggregate.by.forEach((attribute) => {
      this.attribute(attribute, at);
    });
    if ('attribute' in aggregate) {
      this.attribute(aggregate.attribute, at);
    }
    // These add a label of their own.
    const most = ['quantile_over_time', 'histogram_over_time', 'avg_over_time'].includes(aggregate.kind)
      ? MOST_GROUPS - 1
      : MOST_GROUPS;
    if (aggregate.by.length > most) {
      throw this.unsupported(
        at,
        `metrics group by ${aggregate.by.length} values; more than ${most} are not yet supported`
      );
    }
    if (aggregate.kind === 'quantile_over_time') {
      const wrong = aggregate.quantiles.find((q) => !(q >= 0 && q <= 1));
      if (wrong !== undefined) {
        throw this.invalid(at, `a quantile must be between 0 and 1, not ${wrong}`);
      }
    }
  }

  private second(stages: readonly SecondStage[]): void {
    for (const stage of stages) {
      if (stage.kind !== 'metricsFilter' && stage.limit <= 0n) {
        throw this.invalid(stage.at, `${stage.kind} needs a number greater than 0`);
      }
    }
  }
}

/** Checks a parsed query. Throws TraceqlError TRACEQL_INVALID or TRACEQL_UNSUPPORTED. */
export function validate(query: Query): void {
  const validator = new Validator(query.text);
  if (query.kind === 'search') {
    validator.stages(query.stages);
  } else {
    validator.metrics(query.metrics, false);
  }
}
