/** @file From traces to a `.gent` file: learn what is exact, train the network, write the sections. */
import { GentError, silentLogger, silentProgress, type Logger, type Progress } from '../common';
import {
  blurTimes,
  contextOf,
  copyOfTimes,
  writeDrifts,
  type Drifts,
  learnPriors,
  LEVELS,
  seededNumbers,
  MAX_BINS,
  PriorTable,
  settleMeasured,
  writeContent,
  writePriors,
  type LearntBatch,
  type RowContext,
} from '../features';
import { writeNetworkSection, type NetworkSection } from '../generate';
import {
  ByteWriter,
  writeModelFile,
  type Manifest,
  type ManifestInput,
  type ModelSections,
  type TrainingSummary,
} from '../model';
import { trainNetwork, type TrainingRows } from '../nn';
import type { Trace } from '../trace';
import { newTrainingBatch, type IdentifiedBatch } from './batch';
import { measureCard, type MeasuredCard } from './card';
import { correctDraws } from './corrections';
import { chooseExemplars } from './exemplars';
import { driftsWithin, learnWithin, packedBytes } from './fit';
import { withFewerAttributes } from './fewer-attributes';
import { hideInputs, withShuffledStarts, type TrainPart } from './parts';
import { planNetwork } from './plan';
import { readPrevious, rowsTakenOver, type PreviousNetwork } from './previous';
import { trainingRows } from './rows';
import { summarise } from './summary';

export interface TrainOptions {
  /** Same seed and input, same file. Default 1. */
  readonly seed?: number;
  /** Passes over the rows; default by their number. 0 = no network, marginals only. */
  readonly epochs?: number;
  /** Largest file wanted; the network and the tables shrink to meet it. */
  readonly maxBytes?: number;
  /** A value seen in fewer traces is never kept verbatim. Default 5. */
  readonly privacyK?: number;
  /** Stored bytes for real traces kept verbatim; 0 = none. Default {@link EXEMPLAR_SHARE} of the rest of the model. */
  readonly exemplarBytes?: number;
  /** Width of the hidden layers of the network; default by the rows and the bytes they are worth. */
  readonly width?: number;
  /** Bits of a weight, 2 to 7. Default 7. */
  readonly weightBits?: number;
  /** Width of the time buckets of the counts, one of BUCKET_WIDTHS; default the finest that stays cheap. */
  readonly bucketSeconds?: number;
  /** At most so many attributes of each operation, and of its events and links: the most frequent. Default all. */
  readonly attributes?: number;
  /** Parts left out, to measure what they are worth. */
  readonly without?: readonly TrainPart[];
  /** A `.gent` file whose network training goes on from, where it fits the batch and the bytes. */
  readonly from?: Uint8Array;
  /** Why there is no model to go on from although there should be: stated in the manifest. */
  readonly anew?: string;
  /** Measure the model against its batch and keep the measures in the manifest. Default true. */
  readonly fidelityCard?: boolean;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

/** What training took and gave. */
export interface TrainReport {
  readonly traces: number;
  readonly spans: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly training: TrainingSummary;
  /** Why training did not go on from the model it was given; absent where it did, or where none was given. */
  readonly anew?: string;
}

export interface TrainResult {
  /** The file. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly report: TrainReport;
}

/** Values seen in fewer traces than this are not kept verbatim. */
export const DEFAULT_PRIVACY_K = 5;

/** Bytes that a fidelity card takes of a manifest, at most. */
const CARD_BYTES = 450;

/** Share of the rest of a model that real traces may take where nothing else is said. */
export const EXEMPLAR_SHARE = 0.05;

function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new GentError('CANCELLED', 'training was cancelled');
  }
}

/**
 * Trains a model on a batch of traces. Traces are turned into columns as they come, so a stream need not fit in memory
 * as objects.
 * @throws GentError TRAIN_EMPTY, TRAIN_TOO_LARGE, CANCELLED, NN_*; MODEL_* when the model to go on from is damaged
 */
export async function trainModel(
  traces: Iterable<Trace> | AsyncIterable<Trace>,
  options: TrainOptions = {}
): Promise<TrainResult> {
  const progress = options.progress ?? silentProgress;
  const batch = newTrainingBatch();
  progress.start('reading traces', 0);
  for await (const trace of traces) {
    checkCancelled(options.signal);
    batch.add(trace);
    progress.update(batch.traces);
  }
  progress.stop(`${batch.traces} traces, ${batch.spans} spans`);
  return trainOnColumns(batch.finish(), options);
}

/** What of a batch is to be learnt. */
function wantedOf(columns: IdentifiedBatch, { attributes, without = [], seed = 1 }: TrainOptions): IdentifiedBatch {
  const wanted = attributes === undefined ? columns : withFewerAttributes(columns, attributes);
  return without.includes('start-times') ? withShuffledStarts(wanted, seed) : wanted;
}

