/** @file What each observed trace adds to each slot of a series: all that intervals of estimates are made of. */

/** What one trace adds to one slot, before its weight. */
export interface Contribution {
  /** Number of the trace in the sample; neighbours of a stratum have neighbouring numbers. */
  readonly trace: number;
  /** How many traces it stands for. */
  readonly weight: number;
  /** Spans. */
  count: number;
  /** Of their values. */
  sum: number;
}

/** Contributions by slot. Spans of one trace come one after another. */
export class Contributions {
  private readonly slots = new Map<number, Contribution[]>();

  add(slot: number, trace: number, weight: number, value: number): void {
    let list = this.slots.get(slot);
    if (list === undefined) {
      list = [];
      this.slots.set(slot, list);
    }
    const last = list[list.length - 1];
    if (last?.trace === trace) {
      last.count++;
      last.sum += value;
    } else {
      list.push({ trace, weight, count: 1, sum: value });
    }
  }

  /** Of a slot, in the order of the sample. */
  at(slot: number): readonly Contribution[] {
    return (this.slots.get(slot) ?? []).sort((a, b) => a.trace - b.trace);
  }

  /** The slots that have any. */
  get filled(): number[] {
    return [...this.slots.keys()];
  }
}
