/** @file Rows for the network from a batch: one for each gap, duration and attribute field that has more than one class. */
import { GentError, limit } from '../common';
import {
  fieldClasses,
  fillAttributeRow,
  fillDurationRow,
  fillGapRow,
  fillPaceRow,
  PACES,
  PHASES,
  durationLimit,
  gapLimit,
  gapTableOf,
  LEVELS,
  makeRows,
  type LearntBatch,
  type RowContext,
  type TimingSite,
  newBinLimit,
  WitnessNodes,
} from '../features';
import type { TrainingRows } from '../nn';

/** Spans that have an attribute field, in the order in which fields of one operation are drawn. */
function attributeRowCount(learnt: LearntBatch, classes: readonly Int16Array[], context: RowContext): number {
  return learnt.content.fields.reduce(
    (sum, _, f) =>
      sum + ((context.attributeField[f] as number) < 0 ? 0 : (classes[f] as Int16Array).filter((c) => c >= 0).length),
    0
  );
}

/**
 * Makes the rows. The span table must be settled: bins and levels computed from measured times.
 * @throws GentError TRAIN_TOO_LARGE when there are more rows than NN_ROWS
 */
export function trainingRows(learnt: LearntBatch, context: RowContext): TrainingRows {
  const { content, spans, encoded } = learnt;
  const { sites } = content.timing;
  const classes = content.fields.map((field) => fieldClasses(field, content.attributes, encoded));
  let count = attributeRowCount(learnt, classes, context);
  for (let i = 0; i < spans.size; i++) {
    const site = spans.site[i] as number;
    count += ((context.gapField[site] as number) >= 0 ? 1 : 0) + ((context.durationField[site] as number) >= 0 ? 1 : 0);
  }
  count += spans.pace.filter((pace) => pace > 0).length;
  if (count > limit('NN_ROWS')) {
    throw new GentError('TRAIN_TOO_LARGE', `${count} rows to learn from, the limit NN_ROWS is ${limit('NN_ROWS')}`);
  }
  const rows = makeRows(context, count);
  const targets = new Uint8Array(count);
  const classCount = new Uint16Array(count);
  let r = 0;
  const limits = newBinLimit();
  // Generation draws among the bins up to the limit only, so that is what is learnt.
  const add = (target: number): void => {
    targets[r] = target;
    classCount[r++] = Math.max(limits.bin, target) + 1;
  };
  for (let i = 0; i < spans.size; i++) {
    const site = spans.site[i] as number;
    const place = sites[site] as TimingSite;
    const gapTable = gapTableOf(context, place);
    if (gapTable !== undefined && (context.gapField[site] as number) >= 0) {
      fillGapRow(context, spans, i, rows, r);
      gapLimit(spans, i, place, gapTable, limits);
      add(spans.gapBin[i] as number);
    }
    if ((context.durationField[site] as number) >= 0) {
      fillDurationRow(context, spans, i, rows, r);
      durationLimit(context, spans, i, place, limits);
      add(spans.durationBin[i] as number);
    }
  }
  spans.pace.forEach((pace, at) => {
    if (pace > 0) {
      const trace = Math.floor(at / PHASES);
      fillPaceRow(context, spans, spans.offset[trace] as number, at % PHASES, rows, r);
      targets[r] = pace - 1;
      classCount[r++] = PACES;
    }
  });
  // What rows see of a parent is the class of its first field: all of those before any row.
  content.fields.forEach((field, f) => {
    if (f === 0 || content.fields[f - 1]?.operation !== field.operation) {
      encoded.members[field.operation]?.forEach((i, m) => {
        spans.mainClass[i] = (classes[f]?.[m] as number) + 1;
      });
    }
  });
  const nodes = new WitnessNodes(content.layouts);
  content.fields.forEach((field, f) => {
    const members = encoded.members[field.operation] as Int32Array;
    const column = classes[f] as Int16Array;
    const inNetwork = (context.attributeField[f] as number) >= 0;
    const witnessesOf = (i: number): number[] => {
      const first = spans.first[i] as number;
      const shape = spans.shape[spans.traceOf[i] as number] as number;
      return field.witnesses.map((place) => {
        const child = nodes.of(shape, i - first, place);
        return child < 0 ? -1 : first + child;
      });
    };
    members.forEach((i, m) => {
      const target = column[m] as number;
      if (target < 0) {
        return;
      }
      if (inNetwork) {
        fillAttributeRow(context, spans, i, f, rows, r, witnessesOf(i));
        targets[r] = target;
        classCount[r++] = field.classes;
      }
      spans.lastClass[i] = target + 1;
    });
  });
  const weights = rowWeights(rows.indices[0] as Int32Array, count, context.fields);
  return {
    count,
    indices: rows.indices,
    levels: rows.levels.subarray(0, count * LEVELS),
    targets,
    classCount,
    weights,
  };
}

/** Fields of few rows weigh more than their number, though less than evenly: rare operations are looked at as well. */
const RARE_EXPONENT = 0.2;
const MIN_WEIGHT = 0.6;
const MAX_WEIGHT = 3;

function rowWeights(fields: Int32Array, count: number, fieldCount: number): Float32Array {
  const sizes = new Float64Array(fieldCount);
  for (let r = 0; r < count; r++) {
    sizes[fields[r] as number] = (sizes[fields[r] as number] as number) + 1;
  }
  const mean = count / Math.max(1, fieldCount);
  const weightOf = sizes.map((size) =>
    Math.max(MIN_WEIGHT, Math.min(MAX_WEIGHT, (mean / Math.max(1, size)) ** RARE_EXPONENT))
  );
  return Float32Array.from({ length: count }, (_, r) => weightOf[fields[r] as number] as number);
}
