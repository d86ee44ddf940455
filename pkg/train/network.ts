/** @file The network of a batch: trained on its rows, then what it draws set right. */
import {
  blurTimes,
  contextOf,
  copyOfTimes,
  learnPriors,
  LEVELS,
  MAX_BINS,
  PriorTable,
  seededNumbers,
  settleMeasured,
  writeDrifts,
  writePriors,
  type Drifts,
  type LearntBatch,
  type Priors,
  type RowContext,
} from '../features';
import type { NetworkSection } from '../generate';
import { ByteWriter, type TrainingSummary } from '../model';
import { trainNetwork, type TrainingRows } from '../nn';
import { correctDraws, measureBins, type MeasuredBins } from './corrections';
import { driftsWithin } from './fit';
import { hideInputs, type TrainPart } from './parts';
import { planNetwork, type NetworkPlan } from './plan';
import { rowsTakenOver, type PreviousNetwork } from './previous';
import { trainingRows } from './rows';
import type { TrainOptions } from './types';

const NO_NETWORK: NetworkSection = { sizes: { field: 1, operation: 2, rank: 2 }, onnx: undefined };

/** Stretches of time kept apart: some 15 bytes each, so 4% of what a large batch is worth. */
const REGIMES_A_SPAN = 0.0005;
const LEAST_REGIMES = 50;

/** The network of a batch. */
export interface LearntNetwork {
  readonly training: TrainingSummary;
  readonly section: NetworkSection;
  /** Sections, where there is a network. */
  readonly priors?: Uint8Array;
  readonly drifts?: Uint8Array;
}

/**
 * Trains the network of a batch, where there is enough to learn from.
 * @param bytes - what the network may take
 * @throws GentError CANCELLED, NN_*
 */
export async function learnNetwork(
  learnt: LearntBatch,
  options: TrainOptions,
  seed: number,
  bytes: number,
  previous: PreviousNetwork | undefined
): Promise<LearntNetwork> {
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
  const goesOnFrom = plan.goesOn ? previous : undefined;
  const trained = await trainOnRows(learnt, context, plan, options, seed, goesOnFrom);
  if (trained === undefined) {
    return { training: untrained, section: NO_NETWORK };
  }
  const { onnx, training, measured } = trained;
  const corrected = await correctDraws(trained.priors, {
    ...{ content, context, onnx, seed, measured, signal: options.signal },
    kinds: driftKinds(options.without ?? []),
    ...(options.maxBytes === undefined ? {} : { mostDrifts: driftsWithin(options.maxBytes) }),
  });
  const priors = new ByteWriter();
  writePriors(priors, corrected.priors);
  const drifts = new ByteWriter();
  writeDrifts(drifts, corrected.drifts);
  return { training, section: { sizes: plan.sizes, onnx }, priors: priors.finish(), drifts: drifts.finish() };
}

/** A network, and what its draws are set right by. Its rows, far more bytes than anything else, are let go before that. */
interface TrainedOnRows {
  readonly onnx: Uint8Array;
  readonly training: TrainingSummary;
  readonly priors: Priors;
  readonly measured: MeasuredBins;
}

/** Trains on the rows of a batch; undefined where it has none. */
async function trainOnRows(
  learnt: LearntBatch,
  context: RowContext,
  plan: NetworkPlan,
  options: TrainOptions,
  seed: number,
  goesOnFrom: PreviousNetwork | undefined
): Promise<TrainedOnRows | undefined> {
  const { content, spans } = learnt;
  settleMeasured(context, spans);
  const blurred = copyOfTimes(spans);
  if (options.without?.includes('blur') !== true) {
    blurTimes(context, blurred, content.window.unit, seededNumbers(seed));
  }
  const rows = trainingRows({ ...learnt, spans: blurred }, context);
  hideInputs(rows, context, options.without ?? [], seed);
  if (rows.count === 0) {
    return undefined;
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
  const { epochs, parameters, trainLoss, heldOutLoss, integerLoss } = report;
  return {
    onnx,
    training: {
      ...{ seed, epochs, rows: report.rows, parameters, trainLoss, heldOutLoss, integerLoss },
      ...(goesOnFrom === undefined ? {} : { from: goesOnFrom.model, takenOver: countRows(takenRows) }),
    },
    priors,
    measured: measureBins(content, context, rows, blurred),
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
