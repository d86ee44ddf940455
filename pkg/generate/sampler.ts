/**
 * @file Draws the times and attribute classes of many traces at once: wave by wave, every span of a wave in one call of
 * the network. What is drawn for a span depends on its own trace and place only, never on what else is in the table.
 */
import {
  durationLimit,
  binsOf,
  durationBinsOf,
  expandPattern,
  reachOf,
  durationMassOf,
  fillAttributeRow,
  fillDurationRow,
  fillGapRow,
  fillPaceRow,
  PACES,
  PHASES,
  phaseCount,
  gapLimit,
  gapTableOf,
  Letter,
  makeRows,
  settleEnds,
  placeDuration,
  placeGap,
  spanTable,
  valueIn,
  WitnessNodes,
  type AttributeField,
  type Bag,
  newBinLimit,
  type BinLimit,
  type DriftTable,
  type Group,
  type ModelContent,
  type QuantileTable,
  type RowColumns,
  type RowContext,
  type Slot,
  type SpanTable,
  type TimingSite,
} from '../features';
import type { IntegerNetwork } from '../nn';
import type { SampledPart } from './part';
import type { SeenInstances } from './seen-instances';
import { Stream } from './strata';
import { drawBin, maskBins, weightsOfLogits, weightsOfMass, type Draw } from './softmax';
import type { TraceIndex, TracePlace } from './trace-index';
import type { TupleMasks } from './tuple-masks';
import { nodeOf, Uniforms, type Lot } from './uniforms';

/** Spans drawn, with the classes of their attribute fields. */
export interface SampledSpans {
  readonly spans: SpanTable;
  /** Class of each field of each span's operation; −1 where a number is absent. Field f of span i is at fieldOffset[i] + f. */
  readonly fieldOffset: Int32Array;
  readonly classes: Int16Array;
  /** Scaled numbers of numeric fields, at the same places. */
  readonly numbers: Float64Array;
}

/** Told of each time that is drawn with the network: weights of bins 0 … last. */
export type Tally = (spans: SpanTable, i: number, field: number, weights: Float64Array, last: number) => void;

/** Told of each wave that is drawn; its answer says which traces (1) are drawn on. */
export type WaveJudge = (spans: SpanTable, wave: number) => Uint8Array;

export class Sampler {
  readonly uniforms: Uniforms;
  /** Attribute fields of each operation, by index into content.fields. */
  private readonly fieldsOf: number[][];
  /** Weights of durations by site, for models without a network. */
  private readonly durationMasses: Array<Float64Array | undefined> = [];
  private readonly draw: Draw = { bin: 0, share: 0 };
  private readonly limit = newBinLimit();
  /** Phases of each shape that have a pace. */
  private readonly phases: number[];
  private readonly witnessNodes: WitnessNodes;
  private rows: RowColumns | undefined;
  private rowCapacity = 0;

  constructor(
    private readonly content: ModelContent,
    private readonly context: RowContext,
    private readonly network: IntegerNetwork | undefined,
    index: TraceIndex,
    readonly key: number,
    private readonly masks: TupleMasks,
    private readonly instances: SeenInstances,
    /** Whether uniforms fill strata, see `OpenOptions.stratified`. */
    fillsStrata = true,
    private readonly drifts?: DriftTable,
    private readonly tally?: Tally
  ) {
    this.uniforms = new Uniforms(content, index, key, fillsStrata);
    this.phases = content.layouts.map(phaseCount);
    this.witnessNodes = new WitnessNodes(content.layouts);
    this.fieldsOf = content.dictionary.operations.map(() => []);
    content.fields.forEach((field, f) => this.fieldsOf[field.operation]?.push(f));
  }

  /**
   * Draws everything that varies of these traces, or a part of it: the same bins either way.
   * @param judge - asked after each wave which traces to go on with; the values of the others mean nothing
   */
  async sample(places: readonly TracePlace[], part?: SampledPart, judge?: WaveJudge): Promise<SampledSpans> {
    const { content } = this;
    const spans = spanTable(
      part?.layouts ?? content.layouts,
      places.map((place) => place.shape),
      places.map((place) => content.segments.row[place.row] as number),
      part?.sites ?? content.sites,
      part === undefined ? content.needs : part.needs
    );
    places.forEach((place, t) => (spans.tick[t] = content.ticks.row[place.row] as number));
    const lot: Lot = { places, part };
    this.setShifts(spans, lot);
    this.drawInstances(spans, lot);
    let alive: Uint8Array | undefined;
    const left = (list: Int32Array): Int32Array =>
      alive === undefined ? list : list.filter((i) => alive?.[spans.traceOf[i] as number] === 1);
    const waves = groupByWave(spans);
    for (const [w, all] of waves.entries()) {
      const wave = left(all);
      if (wave.length > 0) {
        await this.drawGaps(spans, wave, lot);
        await this.drawDurations(spans, wave, lot);
        alive = judge?.(spans, w);
        if (w === 0 && waves.length > 1) {
          await this.drawPaces(spans, lot, alive);
        }
      }
    }
    const sampled = await this.drawAttributes(spans, lot, alive);
    if ((part === undefined || part.whole === true) && content.timing.settling) {
      settleEnds(this.context, spans, (i, table) => {
        const bins = binsOf(table);
        const u = this.uniforms.ofSite(Stream.Rest, spans.site[i] as number, spans, i, lot) * bins;
        const bin = Math.min(bins - 1, Math.floor(u));
        return valueIn(table, bin, u - bin);
      });
    }
    return sampled;
  }

