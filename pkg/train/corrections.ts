/**
 * @file What a network draws, set right by what was measured: it learnt from measured times and draws after its own, so
 * small errors add up. Bases of the priors on the whole, drifts in single shapes and for stretches of time.
 */
import {
  correctedDrifts,
  correctedPriors,
  driftBases,
  driftShapeCount,
  fieldBases,
  learnDrifts,
  MAX_BINS,
  NO_DRIFTS,
  PHASES,
  TimedBins,
  type Drifts,
  type FieldBase,
  type ModelContent,
  type Priors,
  type RowContext,
  type SpanTable,
  type TimedCells,
} from '../features';
import { openDrawnBins, type DrawnBinsInput } from '../generate';
import type { TrainingRows } from '../nn';

/** How often all bases are set right. */
const BASE_ROUNDS = 2;
/** In which rounds drifts are learnt: those of shapes first, since what shapes explain needs no time. */
const SHAPES_ROUND = 1;
const TICKS_ROUND = 2;
/** How often traces are drawn. */
const ROUNDS = 5;
/** Drifts of each kind, at most: some three bytes each, a few hundredths of what a large batch is worth. */
const DRIFTS_A_SPAN = 0.003;
const LEAST_DRIFTS = 50;

/** What draws are set right by: far less than the rows of a network, which need not be kept for it. */
export interface MeasuredBins {
  readonly spans: number;
  /** Counts of the bins of each field of the network, MAX_BINS a field. */
  readonly wanted: Float64Array;
  /** Times by tick and by shape. */
  readonly ticks: TimedBins;
  readonly shapes: TimedBins;
}

/** Counts the bins of rows, and of the times that they are of. */
export function measureBins(
  content: ModelContent,
  context: RowContext,
  rows: TrainingRows,
  spans: SpanTable
): MeasuredBins {
  return { spans: spans.size, wanted: wantedBins(context, rows), ...measuredTimes(content, context, spans) };
}

/** What bases and drifts are set right by. */
export interface CorrectionInput extends DrawnBinsInput {
  readonly measured: MeasuredBins;
  /** Which drifts are learnt. */
  readonly kinds: ReadonlySet<keyof Drifts>;
  /** Drifts of either kind, at most, where bytes are short. */
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
  const { bases } = driftBases(content, context);
  const settable = new Set([...context.durationField, ...context.attributeField, ...context.paceFields]);
  const most = Math.min(mostDrifts, Math.max(LEAST_DRIFTS, Math.floor(measured.spans * DRIFTS_A_SPAN)));
  const bins = await openDrawnBins(input, MAX_BINS, { signal });
  try {
    let priors = learnt;
    let drifts = NO_DRIFTS;
    for (let round = 0; round < (kinds.size === 0 ? BASE_ROUNDS : ROUNDS); round++) {
      const timesOnly = round >= BASE_ROUNDS;
      const { counts, timed, shaped } = await bins.count({ priors, drifts, timesOnly });
      const drawn = (positions: number, parts: readonly TimedCells[]): TimedBins => {
        const bins = new TimedBins(bases, positions);
        parts.forEach((part) => bins.take(part));
        return bins;
      };
      const time = { measured: measured.ticks, drawn: drawn(content.ticks.count, timed) };
      const shape = { measured: measured.shapes, drawn: drawn(driftShapeCount(content), shaped) };
      drifts = {
        shapes:
          round === SHAPES_ROUND && kinds.has('shapes')
            ? learnDrifts(bases, shape, 'positions', most)
            : correctedDrifts(drifts.shapes, bases, shape),
        ticks:
          round === TICKS_ROUND && kinds.has('ticks')
            ? learnDrifts(bases, time, 'stretches', most)
            : correctedDrifts(drifts.ticks, bases, time),
      };
      const set = round < BASE_ROUNDS ? settable : fieldsWithDrifts(settable, fields, drifts);
      priors = correctedPriors(priors, fields, measured.wanted, counts, MAX_BINS, set);
    }
    return { priors, drifts };
  } finally {
    await bins.close();
  }
}

/** Drifts move what is drawn on the whole: bases that have some are set right once more. */
function fieldsWithDrifts(
  settable: ReadonlySet<number>,
  fields: readonly FieldBase[],
  { ticks, shapes }: Drifts
): Set<number> {
  const moved = new Set([...ticks, ...shapes].map(({ base }) => base));
  return new Set([...settable].filter((field) => moved.has(fields[field]?.base ?? -1)));
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
): { readonly ticks: TimedBins; readonly shapes: TimedBins } {
  const { bases, ofField } = driftBases(content, context);
  const ticks = new TimedBins(bases, content.ticks.count);
  const shapes = new TimedBins(bases, driftShapeCount(content));
  for (let i = 0; i < spans.size; i++) {
    const site = spans.site[i] as number;
    const trace = spans.traceOf[i] as number;
    const add = (field: number, bin: number): void => {
      if (field >= 0) {
        ticks.add(ofField[field] as number, spans.tick[trace] as number, bin);
        shapes.add(ofField[field] as number, spans.shape[trace] as number, bin);
      }
    };
    add(context.gapField[site] as number, spans.gapBin[i] as number);
    add(context.durationField[site] as number, spans.durationBin[i] as number);
  }
  for (let t = 0; t < spans.traces; t++) {
    context.paceFields.forEach((field, phase) => {
      const pace = spans.pace[t * PHASES + phase] as number;
      if (pace > 0) {
        ticks.add(ofField[field] as number, spans.tick[t] as number, pace - 1);
        shapes.add(ofField[field] as number, spans.shape[t] as number, pace - 1);
      }
    });
  }
  return { ticks, shapes };
}
