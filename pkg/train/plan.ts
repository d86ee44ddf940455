/** @file How large a network and how long a training a batch deserves. */
import type { EmbeddingSizes } from '../features';

/** Sizes of a network. */
export interface NetworkPlan {
  readonly sizes: EmbeddingSizes;
  readonly hidden: readonly number[];
  readonly epochs: number;
}

/** Fewer rows than this teach a network nothing that marginals do not know. */
const MIN_ROWS = 400;
/** Rows seen in all passes together; about a minute on two cores. */
const ROWS_BUDGET = 12_000_000;
const MIN_EPOCHS = 4;
const MAX_EPOCHS = 60;

interface Step {
  readonly rows: number;
  readonly hidden: readonly number[];
  readonly sizes: EmbeddingSizes;
}

/** From many rows to few. */
const STEPS: readonly Step[] = [
  { rows: 400_000, hidden: [128, 128], sizes: { field: 16, operation: 8, rank: 8 } },
  { rows: 100_000, hidden: [96, 96], sizes: { field: 16, operation: 8, rank: 8 } },
  { rows: 20_000, hidden: [48, 48], sizes: { field: 12, operation: 4, rank: 4 } },
  { rows: 4000, hidden: [32, 32], sizes: { field: 8, operation: 4, rank: 4 } },
  { rows: 0, hidden: [16, 16], sizes: { field: 4, operation: 2, rank: 4 } },
];

/**
 * Plans a network.
 * @param rows - about how many rows there will be
 * @param shrink - how many steps smaller than the data asks for
 * @returns undefined when there is too little to learn
 */
export function planNetwork(rows: number, epochs: number | undefined, shrink = 0): NetworkPlan | undefined {
  if (epochs === 0 || rows < MIN_ROWS) {
    return undefined;
  }
  const first = STEPS.findIndex((step) => rows >= step.rows);
  const step = STEPS[Math.min(STEPS.length - 1, first + shrink)] as Step;
  return {
    hidden: step.hidden,
    sizes: step.sizes,
    epochs: epochs ?? Math.max(MIN_EPOCHS, Math.min(MAX_EPOCHS, Math.round(ROWS_BUDGET / rows))),
  };
}
