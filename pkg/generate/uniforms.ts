/** @file Uniform numbers of the spans that are drawn: each a function of the model, the field and the occurrence of the span. */
import type { AttributeField, ModelContent, SpanTable } from '../features';
import type { SampledPart } from './part';
import { locallyStratified, stratified } from './random';
import { Strata, Stream, streamKey } from './strata';
import { TimeStrata } from './time-strata';
import type { TraceIndex, TracePlace } from './trace-index';

/** Traces drawn together, whole or in part. */
export interface Lot {
  readonly places: readonly TracePlace[];
  readonly part: SampledPart | undefined;
}

/** Strata without end. */
const UNCOUNTED_STRATA = 2 ** 40;

/** Node of span i in its whole shape. */
export function nodeOf(spans: SpanTable, i: number, { places, part }: Lot): number {
  const at = i - (spans.first[i] as number);
  const shape = (places[spans.traceOf[i] as number] as TracePlace).shape;
  return part === undefined ? at : ((part.nodes[shape] as Int32Array)[at] as number);
}

/** Uniform numbers in [0, 1). */
export class Uniforms {
  private readonly siteStrata: Strata;
  private readonly operationStrata: Strata;
  private readonly timeStrata: TimeStrata;

  /** @param fillsStrata - whether numbers fill strata, see `OpenOptions.stratified` */
  constructor(
    private readonly content: ModelContent,
    index: TraceIndex,
    private readonly key: number,
    private readonly fillsStrata: boolean
  ) {
    this.siteStrata = new Strata(content.sites, content.timing.sites.length, index.shapeTraces);
    this.timeStrata = new TimeStrata(content);
    this.operationStrata = new Strata(
      content.layouts.map((layout) => layout.operation),
      content.dictionary.operations.length,
      index.shapeTraces
    );
  }

  private occurrence(strata: Strata, spans: SpanTable, i: number, lot: Lot): number {
    const place = lot.places[spans.traceOf[i] as number] as TracePlace;
    const base = (strata.base[place.shape] as Float64Array)[nodeOf(spans, i, lot)] as number;
    return base + place.ofShape;
  }

  /** A uniform number: one of its strata, or one of so many that it is as good as drawn by itself. */
  private spread(occurrence: number, strata: number, key: number): number {
    if (!this.fillsStrata) {
      return stratified(occurrence, UNCOUNTED_STRATA, key);
    }
    return this.content.timing.even ? locallyStratified(occurrence, strata, key) : stratified(occurrence, strata, key);
  }

  /** Of the first span of a trace, at a site: the same as {@link Uniforms.ofSite} gives. */
  ofFirst(stream: Stream, site: number, { shape, ofShape }: TracePlace): number {
    const occurrence = ((this.siteStrata.base[shape] as Float64Array)[0] as number) + ofShape;
    return this.spread(occurrence, this.siteStrata.total[site] as number, streamKey(this.key, stream, site));
  }

  /** Of span i of a site, for one of the streams. */
  ofSite(stream: Stream, site: number, spans: SpanTable, i: number, lot: Lot): number {
    const n = this.siteStrata.total[site] as number;
    return this.spread(this.occurrence(this.siteStrata, spans, i, lot), n, streamKey(this.key, stream, site));
  }

  /** Of an attribute field. Spans of one operation fill its strata together in format 0, since then those of one site do. */
  ofAttribute(field: number, operation: number, spans: SpanTable, i: number, lot: Lot): number {
    const key = streamKey(this.key, Stream.Attribute, field);
    if (this.content.attributes.format === 0) {
      const n = this.operationStrata.total[operation] as number;
      return this.spread(this.occurrence(this.operationStrata, spans, i, lot), n, key);
    }
    const site = spans.site[i] as number;
    const salt = key ^ Math.imul(site + 1, 0x2c1b3c6d);
    const { tabled, group } = this.content.fields[field] as AttributeField;
    if (tabled) {
      const place = lot.places[spans.traceOf[i] as number] as TracePlace;
      // contexts differ by site, so spans of one site that are tabled share the shortest of their stretches
      const tables = this.content.attributes.operations[operation]?.spans.groups[group]?.tables ?? [];
      const width = tables.reduce((least, table) => Math.min(least, table.segments), this.content.segments.count);
      const segment = spans.segment[spans.traceOf[i] as number] as number;
      const node = nodeOf(spans, i, lot);
      const stratum = this.timeStrata.place(place.shape, node, place.ofShape, segment, Math.max(1, width));
      if (stratum !== undefined) {
        return this.spread(stratum.at, stratum.of, salt ^ Math.imul(stratum.stretch + 1, 0x7feb352d));
      }
    }
    return this.spread(this.occurrence(this.siteStrata, spans, i, lot), this.siteStrata.total[site] as number, salt);
  }
}
