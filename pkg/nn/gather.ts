/** @file Lays rows out as the u8 input of the integer network: picked embeddings side by side, then the levels. */
import { ZERO_POINT, type IntegerWeights } from './integer';
import type { RowInputs } from './types';

/** Rows of the input are padded to whole 32-bit words; the padding meets weights of 0. */
export function paddedWidth(width: number): number {
  return Math.ceil(width / 4) * 4;
}

/** Bytes by ones, twos or fours. */
export type Units = Uint8Array | Uint16Array | Uint32Array;

/** The largest unit of 4, 2 or 1 bytes that all sizes are whole multiples of: rows are copied unit by unit. */
export function unitOf(sizes: readonly number[]): number {
  return [4, 2].find((unit) => sizes.every((size) => size % unit === 0)) ?? 1;
}

/** Bytes in units; what is left over at the end belongs to none. They must begin at a multiple of four of their buffer. */
export function inUnits(bytes: Uint8Array, unit: number): Units {
  const length = Math.floor(bytes.length / unit);
  const { buffer, byteOffset } = bytes;
  return unit === 4
    ? new Uint32Array(buffer, byteOffset, length)
    : unit === 2
      ? new Uint16Array(buffer, byteOffset, length)
      : bytes;
}

/** Writes rows of a network into buffers that grow as needed. */
export class Gatherer {
  readonly width: number;
  private readonly unit: number;
  private readonly tables: readonly Units[];

  constructor(private readonly network: IntegerWeights) {
    const { layout } = network;
    this.width = paddedWidth(layout.width);
    this.unit = unitOf(layout.tables.map(({ dimension }) => dimension));
    this.tables = network.tables.map((table) =>
      inUnits(
        Uint8Array.from(table, (code) => code * network.step + ZERO_POINT),
        this.unit
      )
    );
  }

  /** Writes rows from … from + count − 1 into `x` (count × width bytes, from the start of a buffer). */
  fill(rows: RowInputs, from: number, count: number, x: Uint8Array): void {
    const { unit } = this;
    const target = inUnits(x, unit);
    const stride = this.width / unit;
    this.network.layout.tables.forEach(({ dimension, column }, e) => {
      const table = this.tables[e] as Units;
      copyRows(table, rows.indices[e] as Int32Array, from, count, target, dimension / unit, column / unit, stride);
    });
    const { levels } = this.network.spec;
    const start = this.network.layout.width - levels;
    for (let row = 0, source = from * levels; row < count; row++) {
      let at = row * this.width + start;
      for (const end = at + levels; at < end;) {
        x[at++] = rows.levels[source++] as number;
      }
    }
  }
}

/** Copies one table's picked rows into their columns. Of one element type throughout, so that it compiles well. */
function copyRows(
  table: Units,
  indices: Int32Array,
  from: number,
  count: number,
  target: Units,
  size: number,
  column: number,
  stride: number
): void {
  for (let row = 0; row < count; row++) {
    let source = (indices[from + row] as number) * size;
    let at = row * stride + column;
    for (const end = at + size; at < end;) {
      target[at++] = table[source++] as number;
    }
  }
}