  /** What the counts say of where spans begin. */
  private setShifts(spans: SpanTable, { places, part }: Lot): void {
    const { counts, layouts } = this.content;
    places.forEach(({ row, shape }, t) => {
      const pattern = counts.patterns[counts.pattern[row] as number];
      if (pattern === undefined || pattern.length === 0) {
        return;
      }
      const shifts = expandPattern(pattern, layouts[shape]?.size ?? 0) ?? [];
      const from = spans.offset[t] as number;
      for (let i = from; i < (spans.offset[t + 1] as number); i++) {
        const node = part === undefined ? i - from : ((part.nodes[shape] as Int32Array)[i - from] as number);
        spans.shift[i] = Math.max(0, shifts[node] as number);
      }
      spans.reach[t] = reachOf(pattern);
    });
  }

  /** Instances are drawn first: durations depend on them. */
  private drawInstances(spans: SpanTable, lot: Lot): void {
    if (this.instances.matter && this.network !== undefined) {
      lot.places.forEach((place, t) => this.instances.set(spans, t, place, (i) => nodeOf(spans, i, lot)));
    }
  }

  /** Rows for at least `count` spans; their contents are overwritten by the next use. */
  private rowsFor(count: number): RowColumns {
    if (this.rows === undefined || this.rowCapacity < count) {
      this.rowCapacity = Math.max(count, 1024);
      this.rows = makeRows(this.context, this.rowCapacity);
    }
    return this.rows;
  }

  /** Logits of the spans for which `field` is a field of the network, in order; undefined without a network. */
  private async logits(
    list: ArrayLike<number>,
    hasField: (i: number) => boolean,
    fill: (i: number, rows: RowColumns, r: number) => void
  ): Promise<Int32Array | Int16Array | undefined> {
    if (this.network === undefined) {
      return undefined;
    }
    const rows = this.rowsFor(list.length);
    let count = 0;
    for (let n = 0; n < list.length; n++) {
      const i = list[n] as number;
      if (hasField(i)) {
        fill(i, rows, count++);
      }
    }
    return count === 0 ? undefined : this.network.logits({ count, indices: rows.indices, levels: rows.levels });
  }

  /** Adds the drifts of the fields of some spans to their logits, which are in the order of the spans. */
  private addDrifts(
    logits: Int32Array | Int16Array | undefined,
    spans: SpanTable,
    list: Int32Array,
    fieldOf: Int32Array
  ): void {
    if (this.drifts === undefined || logits === undefined) {
      return;
    }
    const { classes } = (this.network as IntegerNetwork).spec;
    let row = 0;
    for (const i of list) {
      const field = fieldOf[spans.site[i] as number] as number;
      if (field >= 0) {
        this.drifts.addTo(logits, row++ * classes, field, spans, i);
      }
    }
  }

  private drawFrom(
    bins: number,
    mass: Float64Array | undefined,
    logits: Int32Array | Int16Array | undefined,
    row: number,
    u: number,
    limit?: BinLimit
  ): Float64Array {
    const weights =
      logits === undefined || row < 0
        ? weightsOfMass(mass, bins)
        : weightsOfLogits(logits, row * (this.network as IntegerNetwork).spec.classes, bins);
    if (limit !== undefined) {
      maskBins(weights, limit);
    }
    drawBin(weights, bins, u, this.draw, limit);
    return weights;
  }

  private durationMass(s: number): Float64Array | undefined {
    const { timing } = this.context;
    return (this.durationMasses[s] ??= durationMassOf(timing, timing.sites[s] as TimingSite));
  }

