/** @file Which records of the write-ahead log are still needed: those with spans of a trace that is not in a published batch. */
import type { DoneTrace } from './log-records';

/** The first and the last record with spans of a trace. */
interface Range {
  first: number;
  last: number;
}

/** Keeps the books between the log and the batches. Numbers are those of records. */
export class LogLedger {
  private readonly open = new Map<string, Range>();
  private readonly batches = new Map<number, { first: number; readonly traces: DoneTrace[] }>();
  private readonly underWay = new Set<number>();

  /** A record is being written or taken in. */
  begin(number: number): void {
    this.underWay.add(number);
  }

  end(number: number): void {
    this.underWay.delete(number);
  }

  /** A span of a trace under assembly came with this record. */
  came(traceId: string, number: number): void {
    const known = this.open.get(traceId);
    if (known === undefined) {
      this.open.set(traceId, { first: number, last: number });
    } else {
      known.last = Math.max(known.last, number);
    }
  }

  /** A trace was closed and is in a batch now. */
  closed(traceId: string, batch: number): void {
    const range = this.open.get(traceId);
    if (range === undefined) {
      return;
    }
    this.open.delete(traceId);
    const held = this.batches.get(batch);
    if (held === undefined) {
      this.batches.set(batch, { first: range.first, traces: [{ traceId, last: range.last }] });
    } else {
      held.first = Math.min(held.first, range.first);
      held.traces.push({ traceId, last: range.last });
    }
  }

  /** A batch is published or kept elsewhere. @returns its traces */
  done(batch: number): readonly DoneTrace[] {
    const traces = this.batches.get(batch)?.traces ?? [];
    this.batches.delete(batch);
    return traces;
  }

  /** The oldest record that is needed; undefined when none is. */
  oldest(): number | undefined {
    let least = Infinity;
    for (const number of this.underWay) {
      least = Math.min(least, number);
    }
    for (const { first } of this.open.values()) {
      least = Math.min(least, first);
    }
    for (const { first } of this.batches.values()) {
      least = Math.min(least, first);
    }
    return least === Infinity ? undefined : least;
  }
}
