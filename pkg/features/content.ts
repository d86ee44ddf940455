/** @file Everything a model knows but the network. */
import { type AttributeField, type AttributeModel } from './attributes';
import { type TraceCounts } from './counts';
import { type Dictionary } from './dictionary';
import { type ShapeLayout } from './layout';
import { binOf, binsOf, type QuantileTable } from './quantiser';
import { type ServiceResources } from './resources';
import {
  rowContext,
  settleDuration,
  settleGap,
  gapTableOf,
  durationTableOf,
  parentEnd,
  type EmbeddingSizes,
  type RowContext,
} from './rows';
import { type TimeNeeds } from './needs';
import { instancesDiffer } from './span-instances';
import { type ShapeGrammar } from './shapes';
import { type SpanTable } from './span-table';
import { DurationMode, isTight, referenceTime, startBlurs, type TimingModel, type TimingSite } from './timing';

/** Bounds of the batch, ns. No generated span begins outside [minStart, maxStart]. */
export interface BatchWindow {
  readonly minStart: bigint;
  readonly maxStart: bigint;
  readonly maxEnd: bigint;
  /** What all starts are whole multiples of. */
  readonly unit: number;
}

export interface ModelContent {
  readonly dictionary: Dictionary;
  readonly grammar: ShapeGrammar;
  readonly layouts: readonly ShapeLayout[];
  /** Number of places, see {@link PlaceTable}. */
  readonly places: number;
  readonly counts: TraceCounts;
  readonly window: BatchWindow;
  /** Time segment of each row of the counts. */
  readonly segments: { readonly row: Int32Array; readonly count: number };
  /** Tick of each row of the counts: finer than segments. */
  readonly ticks: { readonly row: Int32Array; readonly count: number };
  readonly timing: TimingModel;
  /** Timing site of each node of each shape. */
  readonly sites: readonly Int32Array[];
  /** What the nodes of each shape need around them; undefined in models that leave them nothing. */
  readonly needs: readonly TimeNeeds[] | undefined;
  readonly attributes: AttributeModel;
  readonly fields: readonly AttributeField[];
  readonly resources: readonly ServiceResources[];
}

/** The row context of a model. */
export function contextOf(content: ModelContent, sizes: EmbeddingSizes): RowContext {
  return rowContext(
    content.timing,
    { shapes: content.layouts.length, segments: content.segments.count, places: content.places },
    content.fields.map((field) => (field.tabled ? 1 : field.classes)),
    sizes,
    instancesDiffer(content.resources)
  );
}

/** Bin of the duration field of a span. @param remaining - time from its start to its parent's end */
function durationBin(context: RowContext, site: TimingSite, duration: number, remaining: number, blur: number): number {
  const table = durationTableOf(context, site);
  switch (site.mode) {
    case DurationMode.Slack:
      return binOf(table, remaining - duration);
    case DurationMode.SlackOrDuration: {
      const slacks = context.timing.tables[site.tightTable] as QuantileTable;
      return isTight(duration, remaining - duration, blur)
        ? binOf(slacks, remaining - duration)
        : binsOf(slacks) + binOf(table, duration);
    }
    default:
      return binOf(table, duration);
  }
}

/** Computes bins and levels of measured spans, in the order in which generation would. */
export function settleMeasured(context: RowContext, spans: SpanTable): void {
  const blurs = startBlurs(spans, (i) => {
    const site = context.timing.sites[spans.site[i] as number] as TimingSite;
    return { reference: site.reference, table: gapTableOf(context, site) };
  });
  for (let i = 0; i < spans.size; i++) {
    const site = context.timing.sites[spans.site[i] as number] as TimingSite;
    const table = gapTableOf(context, site);
    if (table !== undefined) {
      const gap = (spans.start[i] as number) - referenceTime(spans, i, site.reference);
      settleGap(context, spans, i, binOf(table, gap), gap);
    }
    const duration = spans.duration[i] as number;
    const remaining = parentEnd(spans, i) - (spans.start[i] as number);
    settleDuration(context, spans, i, durationBin(context, site, duration, remaining, blurs[i] as number));
  }
}

/** The table with times of its own. */
export function copyOfTimes(spans: SpanTable): SpanTable {
  return {
    ...spans,
    start: spans.start.slice(),
    duration: spans.duration.slice(),
    latestEnd: spans.latestEnd.slice(),
    play: spans.play.slice(),
    gapLevel: spans.gapLevel.slice(),
    durationLevel: spans.durationLevel.slice(),
    slowness: spans.slowness.slice(),
  };
}

/** Numbers in [0, 1) from a seed: a linear congruential generator (Knuth, TAOCP 2, 3.3.4). */
export function seededNumbers(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
