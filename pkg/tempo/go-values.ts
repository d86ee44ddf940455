/** @file Durations and numbers as Go's standard library reads and prints them: Tempo's parameters and messages use them. */
import { GentError } from '../common';

const UNIT_NANOS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/**
 * Go's time.ParseDuration.
 * @returns ns
 * @throws GentError QUERY_BAD_REQUEST with Go's message
 */
export function parseGoDuration(text: string): bigint {
  const bad = () => new GentError('QUERY_BAD_REQUEST', `time: invalid duration ${JSON.stringify(text)}`);
  const signed = /^([+-]?)(.*)$/s.exec(text);
  const body = signed?.[2] ?? '';
  if (body === '0') {
    return 0n;
  }
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(body)) {
    throw bad();
  }
  let nanos = 0n;
  for (const [, number, unit] of body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = UNIT_NANOS[unit as string] as number;
    const [whole = '', fraction = ''] = (number as string).split('.');
    nanos += BigInt(whole === '' ? 0 : whole) * BigInt(scale) + BigInt(Math.trunc(Number(`0.${fraction}0`) * scale));
  }
  if (nanos > 2n ** 63n - 1n) {
    throw bad();
  }
  return signed?.[1] === '-' ? -nanos : nanos;
}

function decimals(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' ? (value / unit).toString() : `${value / unit}.${fraction}`;
}

/** Go's Duration.String(): `1h0m0s`, `6.1ms`, `0s`. */
export function formatGoDuration(nanos: bigint): string {
  if (nanos < 0n) {
    return `-${formatGoDuration(-nanos)}`;
  }
  if (nanos === 0n) {
    return '0s';
  }
  if (nanos < 1_000n) {
    return `${nanos}ns`;
  }
  if (nanos < 1_000_000n) {
    return `${decimals(nanos, 1_000n)}µs`;
  }
  if (nanos < 1_000_000_000n) {
    return `${decimals(nanos, 1_000_000n)}ms`;
  }
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${decimals(nanos % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) {
    return seconds;
  }
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/**
 * Go's strconv.ParseUint(text, 10, bits).
 * @throws GentError QUERY_BAD_REQUEST `invalid <name>: strconv.ParseUint: parsing "x": invalid syntax`
 */
export function parseUint(name: string, text: string, bits: 32 | 64 = 32): bigint {
  const fail = (why: string) =>
    new GentError('QUERY_BAD_REQUEST', `invalid ${name}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^\d+$/.test(text)) {
    throw fail('invalid syntax');
  }
  const value = BigInt(text);
  if (value >= 1n << BigInt(bits)) {
    throw fail('value out of range');
  }
  return value;
}
