/** @file A batch of traces as columns. */
import type { AttributeValue } from '../trace';
import type { Dictionary } from './dictionary';

/** Parent of a span without one, and of a span whose parent is not in the trace. */
export const ROOT = -1;
export const ORPHAN = -2;

/** What an attribute key stands for: an attribute, or a field of a span, event or link that is treated as one. */
export type KeyRole = 'attribute' | 'field';

export interface KeyEntry {
  readonly role: KeyRole;
  readonly key: string;
}

/** A key with a value. */
export interface PairEntry {
  readonly key: number;
  readonly value: AttributeValue;
}

/** Lists of pairs: list i is pool[offset[i]] … pool[offset[i + 1] − 1]. */
export interface PairLists {
  readonly offset: Int32Array;
  readonly pool: Int32Array;
}

/** A resource, its pairs in order. */
export interface ResourceEntry {
  readonly service: number;
  readonly pairs: readonly number[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** A batch, column by column. Times in ns. */
export interface BatchColumns {
  readonly dictionary: Dictionary;
  readonly traces: number;
  readonly spans: number;
  /** First span of each trace; length traces + 1. */
  readonly spanOffset: Int32Array;
  /** Start of the first span of each trace: what `start` counts from. */
  readonly base: readonly bigint[];
  readonly node: Int32Array;
  /** Index within the trace, {@link ROOT} or {@link ORPHAN}. */
  readonly parent: Int32Array;
  readonly start: Float64Array;
  /** Whole Unix seconds of the start, exact. */
  readonly second: Float64Array;
  readonly duration: Float64Array;
  readonly resource: Int32Array;
  readonly attributes: PairLists;
  /** First event of each span; length spans + 1. */
  readonly eventOffset: Int32Array;
  readonly eventName: Int32Array;
  /** From the start of the span. */
  readonly eventTime: Float64Array;
  readonly eventAttributes: PairLists;
  readonly linkOffset: Int32Array;
  readonly linkAttributes: PairLists;
  readonly keys: readonly KeyEntry[];
  readonly pairs: readonly PairEntry[];
  /** In how many traces each pair was seen. */
  readonly pairTraces: Int32Array;
  readonly eventNames: readonly string[];
  readonly eventNameTraces: Int32Array;
  readonly resources: readonly ResourceEntry[];
  readonly minStart: bigint;
  readonly maxStart: bigint;
  readonly maxEnd: bigint;
}
