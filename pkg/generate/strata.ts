/** @file The streams of uniform numbers of a model, and which number of its stream each span of each trace has. */

/** Which kinds of streams there are; keeps their keys apart. */
export enum Stream {
  Gap = 1,
  Duration = 2,
  Attribute = 3,
  /** What the last child leaves of its parent. */
  Rest = 4,
  /** How slow a trace is in its first phase; those of later phases follow. */
  Pace = 5,
}

/** Key of the stream of one site or field. */
export function streamKey(key: number, stream: Stream, index: number): number {
  return Math.imul(key ^ Math.imul(stream, 0x632be5ab), 0x9e3779b1) ^ Math.imul(index + 1, 0x85157af5);
}

/** For each node of each shape: how many spans of its site (or operation) come before those of this node. */
export class Strata {
  readonly base: Float64Array[] = [];
  readonly total: Float64Array;

  constructor(keys: readonly Int32Array[], count: number, traces: Float64Array) {
    this.total = new Float64Array(count);
    keys.forEach((ofNode, shape) => {
      this.base.push(
        Float64Array.from(ofNode, (key) => {
          const before = this.total[key] as number;
          this.total[key] = before + (traces[shape] as number);
          return before;
        })
      );
    });
  }
}
