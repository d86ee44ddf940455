/**
 * @file Sifting: traces are drawn field by field, only as far as it takes to tell that they cannot matter to a question.
 * What is drawn are the very values that the whole traces have, so what is left out surely does not matter.
 */
import { GentError } from '../common';
import {
  durationTableOf,
  type ModelContent,
  type RowContext,
  type SpanTable,
  type TimeNeeds,
  type TimingSite,
} from '../features';
import { AttributeVariants } from './attribute-variants';
import { BoundsOf, type DrawnTimes } from './duration-bounds';
import type { FirstSpans } from './first-spans';
import { partOf, type NodeWish, type SampledPart, type ShapePart } from './part';
import type { SampledSpans, Sampler } from './sampler';
import type { TraceIndex, TracePlace } from './trace-index';
import type { DrawnAttributes, DurationRanges, Sieve, Sifted } from './types';

/** Traces whose first spans are drawn together, and spans of parts drawn side by side. */
const TRACES_A_CHUNK = 8192;
const SPANS_A_CHUNK = 40_000;
const MAX_TIME = (1n << 64n) - 1n;

/** How one shape is sifted. */
interface ShapePlan {
  readonly part: ShapePart;
  /** Attributes asked of each wanted span; undefined: none. */
  readonly variants: ReadonlyArray<AttributeVariants | undefined>;
  readonly bounds: DurationRanges;
  readonly drawn: Float64Array;
  /** By bin of the first span's duration: whether a trace may matter. */
  readonly bins: Uint8Array;
  /** Waves after which something new is known. */
  readonly decisive: Uint8Array;
  /** Whether the first span's duration is all there is to know. */
  readonly firstOnly: boolean;
}

/** How the shapes of a model are sifted for one question. */
interface Plans {
  /** By shape; null: nothing that is drawn decides. */
  readonly ofShape: Map<number, ShapePlan | null>;
  readonly part: {
    layouts: Array<SampledPart['layouts'][number]>;
    sites: Int32Array[];
    needs: TimeNeeds[] | undefined;
    nodes: Int32Array[];
    fields: Int32Array[];
  };
}

export class Sifter {
  private readonly plans = new WeakMap<Sieve, Plans>();
  private readonly attributes = new WeakMap<ReadonlySet<string>, Map<number, AttributeVariants>>();
  private readonly boundsOf: BoundsOf;
  /** By shape: asked by every question about durations. */
  private readonly shapeBounds: Array<DurationRanges | undefined> = [];
  /** Ends of spans stay within 64 bits, so durations are what is drawn. */
  private readonly plain: boolean;

  constructor(
    private readonly content: ModelContent,
    private readonly context: RowContext,
    private readonly index: TraceIndex,
    private readonly sampler: Sampler,
    private readonly first: FirstSpans
  ) {
    this.boundsOf = new BoundsOf(context);
    const longest = content.timing.sites.reduce((most, site) => Math.max(most, site.maxDuration), 0);
    this.plain = content.window.maxStart + BigInt(Math.ceil(longest)) < MAX_TIME;
  }

  /** Bounds of the durations of a shape's spans, whatever is drawn. */
  durationBounds(shape: number): DurationRanges {
    return (this.shapeBounds[shape] ??= this.boundsOfShape(shape));
  }

  private boundsOfShape(shape: number): DurationRanges {
    const layout = this.content.layouts[shape];
    const size = layout?.size ?? 0;
    const bounds = { least: new Float64Array(size), most: new Float64Array(size).fill(Infinity) };
    if (layout !== undefined && this.plain) {
      const all = Int32Array.from({ length: size }, (_, i) => i);
      this.boundsOf.of(layout, this.content.sites[shape] as Int32Array, all, -1, undefined, bounds);
    }
    return bounds;
  }

  /** What a variant of the attributes of a span says of those with these keys. */
  attributesOf(shape: number, span: number, keys: ReadonlySet<string>, variant: number): DrawnAttributes {
    const operation = this.content.layouts[shape]?.operation[span] ?? 0;
    return this.variantsFor(operation, keys).at(variant);
  }

  private variantsFor(operation: number, keys: ReadonlySet<string>): AttributeVariants {
    let known = this.attributes.get(keys);
    if (known === undefined) {
      known = new Map();
      this.attributes.set(keys, known);
    }
    let variants = known.get(operation);
    if (variants === undefined) {
      variants = new AttributeVariants(this.content, operation, keys);
      known.set(operation, variants);
    }
    return variants;
  }