/** {@link trainModel} on a batch already collected. */
export async function trainOnColumns(batch: IdentifiedBatch, options: TrainOptions = {}): Promise<TrainResult> {
  const began = Date.now();
  const { seed = 1, privacyK = DEFAULT_PRIVACY_K, progress = silentProgress, logger = silentLogger, signal } = options;
  checkCancelled(signal);
  // Before the work: a damaged file should not cost it.
  const previous = options.from === undefined ? undefined : readPrevious(options.from);
  progress.start('shapes and counts', 0);
  const columns = wantedOf(batch, options);
  const { learnt, networkBytes } = learnWithin(columns, privacyK, options.maxBytes, exemplarShare(options), {
    ...(options.bucketSeconds === undefined ? {} : { bucketSeconds: options.bucketSeconds }),
    without: new Set(options.without?.filter((part) => part === 'origins' || part === 'attribute-groups')),
  });
  progress.stop(`${learnt.content.layouts.length} shapes`);
  checkCancelled(signal);
  const network = previous !== undefined && 'network' in previous ? previous.network : undefined;
  const {
    training: trained,
    section,
    priors,
    drifts,
  } = await learnNetwork(learnt, options, seed, networkBytes, network);
  const anew =
    previous === undefined || trained.from !== undefined
      ? options.anew
      : 'why' in previous
        ? previous.why
        : 'the network does not fit the bytes of this batch, or none is trained';
  if (anew !== undefined) {
    logger.info('training starts anew', { why: anew });
  }
  const training = {
    ...trained,
    ...(anew === undefined ? {} : { anew }),
    ...((options.without?.length ?? 0) > 0 ? { without: [...(options.without ?? [])] } : {}),
  };
  const sections = {
    ...writeContent(learnt.content, section.onnx === undefined),
    network: writeNetworkSection(section),
    ...(priors === undefined ? {} : { priors }),
    ...(drifts === undefined ? {} : { drifts }),
  };
  const room = (options.maxBytes ?? Infinity) - CARD_BYTES;
  const { exemplars, traceIds } = fitExemplars(learnt, columns, sections, options.exemplarBytes, room, (ids) =>
    summarise(learnt, privacyK, training, ids)
  );
  const write = (fidelity: MeasuredCard): ReturnType<typeof writeModelFile> =>
    writeModelFile({ ...sections, exemplars }, { ...summarise(learnt, privacyK, training, traceIds), ...fidelity });
  const unmeasured = write({});
  const card = options.fidelityCard === false ? undefined : columns.card;
  progress.start('fidelity', 0);
  const measured = card === undefined ? unmeasured : write(await measureCard(unmeasured.bytes, card, signal));
  progress.stop();
  const { bytes, manifest } = measured.bytes.length > (options.maxBytes ?? Infinity) ? unmeasured : measured;
  const report = {
    traces: columns.traces,
    spans: columns.spans,
    bytes: bytes.length,
    seconds: (Date.now() - began) / 1000,
    training,
    ...(anew === undefined ? {} : { anew }),
  };
  logger.info('trained a model', { id: manifest.id, traces: report.traces, spans: report.spans, bytes: report.bytes });
  return { bytes, manifest, report };
}

/** Share of the whole file that is kept free for exemplars. */
function exemplarShare({ exemplarBytes, maxBytes }: TrainOptions): number {
  const share = EXEMPLAR_SHARE / (1 + EXEMPLAR_SHARE);
  return exemplarBytes === undefined || maxBytes === undefined ? share : Math.min(1, exemplarBytes / maxBytes);
}

/** As many exemplars as may be, and leave the file no larger than `room`. */
function fitExemplars(
  learnt: LearntBatch,
  columns: IdentifiedBatch,
  sections: Omit<ModelSections, 'exemplars'>,
  exemplarBytes: number | undefined,
  room: number,
  summaryOf: (exemplarTraceIds: readonly string[]) => ManifestInput
): { exemplars: Uint8Array; traceIds: readonly string[] } {
  let budget = exemplarBytes ?? packedBytes(sections) * EXEMPLAR_SHARE;
  for (;;) {
    const { section: exemplars, traceIds } = chooseExemplars(learnt, columns, budget);
    const over = writeModelFile({ ...sections, exemplars }, summaryOf(traceIds)).bytes.length - room;
    if (over <= 0 || traceIds.length === 0) {
      return { exemplars, traceIds };
    }
    budget = Math.floor(Math.min(budget, exemplars.length) - over);
  }
}

const NO_NETWORK: NetworkSection = { sizes: { field: 1, operation: 2, rank: 2 }, onnx: undefined };

/** Stretches of time kept apart: some 15 bytes each, so 4% of what a large batch is worth. */
const REGIMES_A_SPAN = 0.0005;
const LEAST_REGIMES = 50;

