/** @file What each observed trace adds to each slot of a series: all that intervals of estimates are made of. */

/** Where a trace stands in a sample. */
export interface SamplePlace {
  /** Its number in the sample: neighbours of a stratum have neighbouring numbers. */
  readonly sample: number;
  /** Traces of one shape in one stratum, which lie side by side, share a cell. */
  readonly cell: number;
  /** How many traces a sample has of the cell on average: its traces by those that one stands for; 0 if nobody knows. */
  readonly expected: number;
}

/** What one trace adds to one slot, before its weight. */
export interface Contribution {
  readonly place: SamplePlace;
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
  private sorted = true;

  add(slot: number, place: SamplePlace, weight: number, value: number): void {
    let list = this.slots.get(slot);
    if (list === undefined) {
      list = [];
      this.slots.set(slot, list);
    }
    const last = list[list.length - 1];
    if (last?.place === place) {
      last.count++;
      last.sum += value;
    } else {
      list.push({ place, weight, count: 1, sum: value });
      this.sorted = false;
    }
  }

  /** Of a slot, in the order of the sample. */
  at(slot: number): readonly Contribution[] {
    if (!this.sorted) {
      this.slots.forEach((list) => list.sort((a, b) => a.place.sample - b.place.sample));
      this.sorted = true;
    }
    return this.slots.get(slot) ?? [];
  }

  /** The slots that have any. */
  get filled(): number[] {
    return [...this.slots.keys()];
  }
}
