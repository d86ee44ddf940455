/** @file From traces to a `.gent` file: learn what is exact, train the network, write the sections. */
import { GentError, silentLogger, silentProgress } from '../common';
import { CONTENT_PARTS, writeContent, type LearntBatch } from '../features';
import { writeNetworkSection } from '../generate';
import { writeModelFile, type ManifestInput, type ModelSections } from '../model';
import type { Trace } from '../trace';
import { newTrainingBatch, type IdentifiedBatch } from './batch';
import { measureCard, type MeasuredCard } from './card';
import { chooseExemplars } from './exemplars';
import { learnWithin, packedBytes } from './fit';
import { withFewerAttributes } from './fewer-attributes';
import { learnNetwork } from './network';
import { withShuffledStarts } from './parts';
import { readPrevious } from './previous';
import { summarise } from './summary';
import type { TrainOptions, TrainResult } from './types';

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
    without: new Set(CONTENT_PARTS.filter((part) => options.without?.includes(part))),
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
