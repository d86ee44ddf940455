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
/** Kept of a slot, since one trace may be the choice of several. */
const KEPT_A_SLOT = 2 * MOST_A_SLOT;

interface Chosen {
  readonly traceId: string;
  readonly rank: number;
  readonly exemplar: RawExemplar;
}

/** A number that depends on every digit of a trace id, and tells nothing else (FNV-1a). */
function hashOf(traceId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < traceId.length; i++) {
    hash = Math.imul(hash ^ traceId.charCodeAt(i), 0x01000193);
  }
  return hash;
}

/** In each slot traces rank differently. */
function rankIn(slot: number, hash: number): number {
  let rank = Math.imul(hash ^ Math.imul(slot + 1, 0x9e3779b1), 0x85ebca6b);
  rank = Math.imul(rank ^ (rank >>> 13), 0xc2b2ae35);
  return (rank ^ (rank >>> 16)) >>> 0;
}

/**
 * Chooses exemplars: at most `most`, two a slot, one a trace, spread over the slots. Which ones does not depend on the order
 * in which spans go by: in each slot those of the traces of least rank, and rank is a hash of the trace's id.
 */
export class ExemplarBox {
  /** By slot, of least rank first. */
  private readonly slots = new Map<number, Chosen[]>();
  private readonly describe: Array<{ key: string; read: (place: Place) => SeriesLabel[] }>;
  private last: { readonly view: Place['view']; readonly traceId: string; readonly hash: number } | undefined;

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

  /** Offers a span; `value` is only called when it is taken. */
  offer(place: Place, slot: number, seriesKey: string, value: () => number | undefined): void {
    if (this.last?.view !== place.view) {
      const traceId = bareTraceId(place.view.trace.traceId);
      this.last = { view: place.view, traceId, hash: hashOf(traceId) };
    }
    const { traceId, hash } = this.last;
    const rank = rankIn(slot, hash);
    if (!this.wants(slot, traceId, rank)) {
      return;
    }
    const reported = value();
    this.add({
      traceId,
      rank,
      exemplar: {
        seriesKey,
        slot,
        // A count has no time of its own: it stands at the slot's edge.
        timestampMs:
          reported === undefined ? this.intervals.timestampMs(slot) : Number(place.span.startTimeUnixNano / 1_000_000n),
        labels: [{ key: 'trace:id', value: traceId }, ...this.describe.flatMap(({ read }) => read(place))],
        value: reported,
      },
    });
  }

  private wants(slot: number, traceId: string, rank: number): boolean {
    const chosen = this.slots.get(slot);
    const room = chosen === undefined || chosen.length < KEPT_A_SLOT || rank < (chosen[KEPT_A_SLOT - 1] as Chosen).rank;
    return room && chosen?.some((one) => one.traceId === traceId) !== true;
  }

  private add(one: Chosen): void {
    const chosen = this.slots.get(one.exemplar.slot) ?? [];
    chosen.push(one);
    chosen.sort((a, b) => a.rank - b.rank || (a.traceId < b.traceId ? -1 : 1));
    chosen.length = Math.min(chosen.length, KEPT_A_SLOT);
    this.slots.set(one.exemplar.slot, chosen);
  }

  merge(other: ExemplarBox): void {
    for (const chosen of other.slots.values()) {
      for (const one of chosen) {
        if (this.wants(one.exemplar.slot, one.traceId, one.rank)) {
          this.add(one);
        }
      }
    }
  }

  /** The exemplars, by slot. */
  list(): readonly RawExemplar[] {
    const slots = [...this.slots.entries()].sort(([a], [b]) => a - b).map(([, chosen]) => chosen);
    const traces = new Set<string>();
    const list: RawExemplar[] = [];
    const takeFrom = (chosen: readonly Chosen[] | undefined): void => {
      const one = list.length < this.most ? chosen?.find(({ traceId }) => !traces.has(traceId)) : undefined;
      if (one !== undefined) {
        traces.add(one.traceId);
        list.push(one.exemplar);
      }
    };
    // Where there are more slots than exemplars: slots evenly apart. Else one of each, then second ones.
    const stride = Math.max(1, slots.length / this.most);
    for (let at = 0; at < slots.length; at += stride) {
      takeFrom(slots[Math.floor(at)]);
    }
    if (stride === 1) {
      slots.forEach(takeFrom);
    }
    return list.sort((a, b) => a.slot - b.slot);
  }
}
