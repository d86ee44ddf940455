/** @file Exemplars: a few traces that a series stands for. */
import { limit } from '../common';
import type { AttributeRef } from './ast';
import { bareTraceId, type Place } from './access';
import { compileValue } from './compile';
import type { Intervals } from './intervals';
import { printAttribute } from './print';
import type { SeriesLabel } from './results';
import { toAnswer } from './values';

/** An exemplar before its series is finished. `value` undefined: that of the series in the slot. */
export interface RawExemplar {
  readonly seriesKey: string;
  readonly slot: number;
  readonly timestampMs: number;
  readonly labels: readonly SeriesLabel[];
  readonly value: number | undefined;
}

const MOST_A_SLOT = 2;

/** Chooses exemplars as spans go by: at most `most`, two a slot, one a trace. */
export class ExemplarBox {
  private readonly chosen: RawExemplar[] = [];
  private readonly slots = new Map<number, number>();
  private readonly traces = new Set<string>();
  private readonly describe: Array<{ key: string; read: (place: Place) => SeriesLabel[] }>;

  constructor(
    private readonly most: number,
    private readonly intervals: Intervals,
    mentioned: readonly AttributeRef[]
  ) {
    this.describe = mentioned
      .filter((attribute) => attribute.intrinsic !== 'trace:id')
      .map((attribute) => {
        const key = printAttribute(attribute);
        const compiled = compileValue({ kind: 'attribute', attribute, at: 0 }, limit('TRACEQL_EVENT_PAIRS'));
        return {
          key,
          read: (place) => {
            const value = toAnswer(compiled.get(place), compiled.type);
            return value === undefined ? [] : [{ key, value }];
          },
        };
      });
  }

  /** Whether one more is wanted for this slot. */
  wants(slot: number): boolean {
    return this.chosen.length < this.most && (this.slots.get(slot) ?? 0) < MOST_A_SLOT;
  }

  /** Offers a span; taken unless its trace is there already. */
  offer(place: Place, slot: number, seriesKey: string, value: number | undefined): void {
    const id = bareTraceId(place.view.trace.traceId);
    if (this.traces.has(id)) {
      return;
    }
    this.add(id, {
      seriesKey,
      slot,
      // A count has no time of its own: it stands at the slot's edge.
      timestampMs:
        value === undefined ? this.intervals.timestampMs(slot) : Number(place.span.startTimeUnixNano / 1_000_000n),
      labels: [{ key: 'trace:id', value: id }, ...this.describe.flatMap(({ read }) => read(place))],
      value,
    });
  }

  private add(traceId: string, exemplar: RawExemplar): void {
    this.traces.add(traceId);
    this.slots.set(exemplar.slot, (this.slots.get(exemplar.slot) ?? 0) + 1);
    this.chosen.push(exemplar);
  }

  merge(other: ExemplarBox): void {
    for (const exemplar of other.chosen) {
      const id = String(exemplar.labels[0]?.value as string);
      if (this.wants(exemplar.slot) && !this.traces.has(id)) {
        this.add(id, exemplar);
      }
    }
  }

  list(): readonly RawExemplar[] {
    return this.chosen;
  }
}
