/** @file Opens a `.gent` file for generating. Nothing but the file is read. */
import { GentError } from '../common';
import {
  contextOf,
  DriftTable,
  expandPattern,
  OriginIndex,
  readContent,
  readDrifts,
  type ModelContent,
  type ShapeLayout,
} from '../features';
import { ByteReader, readModelFile, type Manifest } from '../model';
import type { IntegerNetwork, Runtime } from '../nn';
import { traceBounds, type Trace } from '../trace';
import { Assembler } from './assemble';
import { ClassValues } from './class-values';
import { readExemplars } from './exemplar-section';
import { InstanceDrawer } from './instances';
import { SeenInstances } from './seen-instances';
import { placeTrace } from './placement';
import { lazyNetwork, openNetwork } from './prior-network';
import { hash32 } from './random';
import { readNetworkSection } from './network-section';
import { FirstSpans } from './first-spans';
import { Sampler } from './sampler';
import { Sifter } from './sift';
import { buildClasses, buildSpanCounts } from './span-classes';
import { TraceIndex } from './trace-index';
import { TupleMasks } from './tuple-masks';
import type { SpanCounts, TraceGenerator } from './types';

export interface OpenOptions {
  /** Which ONNX Runtime evaluates the network; both give the same traces. Default native. */
  readonly runtime?: Runtime;
  /**
   * false: gaps, durations and attributes are drawn each by itself instead of filling strata; only to measure what strata
   * are worth, since such traces are not those that the model stands for. Default true.
   */
  readonly stratified?: boolean;
  /**
   * Puts off what only drawing needs: a file whose network or priors are not what they should be is then refused by the
   * first trace that is drawn, not here. Their hashes are checked in any case.
   */
  readonly lazy?: boolean;
}

/** A model with what its file says of it. */
export interface OpenedModel extends TraceGenerator {
  readonly manifest: Manifest;
  /** Stored bytes by section, the manifest included. */
  readonly sectionBytes: Readonly<Record<string, number>>;
  readonly content: ModelContent;
}

/** Spans drawn side by side: enough to keep the network busy, few enough for the caches. */
const SPANS_A_CHUNK = 40_000;
const NANOS = 1_000_000_000n;

/**
 * Opens a model.
 * @param bytes - the whole file
 * @throws GentError MODEL_* or NN_*, naming the section that is wrong
 */
