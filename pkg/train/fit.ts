/** @file How much of what a model is made of fits into the bytes that were allowed. */
import { GentError } from '../common';
import {
  binsOf,
  learnContent,
  writeContent,
  type BatchColumns,
  type LearnOptions,
  type LearntBatch,
} from '../features';
import { packSection } from '../model';
import { summarise } from './summary';

/** What a model without its exemplars takes at most of what gzip -9 leaves of its traces as OTLP/JSON. */
const GZIP_SHARE = 0.0053;
/** What gzip -9 leaves of a span where nobody measured it. */
const USUAL_GZIP_BYTES = 29;
/** Small batches are worth a network too. */
const MIN_NETWORK_BYTES = 15_000;
/** Bins of quantile tables to fall back to when bytes are short, and the share of the file that all but the network may take. */
const BIN_CHOICES = [64, 48, 32, 20, 12] as const;
const CONTENT_SHARE = 0.75;
const LEAST_NETWORK_BYTES = 4000;
/** Stored bytes of the prior of a bin, regimes included; of a drift; and the share of a file that drifts of each kind may take. */
const BYTES_A_PRIOR = 0.25;
const BYTES_A_DRIFT = 3.5;
const DRIFT_SHARE = 0.015;
/** Table of sections, and what the manifest says of the sections. */
const FILE_OVERHEAD = 800;

/** Drifts of each kind that a file of so many bytes may have. */
export function driftsWithin(maxBytes: number): number {
  return Math.floor((DRIFT_SHARE * maxBytes) / BYTES_A_DRIFT);
}

/** A batch learnt, and what is left for the network: 0 when there is room for none. */
export interface Fitted {
  readonly learnt: LearntBatch;
  readonly networkBytes: number;
}

/** Stored bytes of sections. */
export function packedBytes(sections: Readonly<Record<string, Uint8Array>>): number {
  return Object.entries(sections).reduce((sum, [name, data]) => sum + packSection({ name, data }).storedBytes, 0);
}

/** Stored bytes of the manifest and of the table of sections, nearly. */
function manifestBytes(learnt: LearntBatch, k: number): number {
  const summary = summarise(learnt, k, { seed: 0, epochs: 0, rows: 0, parameters: 0 });
  return packedBytes({ manifest: new TextEncoder().encode(JSON.stringify(summary)) }) + FILE_OVERHEAD;
}

/** Stored bytes of everything but the network. @param alone - with what a model without a network needs */
function bytesWithoutNetwork(learnt: LearntBatch, k: number, alone: boolean): number {
  const priors = alone
    ? 0
    : BYTES_A_PRIOR * learnt.content.timing.tables.reduce((sum, table) => sum + binsOf(table), 0);
  return packedBytes(writeContent(learnt.content, alone)) + manifestBytes(learnt, k) + priors;
}

/**
 * Learns the content with as many bins as the bytes allow.
 * @param exemplarShare - share of the file to keep free for exemplars where there is a network; undefined: there shall be none
 * @param content - what else is asked of it
 * @throws GentError TRAIN_MAX_BYTES when not even the fewest bins without a network fit
 */
export function learnWithin(
  columns: BatchColumns & { readonly gzipBytesASpan?: number },
  k: number,
  maxBytes: number | undefined,
  exemplarShare: number | undefined,
  content: Pick<LearnOptions, 'bucketSeconds' | 'without'> = {}
): Fitted {
  const { gzipBytesASpan = USUAL_GZIP_BYTES } = columns;
  // Where the network cannot have its share at any number of bins: the fewest bins, and what they leave; then none.
  let narrow: Fitted | undefined;
  let alone: Fitted | undefined;
  let least = Infinity;
  for (const maxBins of BIN_CHOICES) {
    const learnt = learnContent(columns, { ...content, k, maxBins });
    const contentBytes = bytesWithoutNetwork(learnt, k, false);
    const share = exemplarShare === undefined ? 0 : 1 - exemplarShare - 2 * DRIFT_SHARE;
    const free = maxBytes === undefined ? Infinity : maxBytes * share;
    if (
      maxBytes === undefined ||
      contentBytes <= free - Math.max(LEAST_NETWORK_BYTES, (1 - CONTENT_SHARE) * maxBytes)
    ) {
      const wanted = Math.max(contentBytes + MIN_NETWORK_BYTES, GZIP_SHARE * gzipBytesASpan * columns.spans);
      return { learnt, networkBytes: Math.min(free, wanted) - contentBytes };
    }
    narrow = contentBytes <= free - LEAST_NETWORK_BYTES ? { learnt, networkBytes: free - contentBytes } : undefined;
    least = Math.min(least, bytesWithoutNetwork(learnt, k, true));
    if (alone === undefined && least <= maxBytes) {
      alone = { learnt, networkBytes: 0 };
    }
  }
  if (narrow !== undefined) {
    return narrow;
  }
  if (alone === undefined) {
    throw new GentError('TRAIN_MAX_BYTES', `the model needs ${least} bytes at least, ${maxBytes} were allowed`);
  }
  return alone;
}
