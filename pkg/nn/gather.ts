/** @file Lays rows out as the u8 input of the integer network: picked embeddings side by side, then the levels. */
import { ZERO_POINT, type IntegerWeights } from './integer';
import type { RowInputs } from './types';

/** Rows of the input are padded to whole 32-bit words; the padding meets weights of 0. */
export function paddedWidth(width: number): number {
  return Math.ceil(width / 4) * 4;
}

/** Writes rows of a network into buffers that grow as needed. */
export class Gatherer {
  readonly width: number;
  private readonly words: boolean;
  private readonly tables: ReadonlyArray<Uint8Array | Uint32Array>;

  constructor(private readonly network: IntegerWeights) {
    const { layout } = network;
    this.width = paddedWidth(layout.width);
    this.words = layout.tables.every(({ dimension }) => dimension % 4 === 0);
    this.tables = network.tables.map((table) => {
      // A copy of its own: a view of words must start at a multiple of four.
      const copy = Uint8Array.from(table, (code) => code * network.step + ZERO_POINT);
      return this.words ? new Uint32Array(copy.buffer) : copy;
    });
  }

  /** Writes rows from … from + count − 1 into `x` (count × width bytes, from the start of a buffer). */
  fill(rows: RowInputs, from: number, count: number, x: Uint8Array): void {
    const unit = this.words ? 4 : 1;
    const target = this.words ? new Uint32Array(x.buffer, x.byteOffset, (count * this.width) / 4) : x;
    const stride = this.width / unit;
    this.network.layout.tables.forEach(({ dimension, column }, e) => {
      const table = this.tables[e] as Uint8Array | Uint32Array;
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
  table: Uint8Array | Uint32Array,
  indices: Int32Array,
  from: number,
  count: number,
  target: Uint8Array | Uint32Array,
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
