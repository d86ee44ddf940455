/**
 * @file Quantile tables: a value becomes one of at most 64 bins, a bin and a position become a value.
 *
 * Edges are integers on a piecewise linear scale with 512 steps an octave (a float with 9 bits after the leading one),
 * so they cost little more than a byte each, never hold a measured value digit by digit, and decode with + − × ÷ alone: the same
 * bytes on every machine. Between edges the scale itself is interpolated, which is log-like in the tails.
 */
import { ByteReader, ByteWriter } from '../model';

/** Most bins of a table, and so most classes of a field. */
export const MAX_BINS = 64;
/** Units to try, coarsest first: many sources record µs or ms only. */
const UNITS = [1_000_000, 1000, 1] as const;

/** Steps of the scale in an octave: coarser ones would make the masses of neighbouring bins uneven. */
const STEPS = 512;

const POWERS = Float64Array.from({ length: 1100 }, (_, i) => 2 ** i);

function encodeMagnitude(x: number, roundUp: boolean): number {
  let exponent = 0;
  while (x >= 2 * STEPS * (POWERS[exponent] as number)) {
    exponent++;
  }
  const scaled = x / (POWERS[exponent] as number);
  const code = exponent * STEPS + (roundUp ? Math.ceil(scaled) : Math.floor(scaled));
  return code;
}

/** The scale point at or below x (integers below 1024 are points themselves). */
export function encodeScale(x: number): number {
  return x >= 0 ? encodeMagnitude(x, false) : -encodeMagnitude(-x, true);
}

/** The value at a point of the scale, also between its integers. */
export function decodeScale(code: number): number {
  if (code < 0) {
    return -decodeScale(-code);
  }
  if (code < 2 * STEPS) {
    return code;
  }
  const exponent = Math.floor(code / STEPS) - 1;
  return (code - exponent * STEPS) * (POWERS[exponent] as number);
}

/** A table. Bin j covers edges j … j + 1, the upper one excluded. */
export interface QuantileTable {
  /** What values are whole multiples of. */
  readonly unit: number;
  /** Scale points, strictly rising; bins + 1 of them. */
  readonly codes: Int32Array;
  /** Decoded edges times unit. */
  readonly edges: Float64Array;
  /** Weight of each bin, where no network gives it. */
  readonly mass: Float64Array | undefined;
}

/** A table from its edges. */
export function makeTable(unit: number, codes: Int32Array, mass: Float64Array | undefined): QuantileTable {
  return { unit, codes, edges: Float64Array.from(codes, (code) => decodeScale(code) * unit), mass };
}

/** Bins of a table. */
export function binsOf(table: QuantileTable): number {
  return table.codes.length - 1;
}

/** The coarsest of the usual units that divides every value. */
export function commonUnit(values: ArrayLike<number>): number {
  let u = 0;
  for (let i = 0; i < values.length && u < UNITS.length - 1; i++) {
    // Numbers that are not whole end at the finest unit.
    while (u < UNITS.length - 1 && (values[i] as number) % (UNITS[u] as number) !== 0) {
      u++;
    }
  }
  return UNITS[u] as number;
}

