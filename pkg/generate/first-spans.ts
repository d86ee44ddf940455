/**
 * @file Durations of the first spans of traces, alone: of what is drawn before them they see little, so the network is asked
 * once a shape, segment, reach and slowness of instances.
 */
import {
  BUCKET_CLASSES,
  bucketClass,
  durationTableOf,
  fillDurationRow,
  makeRows,
  reachOf,
  spanTable,
  valueIn,
  limitBelow,
  newBinLimit,
  positionWithin,
  type BinLimit,
  type DriftTable,
  type ModelContent,
  type QuantileTable,
  type RowContext,
  type ShapeLayout,
  type TimingSite,
} from '../features';
import type { IntegerNetwork } from '../nn';
import { pickNodes } from './part';
import type { SeenInstances, SeenOfFirst } from './seen-instances';
import { drawBin, maskBins, weightsOfLogits, weightsOfMass, type Draw } from './softmax';
import { Stream } from './strata';
import type { TracePlace } from './trace-index';
import type { Uniforms } from './uniforms';

/** Distributions kept: 256 bytes each. */
const MOST_KEPT = 8192;
/** Rows of one call of the network. */
const MOST_ROWS = 2048;
const FIRST = Int32Array.of(0);
/** Drifts are fewer. */
const MOST_DRIFTS = 2 ** 16;

/** What was drawn of the first span of each of some traces. */
export interface FirstDurations {
  /** Bin of the duration, among the bins of its site. */
  readonly bin: Uint8Array;
  /** ns. */
  readonly duration: Float64Array;
}

/** What the duration of a first span is drawn given: a number, with what is seen of instances where they differ. */
type Key = number | string;

/** What is drawn, with its key. */
interface Asked {
  readonly place: TracePlace;
  readonly key: Key;
  readonly seen: SeenOfFirst | undefined;
}

export class FirstSpans {
  /** Weights of the bins added up, by shape, segment, class of reach, drift and what is seen of instances: whole numbers below 2^31. */
  private readonly sums = new Map<Key, Uint32Array>();
  private readonly draw: Draw = { bin: 0, share: 0 };
  private readonly limit = newBinLimit();
  /** By pattern. */
  private readonly reaches: number[];

  /**
   * @param uniforms - of the sampler that draws the same spans with their traces
   */
  constructor(
    private readonly content: ModelContent,
    private readonly context: RowContext,
    private readonly network: IntegerNetwork | undefined,
    private readonly uniforms: Uniforms,
    private readonly instances: SeenInstances,
    private readonly drifts?: DriftTable
  ) {
    this.reaches = content.counts.patterns.map(reachOf);
  }

  /** Draws the first spans of traces: the very durations that the whole traces have. */
  async durations(places: readonly TracePlace[]): Promise<FirstDurations> {
    const { content, context } = this;
    const asked = places.map((place) => this.ask(place));
    await this.learn(asked);
    const bin = new Uint8Array(places.length);
    const duration = new Float64Array(places.length);
    asked.forEach(({ place, key }, t) => {
      const s = (content.sites[place.shape] as Int32Array)[0] as number;
      const site = context.timing.sites[s] as TimingSite;
      const table = durationTableOf(context, site);
      const bins = table.codes.length - 1;
      const u = this.uniforms.ofFirst(Stream.Duration, s, place);
      const sums = this.sums.get(key);
      if (sums === undefined) {
        const weights = weightsOfMass(table.mass, bins);
        maskBins(weights, this.limitOf(place, table));
        drawBin(weights, bins, u, this.draw, this.limit);
      } else {
        drawFromSums(sums, u, this.draw);
        this.draw.share = positionWithin(this.limitOf(place, table), this.draw.bin, this.draw.share);
      }
      bin[t] = this.draw.bin;
      const value = valueIn(table, this.draw.bin, this.draw.share);
      duration[t] = Math.max(site.minDuration, Math.min(site.maxDuration, value));
    });
    return { bin, duration };
  }

  /** The first span is long enough for its children. */
  private limitOf({ shape }: TracePlace, table: QuantileTable): BinLimit {
    this.limit.bin = table.codes.length - 2;
    limitBelow(table, this.content.needs?.[shape]?.inside[0] ?? 0, 0, this.limit);
    return this.limit;
  }

