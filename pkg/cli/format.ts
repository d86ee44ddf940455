/** @file Numbers for people. */

/** 1234567 → 1,234,567 */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US');
}

/** 1 epoch, 2,000 epochs */
export function counted(value: number, noun: string): string {
  return `${formatCount(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Bytes as B, kB or MB (powers of ten). */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) {
    return `${bytes} B`;
  }
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** 999.6 µs has three digits as 1.00 ms, and four as 1000 µs. */
const ROUNDS_UP = 0.9995;

/** Nanoseconds in the unit that fits. */
export function formatNanos(nanos: number): string {
  const units: Array<[number, string]> = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ];
  const [size, unit] = units.find(([scale]) => Math.abs(nanos) >= scale * ROUNDS_UP) ?? [1, 'ns'];
  const value = nanos / size;
  return `${value >= 100 || unit === 'ns' ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

/** A bar of block characters for a share of 0 … 1. */
export function bar(share: number, width = 20): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  const rest = eighths % 8;
  return '█'.repeat(Math.floor(eighths / 8)) + (rest > 0 ? (' ▏▎▍▌▋▊▉'[rest] as string) : '');
}

/** Milliseconds of a time in ns, as ISO 8601. */
export function formatTime(nanos: bigint): string {
  const ms = Number(nanos / 1_000_000n);
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString().replace('T', ' ').replace('Z', '') : `${nanos} ns`;
}
