/** @file Arithmetic and comparison of plain values: the one place that knows int64, float and duration rules. */
import type { ArithmeticOperator, ComparisonOperator } from './ast';

/** A number as values carry it: bigint = int64 (or ns), number = float. */
export type Numeric = bigint | number;

const MIN_INT64 = -(2n ** 63n);

// As Tempo computes it: in floats, cut to an integer; what does not fit is the least integer.
function integerPower(base: bigint, exponent: bigint): bigint {
  const power = Math.trunc(Number(base) ** Number(exponent));
  return Math.abs(power) < 2 ** 63 ? BigInt(power) : MIN_INT64;
}

/**
 * int op int stays int (truncating, wrapping at 64 bits); anything with a float is float.
 * `a ^ b` of two ints is b to the power of a, as Tempo computes it.
 * @returns undefined when an integer is divided by the integer 0
 */
export function arithmetic(operator: ArithmeticOperator, left: Numeric, right: Numeric): Numeric | undefined {
  if (typeof left === 'bigint' && typeof right === 'bigint') {
    switch (operator) {
      case '+':
        return BigInt.asIntN(64, left + right);
      case '-':
        return BigInt.asIntN(64, left - right);
      case '*':
        return BigInt.asIntN(64, left * right);
      case '/':
        return right === 0n ? undefined : BigInt.asIntN(64, left / right);
      case '%':
        return right === 0n ? undefined : left % right;
      case '^':
        return integerPower(right, left);
    }
  }
  const a = Number(left);
  const b = Number(right);
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return a ** b;
  }
}

/** Orders strings by their UTF-8 bytes (by code point), as Tempo does; JavaScript orders by UTF-16 unit. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      const xSurrogate = x >= 0xd800 && x <= 0xdfff;
      const ySurrogate = y >= 0xd800 && y <= 0xdfff;
      return xSurrogate === ySurrogate ? x - y : xSurrogate ? 1 : -1;
    }
  }
  return a.length - b.length;
}

/** Whether `order` (negative, 0, positive) satisfies the operator. */
export function satisfies(operator: ComparisonOperator, order: number): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return false;
  }
}

/** Compares numbers by value: 1 = 1.0, exactly even beyond 2^53; NaN is unequal to everything. */
export function compareNumbers(operator: ComparisonOperator, a: Numeric, b: Numeric): boolean {
  switch (operator) {
    case '=':
      // eslint-disable-next-line eqeqeq -- int64 against float, by value
      return a == b;
    case '!=':
      // eslint-disable-next-line eqeqeq -- int64 against float, by value
      return a != b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      return false;
  }
}

/** `a op b` is `b flip(op) a`. */
export function flip(operator: ComparisonOperator): ComparisonOperator {
  const flipped: Partial<Record<ComparisonOperator, ComparisonOperator>> = {
    '<': '>',
    '<=': '>=',
    '>': '<',
    '>=': '<=',
  };
  return flipped[operator] ?? operator;
}
