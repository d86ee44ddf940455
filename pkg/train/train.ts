/** @file From traces to a `.gent` file: learn what is exact, train the network, write the sections. */
import { GentError, silentLogger, silentProgress, type Logger, type Progress } from '../common';
import {
  blurTimes,
  contextOf,
  copyOfTimes,
  LEVELS,
  learnContent,
  seededNumbers,
  MAX_BINS,
  settleMeasured,
  writeContent,
  type BatchColumns,
  type LearntBatch,
} from '../features';
import { writeNetworkSection, type NetworkSection } from '../generate';
import { packSection, writeModelFile, type Manifest, type TrainingSummary } from '../model';
import { trainNetwork } from '../nn';
import type { Trace } from '../trace';
import { newTrainingBatch } from './batch';
import { planNetwork } from './plan';
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
}

export interface TrainResult {
  /** The file. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly report: TrainReport;
}

/** Values seen in fewer traces than this are not kept verbatim. */
export const DEFAULT_PRIVACY_K = 5;

function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new GentError('CANCELLED', 'training was cancelled');
  }
}

/**
 * Trains a model on a batch of traces. Traces are turned into columns as they come, so a stream need not fit in memory
 * as objects.
 * @throws GentError TRAIN_EMPTY, TRAIN_TOO_LARGE, CANCELLED, NN_*
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

/** {@link trainModel} on a batch already collected. */
export async function trainOnColumns(columns: BatchColumns, options: TrainOptions = {}): Promise<TrainResult> {
  const began = Date.now();
  const { seed = 1, privacyK = DEFAULT_PRIVACY_K, progress = silentProgress, logger = silentLogger, signal } = options;
  checkCancelled(signal);
  progress.start('shapes and counts', 0);
  const { learnt, networkBytes } = learnWithin(columns, privacyK, options.maxBytes);
  progress.stop(`${learnt.content.layouts.length} shapes`);
  checkCancelled(signal);
  const { training, section } = await learnNetwork(learnt, options, seed, networkBytes);
  const sections = writeContent(learnt.content, section.onnx === undefined);
  const network = writeNetworkSection(section);
  const { bytes, manifest } = writeModelFile(
    { ...sections, network, exemplars: new Uint8Array(0) },
    summarise(learnt, privacyK, training)
  );
  const report = {
    traces: columns.traces,
    spans: columns.spans,
    bytes: bytes.length,
    seconds: (Date.now() - began) / 1000,
    training,
  };
  logger.info('trained a model', { id: manifest.id, traces: report.traces, spans: report.spans, bytes: report.bytes });
  return { bytes, manifest, report };
}

const NO_NETWORK: NetworkSection = { sizes: { field: 1, operation: 2, rank: 2 }, onnx: undefined };

/** What a model may take of the space of its traces: 0.7% of some 29 bytes that gzip -9 leaves of a span of OTLP/JSON. */
const BYTES_A_SPAN = 0.2;
/** Small batches are worth a network too. */
const MIN_NETWORK_BYTES = 20_000;
/** Bins of quantile tables to fall back to when bytes are short, and the share of the file that all but the network may take. */
const BIN_CHOICES = [64, 48, 32, 20, 12] as const;
const CONTENT_SHARE = 0.75;
const LEAST_NETWORK_BYTES = 5000;
/** Table of sections, and what the manifest says of the sections. */
const FILE_OVERHEAD = 800;

/** A batch learnt, and what is left for the network: 0 when there is room for none. */
interface Fitted {
  readonly learnt: LearntBatch;
  readonly networkBytes: number;
}

/** Stored bytes of everything but the network. @param alone - with what a model without a network needs */
function bytesWithoutNetwork(learnt: LearntBatch, k: number, alone: boolean): number {
  const manifest = new TextEncoder().encode(
    JSON.stringify(summarise(learnt, k, { seed: 0, epochs: 0, rows: 0, parameters: 0 }))
  );
  return Object.entries({ ...writeContent(learnt.content, alone), manifest }).reduce(
    (sum, [name, data]) => sum + packSection({ name, data }).storedBytes,
    FILE_OVERHEAD
  );
}

/**
 * Learns the content with as many bins as the bytes allow.
 * @throws GentError TRAIN_MAX_BYTES when not even the fewest bins without a network fit
 */
function learnWithin(columns: BatchColumns, k: number, maxBytes: number | undefined): Fitted {
  let alone: Fitted | undefined;
  let least = Infinity;
  for (const maxBins of BIN_CHOICES) {
    const learnt = learnContent(columns, { k, maxBins });
    const content = bytesWithoutNetwork(learnt, k, false);
    if (maxBytes === undefined || content <= maxBytes - Math.max(LEAST_NETWORK_BYTES, (1 - CONTENT_SHARE) * maxBytes)) {
      const wanted = Math.max(content + MIN_NETWORK_BYTES, BYTES_A_SPAN * columns.spans);
      return { learnt, networkBytes: Math.min(maxBytes ?? Infinity, wanted) - content };
    }
    least = Math.min(least, bytesWithoutNetwork(learnt, k, true));
    if (alone === undefined && least <= maxBytes) {
      alone = { learnt, networkBytes: 0 };
    }
  }
  if (alone === undefined) {
    throw new GentError('TRAIN_MAX_BYTES', `the model needs ${least} bytes at least, ${maxBytes} were allowed`);
  }
  return alone;
}

/** Trains the network of a batch, where there is enough to learn from. */
async function learnNetwork(
  learnt: LearntBatch,
  options: TrainOptions,
  seed: number,
  bytes: number
): Promise<{ training: TrainingSummary; section: NetworkSection }> {
  const untrained: TrainingSummary = { seed, epochs: 0, rows: 0, parameters: 0 };
  const { content, spans } = learnt;
  const attributeRows = content.fields.reduce(
    (sum, field) => sum + (learnt.encoded.members[field.operation]?.length ?? 0),
    0
  );
  const plan = planNetwork({
    rows: 2 * spans.size + attributeRows,
    bytes,
    epochs: options.epochs,
    embeddings: (sizes) => contextOf(content, sizes).embeddings,
  });
  if (plan === undefined) {
    return { training: untrained, section: NO_NETWORK };
  }
  const context = contextOf(content, plan.sizes);
  settleMeasured(context, spans);
  const blurred = copyOfTimes(spans);
  blurTimes(context, blurred, content.window.unit, seededNumbers(seed));
  const rows = trainingRows({ ...learnt, spans: blurred }, context);
  if (rows.count === 0) {
    return { training: untrained, section: NO_NETWORK };
  }
  const { onnx, report } = await trainNetwork(
    { embeddings: context.embeddings, levels: LEVELS, hidden: plan.hidden, classes: MAX_BINS },
    rows,
    {
      seed,
      epochs: plan.epochs,
      ...(options.progress === undefined ? {} : { progress: options.progress }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }
  );
  const { epochs, parameters, trainLoss, heldOutLoss, integerLoss } = report;
  return {
    training: { seed, epochs, rows: report.rows, parameters, trainLoss, heldOutLoss, integerLoss },
    section: { sizes: plan.sizes, onnx },
  };
}
