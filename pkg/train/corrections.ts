/**
 * @file What a network draws, set right by what was measured: it learnt from measured times and draws after its own, so
 * small errors add up. Bases of the priors on the whole, drifts for stretches of time and in single shapes.
 */
import {
  correctedDrifts,
  correctedPriors,
  DriftPlaces,
  fieldBases,
  learnDrifts,
  MAX_BINS,
  NO_DRIFTS,
  PHASES,
  TimedBins,
  type DriftKind,
  type Drifts,
  type ModelContent,
  type Priors,
  type Response,
  type RowContext,
  type SpanTable,
} from '../features';
import { openDrawnBins, type DrawnBinsInput } from '../generate';
import type { TrainingRows } from '../nn';

/** In how many of the first rounds attributes are set right as well. */
const ATTRIBUTE_ROUNDS = 2;
/**
 * Which drifts are set right in each round besides bases. They take turns, for what one sets right the other would set right
 * again. Those of time are learnt first and once: shapes then see what is off for good. Bases alone come last.
 */
const TURNS: ReadonlyArray<DriftKind | undefined> = [
  undefined,
  'ticks',
  'shapes',
  undefined,
  'shapes',
  undefined,
  undefined,
  undefined,
];
/** Drifts of each kind, at most: some three bytes each, a few hundredths of what a large batch is worth. */
const DRIFTS_A_SPAN = 0.003;
const LEAST_DRIFTS = 50;

/** What draws are set right by: far less than the rows of a network, which need not be kept for it. */
export interface MeasuredBins {
  readonly spans: number;
  /** Counts of the bins of each field of the network, MAX_BINS a field. */
  readonly wanted: Float64Array;
  /** Times by the positions of drifts of each kind. */
  readonly times: Readonly<Record<DriftKind, TimedBins>>;
}

/** Counts the bins of rows, and of the times that they are of. */
export function measureBins(
  content: ModelContent,
  context: RowContext,
  rows: TrainingRows,
  spans: SpanTable
): MeasuredBins {
  return { spans: spans.size, wanted: wantedBins(context, rows), times: measuredTimes(content, context, spans) };
}

/** What bases and drifts are set right by. */
export interface CorrectionInput extends DrawnBinsInput {
  readonly measured: MeasuredBins;
  /** Which drifts are learnt. */
  readonly kinds: ReadonlySet<DriftKind>;
  /** Drifts of each kind, at most, where bytes are short. */
  readonly mostDrifts?: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Priors and drifts with which what is drawn is as often in each bin as what was measured.
 * @throws GentError CANCELLED, NN_*
 */
export async function correctDraws(
  learnt: Priors,
  { measured, kinds, mostDrifts = Infinity, signal, ...input }: CorrectionInput
): Promise<{ readonly priors: Priors; readonly drifts: Drifts }> {
  const { content, context } = input;
  const { fields } = fieldBases(content, context);
  const places = new DriftPlaces(content, context);
  const { bases } = places;
  const ofTimes = [...context.durationField, ...context.paceFields];
  const most = Math.min(mostDrifts, Math.max(LEAST_DRIFTS, Math.floor(measured.spans * DRIFTS_A_SPAN)));
  const bins = await openDrawnBins(input, MAX_BINS, { signal });
  try {
    let priors = learnt;
    let drifts = NO_DRIFTS;
    let responses: readonly Response[] = [];
    const turns = TURNS.map((kind) => (kind !== undefined && kinds.has(kind) ? kind : undefined));
    const rounds = turns.every((kind) => kind === undefined) ? ATTRIBUTE_ROUNDS : turns.length;
    for (const [round, along] of turns.slice(0, rounds).entries()) {
      const timesOnly = round >= ATTRIBUTE_ROUNDS;
      // how far draws follow hardly changes from round to round
      const { counts, timed, ...rest } = await bins.count({
        ...{ priors, drifts, timesOnly, responding: round === 0 },
        ...(along === undefined ? {} : { along }),
      });
      responses = round === 0 ? rest.responses : responses;
      const settable = new Set(timesOnly ? ofTimes : [...ofTimes, ...context.attributeField]);
      const settled = new Set(ofTimes.map((field) => fields[field]?.base ?? -1));
      if (along !== undefined) {
        const drawn = new TimedBins(bases, places.positions[along]);
        timed.forEach((part) => drawn.take(part));
        const evidence = { measured: measured.times[along], drawn, responses, settled };
        const found =
          turns.indexOf(along) === round
            ? learnDrifts(bases, evidence, along === 'ticks' ? 'stretches' : 'positions', most)
            : correctedDrifts(drifts[along], bases, evidence);
        drifts = { ...drifts, [along]: found };
      }
      const evidence = { fields, wanted: measured.wanted, drawn: counts, classes: MAX_BINS, settable };
      priors = correctedPriors(priors, { ...evidence, bases, responses });
    }
    return { priors, drifts };
  } finally {
    await bins.close();
  }
}

function wantedBins(context: RowContext, { count, indices, targets }: TrainingRows): Float64Array {
  const wanted = new Float64Array(context.fields * MAX_BINS);
  const ofRow = indices[context.embeddings.findIndex(({ name }) => name === 'field')] as Int32Array;
  for (let r = 0; r < count; r++) {
    wanted[(ofRow[r] as number) * MAX_BINS + (targets[r] as number)]! += 1;
  }
  return wanted;
}

function measuredTimes(
  content: ModelContent,
  context: RowContext,
  spans: SpanTable
): Readonly<Record<DriftKind, TimedBins>> {
  const places = new DriftPlaces(content, context);
  const counted = (kind: DriftKind): TimedBins => new TimedBins(places.bases, places.positions[kind]);
  const times = { ticks: counted('ticks'), shapes: counted('shapes') };
  const kinds = Object.keys(times) as DriftKind[];
  const add = (field: number, i: number, bin: number): void => {
    if (field >= 0) {
      kinds.forEach((kind) => times[kind].add(places.baseOf(field), places.at(kind, spans, i), bin));
    }
  };
  for (let i = 0; i < spans.size; i++) {
    const site = spans.site[i] as number;
    add(context.gapField[site] as number, i, spans.gapBin[i] as number);
    add(context.durationField[site] as number, i, spans.durationBin[i] as number);
  }
  for (let t = 0; t < spans.traces; t++) {
    context.paceFields.forEach((field, phase) => {
      const pace = spans.pace[t * PHASES + phase] as number;
      if (pace > 0) {
        add(field, spans.offset[t] as number, pace - 1);
      }
    });
  }
  return times;
}
