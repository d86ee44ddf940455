/** @file Field expressions → closures: everything that can be decided from the text is decided once. */
import { GentError } from '../common';
import type { AttributeRef, ComparisonOperator, FieldExpr } from './ast';
import { bareTraceId, compileAttribute, needs, type Compiled, type Getter, type Place } from './access';
import { isArithmetic, isComparison } from './fold';
import { printField } from './print';
import { compileRegex } from './regex';
import { arithmetic, flip } from './statics';
import { compareValues, matchValue, staticValue, type Value } from './values';

/** Tells whether the place matches. */
export type Predicate = (place: Place) => boolean;

/** Calls `visit` for every attribute of an expression. */
export function visitAttributes(expression: FieldExpr, visit: (attribute: AttributeRef) => void): void {
  switch (expression.kind) {
    case 'static':
      return;
    case 'attribute':
      visit(expression.attribute);
      return;
    case 'unary':
      visitAttributes(expression.operand, visit);
      return;
    case 'binary':
      visitAttributes(expression.left, visit);
      visitAttributes(expression.right, visit);
  }
}

function isNil(expression: FieldExpr): boolean {
  return expression.kind === 'static' && expression.value.type === 'nil';
}

function compileRegexTest(expression: Extract<FieldExpr, { kind: 'binary' }>): Predicate {
  const { get } = compileField(expression.left);
  const negated = expression.operator === '!~';
  const { right } = expression;
  const matches = compileRegex(right.kind === 'static' && right.value.type === 'string' ? right.value.value : '');
  return (place) => matchValue(get(place), matches, negated);
}

// The commonest comparisons without a call: text, whole numbers and keywords against a literal.
function compareWithLiteral(operator: ComparisonOperator, get: Getter, literal: Value): Predicate {
  if (operator === '=' && (typeof literal === 'string' || typeof literal === 'boolean')) {
    return (place) => {
      const value = get(place);
      return value === literal || (typeof value === 'object' && compareValues('=', value, literal));
    };
  }
  if (typeof literal === 'bigint') {
    const order: Partial<Record<ComparisonOperator, (value: bigint) => boolean>> = {
      '=': (value) => value === literal,
      '>': (value) => value > literal,
      '>=': (value) => value >= literal,
      '<': (value) => value < literal,
      '<=': (value) => value <= literal,
    };
    const fast = order[operator];
    if (fast !== undefined) {
      return (place) => {
        const value = get(place);
        return typeof value === 'bigint' ? fast(value) : value !== undefined && compareValues(operator, value, literal);
      };
    }
  }
  return (place) => {
    const value = get(place);
    return value !== undefined && compareValues(operator, value, literal);
  };
}

function literalFor(expression: FieldExpr, other: FieldExpr): Value {
  if (expression.kind !== 'static') {
    return undefined;
  }
  const { value } = expression;
  // Trace ids compare without leading zeros on both sides.
  const traceId = other.kind === 'attribute' && other.attribute.intrinsic === 'trace:id';
  return traceId && value.type === 'string' ? bareTraceId(value.value) : staticValue(value);
}

function compileComparison(
  expression: Extract<FieldExpr, { kind: 'binary' }>,
  operator: ComparisonOperator
): Predicate {
  const { left, right } = expression;
  if (operator === '=~' || operator === '!~') {
    return compileRegexTest(expression);
  }
  if (isNil(right)) {
    if (isNil(left)) {
      return () => false;
    }
    const { get } = compileField(left);
    return operator === '=' ? (place) => get(place) === undefined : (place) => get(place) !== undefined;
  }
  const a = compileField(left);
  const b = compileField(right);
  // A status or kind is comparable with its own type only; attributes never hold one.
  const keywords = [a.type, b.type].filter((type) => type === 'status' || type === 'kind');
  if (keywords.length > 0 && a.type !== b.type) {
    return () => false;
  }
  if (right.kind === 'static') {
    return compareWithLiteral(operator, a.get, literalFor(right, left));
  }
  if (left.kind === 'static') {
    return compareWithLiteral(flip(operator), b.get, literalFor(left, right));
  }
  return (place) => {
    const value = a.get(place);
    return value !== undefined && compareValues(operator, value, b.get(place));
  };
}