/** Bin of a value; values outside fall into the first or last bin. */
export function binOf(table: QuantileTable, value: number): number {
  const { edges } = table;
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((edges[middle] as number) <= value) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/** Where a value stands among the table's bins: 0 … 255. */
export function levelOf(table: QuantileTable, value: number): number {
  const { edges } = table;
  const bins = edges.length - 1;
  if (value <= (edges[0] as number)) {
    return 0;
  }
  if (value >= (edges[bins] as number)) {
    return 255;
  }
  const bin = binOf(table, value);
  const low = edges[bin] as number;
  const share = (value - low) / ((edges[bin + 1] as number) - low);
  return Math.min(255, Math.floor(((bin + share) * 256) / bins));
}

/** The value at a position 0 ≤ u < 1 inside a bin, a whole multiple of the unit. */
export function valueIn(table: QuantileTable, bin: number, u: number): number {
  const low = table.codes[bin] as number;
  const high = table.codes[bin + 1] as number;
  return Math.floor(decodeScale(low + u * (high - low))) * table.unit;
}

/** The position inside a bin at which values reach `value`, 0 … 1: the inverse of {@link valueIn} on the scale. */
export function shareBelow(table: QuantileTable, bin: number, value: number): number {
  const low = table.edges[bin] as number;
  const high = table.edges[bin + 1] as number;
  return value <= low ? 0 : value >= high ? 1 : (value - low) / (high - low);
}

/** Share of the table's bins that lie below a value: 0 … 1. */
export function positionOf(table: QuantileTable, value: number): number {
  const bin = binOf(table, value);
  return (bin + shareBelow(table, bin, value)) / binsOf(table);
}

/** The value at a position 0 ≤ p < 1 among the bins: the inverse of {@link positionOf} on the scale. */
export function valueAt(table: QuantileTable, position: number): number {
  const bins = binsOf(table);
  const bin = Math.min(bins - 1, Math.floor(position * bins));
  return valueIn(table, bin, Math.min(1 - 2 ** -53, position * bins - bin));
}

/**
 * Estimate of the differential entropy of what the table was learnt from, in nats: Σ p log(width / p).
 * Comparable between tables of the same observations.
 */
export function entropyOf(table: QuantileTable): number {
  const mass = table.mass as Float64Array;
  const total = mass.reduce((sum, count) => sum + count, 0);
  let entropy = 0;
  mass.forEach((count, bin) => {
    if (count > 0) {
      const width = (table.edges[bin + 1] as number) - (table.edges[bin] as number);
      entropy += (count / total) * Math.log((width * total) / count);
    }
  });
  return entropy;
}

const MASS_SCALE = 2000;
/** No edge lies further out on the scale. */
const MAX_CODE = 600_000;
/** Added to the flag for masses where widths are bytes; older models have them whole. */
const COARSE = 2;

/**
 * Widths of bins, less one, are written as a byte: below 16 as they are, beyond as a float with so many bits after the leading
 * one, so that an edge moves by a sixteenth of a bin at most. A third fewer bytes than edges to the point, which nothing needs.
 */
const WIDTH_BITS = 3;
const WIDTH_ONE = 2 ** WIDTH_BITS;
/** Stands for a width that is written whole: where an edge must not move. */
const WHOLE_WIDTH = 255;

/** The byte for a width that has one, nearest to `width`. */
function widthCode(width: number): number {
  let exponent = 0;
  while (width >= 2 * WIDTH_ONE * (POWERS[exponent] as number)) {
    exponent++;
  }
  return exponent * WIDTH_ONE + Math.round(width / (POWERS[exponent] as number));
}

function widthAt(code: number): number {
  const exponent = Math.max(0, Math.floor(code / WIDTH_ONE) - 1);
  return (code - exponent * WIDTH_ONE) * (POWERS[exponent] as number);
}

/** An edge that would move by more than this share of the bin behind it stays: that bin is a cluster after a void. */
const MOST_MOVED = 0.25;

/**
 * Moves edges, in place, to where their bins have widths of one byte, as far as the bins behind them bear it; the last one
 * never down, so that it stays above all values.
 * @param edges - points of the scale, strictly rising, and so they stay
 */
export function coarsen(edges: number[]): void {
  for (let i = 1; i < edges.length; i++) {
    const edge = edges[i] as number;
    const first = (edges[i - 1] as number) + 1;
    let code = widthCode(edge - first);
    if (i === edges.length - 1) {
      code += first + widthAt(code) < edge ? 1 : 0;
      edges[i] = first + widthAt(code);
    } else if (Math.abs(first + widthAt(code) - edge) <= MOST_MOVED * ((edges[i + 1] as number) - edge)) {
      edges[i] = first + widthAt(code);
    }
  }
}

/** Writes tables column by column. @param withMass - keep the weights of bins */
export function writeTables(writer: ByteWriter, tables: readonly QuantileTable[], withMass: boolean): void {
  writer.varint(tables.length);
  writer.byte(withMass ? COARSE + 1 : COARSE);
  for (const table of tables) {
    writer.byte(UNITS.indexOf(table.unit as (typeof UNITS)[number]));
    writer.varint(table.codes.length - 2);
    writer.zigzag(table.codes[0] as number);
  }
  for (const table of tables) {
    for (let i = 1; i < table.codes.length; i++) {
      const width = (table.codes[i] as number) - (table.codes[i - 1] as number) - 1;
      const code = widthCode(width);
      if (widthAt(code) === width) {
        writer.byte(code);
      } else {
        writer.byte(WHOLE_WIDTH);
        writer.varint(width);
      }
    }
  }
  if (withMass) {
    for (const table of tables) {
      const mass = table.mass as Float64Array;
      const total = mass.reduce((sum, count) => sum + count, 0);
      mass.forEach((count) => writer.varint(Math.max(1, Math.round((count * MASS_SCALE) / total))));
    }
  }
}

/** Reads tables. */
export function readTables(reader: ByteReader): QuantileTable[] {
  const count = reader.count(3);
  const flags = reader.byte();
  if (flags > COARSE + 1) {
    reader.fail('unknown kind of tables');
  }
  const withMass = flags % 2 === 1;
  const width = (): number => {
    const code = flags < COARSE ? WHOLE_WIDTH : reader.byte();
    const value = code === WHOLE_WIDTH ? reader.varint(2 * MAX_CODE) : widthAt(code);
    return value <= 2 * MAX_CODE ? value : reader.fail('a bin is too wide');
  };
  const heads: Array<{ unit: number; bins: number; first: number }> = [];
  for (let left = count; left > 0; left--) {
    const unit = UNITS[reader.byte()];
    if (unit === undefined) {
      reader.fail('unknown unit');
    }
    heads.push({ unit, bins: reader.varint(MAX_BINS - 1) + 1, first: reader.zigzag() });
  }
  const codes = heads.map((head) => {
    const list = new Int32Array(head.bins + 1);
    list[0] = head.first;
    for (let i = 1; i < list.length; i++) {
      list[i] = (list[i - 1] as number) + width() + 1;
    }
    if (Math.abs(head.first) > MAX_CODE || Math.abs(list[head.bins] as number) > MAX_CODE) {
      reader.fail('an edge is out of range');
    }
    return list;
  });
  const mass = heads.map((head) =>
    withMass ? Float64Array.from({ length: head.bins }, () => reader.varint(1_000_000)) : undefined
  );
  return heads.map((head, i) => makeTable(head.unit, codes[i] as Int32Array, mass[i]));
}
