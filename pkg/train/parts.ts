/**
 * @file Training with parts left out, to measure what each is worth. What the network must not see is shuffled among the
 * rows it learns from: the file and its generation stay as they are, and what is shuffled says nothing.
 */
import { seededNumbers, type RowContext } from '../features';
import type { TrainingRows } from '../nn';
import type { IdentifiedBatch } from './batch';

/** Every part that can be left out, and what is then missing. */
export const TRAIN_PARTS = {
  parent: 'the network does not see what a span is called by, nor for how long',
  root: 'the network sees neither the first span of the trace, nor its shape, nor how long it lasts',
  shape: 'the network does not see the shape of the trace, but for what is yet to come of it',
  foresight: 'the network does not see what children and later siblings usually take',
  pace: 'nothing says how slow a trace is as a whole before its spans are drawn: branches know nothing of each other',
  siblings: 'the network does not see the siblings before, nor how many there are',
  segments: 'the network and its priors do not see the time',
  'earlier-fields':
    'the network does not see what was drawn of the span before (gap, duration, attributes), nor the class of its parent, nor what its children take',
  blur: 'the network learns from exact times, not from times as exact as bins tell them',
  origins: 'no attribute repeats a value from elsewhere in its trace',
  'child-times': 'attributes of a span know nothing of how long its children last',
  'attribute-groups': 'attributes of a span are drawn one after the other, not as they go together',
  'start-times': 'traces begin when traces of another shape did: starts do not depend on what is in a trace',
} as const satisfies Record<string, string>;

export type TrainPart = keyof typeof TRAIN_PARTS;

/** Inputs of a row that belong to a part: embeddings by name, levels by number (see pkg/features/rows.ts). */
const INPUTS: Partial<
  Record<TrainPart, { readonly embeddings: readonly string[]; readonly levels: readonly number[] }>
> = {
  parent: {
    embeddings: ['parent', 'grandparent', 'parent-rank', 'remaining-rank', 'parent-class'],
    levels: [0, 1, 4, 11],
  },
  root: { embeddings: ['root', 'shape', 'root-rank'], levels: [3, 5] },
  shape: { embeddings: ['shape'], levels: [] },
  siblings: { embeddings: ['previous-rank'], levels: [2, 8, 9, 10] },
  segments: { embeddings: ['segment'], levels: [] },
  'earlier-fields': { embeddings: ['gap-bin', 'duration-bin', 'last-class', 'parent-class'], levels: [6, 7] },
};

/** A shuffled order of n things (Fisher and Yates). */
function shuffled(n: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const taken = order[i] as number;
    order[i] = order[j] as number;
    order[j] = taken;
  }
  return order;
}

/** Shuffles among the rows, in place, the inputs of the parts that are left out. */
export function hideInputs(rows: TrainingRows, context: RowContext, parts: readonly TrainPart[], seed: number): void {
  const levels = rows.count === 0 ? 0 : rows.levels.length / rows.count;
  parts.forEach((part, p) => {
    const inputs = INPUTS[part];
    if (inputs === undefined) {
      return;
    }
    const order = shuffled(rows.count, seededNumbers(seed * 31 + p + 1));
    context.embeddings.forEach(({ name }, e) => {
      if (inputs.embeddings.includes(name)) {
        const column = rows.indices[e] as Int32Array;
        const before = column.slice(0, rows.count);
        order.forEach((from, r) => (column[r] = before[from] as number));
      }
    });
    for (const level of inputs.levels) {
      const before = Uint8Array.from(order, (from) => rows.levels[from * levels + level] as number);
      before.forEach((value, r) => (rows.levels[r * levels + level] = value));
    }
  });
}

const NANOS = 1_000_000_000n;
const SECOND = 1e9;

/** The batch with the starts of its traces given to one another at random: the same rate, another trace at each start. */
export function withShuffledStarts(batch: IdentifiedBatch, seed: number): IdentifiedBatch {
  const order = shuffled(batch.traces, seededNumbers(seed));
  const base = Array.from(order, (from) => batch.base[from] as bigint);
  const second = new Float64Array(batch.spans);
  let [minStart, maxStart, maxEnd] = [base[0] as bigint, 0n, 0n];
  base.forEach((own, t) => {
    for (let i = batch.spanOffset[t] as number; i < (batch.spanOffset[t + 1] as number); i++) {
      const offset = batch.start[i] as number;
      second[i] = Number(own / NANOS) + Math.floor((Number(own % NANOS) + offset) / SECOND);
      const start = own + BigInt(Math.round(offset));
      const end = start + BigInt(Math.round(batch.duration[i] as number));
      minStart = start < minStart ? start : minStart;
      maxStart = start > maxStart ? start : maxStart;
      maxEnd = end > maxEnd ? end : maxEnd;
    }
  });
  return { ...batch, base, second, minStart, maxStart, maxEnd };
}