function isNumber(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

// A number or an array of numbers.
function isNumeric(value: Value): boolean {
  const one = typeof value === 'object' ? value[0] : value;
  return typeof one === 'bigint' || typeof one === 'number';
}

function compileArithmetic(expression: Extract<FieldExpr, { kind: 'binary' }>): Compiled {
  const { operator } = expression;
  if (!isArithmetic(operator)) {
    return { type: 'bool', get: compilePredicate(expression) };
  }
  const a = compileField(expression.left);
  const b = compileField(expression.right);
  // Arithmetic of durations is arithmetic of floats, in ns.
  const floats = a.type === 'duration' || b.type === 'duration';
  const get: Getter = (place) => {
    const x = a.get(place);
    const y = b.get(place);
    if (!isNumber(x) || !isNumber(y)) {
      if (isNumeric(x) && isNumeric(y)) {
        throw new GentError('TRACEQL_RUNTIME', `${operator} is not defined for arrays: ${printField(expression)}`);
      }
      // Operands that do not match make the operation false, as in a comparison.
      return false;
    }
    const value = floats ? arithmetic(operator, Number(x), Number(y)) : arithmetic(operator, x, y);
    if (value === undefined) {
      throw new GentError('TRACEQL_RUNTIME', `integer division by zero: ${printField(expression)}`);
    }
    return value;
  };
  return { type: floats ? 'float' : 'attribute', get };
}

/** Compiles an expression for its value. */
export function compileField(expression: FieldExpr): Compiled {
  switch (expression.kind) {
    case 'static': {
      const value = staticValue(expression.value);
      return { type: expression.value.type, get: () => value };
    }
    case 'attribute':
      return compileAttribute(expression.attribute);
    case 'unary': {
      const operand = compileField(expression.operand);
      if (expression.operator === '!') {
        return { type: 'bool', get: compilePredicate(expression) };
      }
      return {
        type: operand.type,
        get: (place) => {
          const value = operand.get(place);
          if (typeof value === 'bigint') {
            return BigInt.asIntN(64, -value);
          }
          if (typeof value === 'number') {
            return -value;
          }
          place.failed = true;
          return undefined;
        },
      };
    }
    case 'binary':
      return compileArithmetic(expression);
  }
}

// `a || b || c …` as one list: long chains are common, and calls within calls are slow.
function operands(expression: FieldExpr, operator: '&&' | '||'): FieldExpr[] {
  const found: FieldExpr[] = [];
  let rest = expression;
  while (rest.kind === 'binary' && rest.operator === operator) {
    found.unshift(rest.right);
    rest = rest.left;
  }
  return [rest, ...found];
}

function isBoolean(expression: FieldExpr): boolean {
  if (expression.kind === 'static') {
    return expression.value.type === 'bool';
  }
  if (expression.kind === 'unary') {
    return expression.operator === '!';
  }
  return expression.kind === 'binary' && !isArithmetic(expression.operator);
}

function compileLogic(expression: Extract<FieldExpr, { kind: 'binary' }>, operator: '&&' | '||'): Predicate {
  const sides = operands(expression, operator);
  if (operator === '&&') {
    const tests = sides.map((side) => compilePredicate(side));
    if (tests.length === 2) {
      const [first, second] = tests as [Predicate, Predicate];
      return (place) => first(place) && second(place);
    }
    return (place) => tests.every((test) => test(place));
  }
  if (sides.every(isBoolean)) {
    const tests = sides.map((side) => compilePredicate(side));
    if (tests.length === 2) {
      const [first, second] = tests as [Predicate, Predicate];
      return (place) => first(place) || second(place);
    }
    return (place) => tests.some((test) => test(place));
  }
  // An attribute as operand: one that is not a boolean makes the operation false, whatever the other side is.
  const a = compileField(expression.left);
  const b = compileField(expression.right);
  return (place) => {
    const x = a.get(place);
    const y = b.get(place);
    return typeof x === 'boolean' && typeof y === 'boolean' && (x || y);
  };
}

/** Compiles an expression as a condition: true only when its value is the boolean true. */
export function compilePredicate(expression: FieldExpr): Predicate {
  if (expression.kind === 'binary') {
    const { operator } = expression;
    if (operator === '&&' || operator === '||') {
      return compileLogic(expression, operator);
    }
    if (isComparison(operator)) {
      return compileComparison(expression, operator);
    }
  }
  if (expression.kind === 'unary' && expression.operator === '!') {
    if (isBoolean(expression.operand)) {
      const test = compilePredicate(expression.operand);
      return (place) => !test(place);
    }
    const { get } = compileField(expression.operand);
    return (place) => {
      const value = get(place);
      if (typeof value !== 'boolean') {
        place.failed = true;
        return false;
      }
      return !value;
    };
  }
  const { get } = compileField(expression);
  return (place) => get(place) === true;
}

function hasUnary(expression: FieldExpr): boolean {
  return (
    expression.kind === 'unary' ||
    (expression.kind === 'binary' && (hasUnary(expression.left) || hasUnary(expression.right)))
  );
}

/** What an expression needs of events and links. */
export function needsOf(expression: FieldExpr): { event: boolean; link: boolean } {
  const found = { event: false, link: false };
  visitAttributes(expression, (attribute) => {
    const need = needs(attribute);
    if (need !== undefined) {
      found[need] = true;
    }
  });
  return found;
}

/** Runs `test` for each event and each link of the span (one empty one where there are none) until it says true. */
export function eachEventAndLink(
  place: Place,
  need: { event: boolean; link: boolean },
  most: number,
  test: (place: Place) => boolean
): boolean {
  const { events, links } = place.span;
  const eventCount = need.event ? Math.max(1, events.length) : 1;
  const linkCount = need.link ? Math.max(1, links.length) : 1;
  let pairs = 0;
  for (let i = 0; i < eventCount; i++) {
    place.event = need.event ? events[i] : undefined;
    for (let j = 0; j < linkCount; j++) {
      place.link = need.link ? links[j] : undefined;
      if (test(place)) {
        return true;
      }
      pairs++;
      if (pairs > most) {
        return false;
      }
    }
  }
  return false;
}

/** A filter: true when the span matches with some one event and some one link of it. */
export function compileFilter(expression: FieldExpr, mostPairs: number): Predicate {
  const plain = compilePredicate(expression);
  const test: Predicate = hasUnary(expression)
    ? (place) => {
        place.failed = false;
        return plain(place) && !place.failed;
      }
    : plain;
  const need = needsOf(expression);
  return need.event || need.link ? (place) => eachEventAndLink(place, need, mostPairs, test) : test;
}

/** A value for by(), aggregates and labels: of the first event and link for which it is not nil. */
export function compileValue(expression: FieldExpr, mostPairs: number): Compiled {
  const compiled = compileField(expression);
  const need = needsOf(expression);
  if (!need.event && !need.link) {
    return compiled;
  }
  return {
    type: compiled.type,
    get: (place) => {
      let value: Value;
      eachEventAndLink(place, need, mostPairs, (at) => {
        value = compiled.get(at);
        return value !== undefined;
      });
      return value;
    },
  };
}
