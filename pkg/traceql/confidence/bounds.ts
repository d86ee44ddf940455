/** @file What an interval is. */

/** Bounds of a sample, both included. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}
