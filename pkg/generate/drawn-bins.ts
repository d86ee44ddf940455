/** @file What a network draws, counted: the bins of times and attributes over many traces, without making traces of them. */
import { GentError } from '../common';
import {
  binOf,
  DriftPlaces,
  DriftTable,
  DurationMode,
  durationTableOf,
  isTold,
  OriginIndex,
  PHASES,
  PriorTable,
  TimedBins,
  type TimedCells,
  ResponseSums,
  type DriftKind,
  type Drifts,
  type ModelContent,
  type Priors,
  slackBinsOf,
  type RowContext,
  type ShapeLayout,
  type SpanTable,
  type TimingSite,
} from '../features';
import { loadNetwork, type IntegerNetwork } from '../nn';
import { InstanceDrawer } from './instances';
import { SeenInstances } from './seen-instances';
import type { SampledPart } from './part';
import { withPriors } from './prior-network';
import { hash32 } from './random';
import { Sampler, type Tally } from './sampler';
import { TraceIndex } from './trace-index';
import { TupleMasks } from './tuple-masks';

/** Spans drawn side by side: few enough for the caches. */
const SPANS_A_CHUNK = 8_000;
/** Of a model that has no id yet. */
const NO_ID = '0'.repeat(32);

/** What is drawn from. */
export interface DrawnBinsInput {
  readonly content: ModelContent;
  readonly context: RowContext;
  readonly onnx: Uint8Array;
  readonly seed: number;
}

/** What is drawn with. */
export interface DrawnWith {
  readonly priors: Priors;
  readonly drifts: Drifts;
  /** Times alone, where nobody asks for attributes. */
  readonly timesOnly?: boolean;
  /** Which positions times are counted by. */
  readonly along?: DriftKind;
  /** Whether responses are asked for: they take a third more time. */
  readonly responding?: boolean;
}

/** Which traces are drawn: `first`, then every `stride`-th. */
export interface DrawnTraces {
  readonly first: number;
  readonly stride: number;
}

/** Attribute fields of each operation whose bins are counted. */
function countedFields(
  content: ModelContent,
  context: RowContext
): Array<ReadonlyArray<{ at: number; field: number }>> {
  const fields = content.dictionary.operations.map((): Array<{ at: number; field: number }> => []);
  const seen = new Int32Array(fields.length);
  content.fields.forEach(({ operation }, f) => {
    const at = seen[operation]!++;
    const field = context.attributeField[f] as number;
    if (field >= 0) {
      fields[operation]?.push({ at, field });
    }
  });
  return fields;
}

/** Whole traces, with the attributes of operations that are drawn by the network. */
function partOfAll(content: ModelContent, counted: ReadonlyArray<readonly unknown[]>): SampledPart {
  const perOperation = new Int32Array(content.dictionary.operations.length);
  content.fields.forEach(({ operation }) => perOperation[operation]!++);
  const ofShape = <T>(make: (layout: ShapeLayout) => T): T[] => content.layouts.map(make);
  return {
    layouts: content.layouts,
    sites: content.sites,
    needs: content.needs,
    whole: true,
    nodes: ofShape(({ size }) => Int32Array.from({ length: size }, (_, i) => i)),
    fields: ofShape(({ operation, parent }) => {
      const wanted = operation.map((o) => ((counted[o] ?? []).length > 0 ? (perOperation[o] as number) : 0));
      // what attributes depend on: the first field of each ancestor
      for (let i = wanted.length - 1; i >= 0; i--) {
        const up = parent[i] as number;
        if (up >= 0 && (wanted[i] as number) > 0) {
          wanted[up] = Math.max(wanted[up] as number, Math.min(1, perOperation[operation[up] as number] as number));
        }
      }
      return wanted;
    }),
  };
}

/** What was drawn, counted. */
export interface BinCounts {
  readonly counts: Float64Array<ArrayBuffer>;
  /**
   * Times by the positions asked for, see `TimedBins`: expected where nothing changes them once they are drawn, else as
   * they are settled.
   */
  readonly timed: TimedCells | undefined;
  /** Where they were asked for: see `ResponseSums`. */
  readonly responses: Float64Array<ArrayBuffer> | undefined;
}

/** Draws times and attributes, and counts their bins. */
export class BinCounter {
  private readonly index: TraceIndex;
  private readonly instances: SeenInstances;
  private readonly masks: TupleMasks;
  private readonly counted: ReturnType<typeof countedFields>;
  private readonly part: SampledPart;
  private readonly times: SampledPart;

  private constructor(
    private readonly input: DrawnBinsInput,
    private readonly classes: number,
    private readonly network: IntegerNetwork
  ) {
    const { content, context, seed } = input;
    this.index = new TraceIndex(content, NO_ID);
    const origins = new OriginIndex(content.attributes, content.layouts, content.dictionary, content.resources);
    this.instances = new SeenInstances(
      content,
      new InstanceDrawer(content, this.index.traceCount, hash32(seed, 6) | 0)
    );
    this.masks = new TupleMasks(content, origins);
    this.counted = countedFields(content, context);
    this.part = partOfAll(content, this.counted);
    this.times = partOfAll(content, []);
  }