  /** See {@link TraceGenerator.sift}. One call at a time. @param isReal - of a trace that is kept verbatim */
  async sift(
    indices: readonly number[],
    sieve: Sieve,
    isReal: (index: number) => boolean,
    signal?: AbortSignal
  ): Promise<Sifted> {
    const plans = this.plansOf(sieve);
    const kept = new Uint8Array(indices.length).fill(1);
    let drawn = 0;
    for (let from = 0; from < indices.length; from += TRACES_A_CHUNK) {
      if (signal?.aborted) {
        throw new GentError('CANCELLED', 'generation was cancelled');
      }
      const at: number[] = [];
      const places: TracePlace[] = [];
      for (let n = from; n < Math.min(indices.length, from + TRACES_A_CHUNK); n++) {
        const place = this.index.placeOf(indices[n] as number);
        if (!isReal(indices[n] as number) && this.planOf(plans, sieve, place.shape) !== null) {
          at.push(n);
          places.push(place);
        }
      }
      drawn += places.length;
      const left = await this.byFirst(plans, sieve, places);
      for (const t of left.lost) {
        kept[at[t] as number] = 0;
      }
      for (const chunk of this.chunks(plans, places, left.open)) {
        if (signal?.aborted) {
          throw new GentError('CANCELLED', 'generation was cancelled');
        }
        const result = await this.byParts(
          plans,
          sieve,
          chunk.map((t) => places[t] as TracePlace)
        );
        drawn += result.drawn;
        result.alive.forEach((alive, c) => {
          kept[at[chunk[c] as number] as number] = alive;
        });
      }
    }
    return { kept: indices.filter((_, n) => kept[n] === 1), drawn };
  }

  private plansOf(sieve: Sieve): Plans {
    let plans = this.plans.get(sieve);
    if (plans === undefined) {
      plans = {
        ofShape: new Map(),
        part: { layouts: [], sites: [], needs: this.content.needs && [], nodes: [], fields: [] },
      };
      this.plans.set(sieve, plans);
    }
    return plans;
  }

  private planOf(plans: Plans, sieve: Sieve, shape: number): ShapePlan | null {
    let plan = plans.ofShape.get(shape);
    if (plan === undefined) {
      plan = this.makePlan(sieve, shape);
      plans.ofShape.set(shape, plan);
      if (plan !== null) {
        const { part } = plan;
        plans.part.layouts[shape] = part.layout;
        plans.part.sites[shape] = part.sites;
        if (plans.part.needs !== undefined && part.needs !== undefined) {
          plans.part.needs[shape] = part.needs;
        }
        plans.part.nodes[shape] = part.nodes;
        plans.part.fields[shape] = part.fields;
      }
    }
    return plan;
  }

  private makePlan(sieve: Sieve, shape: number): ShapePlan | null {
    const wanted = this.plain ? sieve.spansOf(shape) : undefined;
    const layout = this.content.layouts[shape];
    if (wanted === undefined || wanted.spans.length === 0 || layout === undefined) {
      return null;
    }
    const variants = Array.from(wanted.spans, (node, k) =>
      wanted.attributes[k] === 1 ? this.variantsFor(layout.operation[node] as number, sieve.keys) : undefined
    );
    const wishes = Array.from(wanted.spans, (node, k): NodeWish => ({ node, fields: variants[k]?.fields ?? 0 }));
    const part = partOf(this.content, shape, wishes);
    const decisive = new Uint8Array(layout.waves);
    part.wishes.forEach((wish) => {
      for (let at = wish; at >= 0; at = part.layout.parent[at] as number) {
        decisive[part.layout.wave[at] as number] = 1;
      }
    });
    const plan: ShapePlan = {
      part,
      variants,
      bounds: { least: new Float64Array(wishes.length), most: new Float64Array(wishes.length) },
      drawn: new Float64Array(wishes.length).fill(-1),
      bins: new Uint8Array(64).fill(1),
      decisive,
      firstOnly: part.nodes.length === 1 && variants.every((one) => one === undefined),
    };
    this.judgeBins(plan, sieve, shape);
    return plan;
  }

  /** Judges each bin of the first span's duration by its edges: most traces need no more than that. */
  private judgeBins(plan: ShapePlan, sieve: Sieve, shape: number): void {
    const { part, bounds, bins, drawn } = plan;
    const site = this.context.timing.sites[part.sites[0] as number] as TimingSite;
    const { edges } = durationTableOf(this.context, site);
    const within = (value: number): number => Math.max(site.minDuration, Math.min(site.maxDuration, value));
    const low = firstTimes();
    const high = firstTimes();
    const least = new Float64Array(bounds.least.length);
    const spare = new Float64Array(bounds.least.length);
    for (let bin = 0; bin + 1 < edges.length; bin++) {
      low.duration[0] = within(edges[bin] as number);
      high.duration[0] = within(edges[bin + 1] as number);
      low.bin[0] = high.bin[0] = bin;
      this.boundsOf.of(part.layout, part.sites, part.wishes, 0, low, { least, most: spare });
      this.boundsOf.of(part.layout, part.sites, part.wishes, 0, high, { least: spare, most: bounds.most });
      bounds.least.set(least);
      bins[bin] = sieve.keeps(shape, bounds.least, bounds.most, drawn) ? 1 : 0;
    }
  }

