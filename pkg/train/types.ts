/** @file What training is asked for, and what it gives. */
import type { Logger, Progress } from '../common';
import type { Manifest, TrainingSummary } from '../model';
import type { TrainPart } from './parts';

export interface TrainOptions {
  /** Same seed and input, same file. Default 1. */
  readonly seed?: number;
  /** Passes over the rows; default by their number. 0 = no network, marginals only. */
  readonly epochs?: number;
  /** Largest file wanted; the network and the tables shrink to meet it. */
  readonly maxBytes?: number;
  /** A value seen in fewer traces is never kept verbatim. Default 5. */
  readonly privacyK?: number;
  /** Stored bytes for real traces kept verbatim; 0 = none. Default {@link EXEMPLAR_SHARE} of the rest of the model. */
  readonly exemplarBytes?: number;
  /** Width of the hidden layers of the network; default by the rows and the bytes they are worth. */
  readonly width?: number;
  /** Bits of a weight, 2 to 7. Default 7. */
  readonly weightBits?: number;
  /** Width of the time buckets of the counts, one of BUCKET_WIDTHS; default the finest that stays cheap. */
  readonly bucketSeconds?: number;
  /** At most so many attributes of each operation, and of its events and links: the most frequent. Default all. */
  readonly attributes?: number;
  /** Parts left out, to measure what they are worth. */
  readonly without?: readonly TrainPart[];
  /** A `.gent` file whose network training goes on from, where it fits the batch and the bytes. */
  readonly from?: Uint8Array;
  /** Why there is no model to go on from although there should be: stated in the manifest. */
  readonly anew?: string;
  /** Measure the model against its batch and keep the measures in the manifest. Default true. */
  readonly fidelityCard?: boolean;
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
  /** Why training did not go on from the model it was given; absent where it did, or where none was given. */
  readonly anew?: string;
}

export interface TrainResult {
  /** The file. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly report: TrainReport;
}
