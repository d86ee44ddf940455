/** @file Numbers as a report shows them. */

const BYTES: ReadonlyArray<readonly [number, string]> = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
];

const TIMES: ReadonlyArray<readonly [number, string]> = [
  [3.6e12, 'h'],
  [6e10, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
];

function inUnits(value: number, units: ReadonlyArray<readonly [number, string]>, smallest: string): string {
  const [size, unit] = units.find(([own]) => Math.abs(value) >= own) ?? [1, smallest];
  const scaled = value / size;
  return `${Number(scaled >= 100 ? scaled.toFixed(0) : scaled.toPrecision(3))} ${unit}`;
}

/** 12345 → 12.3 kB */
export const bytesText = (bytes: number): string => inUnits(bytes, BYTES, 'B');

/** Nanoseconds in the unit that fits. */
export const timeText = (nanos: number): string => inUnits(nanos, TIMES, 'ns');

export const countText = (value: number): string => value.toLocaleString('en-GB');

/** A measure to four places. */
export const measureText = (value: number | null | undefined): string =>
  value === null || value === undefined ? 'n/a' : value.toFixed(4);

/** 0.0123 → 1.23% */
export const shareText = (share: number): string => `${Number((100 * share).toPrecision(3))}%`;

/** Ticks: as short as they can be. */
export const tickText = (value: number): string => String(Number(value.toPrecision(3)));
