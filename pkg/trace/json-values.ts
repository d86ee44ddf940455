/** @file Reads JSON values as ProtoJSON prescribes: 64-bit integers, doubles, enums, bytes; and names the field that is wrong. */
import { GentError } from '../common';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const UINT32_MAX = 2 ** 32 - 1;
const UNSIGNED = /^\d{1,20}$/;
const SIGNED = /^-?\d{1,20}$/;

/** A plain JSON object. */
export type JsonObject = Record<string, unknown>;

/** Thrown as data that does not have the form its format prescribes. */
export function malformed(field: string, expected: string, value: unknown): GentError {
  let shown = Array.isArray(value) ? 'a list' : typeof value === 'object' && value !== null ? 'an object' : undefined;
  shown ??= typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? typeof value);
  if (shown.length > 60) {
    shown = `${shown.slice(0, 60)}…`;
  }
  return new GentError('TRACE_DOCUMENT_INVALID', `${field}: expected ${expected}, found ${shown}`);
}

/** The text of a parsed JSON value, as the key of a table. */
export function sourceText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch (error) {
    throw new GentError('LIMIT_EXCEEDED', 'the document is nested too deep', { cause: error });
  }
}

/** An object; absent and null give undefined. */
export function asObject(value: unknown, field: string): JsonObject | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw malformed(field, 'an object', value);
  }
  return value as JsonObject;
}

/** An array; absent and null give an empty one. */
export function asArray(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) {
    return [];
  }
  if (!Array.isArray(value)) {
    throw malformed(field, 'an array', value);
  }
  return value;
}

/** A string; absent and null give ''. */
export function asString(value: unknown, field: string): string {
  if (typeof value === 'string') {
    return value;
  }
  if (value === undefined || value === null) {
    return '';
  }
  throw malformed(field, 'a string', value);
}

/** Told about an integer that JSON.parse may have rounded. */
export type OnInexact = (field: string) => void;

/** A fixed64/uint64 given as decimal string or number. */
export function asUint64(value: unknown, field: string, onInexact: OnInexact): bigint {
  if (typeof value === 'string' && UNSIGNED.test(value)) {
    const read = BigInt(value);
    if (read <= UINT64_MAX) {
      return read;
    }
  } else if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 64) {
    if (!Number.isSafeInteger(value)) {
      onInexact(field);
      return value === 2 ** 64 ? UINT64_MAX : BigInt(value);
    }
    return BigInt(value);
  } else if (value === undefined || value === null) {
    return 0n;
  }
  throw malformed(field, 'an unsigned 64-bit integer', value);
}

const NANOS_PER_MICRO = 1000n;

/** Microseconds given as decimal string or number, in nanoseconds after `from`. */
export function asMicros(value: unknown, field: string, onInexact: OnInexact, from = 0n): bigint {
  const nanos = from + asUint64(value, field, onInexact) * NANOS_PER_MICRO;
  if (nanos > UINT64_MAX) {
    throw malformed(field, 'microseconds that fit 64 bits of nanoseconds', value);
  }
  return nanos;
}

/** An int64 given as decimal string or number. */
export function asInt64(value: unknown, field: string, onInexact: OnInexact): bigint {
  if (typeof value === 'string' && SIGNED.test(value)) {
    const read = BigInt(value);
    if (read >= INT64_MIN && read <= INT64_MAX) {
      return read;
    }
  } else if (typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 63) && value <= 2 ** 63) {
    if (!Number.isSafeInteger(value)) {
      onInexact(field);
      return value === 2 ** 63 ? INT64_MAX : BigInt(value);
    }
    return BigInt(value);
  }
  throw malformed(field, 'a signed 64-bit integer', value);
}

/** A uint32/fixed32 given as number or decimal string. */
export function asUint32(value: unknown, field: string): number {
  if (value === undefined || value === null) {
    return 0;
  }
  const read = typeof value === 'string' && UNSIGNED.test(value) ? Number(value) : value;
  if (typeof read === 'number' && Number.isInteger(read) && read >= 0 && read <= UINT32_MAX) {
    return read;
  }
  throw malformed(field, 'an unsigned 32-bit integer', value);
}

/** A double: a number, or a string of one, or NaN, Infinity, -Infinity. */
export function asDouble(value: unknown, field: string): number {
  if (typeof value === 'number') {
    return value;
  }
  if (typeof value === 'string' && value.trim() !== '') {
    const read = Number(value);
    if (!Number.isNaN(read) || value === 'NaN') {
      return read;
    }
  }
  throw malformed(field, 'a double', value);
}

/** An enum: its number, or its name (with or without the prefix that the proto gives its names). */
export function asEnum(value: unknown, field: string, prefix: string, names: readonly string[]): number {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** 31) {
    return value;
  }
  if (value === undefined || value === null) {
    return 0;
  }
  if (typeof value === 'string') {
    const index = names.indexOf(value.startsWith(prefix) ? value.slice(prefix.length) : value);
    if (index >= 0) {
      return index;
    }
    if (/^\d{1,9}$/.test(value)) {
      return Number(value);
    }
  }
  throw malformed(field, `a number or one of ${prefix}${names.join(', ')}`, value);
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Bytes given as base64, standard or URL-safe, padded or not. */
export function asBytes(value: unknown, field: string): Uint8Array {
  if (typeof value !== 'string' || !BASE64.test(value)) {
    throw malformed(field, 'base64', value);
  }
  return new Uint8Array(Buffer.from(value, 'base64'));
}

/** A boolean, or the text of one. */
export function asBoolean(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') {
    return value;
  }
  if (value === 'true' || value === 'false') {
    return value === 'true';
  }
  throw malformed(field, 'true or false', value);
}
