/** @file Values while a query runs: what they are in JavaScript, and how two of them compare. */
import { GentError } from '../common';
import type { AttributeValue } from '../trace';
import { KIND_NAMES, STATUS_NAMES, type ComparisonOperator, type Static } from './ast';
import { formatDuration } from './duration';
import type { ValueType } from './intrinsics';
import { compareNumbers, compareStrings, satisfies } from './statics';

/**
 * undefined is nil. bigint: int, or ns of a duration. number: float, or the OTLP number of a status or kind
 * (the static type of the expression tells which). Arrays have at least one element and one type.
 */
export type Value = string | boolean | bigint | number | undefined | readonly AttributeValue[];

/**
 * An attribute's value as queries see it. What TraceQL has no type for is nil: nothing set, bytes, maps, and arrays that
 * are empty or hold values of several types.
 */
export function toValue(value: AttributeValue | undefined): Value {
  if (typeof value !== 'object') {
    return value;
  }
  return Array.isArray(value) && isHomogeneous(value as readonly AttributeValue[])
    ? (value as readonly AttributeValue[])
    : undefined;
}

function isHomogeneous(array: readonly AttributeValue[]): boolean {
  const type = typeof array[0];
  return type !== 'object' && type !== 'undefined' && array.every((element) => typeof element === type);
}

/** A literal as a run-time value. */
export function staticValue(value: Static): Value {
  switch (value.type) {
    case 'nil':
      return undefined;
    case 'status':
      return STATUS_NAMES.indexOf(value.value);
    case 'kind':
      return KIND_NAMES.indexOf(value.value);
    default:
      return value.value;
  }
}

/** A value as answers carry it: durations as text, statuses and kinds as keywords. undefined stays undefined. */
export function toAnswer(value: Value, type: ValueType): AttributeValue | undefined {
  if (type === 'duration') {
    return typeof value === 'bigint' ? formatDuration(value) : typeof value === 'number' ? value : undefined;
  }
  if (type === 'status' && typeof value === 'number') {
    return STATUS_NAMES[value] ?? 'unset';
  }
  if (type === 'kind' && typeof value === 'number') {
    return KIND_NAMES[value] ?? 'unspecified';
  }
  return value;
}

/** A text that two values share only when they are the same value of the same type. */
export function keyOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'bigint':
      return `i${value}`;
    case 'number':
      return `f${value}`;
    case 'boolean':
      return value ? 'bt' : 'bf';
    case 'undefined':
      return 'n';
    default:
      return `a[${value.map((element) => JSON.stringify(keyOf(toValue(element)))).join(',')}]`;
  }
}

function compareScalars(operator: ComparisonOperator, a: Value, b: Value): boolean {
  if (typeof a === 'string') {
    return typeof b === 'string' && satisfies(operator, compareStrings(a, b));
  }
  if (typeof a === 'boolean') {
    return typeof b === 'boolean' && (operator === '=' ? a === b : operator === '!=' && a !== b);
  }
  if ((typeof a === 'bigint' || typeof a === 'number') && (typeof b === 'bigint' || typeof b === 'number')) {
    return compareNumbers(operator, a, b);
  }
  return false;
}

/**
 * `a op b`. False when either is nil or the types do not match, for every operator. With an array on one side:
 * any element for the positive operators, all elements for `!=`.
 * @throws GentError TRACEQL_RUNTIME for two arrays
 */
export function compareValues(operator: ComparisonOperator, a: Value, b: Value): boolean {
  if (typeof a === 'object') {
    if (typeof b === 'object') {
      throw new GentError('TRACEQL_RUNTIME', `${operator} needs a single value on one side, both are arrays`);
    }
    return operator === '!='
      ? a.every((element) => compareScalars(operator, toValue(element), b))
      : a.some((element) => compareScalars(operator, toValue(element), b));
  }
  if (typeof b === 'object') {
    return operator === '!='
      ? b.every((element) => compareScalars(operator, a, toValue(element)))
      : b.some((element) => compareScalars(operator, a, toValue(element)));
  }
  return compareScalars(operator, a, b);
}

/** `=~` (any element) and `!~` (all elements) of strings and arrays of strings; false for everything else. */
export function matchValue(value: Value, matches: (text: string) => boolean, negated: boolean): boolean {
  if (typeof value === 'string') {
    return matches(value) !== negated;
  }
  if (typeof value !== 'object' || typeof value[0] !== 'string') {
    return false;
  }
  const elements = value as readonly string[];
  return negated ? !elements.some(matches) : elements.some(matches);
}
