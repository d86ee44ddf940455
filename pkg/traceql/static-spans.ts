/**
 * @file What can be said of a filter before spans exist: a class of spans, described by what all of them have in common,
 * surely matches, surely does not, or may match. Three-valued (Kleene) logic over known and unknown values.
 */
import type { AttributeValue, KeyValue } from '../trace';
import type { AttributeRef, BinaryOperator, ComparisonOperator, FieldExpr } from './ast';
import { isArithmetic, isComparison } from './fold';
import { attributeType } from './parse-field';
import { compileRegex } from './regex';
import { arithmetic, compareNumbers, flip } from './statics';
import { compareValues, matchValue, staticValue, toValue, type Value } from './values';

/** A class of spans: what is the same for all of them. */
export interface StaticSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly statusCode: number;
  /** Of the root of the trace, '' when it has none. */
  readonly rootService: string;
  readonly rootName: string;
  readonly isRoot: boolean;
  /** Attributes that every span of the class has with this very value. */
  readonly spanConstants: readonly KeyValue[];
  readonly resourceConstants: readonly KeyValue[];
  /** Keys that some spans have, or have with different values. A key in neither list never occurs. */
  readonly spanVariables: ReadonlySet<string>;
  readonly resourceVariables: ReadonlySet<string>;
  /** Nothing is known of the root of the trace, nor whether the span is it: `rootService`, `rootName` and `isRoot` mean nothing. */
  readonly anyPlace?: boolean;
  /**
   * All values that an attribute of a span of the class, its resource or one of its events can have where it is there; with
   * 'event:name' the names of its events. undefined: it can have any. Asked only of keys that the lists above leave open.
   */
  readonly possible?: (scope: 'span' | 'resource' | 'event' | 'event:name', key: string) => KnownList;
  /** Between which durations (ns, both included) they lie; absent: anything from 0. */
  readonly duration?: NumberRange;
}

/** Values, or undefined for any. */
export type KnownList = readonly AttributeValue[] | undefined;

/** Whole numbers from `least` to `most`, both included; `most` may be Infinity. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
}

/** Whether spans of a class match. */
export type Tri = 'yes' | 'no' | 'maybe';

/** Nothing is known of the value. */
const UNKNOWN = Symbol('unknown');
/** The value is a whole number (or a duration in ns) within a range. */
class Within {
  constructor(readonly range: NumberRange) {}
}
const NOT_NEGATIVE = new Within({ least: 0, most: Infinity });

/** The value is one of these; undefined among them: it may be missing. */
class OneOf {
  constructor(readonly values: readonly Value[]) {}
}

type Known = Value | typeof UNKNOWN | Within;

function isKnown(value: Known | OneOf): value is Value {
  return value !== UNKNOWN && !(value instanceof Within) && !(value instanceof OneOf);
}

/** More values than this are not tried one by one. */
const MOST_TRIED = 500;

function oneOf(values: KnownList): OneOf | typeof UNKNOWN {
  return values === undefined || values.length > MOST_TRIED
    ? UNKNOWN
    : new OneOf([...new Set([undefined, ...values.map(toValue)])]);
}

function lookUp(span: StaticSpan, scope: 'span' | 'resource', name: string): Known | OneOf {
  const [constants, variables] =
    scope === 'span' ? [span.spanConstants, span.spanVariables] : [span.resourceConstants, span.resourceVariables];
  if (variables.has(name)) {
    return oneOf(span.possible?.(scope, name));
  }
  return toValue(constants.find(({ key }) => key === name)?.value);
}

/** The span's own value, else that of its resource. */
function ownOrResource(span: StaticSpan, name: string): Known | OneOf {
  const own = lookUp(span, 'span', name);
  const resource = own === undefined || own instanceof OneOf ? resourceValue(span, name) : undefined;
  if (own === undefined) {
    return resource;
  }
  if (!(own instanceof OneOf)) {
    return own;
  }
  const others = resource instanceof OneOf ? resource.values : isKnown(resource) ? [resource] : undefined;
  return others === undefined
    ? UNKNOWN
    : new OneOf([...new Set([...own.values.filter((value) => value !== undefined), ...others])]);
}

function resourceValue(span: StaticSpan, name: string): Known | OneOf {
  const value = lookUp(span, 'resource', name);
  return name === 'service.name' && value === undefined && span.service !== '' ? span.service : value;
}