/** Trains the network of a batch, where there is enough to learn from. */
async function learnNetwork(
  learnt: LearntBatch,
  options: TrainOptions,
  seed: number,
  bytes: number,
  previous: PreviousNetwork | undefined
): Promise<{ training: TrainingSummary; section: NetworkSection; priors?: Uint8Array; drifts?: Uint8Array }> {
  const untrained: TrainingSummary = { seed, epochs: 0, rows: 0, parameters: 0 };
  const { content, spans } = learnt;
  const attributeRows = content.fields.reduce(
    (sum, field) => sum + (learnt.encoded.members[field.operation]?.length ?? 0),
    0
  );
  const plan = planNetwork({
    rows: 2 * spans.size + attributeRows,
    bytes,
    strict: options.maxBytes !== undefined,
    epochs: options.epochs,
    embeddings: (sizes) => contextOf(content, sizes).embeddings,
    ...(options.width === undefined ? {} : { width: options.width }),
    ...(previous === undefined ? {} : { previous: previous.widths }),
  });
  if (plan === undefined) {
    return { training: untrained, section: NO_NETWORK };
  }
  const context = contextOf(content, plan.sizes);
  settleMeasured(context, spans);
  const blurred = copyOfTimes(spans);
  if (options.without?.includes('blur') !== true) {
    blurTimes(context, blurred, content.window.unit, seededNumbers(seed));
  }
  const rows = trainingRows({ ...learnt, spans: blurred }, context);
  hideInputs(rows, context, options.without ?? [], seed);
  if (rows.count === 0) {
    return { training: untrained, section: NO_NETWORK };
  }
  const priors = learnPriors(
    content,
    context,
    {
      count: rows.count,
      fields: column(context, rows, 'field'),
      segments: column(context, rows, 'segment'),
      classes: rows.targets,
    },
    Math.max(LEAST_REGIMES, Math.floor(spans.size * REGIMES_A_SPAN))
  );
  const table = new PriorTable(content, context, priors);
  const goesOnFrom = plan.goesOn ? previous : undefined;
  const takenRows = goesOnFrom === undefined ? [] : rowsTakenOver(goesOnFrom, content, context);
  const { onnx, report } = await trainNetwork(
    { embeddings: context.embeddings, levels: LEVELS, hidden: plan.hidden, classes: MAX_BINS },
    { ...rows, prior: { logits: table.logits, rows: table.setsOf(rows, rows.count) } },
    {
      seed,
      epochs: plan.epochs,
      // The rate falls to 0 over the epochs planned: what is best comes last, and the best epoch is kept anyway.
      patience: plan.epochs,
      ...(options.weightBits === undefined ? {} : { weightBits: options.weightBits }),
      ...(goesOnFrom === undefined ? {} : { warmStart: { onnx: goesOnFrom.onnx, rows: takenRows } }),
      ...(options.progress === undefined ? {} : { progress: options.progress }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }
  );
  const corrected = await correctDraws(priors, {
    ...{ content, context, onnx, seed, rows, spans: blurred, signal: options.signal },
    kinds: driftKinds(options.without ?? []),
    ...(options.maxBytes === undefined ? {} : { mostDrifts: driftsWithin(options.maxBytes) }),
  });
  const priorBytes = new ByteWriter();
  writePriors(priorBytes, corrected.priors);
  const driftBytes = new ByteWriter();
  writeDrifts(driftBytes, corrected.drifts);
  const { epochs, parameters, trainLoss, heldOutLoss, integerLoss } = report;
  return {
    training: {
      ...{ seed, epochs, rows: report.rows, parameters, trainLoss, heldOutLoss, integerLoss },
      ...(goesOnFrom === undefined ? {} : { from: goesOnFrom.model, takenOver: countRows(takenRows) }),
    },
    section: { sizes: plan.sizes, onnx },
    priors: priorBytes.finish(),
    drifts: driftBytes.finish(),
  };
}

/** Drifts say nothing that the network is not to know. */
function driftKinds(without: readonly TrainPart[]): Set<keyof Drifts> {
  const kinds = new Set<keyof Drifts>(['shapes', 'ticks']);
  if (without.includes('segments')) {
    kinds.delete('ticks');
  }
  if (without.includes('shape') || without.includes('root')) {
    kinds.delete('shapes');
  }
  return kinds;
}

function countRows(rows: readonly Int32Array[]): { rows: number; of: number } {
  const sum = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);
  return {
    rows: sum(rows.map((list) => list.filter((row) => row >= 0).length)),
    of: sum(rows.map((list) => list.length)),
  };
}

function column(context: RowContext, rows: TrainingRows, name: string): Int32Array {
  return rows.indices[context.embeddings.findIndex((embedding) => embedding.name === name)] as Int32Array;
}
