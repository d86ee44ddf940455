/** @file From traces to a `.gent` file: learn what is exact, train the network, write the sections. */
import { GentError, silentLogger, silentProgress } from '../common';
import { CONTENT_PARTS, writeContent, type LearntBatch } from '../features';
import { writeNetworkSection } from '../generate';
import { writeModelFile, type ManifestInput, type ModelSections, type TrainingSummary } from '../model';
import { DEFAULT_WEIGHT_BITS } from '../nn';
import type { Trace } from '../trace';
import { newTrainingBatch, type IdentifiedBatch } from './batch';
import { measureCard, type MeasuredCard } from './card';
import { chooseExemplars } from './exemplars';
import { learnWithin, packedBytes, type Fitted } from './fit';
import { withFewerAttributes } from './fewer-attributes';
import { learnNetwork } from './network';
import { plannedBytes } from './plan';
import { withShuffledStarts } from './parts';
import { readPrevious, startFor, type Previous } from './previous';
import { summarise } from './summary';
import type { TrainOptions, TrainResult } from './types';

/** Values seen in fewer traces than this are not kept verbatim. */
export const DEFAULT_PRIVACY_K = 5;

/** Bytes that a fidelity card takes of a manifest, at most. */
const CARD_BYTES = 450;

/** A network that took too many bytes is planned for this much fewer than it was over. */
const MORE_THAN_OVER = 1.5;

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
  const { privacyK = DEFAULT_PRIVACY_K, progress = silentProgress, logger = silentLogger, signal } = options;
  checkCancelled(signal);
  // Before the work: a damaged file should not cost it.
  const previous = options.from === undefined ? undefined : readPrevious(options.from);
  progress.start('shapes and counts', 0);
  const columns = wantedOf(batch, options);
  const fit = (alone: boolean): Fitted =>
    learnWithin(columns, privacyK, options.maxBytes, alone ? undefined : exemplarShare(options), {
      ...(options.bucketSeconds === undefined ? {} : { bucketSeconds: options.bucketSeconds }),
      without: new Set(CONTENT_PARTS.filter((part) => options.without?.includes(part))),
    });
  const fitted = fit(options.epochs === 0);
  let { learnt, networkBytes } = fitted;
  progress.stop(`${learnt.content.layouts.length} shapes`);
  checkCancelled(signal);
  let parts = await learnParts(learnt, columns, options, networkBytes, previous);
  while (parts.over > 0 && parts.hasNetwork) {
    // Weights take more bytes than planned where training was too short to make them small.
    const planned = plannedBytes(parts.training.parameters, options.weightBits ?? DEFAULT_WEIGHT_BITS);
    networkBytes = Math.min(networkBytes, planned) - MORE_THAN_OVER * parts.over;
    logger.info('the network is too large: training a smaller one', { over: parts.over });
    parts = await learnParts(learnt, columns, options, networkBytes, previous);
  }
  if (options.maxBytes !== undefined && fitted.networkBytes > 0 && !parts.hasNetwork) {
    // The smallest network does not fit: what was kept for it can go to the tables, which need weights then.
    ({ learnt } = fit(true));
    parts = await learnParts(learnt, columns, options, 0, previous);
  }
  const { sections, exemplars, traceIds, training, anew, over } = parts;
  if (over > 0) {
    const allowed = options.maxBytes ?? 0;
    throw new GentError('TRAIN_MAX_BYTES', `the model needs ${allowed + over} bytes at least, ${allowed} were allowed`);
  }
  if (anew !== undefined) {
    logger.info('training starts anew', { why: anew });
  }
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

/** What a model is written from. */
interface ModelParts {
  readonly sections: Omit<ModelSections, 'exemplars'>;
  readonly exemplars: Uint8Array;
  readonly traceIds: readonly string[];
  readonly training: TrainingSummary;
  /** Why training did not go on from the model it was to go on from. */
  readonly anew: string | undefined;
  readonly hasNetwork: boolean;
  /** Bytes beyond those allowed. */
  readonly over: number;
}

/** Trains the network and chooses exemplars. @param bytes - what the network may take */
async function learnParts(
  learnt: LearntBatch,
  columns: IdentifiedBatch,
  options: TrainOptions,
  bytes: number,
  from: Previous | undefined
): Promise<ModelParts> {
  const { seed = 1, privacyK = DEFAULT_PRIVACY_K, maxBytes = Infinity } = options;
  const previous = from === undefined ? undefined : startFor(from, learnt.content);
  const network = previous !== undefined && 'network' in previous ? previous.network : undefined;
  const { training: trained, section, priors, drifts } = await learnNetwork(learnt, options, seed, bytes, network);
  const anew =
    previous === undefined || trained.from !== undefined
      ? options.anew
      : 'why' in previous
        ? previous.why
        : 'the network does not fit the bytes of this batch, or none is trained';
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
  const room = maxBytes - CARD_BYTES;
  const { size, ...chosen } = fitExemplars(learnt, columns, sections, options.exemplarBytes, room, (ids) =>
    summarise(learnt, privacyK, training, ids)
  );
  return { sections, ...chosen, training, anew, hasNetwork: section.onnx !== undefined, over: size - maxBytes };
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
): { exemplars: Uint8Array; traceIds: readonly string[]; size: number } {
  let budget = exemplarBytes ?? packedBytes(sections) * EXEMPLAR_SHARE;
  for (;;) {
    const { section: exemplars, traceIds } = chooseExemplars(learnt, columns, budget);
    const size = writeModelFile({ ...sections, exemplars }, summaryOf(traceIds)).bytes.length;
    const over = size - room;
    if (over <= 0 || traceIds.length === 0) {
      return { exemplars, traceIds, size };
    }
    budget = Math.floor(Math.min(budget, exemplars.length) - over);
  }
}