function attributeOf(attribute: AttributeRef, span: StaticSpan): Known | OneOf {
  switch (attribute.intrinsic) {
    case undefined:
      break;
    case 'name':
      return span.name;
    case 'kind':
      return span.kind;
    case 'status':
      return span.statusCode;
    case 'rootName':
      return span.anyPlace === true ? UNKNOWN : span.rootName;
    case 'rootServiceName':
      return span.anyPlace === true ? UNKNOWN : span.rootService;
    case 'nestedSetParent':
      return span.anyPlace === true ? UNKNOWN : span.isRoot ? -1n : NOT_NEGATIVE;
    case 'span:parentID':
      return span.isRoot && span.anyPlace !== true ? '' : UNKNOWN;
    case 'duration':
      return span.duration === undefined ? NOT_NEGATIVE : new Within(span.duration);
    case 'event:name':
      return oneOf(span.possible?.('event:name', ''));
    case 'traceDuration':
    case 'nestedSetLeft':
    case 'nestedSetRight':
    case 'span:childCount':
      return NOT_NEGATIVE;
    default:
      return UNKNOWN;
  }
  switch (attribute.scope) {
    case 'span':
      return lookUp(span, 'span', attribute.name);
    case 'resource':
      return resourceValue(span, attribute.name);
    case 'none':
      return ownOrResource(span, attribute.name);
    case 'event':
      return oneOf(span.possible?.('event', attribute.name));
    default:
      return UNKNOWN;
  }
}

/** The value an attribute has in every span of the class, or 'unknown'. undefined: no span has it. */
export function knownAttribute(attribute: AttributeRef, span: StaticSpan): { value: Value } | 'unknown' {
  const value = attributeOf(attribute, span);
  return isKnown(value) ? { value } : 'unknown';
}

function knownValue(expression: FieldExpr, span: StaticSpan): Known {
  switch (expression.kind) {
    case 'static':
      return staticValue(expression.value);
    case 'attribute': {
      const value = attributeOf(expression.attribute, span);
      return value instanceof OneOf ? UNKNOWN : value;
    }
    case 'unary': {
      if (expression.operator === '!') {
        return fromTri(judge(expression, span));
      }
      const value = knownValue(expression.operand, span);
      return typeof value === 'bigint' || typeof value === 'number' ? -value : UNKNOWN;
    }
    case 'binary': {
      if (!isArithmetic(expression.operator)) {
        return fromTri(judge(expression, span));
      }
      const a = knownValue(expression.left, span);
      const b = knownValue(expression.right, span);
      const numbers = [a, b].every((value) => typeof value === 'bigint' || typeof value === 'number');
      // Durations in arithmetic turn into floats; that is left to the real evaluation.
      const plain = [expression.left, expression.right].every(
        (side) => side.kind !== 'attribute' || attributeType(side.attribute) !== 'duration'
      );
      return numbers && plain ? (arithmetic(expression.operator, a as bigint, b as bigint) ?? UNKNOWN) : UNKNOWN;
    }
  }
}

function fromTri(tri: Tri): Known {
  return tri === 'maybe' ? UNKNOWN : tri === 'yes';
}

function toTri(value: boolean): Tri {
  return value ? 'yes' : 'no';
}

function typeName(expression: FieldExpr): string {
  return expression.kind === 'static'
    ? expression.value.type
    : expression.kind === 'attribute'
      ? attributeType(expression.attribute)
      : 'attribute';
}

// A number within a range, against a literal.
function judgeRange(operator: ComparisonOperator, { least, most }: NumberRange, literal: Known): Tri {
  if (typeof literal !== 'bigint' && typeof literal !== 'number') {
    return 'maybe';
  }
  const decide = (yes: boolean, no: boolean): Tri => (yes ? 'yes' : no ? 'no' : 'maybe');
  switch (operator) {
    case '<':
      return decide(most < literal, least >= literal);
    case '<=':
      return decide(most <= literal, least > literal);
    case '>':
      return decide(least > literal, most <= literal);
    case '>=':
      return decide(least >= literal, most < literal);
    case '=':
      return decide(least >= literal && most <= literal, most < literal || least > literal);
    case '!=':
      return decide(most < literal || least > literal, least >= literal && most <= literal);
    default:
      return 'maybe';
  }
}

function judgeComparison(
  expression: Extract<FieldExpr, { kind: 'binary' }>,
  operator: ComparisonOperator,
  span: StaticSpan
): Tri {
  const { left } = expression;
  const value = left.kind === 'attribute' ? attributeOf(left.attribute, span) : knownValue(left, span);
  if (!(value instanceof OneOf)) {
    return judgeValues(expression, operator, span, value);
  }
  // Of a value that is one of several, what holds for all of them is certain.
  const [first, ...others] = value.values.map((one) => judgeValues(expression, operator, span, one));
  return first === undefined || others.some((tri) => tri !== first) ? 'maybe' : first;
}

