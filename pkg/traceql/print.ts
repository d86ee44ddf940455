/** @file A tree → its canonical text. */
import type {
  AttributeRef,
  FieldExpr,
  MetricsAggregate,
  MetricsExpr,
  Query,
  ScalarExpr,
  SecondStage,
  SpansetExpr,
  Stage,
  Static,
} from './ast';
import { formatDuration } from './duration';
import { endsName } from './lexer';
import { BINARY_LEVEL, leftNeedsNone } from './depth';
import { COMPARE_DEFAULT_TOP } from './parse-metrics';

/** How to print where Tempo's canonical text would not read back as the same query. */
export interface PrintOptions {
  /**
   * true: exactly Tempo's text, even where that loses something (compare's second brace and top number, quantiles
   * beyond five decimals, names that begin with a digit). Default false: text that parses to the same query.
   */
  readonly likeTempo?: boolean;
}

/** A float as Go's strconv prints it with 'g' and the shortest digits: an exponent below 1e-4 and from 1e6 on. */
function goFloat(value: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  }
  const [digits = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

function quote(text: string, likeTempo: boolean): string {
  if (likeTempo || (!text.includes('`') && !text.includes('\r'))) {
    return `\`${text}\``;
  }
  const escaped = text.replace(/[\\"\n\r\t\0]/g, (c) =>
    c === '\n' ? '\\n' : c === '\r' ? '\\r' : c === '\t' ? '\\t' : c === '\0' ? '\\x00' : `\\${c}`
  );
  return `"${escaped}"`;
}

/** A literal as TraceQL writes it. */
export function printStatic(value: Static, options: PrintOptions = {}): string {
  switch (value.type) {
    case 'nil':
      return 'nil';
    case 'string':
      return quote(value.value, options.likeTempo === true);
    case 'int':
      return value.value === -(2n ** 63n) ? 'minInt' : value.value.toString();
    case 'duration':
      return formatDuration(value.value);
    case 'float': {
      const text = goFloat(value.value);
      return /[.e]/.test(text) ? text : `${text}.0`;
    }
    default:
      return String(value.value);
  }
}

/** An attribute as the canonical text writes it; also the key of a label or spanset attribute. */
export function printAttribute(attribute: AttributeRef, options: PrintOptions = { likeTempo: true }): string {
  if (attribute.intrinsic !== undefined) {
    return attribute.name;
  }
  const scope = attribute.scope === 'none' ? '' : attribute.scope;
  const parent = attribute.parent ? (scope === '' ? 'parent' : 'parent.') : '';
  let plainName = attribute.name !== '' && !/["]/.test(attribute.name);
  for (const character of plainName ? attribute.name : '') {
    plainName = plainName && !endsName(character);
  }
  if (options.likeTempo !== true && plainName) {
    // `.0` would read as a number.
    plainName = !(scope === '' && parent === '' && /^[0-9]/.test(attribute.name));
  }
  const name = plainName ? attribute.name : `"${attribute.name.replace(/[\\"]/g, '\\$&')}"`;
  return `${parent}${scope}.${name}`;
}

// The canonical text puts parentheses round every operation within another. Deep inside long chains (`a || b || c …`)
// they are left out where they say nothing, so that the text does not nest deeper than a parser takes.
const CANONICAL_DEPTH = 50;

/** Options on the way down: `depth` counts the operations above. */
interface Down extends PrintOptions {
  readonly depth: number;
}

function down(options: PrintOptions): Down {
  return { ...options, depth: ((options as Partial<Down>).depth ?? 0) + 1 };
}

function leavesParenthesesOut(node: Parameters<typeof leftNeedsNone>[0], options: PrintOptions): boolean {
  return options.likeTempo !== true && ((options as Partial<Down>).depth ?? 0) > CANONICAL_DEPTH && leftNeedsNone(node);
}

function isNegative(expression: FieldExpr): boolean {
  return (
    expression.kind === 'static' &&
    (expression.value.type === 'int' || expression.value.type === 'float' || expression.value.type === 'duration') &&
    (expression.value.value < 0 || Object.is(expression.value.value, -0))
  );
}

function printLeft(expression: Extract<FieldExpr, { kind: 'binary' }>, options: PrintOptions): string {
  const { left, operator } = expression;
  if (leavesParenthesesOut(expression, options)) {
    return printField(left, down(options));
  }
  // -2 * .a reads as -(2 * .a).
  if (options.likeTempo !== true && isNegative(left) && BINARY_LEVEL[operator] > BINARY_LEVEL['-']) {
    return `(${printField(left, options)})`;
  }
  return wrapField(left, options);
}

function wrapField(inner: FieldExpr, options: PrintOptions): string {
  return inner.kind === 'binary' || inner.kind === 'unary'
    ? `(${printField(inner, down(options))})`
    : printField(inner, options);
}

/** A field expression as the canonical text writes it. */
export function printField(expression: FieldExpr, options: PrintOptions = { likeTempo: true }): string {
  switch (expression.kind) {
    case 'static': {
      const { value } = expression;
      if (options.likeTempo === true) {
        return value.type === 'int' ? value.value.toString() : printStatic(value, options);
      }
      return value.type === 'float' && !Number.isFinite(value.value) ? notFinite(value.value) : printStatic(value);
    }
    case 'attribute':
      return printAttribute(expression.attribute, options);
    case 'unary':
      return `${expression.operator}${wrapField(expression.operand, options)}`;
    case 'binary':
      return `${printLeft(expression, options)} ${expression.operator} ${wrapField(expression.right, options)}`;
  }
}

// There are no literals for these, but there is arithmetic that folds to them.
function notFinite(value: number): string {
  return Number.isNaN(value) ? '(0.0 / 0.0)' : value > 0 ? '(1.0 / 0.0)' : '(-1.0 / 0.0)';
}

function printScalar(scalar: ScalarExpr, options: PrintOptions): string {
  const wrap = (inner: ScalarExpr): string =>
    inner.kind === 'scalar' || inner.kind === 'scalarPipeline'
      ? printScalar(inner, options)
      : `(${printScalar(inner, options)})`;
  switch (scalar.kind) {
    case 'scalar':
      return printField({ kind: 'static', value: scalar.value, at: 0 }, options);
    case 'aggregate':
      return `${scalar.name}(${scalar.expression === undefined ? '' : printField(scalar.expression, options)})`;
    case 'arithmetic':
      return `${wrap(scalar.left)} ${scalar.operator} ${wrap(scalar.right)}`;
    case 'scalarPipeline':
      return `(${printStages(scalar.stages, options)}|${printScalar(scalar.aggregate, options)})`;
  }
}

function printSpanset(spanset: SpansetExpr, options: PrintOptions): string {
  switch (spanset.kind) {
    case 'filter':
      return `{ ${printField(spanset.expression, options)} }`;
    case 'operation': {
      const left = printSpanset(spanset.left, down(options));
      const right = printSpanset(spanset.right, down(options));
      return `${leavesParenthesesOut(spanset, options) ? left : `(${left})`} ${spanset.operator} (${right})`;
    }
    case 'pipeline':
      return printStages(spanset.stages, options);
  }
}

/** One stage of a pipeline. */
export function printStage(stage: Stage, options: PrintOptions = { likeTempo: true }): string {
  switch (stage.kind) {
    case 'scalarFilter': {
      const side = (scalar: ScalarExpr): string =>
        scalar.kind === 'scalar' || scalar.kind === 'scalarPipeline'
          ? printScalar(scalar, options)
          : `(${printScalar(scalar, options)})`;
      return `${side(stage.left)} ${stage.operator} ${side(stage.right)}`;
    }
    case 'by':
      return `by(${printField(stage.expression, options)})`;
    case 'coalesce':
      return 'coalesce()';
    case 'select':
      return `select(${stage.attributes.map((a) => printAttribute(a, options)).join(', ')})`;
    default:
      return printSpanset(stage, options);
  }
}

function printStages(stages: readonly Stage[], options: PrintOptions): string {
  return stages.map((stage) => printStage(stage, options)).join('|');
}

function printQuantile(quantile: number, options: PrintOptions): string {
  const fixed = quantile.toFixed(5);
  return options.likeTempo === true || Number(fixed) === quantile ? fixed : String(quantile);
}

function printAggregate(aggregate: MetricsAggregate, options: PrintOptions): string {
  if (aggregate.kind === 'compare') {
    const selection = printField(aggregate.selection.expression, options);
    if (options.likeTempo === true) {
      return `compare({ ${selection} }}`;
    }
    const { window } = aggregate;
    const top = aggregate.topN === COMPARE_DEFAULT_TOP && window === undefined ? '' : `, ${aggregate.topN}`;
    return `compare({ ${selection} }${top}${window === undefined ? '' : `, ${window.start}, ${window.end}`})`;
  }
  let inside = 'attribute' in aggregate ? printAttribute(aggregate.attribute, options) : '';
  if (aggregate.kind === 'quantile_over_time') {
    inside += `,${aggregate.quantiles.map((q) => printQuantile(q, options)).join(',')}`;
  }
  const by = aggregate.by.length === 0 ? '' : `by(${aggregate.by.map((a) => printAttribute(a, options)).join(',')})`;
  return `${aggregate.kind}(${inside})${by}`;
}

function printNumber(value: number, options: PrintOptions): string {
  if (!Number.isFinite(value) && options.likeTempo !== true) {
    return notFinite(value);
  }
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? BigInt(value).toString() : goFloat(value);
}

function printSecond(stages: readonly SecondStage[], options: PrintOptions): string {
  return stages
    .map((stage) =>
      stage.kind === 'metricsFilter'
        ? ` ${stage.operator} ${printNumber(stage.value, options)}`
        : ` | ${stage.kind}(${stage.limit})`
    )
    .join('');
}

function printMetrics(metrics: MetricsExpr, options: PrintOptions): string {
  switch (metrics.kind) {
    case 'number':
      return printNumber(metrics.value, options);
    case 'metrics':
      return `${printStages(metrics.stages, options)} | ${printAggregate(metrics.aggregate, options)}${printSecond(metrics.second, options)}`;
    case 'math': {
      const side = (inner: MetricsExpr): string =>
        inner.kind === 'number' ? printMetrics(inner, options) : `(${printMetrics(inner, down(options))})`;
      const left = leavesParenthesesOut(metrics, options)
        ? printMetrics(metrics.left, down(options))
        : side(metrics.left);
      return `${left} ${metrics.operator} ${side(metrics.right)}${printSecond(metrics.second, options)}`;
    }
  }
}

/** The canonical text of a query. Printing, parsing and printing again gives the same text. */
export function printQuery(query: Query, options: PrintOptions = {}): string {
  const body = query.kind === 'search' ? printStages(query.stages, options) : printMetrics(query.metrics, options);
  const hints = query.hints.map((hint) => `${hint.name}=${printStatic(hint.value, options)}`).join(',');
  return hints === '' ? body : `${body} with(${hints})`;
}