  /**
   * @param classes - classes that each field has room for
   * @throws GentError NN_*
   */
  static async open(input: DrawnBinsInput, classes: number): Promise<BinCounter> {
    return new BinCounter(input, classes, await loadNetwork(input.onnx));
  }

  close(): Promise<void> {
    return this.network.close();
  }

  /**
   * Draws traces with some priors and drifts.
   * @param cancelled - asked now and then
   * @returns counts as drawn, as many for each field of the network as it has room for classes; after them those of
   * durations once they are settled. Sums of such arrays are for {@link BinCounter.told}
   * @throws GentError CANCELLED, NN_*
   */
  async count(
    { priors, drifts, timesOnly = false, along, responding = false }: DrawnWith,
    { first, stride }: DrawnTraces,
    cancelled: () => boolean
  ): Promise<BinCounts> {
    const { index, counted } = this;
    const { content, context, seed } = this.input;
    const network = withPriors(this.network, new PriorTable(content, context, priors));
    const key = hash32(seed, 1) | 0;
    const drawnAt = new DriftPlaces(content, context);
    const timed = along === undefined ? undefined : new TimedBins(drawnAt.bases, drawnAt.positions[along]);
    const responses = responding ? new ResponseSums(drawnAt.bases) : undefined;
    const tally: Tally = (spans, i, field, weights, last) => {
      const base = drawnAt.baseOf(field);
      responses?.add(base, weights, last);
      const gap = field === context.gapField[spans.site[i] as number];
      if (along !== undefined && (gap || spans.leaf[i] === 1 || context.paceFields.includes(field))) {
        timed?.spread(base, drawnAt.at(along, spans, i), weights, last);
      }
    };
    const sampler = new Sampler(
      content,
      context,
      network,
      index,
      key,
      this.masks,
      this.instances,
      true,
      new DriftTable(content, context, drifts),
      tally
    );
    const part = timesOnly ? this.times : this.part;
    const size = context.fields * this.classes;
    const counts = new Float64Array(2 * size);
    const count = (field: number, bin: number, from = 0): void => {
      if (field >= 0) {
        const at = from + field * this.classes + bin;
        counts[at] = (counts[at] as number) + 1;
      }
    };
    for (let next = first; next < index.traceCount;) {
      if (cancelled()) {
        throw new GentError('CANCELLED', 'training was cancelled');
      }
      const places = [];
      for (let size = 0; size < SPANS_A_CHUNK && next < index.traceCount; next += stride) {
        const place = index.placeOf(next);
        size += content.layouts[place.shape]?.size ?? 1;
        places.push(place);
      }
      const { spans, fieldOffset, classes: drawn } = await sampler.sample(places, part);
      spans.pace.forEach((pace, at) => pace > 0 && count(context.paceFields[at % PHASES] as number, pace - 1));
      for (let i = 0; i < spans.size; i++) {
        const site = spans.site[i] as number;
        count(context.gapField[site] as number, spans.gapBin[i] as number);
        const field = context.durationField[site] as number;
        count(field, spans.durationBin[i] as number);
        if (field >= 0) {
          const settled = settledBin(context, spans, i);
          count(field, settled, size);
          if (along !== undefined && spans.leaf[i] === 0) {
            timed?.add(drawnAt.baseOf(field), drawnAt.at(along, spans, i), settled);
          }
        }
        for (const { at, field } of timesOnly ? [] : (counted[spans.operation[i] as number] ?? [])) {
          const bin = drawn[(fieldOffset[i] as number) + at] as number;
          if (bin >= 0) {
            count(field, bin);
          }
        }
      }
    }
    return { counts, timed: timed?.finish(), responses: responses?.sums };
  }

  /** What the sum of counts says: of durations, where they lie once they are settled. */
  told(counts: Float64Array): Float64Array {
    const { context } = this.input;
    const told = counts.slice(0, counts.length / 2);
    const settled = counts.subarray(told.length);
    for (const field of context.durationField) {
      if (field >= 0) {
        const [from, to] = [field * this.classes, (field + 1) * this.classes];
        takeSettled(told.subarray(from, to), settled.subarray(from, to));
      }
    }
    return told;
  }
}

/** The bin of what span i lasts once it is settled; of what it leaves of its parent, where that tells it. */
function settledBin(context: RowContext, spans: SpanTable, i: number): number {
  const site = context.timing.sites[spans.site[i] as number] as TimingSite;
  const bin = spans.durationBin[i] as number;
  if (isTold(context.timing, site, bin) || site.mode === DurationMode.Ratio) {
    return bin;
  }
  return slackBinsOf(context.timing, site) + binOf(durationTableOf(context, site), spans.duration[i] as number);
}

/** Share of the counts at either end that are left as drawn: there bins are narrow and far apart. */
const END_SHARE = 0.02;

/** Puts counts of settled durations in the place of those drawn, but for the ends. */
function takeSettled(drawn: Float64Array, settled: Float64Array): void {
  const total = drawn.reduce((sum, n) => sum + n, 0);
  let before = 0;
  for (let bin = 0; bin < drawn.length; bin++) {
    const n = drawn[bin] as number;
    if (before >= END_SHARE * total && before + n <= (1 - END_SHARE) * total) {
      drawn[bin] = settled[bin] as number;
    }
    before += n;
  }
}