/** @param a - the value on the left */
function judgeValues(
  { left, right }: Extract<FieldExpr, { kind: 'binary' }>,
  operator: ComparisonOperator,
  span: StaticSpan,
  a: Known
): Tri {
  if (right.kind === 'static' && right.value.type === 'nil') {
    if (left.kind === 'static' && left.value.type === 'nil') {
      return 'no';
    }
    return a === UNKNOWN ? 'maybe' : toTri((a === undefined) === (operator === '='));
  }
  if (operator === '=~' || operator === '!~') {
    const pattern = right.kind === 'static' && right.value.type === 'string' ? right.value.value : '';
    return isKnown(a) ? toTri(matchValue(a, compileRegex(pattern), operator === '!~')) : 'maybe';
  }
  const types = [typeName(left), typeName(right)];
  if (types.some((type) => type === 'status' || type === 'kind') && types[0] !== types[1]) {
    // A keyword against an attribute: never the same type.
    return types.includes('attribute') && (left.kind === 'attribute' || right.kind === 'attribute') ? 'no' : 'maybe';
  }
  const b = knownValue(right, span);
  if (a instanceof Within) {
    return judgeRange(operator, a.range, b);
  }
  if (b instanceof Within) {
    return judgeRange(flip(operator), b.range, a);
  }
  if (!isKnown(a) || !isKnown(b)) {
    // Compared with nil, everything is false.
    return a === undefined || b === undefined ? 'no' : 'maybe';
  }
  if (typeof a === 'object' && typeof b === 'object') {
    return 'maybe';
  }
  if (typeof a === 'number' && typeof b === 'number') {
    return toTri(compareNumbers(operator, a, b));
  }
  return toTri(compareValues(operator, a, b));
}

/** Whether evaluating it can set a span aside (`!` or `-` of a value they are not defined for). */
function canFail(expression: FieldExpr): boolean {
  switch (expression.kind) {
    case 'static':
    case 'attribute':
      return false;
    case 'unary':
      return expression.operator === '-' || !isLogical(expression.operand) || canFail(expression.operand);
    case 'binary':
      return canFail(expression.left) || canFail(expression.right);
  }
}

function isLogical(expression: FieldExpr): boolean {
  return (
    (expression.kind === 'binary' && !isArithmetic(expression.operator)) ||
    (expression.kind === 'unary' && expression.operator === '!') ||
    (expression.kind === 'static' && expression.value.type === 'bool')
  );
}

/** Whether evaluating it can stop the query: arithmetic of attributes, two attributes compared. */
export function canRaise(expression: FieldExpr): boolean {
  switch (expression.kind) {
    case 'static':
    case 'attribute':
      return false;
    case 'unary':
      return canRaise(expression.operand);
    case 'binary':
      return (
        isArithmetic(expression.operator) ||
        (isComparison(expression.operator) &&
          expression.left.kind !== 'static' &&
          expression.right.kind !== 'static') ||
        canRaise(expression.left) ||
        canRaise(expression.right)
      );
  }
}

function judgeLogic(expression: Extract<FieldExpr, { kind: 'binary' }>, operator: '&&' | '||', span: StaticSpan): Tri {
  const { left, right } = expression;
  const a = judge(left, span);
  if (operator === '&&') {
    if (a === 'no') {
      return 'no';
    }
    // What stands on the left is evaluated first, and may stop the query.
    if (canRaise(left)) {
      return 'maybe';
    }
    const b = judge(right, span);
    return b === 'no' ? 'no' : a === 'yes' && b === 'yes' ? 'yes' : 'maybe';
  }
  if (!isLogical(left) || !isLogical(right)) {
    const x = knownValue(left, span);
    const y = knownValue(right, span);
    const notBoolean = (value: Known): boolean => value !== UNKNOWN && typeof value !== 'boolean';
    if (notBoolean(x) || notBoolean(y)) {
      return 'no';
    }
    return x === UNKNOWN || y === UNKNOWN ? 'maybe' : toTri(x === true || y === true);
  }
  const b = judge(right, span);
  if (a === 'no' && b === 'no') {
    return 'no';
  }
  return (a === 'yes' || b === 'yes') && !canFail(expression) ? 'yes' : 'maybe';
}

/** Judges an expression used as a condition. */
export function judge(expression: FieldExpr, span: StaticSpan): Tri {
  if (expression.kind === 'binary') {
    const operator: BinaryOperator = expression.operator;
    if (operator === '&&' || operator === '||') {
      return judgeLogic(expression, operator, span);
    }
    if (isComparison(operator)) {
      return judgeComparison(expression, operator, span);
    }
  }
  if (expression.kind === 'unary' && expression.operator === '!') {
    const { operand } = expression;
    if (isLogical(operand)) {
      const tri = judge(operand, span);
      if (tri === 'maybe') {
        return 'maybe';
      }
      return tri === 'yes' ? 'no' : canFail(operand) ? 'maybe' : 'yes';
    }
    const value = knownValue(operand, span);
    return value === UNKNOWN ? 'maybe' : toTri(value === false);
  }
  const value = knownValue(expression, span);
  return value === UNKNOWN ? 'maybe' : toTri(value === true);
}
