/** @file Arithmetic and comparison of plain values: the one place that knows int64, float and duration rules. */
import type { ArithmeticOperator, ComparisonOperator } from './ast';

/** A number as values carry it: bigint = int64 (or ns), number = float. */
export type Numeric = bigint | number;

const DIVISION = new Set<ArithmeticOperator>(['/', '%']);

/** Whether `left op right` has no answer: an integer divided by the integer 0. */
export function dividesByZero(operator: ArithmeticOperator, right: Numeric): boolean {
  return DIVISION.has(operator) && right === 0n;
}

function integerPower(base: bigint, exponent: bigint): bigint | undefined {
  if (exponent < 0n) {
    // 1/base^n, truncated: 0 unless base is ±1; nothing for 0.
    return base === 0n ? undefined : base === 1n ? 1n : base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n;
  }
  let result = 1n;
  let square = base;
  // Square and multiply, kept to 64 bits: the exponent may be anything.
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) {
      result = BigInt.asIntN(64, result * square);
    }
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

/**
 * int op int stays int (truncating, wrapping at 64 bits); anything with a float is float.
 * `a ^ b` of two ints is b to the power of a, as Tempo computes it.
 * @returns undefined when an integer is divided by the integer 0, or 0 is raised to a negative power
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