export async function openModel(bytes: Uint8Array, options: OpenOptions = {}): Promise<OpenedModel> {
  const file = readModelFile(bytes);
  const content = readContent((name) => file.section(name));
  const { sizes, onnx } = readNetworkSection(file.section('network'));
  const context = contextOf(content, sizes);
  let network: IntegerNetwork | undefined;
  if (onnx !== undefined) {
    const { runtime = 'native', lazy = false } = options;
    const open = () => openNetwork({ onnx, content, context, priors: () => file.optional('priors'), runtime });
    network = lazy ? lazyNetwork(open) : await open();
  }
  const { manifest } = file;
  const key = (part: number): number => hash32(Number.parseInt(manifest.id.slice(24, 32), 16) | 0, part) | 0;
  const index = new TraceIndex(content, manifest.id);
  const origins = new OriginIndex(content.attributes, content.layouts, content.dictionary, content.resources);
  const keys = { ids: key(2), values: key(3), events: key(4), links: key(5), resources: key(6) };
  const instances = new InstanceDrawer(content, index.traceCount, keys.resources);
  const masks = new TupleMasks(content, origins);
  const driftBytes = file.optional('drifts');
  const drifts =
    driftBytes === undefined
      ? undefined
      : new DriftTable(content, context, readDrifts(new ByteReader(driftBytes, 'drifts'), content, context));
  const seen = new SeenInstances(content, instances);
  const sampler = new Sampler(content, context, network, index, key(1), masks, seen, options.stratified, drifts);
  const first = new FirstSpans(content, context, network, sampler.uniforms, seen, drifts);
  const sifter = new Sifter(content, context, index, sampler, first);
  const assembler = new Assembler(content, manifest.id, keys, index, origins, instances);
  const anchorKey = key(7);
  const exemplars = readExemplars(content, index, manifest.id, file.section('exemplars'));
  const exemplarOf = new Map(Array.from(exemplars, ([i, trace]) => [trace.traceId, i]));
  const classes = buildClasses(content, manifest.id, exemplars.size > 0);
  const classValues = new ClassValues(content, classes);
  let spanCounts: SpanCounts | undefined;
  const longest = longestSpans(content);

  const chunk = async (wanted: number[]): Promise<Trace[]> => {
    const indices = wanted.filter((i) => !exemplars.has(i));
    const drawn = (await draw(indices)).values();
    return wanted.map((i) => exemplars.get(i) ?? (drawn.next().value as Trace));
  };

  const draw = async (indices: number[]): Promise<Trace[]> => {
    const places = indices.map((i) => index.placeOf(i));
    const sampled = await sampler.sample(places);
    return places.map((place, t) => {
      const trace = indices[t] as number;
      const starts = sampled.spans.start.subarray(sampled.spans.offset[t], sampled.spans.offset[t + 1]);
      return assembler.trace(
        trace,
        index.traceId(trace),
        place,
        sampled,
        t,
        placeTrace(content, place, starts, anchorKey)
      );
    });
  };

  // One call at a time: the network's buffers are shared.
  let queue: Promise<unknown> = Promise.resolve();

  return {
    manifest,
    sectionBytes: file.sectionBytes,
    content,
    modelId: manifest.id,
    traceCount: index.traceCount,
    spanCount: index.spanCount,
    classes: classes.classes,
    get spanCounts() {
      spanCounts ??= buildSpanCounts(content, classes);
      return spanCounts;
    },
    shapeOf: (i) => content.counts.shape[index.rowOf(i)] as number,
    shapeCount: content.layouts.length,
    shapeClasses: (shape) => classes.ofShape[shape] as Uint32Array,
    shapeParents: (shape) => (content.layouts[shape] as ShapeLayout).parent,
    rows: {
      bucketSeconds: content.counts.bucketSeconds,
      buckets: content.counts.bucket,
      shapes: content.counts.shape,
      counts: content.counts.count,
      shiftsOf(row) {
        const { patterns, pattern, shape } = content.counts;
        const { size } = content.layouts[shape[row] as number] as ShapeLayout;
        return expandPattern(patterns[pattern[row] as number] ?? [], size);
      },
    },
    boundsOf(i) {
      const exemplar = exemplars.get(i);
      if (exemplar !== undefined) {
        return traceBounds(exemplar);
      }
      const row = index.rowOf(i);
      const width = BigInt(content.counts.bucketSeconds) * NANOS;
      const pattern = content.counts.patterns[content.counts.pattern[row] as number] ?? [];
      const shifts = pattern.map((run) => run.shift);
      const bucket = BigInt(content.counts.bucket[row] as number);
      const start = (bucket + BigInt(Math.min(0, ...shifts))) * width;
      const lastStart = (bucket + BigInt(Math.max(0, ...shifts)) + 1n) * width - 1n;
      const { minStart, maxStart } = content.window;
      const longestSpan = BigInt(longest[content.counts.shape[row] as number] as number);
      return {
        start: start < minStart ? minStart : start,
        end: (lastStart > maxStart ? maxStart : lastStart) + longestSpan,
      };
    },
    firstIndexAt: (time) => index.firstIndexAt(time),
    traceId: (i) => exemplars.get(i)?.traceId ?? index.traceId(i),
    indexOf(traceId) {
      const i = exemplarOf.get(traceId) ?? index.indexOf(traceId);
      // the id that a trace would have been generated under, had it not been kept
      return i !== undefined && exemplars.has(i) && exemplars.get(i)?.traceId !== traceId ? undefined : i;
    },
    isExemplar: (i) => exemplars.has(i),
    exemplars: [...exemplars.keys()].sort((a, b) => a - b),
    async generate(indices, { signal } = {}) {
      const list = Array.from(indices);
      for (const i of list) {
        if (!Number.isSafeInteger(i) || i < 0 || i >= index.traceCount) {
          throw new GentError('GENERATE_BAD_INDEX', `trace ${i} of ${index.traceCount}`);
        }
      }
      const run = async (): Promise<Trace[]> => {
        const traces: Trace[] = [];
        for (const part of chunksOf(
          list,
          (i) => content.layouts[content.counts.shape[index.rowOf(i)] as number]?.size ?? 1
        )) {
          if (signal?.aborted) {
            throw new GentError('CANCELLED', 'generation was cancelled');
          }
          for (const trace of await chunk(part)) {
            traces.push(trace);
          }
        }
        return traces;
      };
      const result = queue.then(run);
      queue = result.catch(() => undefined);
      return result;
    },
    valuesOf: (spanClass, scope, key) => classValues.of(spanClass, scope, key),
    possibleValues: (spanClass, scope, key) => classValues.possible(spanClass, scope, key),
    durationBounds: (shape) => sifter.durationBounds(shape),
    attributesOf: (shape, span, keys, variant) => sifter.attributesOf(shape, span, keys, variant),
    async sift(this: TraceGenerator, indices, sieve, { signal } = {}) {
      const isReal = (i: number): boolean => this.isExemplar(i);
      const result = queue.then(async () => sifter.sift(indices, sieve, isReal, signal));
      queue = result.catch(() => undefined);
      return result;
    },
    async close() {
      await queue;
      await network?.close();
    },
  };
}

function* chunksOf(indices: readonly number[], sizeOf: (index: number) => number): Generator<number[]> {
  let part: number[] = [];
  let spans = 0;
  for (const index of indices) {
    part.push(index);
    spans += sizeOf(index);
    if (spans >= SPANS_A_CHUNK) {
      yield part;
      part = [];
      spans = 0;
    }
  }
  if (part.length > 0) {
    yield part;
  }
}

/** Longest duration that any span of each shape can have. */
function longestSpans(content: ModelContent): Float64Array {
  return Float64Array.from(content.layouts, (_: ShapeLayout, shape) =>
    (content.sites[shape] as Int32Array).reduce(
      (most, site) => Math.max(most, content.timing.sites[site]?.maxDuration ?? 0),
      0
    )
  );
}
