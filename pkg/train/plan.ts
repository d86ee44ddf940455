/** @file How large a network and how long a training a batch deserves. */
import { GentError } from '../common';
import { LEVELS, MAX_BINS, type EmbeddingSizes, type RowEmbedding } from '../features';

/** Sizes of a network, and how long it is trained. */
export interface NetworkPlan {
  readonly sizes: EmbeddingSizes;
  readonly hidden: readonly number[];
  readonly epochs: number;
}

/** Widths of a network: what a plan may take over from an earlier one. */
export type NetworkWidths = Pick<NetworkPlan, 'sizes' | 'hidden'>;

/** What a plan has to respect. */
export interface PlanInput {
  readonly rows: number;
  /** Stored bytes the network may take. */
  readonly bytes: number;
  /** Bits of a weight. */
  readonly weightBits: number;
  /** Whether somebody asked for so many bytes; else the smallest network may take more: many operations need one most. */
  readonly strict: boolean;
  /** Asked for by the caller; by default as many as a minute or so allows. */
  readonly epochs: number | undefined;
  /** The embeddings that go with sizes. */
  readonly embeddings: (sizes: EmbeddingSizes) => readonly RowEmbedding[];
  /** Width of the hidden layers asked for by the caller; by default as many as the rows can fill. */
  readonly width?: number;
  /** Widths of the network to go on from. */
  readonly previous?: NetworkWidths;
}

/** Fewer rows than this teach a network nothing that marginals do not know. */
const MIN_ROWS = 400;
/** Rows seen in all passes together, three quarters of a minute on two free cores: a ninth more moves no measure beyond noise. */
const ROWS_BUDGET = 12_000_000;
const MIN_EPOCHS = 6;
/** More passes than this over few rows learn them by heart, or change nothing. */
const MAX_EPOCHS = 40;
/** Share of the passes that a network which goes on from another one takes. */
export const ROLLING_EPOCHS_SHARE = 0.5;
/** Stored bytes of a weight by bit that it may have: small ones, which training prefers, take fewer. */
const BYTES_A_BIT = 0.1;
/** ONNX around the weights. */
const OVERHEAD_BYTES = 1200;

/** From large to small. Widths that data of so many rows can fill; more rows never ask for fewer. */
const STEPS: ReadonlyArray<{ rows: number; width: number; sizes: EmbeddingSizes }> = [
  { rows: 400_000, width: 128, sizes: { field: 16, operation: 8, rank: 8 } },
  { rows: 250_000, width: 112, sizes: { field: 16, operation: 8, rank: 8 } },
  { rows: 150_000, width: 96, sizes: { field: 12, operation: 6, rank: 8 } },
  { rows: 100_000, width: 80, sizes: { field: 12, operation: 6, rank: 6 } },
  { rows: 60_000, width: 64, sizes: { field: 12, operation: 4, rank: 6 } },
  { rows: 20_000, width: 48, sizes: { field: 10, operation: 4, rank: 4 } },
  { rows: 4000, width: 32, sizes: { field: 8, operation: 4, rank: 4 } },
  { rows: 0, width: 16, sizes: { field: 4, operation: 2, rank: 4 } },
];

/** Widths are multiples of this, so that the bytes there are get used. */
const WIDTH_STEP = 8;
const LEAST_WIDTH = 16;

/** Weights of a network with two hidden layers of `width`. */
export function parameterCount(embeddings: readonly RowEmbedding[], width: number): number {
  const inputs = embeddings.reduce((sum, embedding) => sum + embedding.dimension, LEVELS);
  const tables = embeddings.reduce((sum, embedding) => sum + embedding.vocabulary * embedding.dimension, 0);
  return tables + (inputs + 1) * width + (width + 1) * width + (width + 1) * MAX_BINS;
}

/** A network of a width that somebody asked for, with the embeddings that go with it. */
function ofWidth(width: number): NetworkWidths {
  const step = STEPS.find((candidate) => candidate.width <= width) ?? STEPS[STEPS.length - 1];
  return { sizes: (step as (typeof STEPS)[number]).sizes, hidden: [width, width] };
}

/** Stored bytes of a network, nearly. @param parameters - how many @param weightBits - bits of each */
export function plannedBytes(parameters: number, weightBits: number): number {
  return parameters * weightBits * BYTES_A_BIT + OVERHEAD_BYTES;
}

function holds(input: PlanInput, { sizes, hidden }: NetworkWidths): boolean {
  const parameters = parameterCount(input.embeddings(sizes), hidden[0] as number);
  return plannedBytes(parameters, input.weightBits) <= input.bytes;
}

/**
 * Plans the network to go on from where there is one that the bytes can hold, else the largest that the rows can fill.
 * @returns undefined when there is too little to learn, or no room
 * @throws GentError TRAIN_MAX_BYTES when there is no room for the width that was asked for
 */
export function planNetwork(input: PlanInput): (NetworkPlan & { readonly goesOn: boolean }) | undefined {
  const { rows, width, previous } = input;
  if (input.epochs === 0 || rows < MIN_ROWS) {
    return undefined;
  }
  const passes = Math.max(MIN_EPOCHS, Math.min(MAX_EPOCHS, Math.round(ROWS_BUDGET / rows)));
  if (previous !== undefined && holds(input, previous) && (width ?? previous.hidden[0]) === previous.hidden[0]) {
    const { sizes, hidden } = previous;
    return { sizes, hidden, epochs: input.epochs ?? Math.ceil(passes * ROLLING_EPOCHS_SHARE), goesOn: true };
  }
  if (width !== undefined) {
    const wanted = ofWidth(width);
    if (input.strict && !holds(input, wanted)) {
      throw new GentError(
        'TRAIN_MAX_BYTES',
        `a network ${width} wide does not fit into ${Math.floor(input.bytes)} bytes`
      );
    }
    return { ...wanted, epochs: input.epochs ?? passes, goesOn: false };
  }
  const widest = STEPS.find((step) => rows >= step.rows)?.width ?? WIDTH_STEP;
  const widths = Array.from({ length: widest / WIDTH_STEP }, (_, i) => ofWidth(widest - i * WIDTH_STEP)).filter(
    ({ hidden }) => (hidden[0] as number) >= LEAST_WIDTH
  );
  const fitting = widths.find((candidate) => holds(input, candidate)) ?? (input.strict ? undefined : widths.at(-1));
  return fitting === undefined ? undefined : { ...fitting, epochs: input.epochs ?? passes, goesOn: false };
}
