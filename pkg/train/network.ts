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
  type DriftKind,
  type LearntBatch,
  type Priors,
  type RowContext,
} from '../features';
import type { NetworkSection } from '../generate';
import { ByteWriter, type TrainingSummary } from '../model';
import {
  DEFAULT_WEIGHT_BITS,
  packRows,
  trainNetwork,
  type NetworkSpec,
  type PackedRows,
  type TrainingRows,
} from '../nn';
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
    weightBits: options.weightBits ?? DEFAULT_WEIGHT_BITS,
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
  const trained = await taught(learnt, context, options, seed, plan, goesOnFrom);
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

/** What is learnt from, and what draws are set right by. */
interface Lesson {
  readonly spec: NetworkSpec;
  readonly rows: PackedRows;
  readonly priors: Priors;
  readonly measured: MeasuredBins;
}

/** What a batch is to teach, undefined where it has no rows. They are packed here, and let go: they are large. */
function lessonOf(
  learnt: LearntBatch,
  context: RowContext,
  { without = [] }: TrainOptions,
  seed: number,
  hidden: readonly number[]
): Lesson | undefined {
  const { content, spans } = learnt;
  settleMeasured(context, spans);
  const blurred = copyOfTimes(spans);
  if (!without.includes('blur')) {
    blurTimes(context, blurred, content.window.unit, seededNumbers(seed));
  }
  const rows = trainingRows({ ...learnt, spans: blurred }, context);
  hideInputs(rows, context, without, seed);
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
  const spec = { embeddings: context.embeddings, levels: LEVELS, hidden, classes: MAX_BINS };
  const prior = { logits: table.logits, rows: table.setsOf(rows, rows.count) };
  return {
    spec,
    rows: packRows(spec, { ...rows, prior }),
    priors,
    measured: measureBins(content, context, rows, blurred),
  };
}

/** A trained network, and what its draws are set right by. */
interface Taught extends Pick<Lesson, 'priors' | 'measured'> {
  readonly onnx: Uint8Array;
  readonly training: TrainingSummary;
}

/** Trains; undefined where there is nothing to learn. The packed rows are let go with this. */
async function taught(
  learnt: LearntBatch,
  context: RowContext,
  options: TrainOptions,
  seed: number,
  { epochs, hidden }: NetworkPlan,
  goesOnFrom: PreviousNetwork | undefined
): Promise<Taught | undefined> {
  const lesson = lessonOf(learnt, context, options, seed, hidden);
  if (lesson === undefined) {
    return undefined;
  }
  const takenRows = goesOnFrom === undefined ? [] : rowsTakenOver(goesOnFrom, learnt.content, context);
  const { onnx, report } = await trainNetwork(lesson.spec, lesson.rows, {
    seed,
    epochs,
    // The rate falls to 0 over the epochs planned: what is best comes last, and the best epoch is kept anyway.
    patience: epochs,
    ...(options.weightBits === undefined ? {} : { weightBits: options.weightBits }),
    ...(goesOnFrom === undefined ? {} : { warmStart: { onnx: goesOnFrom.onnx, rows: takenRows } }),
    ...(options.progress === undefined ? {} : { progress: options.progress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const { parameters, trainLoss, heldOutLoss, integerLoss } = report;
  return {
    onnx,
    training: {
      ...{ seed, epochs: report.epochs, rows: report.rows, parameters, trainLoss, heldOutLoss, integerLoss },
      ...(goesOnFrom === undefined ? {} : { from: goesOnFrom.model, takenOver: countRows(takenRows) }),
    },
    priors: lesson.priors,
    measured: lesson.measured,
  };
}

/** Drifts say nothing that the network is not to know. */
function driftKinds(without: readonly TrainPart[]): Set<DriftKind> {
  const kinds = new Set<DriftKind>(['ticks', 'shapes']);
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