  /** Sifts by the first spans: those that are lost, and those of which more must be drawn. */
  private async byFirst(
    plans: Plans,
    sieve: Sieve,
    places: readonly TracePlace[]
  ): Promise<{ lost: number[]; open: number[] }> {
    const lost: number[] = [];
    const open: number[] = [];
    const { bin, duration } = await this.first.durations(places);
    const drawn = firstTimes();
    places.forEach(({ shape }, t) => {
      const plan = plans.ofShape.get(shape) as ShapePlan;
      if (plan.bins[bin[t] as number] === 0) {
        lost.push(t);
        return;
      }
      drawn.duration[0] = duration[t] as number;
      drawn.bin[0] = bin[t] as number;
      this.boundsOf.of(plan.part.layout, plan.part.sites, plan.part.wishes, 0, drawn, plan.bounds);
      if (!sieve.keeps(shape, plan.bounds.least, plan.bounds.most, plan.drawn)) {
        lost.push(t);
      } else if (!plan.firstOnly) {
        open.push(t);
      }
    });
    return { lost, open };
  }

  private *chunks(plans: Plans, places: readonly TracePlace[], open: readonly number[]): Generator<number[]> {
    let chunk: number[] = [];
    let spans = 0;
    for (const t of open) {
      chunk.push(t);
      spans += plans.ofShape.get((places[t] as TracePlace).shape)?.part.nodes.length ?? 0;
      if (spans >= SPANS_A_CHUNK) {
        yield chunk;
        chunk = [];
        spans = 0;
      }
    }
    if (chunk.length > 0) {
      yield chunk;
    }
  }

  /** Draws the parts of traces wave by wave, each trace until it is lost. */
  private async byParts(
    plans: Plans,
    sieve: Sieve,
    places: readonly TracePlace[]
  ): Promise<{ alive: Uint8Array; drawn: number }> {
    const alive = new Uint8Array(places.length).fill(1);
    let drawn = 0;
    const judge = (spans: SpanTable, wave: number): Uint8Array => {
      places.forEach(({ shape }, t) => {
        const plan = plans.ofShape.get(shape) as ShapePlan;
        // The first wave was judged before.
        if (wave > 0 && alive[t] === 1 && plan.decisive[wave] === 1) {
          this.measure(plan, spans, t, wave);
          alive[t] = sieve.keeps(shape, plan.bounds.least, plan.bounds.most, plan.drawn) ? 1 : 0;
        }
      });
      return alive;
    };
    const sampled = await this.sampler.sample(places, plans.part, judge);
    places.forEach(({ shape }, t) => {
      const plan = plans.ofShape.get(shape) as ShapePlan;
      drawn += plan.part.nodes.length;
      if (alive[t] === 1 && plan.variants.some((one) => one !== undefined)) {
        this.measure(plan, sampled.spans, t, plan.part.layout.waves);
        const variants = this.variantsOf(plan, sampled, t);
        alive[t] = sieve.keeps(shape, plan.bounds.least, plan.bounds.most, variants) ? 1 : 0;
      }
    });
    return { alive, drawn };
  }

  private measure(plan: ShapePlan, spans: SpanTable, t: number, wave: number): void {
    const { part, bounds } = plan;
    const offset = spans.offset[t] as number;
    this.boundsOf.of(
      part.layout,
      part.sites,
      part.wishes,
      wave,
      { start: spans.start, duration: spans.duration, bin: spans.durationBin, offset },
      bounds
    );
  }

  private variantsOf(plan: ShapePlan, sampled: SampledSpans, t: number): Float64Array {
    const offset = sampled.spans.offset[t] as number;
    return Float64Array.from(plan.variants, (variants, k) => {
      const at = sampled.fieldOffset[offset + (plan.part.wishes[k] as number)] as number;
      return variants === undefined ? -1 : variants.variantOf((field) => sampled.classes[at + field] as number);
    });
  }
}

/** Times of the first span alone. */
function firstTimes(): DrawnTimes {
  return { start: new Float64Array(1), duration: new Float64Array(1), bin: new Uint8Array(1), offset: 0 };
}
