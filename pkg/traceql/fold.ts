/** @file Constant folding: an operation on literals is computed while parsing. */
import type { ArithmeticOperator, BinaryOperator, ComparisonOperator, FieldExpr, Static } from './ast';
import { compileRegex } from './regex';
import { arithmetic, compareNumbers, compareStrings, satisfies, type Numeric } from './statics';

const COMPARISONS = new Set<BinaryOperator>(['=', '!=', '<', '<=', '>', '>=', '=~', '!~']);

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return COMPARISONS.has(operator);
}

export function isArithmetic(operator: BinaryOperator): operator is ArithmeticOperator {
  return !COMPARISONS.has(operator) && operator !== '&&' && operator !== '||';
}

function numeric(value: Static): Numeric | undefined {
  return value.type === 'int' || value.type === 'float' || value.type === 'duration' ? value.value : undefined;
}

/** The literal for a computed number: int of two ints, float of anything else (ns, where durations are among it). */
export function foldArithmetic(operator: ArithmeticOperator, left: Static, right: Static): Static | undefined {
  const a = numeric(left);
  const b = numeric(right);
  if (a === undefined || b === undefined) {
    return undefined;
  }
  if (left.type === 'int' && right.type === 'int') {
    const value = arithmetic(operator, a, b);
    return typeof value === 'bigint' ? { type: 'int', value } : undefined;
  }
  const value = arithmetic(operator, Number(a), Number(b));
  return { type: 'float', value: Number(value) };
}

function compare(operator: ComparisonOperator, left: Static, right: Static): boolean | undefined {
  const a = numeric(left);
  const b = numeric(right);
  if (a !== undefined && b !== undefined && operator !== '=~' && operator !== '!~') {
    return compareNumbers(operator, a, b);
  }
  if (left.type === 'string' && right.type === 'string') {
    if (operator === '=~' || operator === '!~') {
      try {
        return compileRegex(right.value)(left.value) === (operator === '=~');
      } catch {
        // Left for validation, which says why.
        return undefined;
      }
    }
    return satisfies(operator, compareStrings(left.value, right.value));
  }
  if ((operator === '=' || operator === '!=') && left.type === right.type && left.type !== 'nil') {
    return (left.value === (right as typeof left).value) === (operator === '=');
  }
  return undefined;
}

/** A binary operation; folded when both sides are literals of types it is defined for. */
export function makeBinary(operator: BinaryOperator, left: FieldExpr, right: FieldExpr, at: number): FieldExpr {
  if (left.kind === 'static' && right.kind === 'static') {
    let value: Static | undefined;
    if (operator === '&&' || operator === '||') {
      if (left.value.type === 'bool' && right.value.type === 'bool') {
        const result =
          operator === '&&' ? left.value.value && right.value.value : left.value.value || right.value.value;
        value = { type: 'bool', value: result };
      }
    } else if (isComparison(operator)) {
      const result = compare(operator, left.value, right.value);
      value = result === undefined ? undefined : { type: 'bool', value: result };
    } else {
      value = foldArithmetic(operator, left.value, right.value);
    }
    if (value !== undefined) {
      return { kind: 'static', value, at: left.at };
    }
  }
  if (left.kind === 'static' && right.kind === 'static' && (left.value.type === 'nil' || right.value.type === 'nil')) {
    // A literal is never nil, and nil compares with nil as with everything: not at all.
    const both = left.value.type === right.value.type;
    return { kind: 'static', value: { type: 'bool', value: operator === '!=' && !both }, at: left.at };
  }
  // nil stands on the right: `nil = .a` is `.a = nil`.
  if (left.kind === 'static' && left.value.type === 'nil') {
    return { kind: 'binary', operator, left: right, right: left, at };
  }
  return { kind: 'binary', operator, left, right, at };
}

/** A literal with its sign changed, or undefined where that means nothing. */
export function negate(value: Static): Static | undefined {
  if (value.type === 'int' || value.type === 'duration') {
    return { type: value.type, value: BigInt.asIntN(64, -value.value) };
  }
  return value.type === 'float' ? { type: 'float', value: -value.value } : undefined;
}

/** A unary operation; folded on literals. */
export function makeUnary(operator: '!' | '-', operand: FieldExpr, at: number): FieldExpr {
  if (operand.kind === 'static') {
    const value: Static | undefined =
      operator === '-'
        ? negate(operand.value)
        : operand.value.type === 'bool'
          ? { type: 'bool', value: !operand.value.value }
          : undefined;
    if (value !== undefined) {
      return { kind: 'static', value, at };
    }
  }
  return { kind: 'unary', operator, operand, at };
}