  /** How slow traces are in each phase: drawn once their first span is known. */
  private async drawPaces(spans: SpanTable, { places }: Lot, alive: Uint8Array | undefined): Promise<void> {
    const { context, network } = this;
    for (let phase = 0; network !== undefined && phase < context.paceFields.length; phase++) {
      const firsts = spans.offset
        .subarray(0, spans.traces)
        .filter((_, t) => phase < (this.phases[spans.shape[t] as number] as number) && alive?.[t] !== 0);
      const field = context.paceFields[phase] as number;
      const logits = await this.logits(
        firsts,
        () => true,
        (i, rows, r) => fillPaceRow(context, spans, i, phase, rows, r)
      );
      firsts.forEach((i, row) => {
        const t = spans.traceOf[i] as number;
        const at = row * network.spec.classes;
        this.drifts?.addTo(logits!, at, field, spans, i);
        const u = this.uniforms.ofFirst(Stream.Pace + phase, spans.site[i] as number, places[t] as TracePlace);
        const weights = this.drawFrom(PACES, undefined, logits, row, u);
        this.tally?.(spans, i, field, weights, PACES - 1);
        spans.pace[t * PHASES + phase] = this.draw.bin + 1;
      });
    }
  }

  private async drawGaps(spans: SpanTable, wave: Int32Array, lot: Lot): Promise<void> {
    const { context } = this;
    const { sites } = context.timing;
    const fieldAt = (i: number): boolean => (context.gapField[spans.site[i] as number] as number) >= 0;
    const logits = await this.logits(wave, fieldAt, (i, rows, r) => fillGapRow(context, spans, i, rows, r));
    this.addDrifts(logits, spans, wave, context.gapField);
    let row = 0;
    for (const i of wave) {
      const s = spans.site[i] as number;
      const site = sites[s] as TimingSite;
      const table = gapTableOf(context, site);
      if (table === undefined) {
        continue;
      }
      gapLimit(spans, i, site, table, this.limit);
      const u = this.uniforms.ofSite(Stream.Gap, s, spans, i, lot);
      const weights = this.drawFrom(binsOf(table), table.mass, logits, fieldAt(i) ? row++ : -1, u, this.limit);
      if (fieldAt(i)) {
        this.tally?.(spans, i, context.gapField[s] as number, weights, this.limit.bin);
      }
      placeGap(context, spans, i, this.draw.bin, this.draw.share);
    }
  }

  private async drawDurations(spans: SpanTable, wave: Int32Array, lot: Lot): Promise<void> {
    const { context } = this;
    const { sites } = context.timing;
    const fieldAt = (i: number): boolean => (context.durationField[spans.site[i] as number] as number) >= 0;
    const { unit } = this.content.window;
    const logits = await this.logits(wave, fieldAt, (i, rows, r) => fillDurationRow(context, spans, i, rows, r));
    this.addDrifts(logits, spans, wave, context.durationField);
    let row = 0;
    for (const i of wave) {
      const s = spans.site[i] as number;
      const site = sites[s] as TimingSite;
      durationLimit(context, spans, i, site, this.limit);
      const u = this.uniforms.ofSite(Stream.Duration, s, spans, i, lot);
      const bins = durationBinsOf(context.timing, site);
      const weights = this.drawFrom(bins, this.durationMass(s), logits, fieldAt(i) ? row++ : -1, u, this.limit);
      if (fieldAt(i)) {
        this.tally?.(spans, i, context.durationField[s] as number, weights, this.limit.bin);
      }
      placeDuration(context, spans, i, this.draw.bin, this.draw.share, unit);
    }
  }

  private async drawAttributes(spans: SpanTable, lot: Lot, alive?: Uint8Array): Promise<SampledSpans> {
    const { content, context } = this;
    const { part } = lot;
    const fieldOffset = new Int32Array(spans.size + 1);
    const depth = new Int32Array(spans.size);
    const levels: number[][] = [];
    for (let i = 0; i < spans.size; i++) {
      const trace = spans.traceOf[i] as number;
      const shape = spans.shape[trace] as number;
      const count =
        part === undefined
          ? (this.fieldsOf[spans.operation[i] as number] as number[]).length
          : ((part.fields[shape] as Int32Array)[i - (spans.first[i] as number)] as number);
      fieldOffset[i + 1] = (fieldOffset[i] as number) + count;
      const parent = spans.parent[i] as number;
      depth[i] = parent < 0 ? 0 : (depth[parent] as number) + 1;
      if (count > 0 && alive?.[trace] !== 0) {
        (levels[depth[i] as number] ??= []).push(i);
      }
    }
    const total = fieldOffset[spans.size] as number;
    const sampled: SampledSpans = {
      spans,
      fieldOffset,
      classes: new Int16Array(total).fill(-1),
      numbers: new Float64Array(total),
    };
    for (const level of levels) {
      for (let f = 0, list = level ?? []; list.length > 0; f++) {
        list = list.filter((i) => f < (fieldOffset[i + 1] as number) - (fieldOffset[i] as number));
        const fieldAt = (i: number): number => (this.fieldsOf[spans.operation[i] as number] as number[])[f] as number;
        const drawn = list.filter((i) => this.applies(sampled, i, content.fields[fieldAt(i)] as AttributeField));
        const inNetwork = (i: number): boolean => (context.attributeField[fieldAt(i)] as number) >= 0;
        const logits = await this.logits(drawn, inNetwork, (i, rows, r) =>
          fillAttributeRow(context, spans, i, fieldAt(i), rows, r, this.witnesses(spans, i, fieldAt(i), lot))
        );
        let row = 0;
        for (const i of drawn) {
          this.drawField(sampled, i, f, fieldAt(i), logits, inNetwork(i) ? row++ : -1, lot);
        }
      }
    }
    return sampled;
  }

