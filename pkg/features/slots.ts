/**
 * @file Attributes of one kind of thing (the spans of an operation, one of its events) as slots and groups.
 * A slot is one key; its alphabet is: absent, as at the slot's origin, the frequent values, one of the less frequent
 * values, and a number or forms where values are many or rare. Slots that vary are drawn together as groups: the tuple
 * of their letters.
 */
import type { GivenOwner } from './groups';
import type { Origin } from './origins';
import type { Template } from './patterns';
import type { QuantileTable } from './quantiser';
import type { TupleTable } from './tuple-tables';

/** What a letter of a slot means. */
export enum Letter {
  Absent,
  Value,
  /** One of the values in `rest`, by weight. */
  Rest,
  /** A number from `table`. */
  Number,
  /** A value in one of the forms: of a slot with F such letters, letter f is form f, and the last all from there on. */
  Form,
  /** What the slot's origin has, be it nothing. */
  Copy,
}

export interface Slot {
  /** Index into the batch's keys. */
  readonly key: number;
  /** Meanings of letters in order; `value` is an index into the batch's pairs. */
  readonly letters: ReadonlyArray<{ readonly letter: Letter; readonly pair: number }>;
  readonly rest: ReadonlyArray<{ readonly pair: number; readonly weight: number }>;
  /** Values times `scale`, where a letter is Number. */
  readonly table: QuantileTable | undefined;
  /** True where numbers are int64. */
  readonly integer: boolean;
  /** Decimals of doubles, at most {@link DOUBLE_DECIMALS}. */
  readonly decimals: number;
  readonly templates: readonly Template[];
  /** Where the letter Copy gets its value. */
  readonly origin: Origin | undefined;
}

/** Slots drawn together. */
export interface Group {
  /** Indices into the slots. */
  readonly slots: readonly number[];
  /** Letters of each tuple, tuples × slots. */
  readonly tuples: ReadonlyArray<readonly number[]>;
  readonly mass: readonly number[];
  /** Statuses that each tuple was seen with, as bits 1 << status. */
  readonly statuses: readonly number[];
  /** What each tuple was seen with, as bits 1 << {@link contextOfSpan}. */
  readonly contexts: readonly number[];
  /** For events and links: masses that depend on the span. */
  readonly given: GivenOwner | undefined;
  /** For spans: tables by context, where the network is not asked. */
  readonly tables: readonly TupleTable[];
  /** Whether tables are all there is: then the network does not know the group. */
  readonly tabled: boolean;
}

/** Status of a span, and whether the origins of all slots of a group that have one exist for it, as a number below 6. */
export function contextOfSpan(status: number, available: boolean): number {
  return Math.min(2, status) + (available ? 3 : 0);
}

export interface Bag {
  readonly slots: readonly Slot[];
  readonly groups: readonly Group[];
}

/** Doubles are kept to six decimals of scale. */
export const DOUBLE_SCALE = 1_000_000;
export const DOUBLE_DECIMALS = 6;