  private reach({ row }: TracePlace): number {
    return this.reaches[this.content.counts.pattern[row] as number] as number;
  }

  private ask(place: TracePlace): Asked {
    const { segments } = this.content;
    const ofSegment = place.shape * segments.count + (segments.row[place.row] as number);
    const key = (ofSegment * BUCKET_CLASSES + bucketClass(this.reach(place))) * MOST_DRIFTS + this.driftOf(place);
    const seen = this.instances.differ && this.network !== undefined ? this.instances.ofFirst(place) : undefined;
    return { place, key: seen === undefined ? key : `${key} ${seen.instance} ${seen.usual} ${seen.usualLater}`, seen };
  }

  /** Number of the drift in time of the duration of a first span; 0 = none. */
  private driftOf({ shape, row }: TracePlace): number {
    const site = (this.content.sites[shape] as Int32Array)[0] as number;
    const field = this.context.durationField[site] as number;
    return field < 0 ? 0 : (this.drifts?.inTick(field, this.content.ticks.row[row] as number) ?? 0);
  }

  /** Asks the network for what is not known yet. */
  private async learn(wanted: readonly Asked[]): Promise<void> {
    const { content, context, network } = this;
    if (network === undefined) {
      return;
    }
    if (this.sums.size >= MOST_KEPT) {
      this.sums.clear();
    }
    const missing = new Map<Key, Asked>();
    for (const one of wanted) {
      const site = (content.sites[one.place.shape] as Int32Array)[0] as number;
      if ((context.durationField[site] as number) >= 0 && !this.sums.has(one.key)) {
        missing.set(one.key, one);
      }
    }
    const list = [...missing.values()];
    for (let from = 0; from < list.length; from += MOST_ROWS) {
      const asked = list.slice(from, from + MOST_ROWS);
      const layouts: ShapeLayout[] = [];
      const sites: Int32Array[] = [];
      for (const { place } of asked) {
        const { shape } = place;
        layouts[shape] ??= pickNodes(content.layouts[shape] as ShapeLayout, FIRST);
        sites[shape] ??= (content.sites[shape] as Int32Array).subarray(0, 1);
      }
      const shapes = asked.map(({ place }) => place.shape);
      const segments = asked.map(({ place }) => content.segments.row[place.row] as number);
      const spans = spanTable(layouts, shapes, segments, sites);
      asked.forEach(({ place, seen }, t) => {
        spans.reach[t] = this.reach(place);
        spans.tick[t] = content.ticks.row[place.row] as number;
        const needs = content.needs?.[place.shape];
        spans.instance[t] = seen?.instance ?? 0;
        spans.usual[t] = seen?.usual ?? needs?.usual[0] ?? 0;
        spans.usualLater[t] = seen?.usualLater ?? needs?.usualLater[0] ?? 0;
      });
      const rows = makeRows(context, spans.size);
      for (let i = 0; i < spans.size; i++) {
        fillDurationRow(context, spans, i, rows, i);
      }
      const logits = await network.logits({ count: spans.size, indices: rows.indices, levels: rows.levels });
      asked.forEach(({ place, key }, i) => {
        const table = durationTableOf(context, context.timing.sites[spans.site[i] as number] as TimingSite);
        const bins = table.codes.length - 1;
        const field = context.durationField[spans.site[i] as number] as number;
        this.drifts?.addTo(logits, i * network.spec.classes, field, spans, i);
        const weights = weightsOfLogits(logits, i * network.spec.classes, bins);
        maskBins(weights, this.limitOf(place, table));
        let sum = 0;
        this.sums.set(
          key,
          Uint32Array.from({ length: bins }, (__, bin) => (sum += weights[bin] as number))
        );
      });
    }
  }
}

/** As {@link drawBin} draws, from weights added up. */
function drawFromSums(sums: Uint32Array, u: number, draw: Draw): void {
  const last = sums.length - 1;
  const target = u * (sums[last] as number);
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (target < (sums[middle] as number)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const below = low === 0 ? 0 : (sums[low - 1] as number);
  const weight = (sums[low] as number) - below;
  draw.bin = low;
  draw.share = weight > 0 ? (target - below) / weight : 0;
}