  /** The spans whose durations a field sees, see {@link AttributeField.witnesses}. */
  private witnesses(spans: SpanTable, i: number, field: number, lot: Lot): readonly number[] {
    const { witnesses } = this.content.fields[field] as AttributeField;
    if (witnesses.length === 0) {
      return witnesses;
    }
    const shape = spans.shape[spans.traceOf[i] as number] as number;
    const first = spans.first[i] as number;
    const node = nodeOf(spans, i, lot);
    const drawn = lot.part?.nodes[shape];
    return witnesses.map((place) => {
      const child = this.witnessNodes.of(shape, node, place);
      return child < 0 ? -1 : first + (drawn === undefined ? child : drawn.indexOf(child));
    });
  }

  /** A number is drawn only where its slot's letter says that there is one. */
  private applies(sampled: SampledSpans, i: number, field: AttributeField): boolean {
    if (field.group >= 0) {
      return true;
    }
    const bag = this.content.attributes.operations[field.operation]?.spans as Bag;
    const letters = (bag.slots[field.slot] as Slot).letters;
    const group = bag.groups.findIndex((candidate) => candidate.slots.includes(field.slot));
    if (group < 0) {
      return letters[0]?.letter === Letter.Number;
    }
    const { slots, tuples } = bag.groups[group] as Group;
    const tuple = tuples[sampled.classes[(sampled.fieldOffset[i] as number) + group] as number] as readonly number[];
    return letters[tuple[slots.indexOf(field.slot)] as number]?.letter === Letter.Number;
  }

  private drawField(
    sampled: SampledSpans,
    i: number,
    f: number,
    fieldIndex: number,
    logits: Int32Array | Int16Array | undefined,
    row: number,
    lot: Lot
  ): void {
    const { spans } = sampled;
    const field = this.content.fields[fieldIndex] as AttributeField;
    const bag = this.content.attributes.operations[field.operation]?.spans;
    const u = this.uniforms.ofAttribute(fieldIndex, field.operation, spans, i, lot);
    const at = (sampled.fieldOffset[i] as number) + f;
    if (field.group >= 0) {
      const mass = bag?.groups[field.group]?.mass;
      const weights =
        logits === undefined || row < 0
          ? weightsOfMass(mass, field.classes)
          : weightsOfLogits(logits, row * (this.network as IntegerNetwork).spec.classes, field.classes);
      const shape = (lot.places[spans.traceOf[i] as number] as TracePlace).shape;
      const status = spans.status[i] as number;
      const segment = spans.segment[spans.traceOf[i] as number] as number;
      this.masks.apply(weights, field.operation, field.group, status, shape, nodeOf(spans, i, lot), segment);
      drawBin(weights, field.classes, u, this.draw);
    } else {
      const table = bag?.slots[field.slot]?.table as QuantileTable;
      this.drawFrom(binsOf(table), table.mass, logits, row, u);
      sampled.numbers[at] = valueIn(table, this.draw.bin, this.draw.share);
    }
    sampled.classes[at] = this.draw.bin;
    spans.lastClass[i] = this.draw.bin + 1;
    if (f === 0) {
      spans.mainClass[i] = this.draw.bin + 1;
    }
  }
}

/** Spans by wave: those of one wave need only what earlier waves drew. */
function groupByWave(spans: SpanTable): Int32Array[] {
  const sizes: number[] = [];
  for (let i = 0; i < spans.size; i++) {
    const wave = spans.wave[i] as number;
    sizes[wave] = (sizes[wave] ?? 0) + 1;
  }
  const waves = sizes.map((size) => new Int32Array(size));
  const filled = new Int32Array(waves.length);
  for (let i = 0; i < spans.size; i++) {
    const wave = spans.wave[i] as number;
    (waves[wave] as Int32Array)[filled[wave] as number] = i;
    filled[wave] = (filled[wave] as number) + 1;
  }
  return waves;
}
