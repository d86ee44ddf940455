/** @file The time slots of a metrics query. */
import { GentError } from '../common';

export interface MetricsRange {
  /** ns since the epoch; spans that start in (start, end] count, in [start, end] for an instant query. */
  readonly start: bigint;
  readonly end: bigint;
  /** ns; ignored by an instant query. */
  readonly step: bigint;
  /** One slot from start to end instead of one a step. */
  readonly instant?: boolean;
}

/**
 * Slots are (edge − step, edge] with edges at absolute multiples of the step; the timestamp of a slot is its right edge.
 * The first slot ends at the first edge after `start`, so a caller that wants the slot ending at an aligned `start` passes
 * `start − 1`.
 */
export class Intervals {
  readonly count: number;
  /** Seconds of one slot. */
  readonly seconds: number;
  private readonly origin: bigint;
  private readonly stepNanos: bigint;
  private readonly step: number;

  constructor(private readonly range: MetricsRange) {
    const { start, end } = range;
    if (end <= start) {
      throw new GentError('TRACEQL_INVALID', 'the end of a metrics query must be after its start');
    }
    if (range.instant === true) {
      this.origin = start;
      this.stepNanos = end - start;
      this.count = 1;
    } else {
      if (range.step <= 0n) {
        throw new GentError('TRACEQL_INVALID', 'the step of a metrics query must be positive');
      }
      this.stepNanos = range.step;
      const first = start / range.step - (start % range.step < 0n ? 1n : 0n);
      this.origin = first * range.step;
      this.count = Number((end - this.origin + range.step - 1n) / range.step);
    }
    this.step = Number(this.stepNanos);
    this.seconds = this.step / 1e9;
  }

  /** The slot of a time, -1 outside the range. */
  indexOf(time: bigint): number {
    if (time > this.range.end || time < this.range.start) {
      return -1;
    }
    if (this.range.instant === true) {
      return 0;
    }
    if (time === this.range.start) {
      return -1;
    }
    const offset = time - this.origin;
    const quotient = Number(offset) / this.step;
    const rounded = Math.round(quotient);
    // Close to an edge only whole numbers tell the side.
    return Math.abs(quotient - rounded) < 1e-6
      ? Number((offset + this.stepNanos - 1n) / this.stepNanos) - 1
      : Math.ceil(quotient) - 1;
  }

  /** Right edge of a slot, ms since the epoch. */
  timestampMs(index: number): number {
    return Number((this.origin + BigInt(index + 1) * this.stepNanos) / 1_000_000n);
  }
}
