/**
 * @file Groups of attributes that depend on nothing but what a shape says and on the time are drawn from tables of what
 * was seen: exact, and nothing for the network to learn. Context by context (see `contextOfSpan`) it is tested whether
 * that is so; what very few spans have is drawn from tables anyway.
 */
import { entropyBits } from './groups';
import type { ShapeLayout } from './layout';
import type { Encoded } from './slot-learn';
import type { Bag, Group } from './slots';
import type { SpanTable } from './span-table';
import { chooseWitnesses, type ChildTimes } from './witnesses';

/** What of its shape a span's attributes may depend on. */
export enum Structure {
  Nothing = 0,
  /** The operation that a failure comes from, see {@link causesOf}. */
  Cause = 1,
  Site = 2,
  Shape = 3,
}

/** Masses of tuples in one context, by structure and stretch of time. */
export interface TupleTable {
  readonly context: number;
  readonly structure: Structure;
  /** Time segments of one stretch. */
  readonly segments: number;
  /** {@link tableRow} → [tuple, mass]. */
  readonly masses: ReadonlyMap<number, ReadonlyArray<readonly [number, number]>>;
}

/** More stretches than there ever are. */
const STRETCH_ROWS = 64;

/** The row of a table. @param value - what of the shape the table is by */
export function tableRow(value: number, stretch: number): number {
  return value * STRETCH_ROWS + stretch;
}

/**
 * For each node the operation that its failure comes from: that of the failed span deepest below it, following the last
 * failed child; −1 for spans that did not fail.
 */
export function causesOf(layout: Pick<ShapeLayout, 'size' | 'parent' | 'status' | 'operation'>): Int32Array {
  const cause = new Int32Array(layout.size).fill(-1);
  for (let i = layout.size - 1; i >= 0; i--) {
    if (layout.status[i] !== 2) {
      continue;
    }
    if (cause[i] === -1) {
      cause[i] = layout.operation[i] as number;
    }
    const parent = layout.parent[i] as number;
    if (parent >= 0 && layout.status[parent] === 2 && cause[parent] === -1) {
      cause[parent] = cause[i] as number;
    }
  }
  return cause;
}

/** The value that a table is by. @param cause - of {@link causesOf} */
export function structureOf(structure: Structure, cause: number, site: number, shape: number): number {
  switch (structure) {
    case Structure.Cause:
      return cause + 1;
    case Structure.Site:
      return site;
    case Structure.Shape:
      return shape;
    default:
      return 0;
  }
}

/** What a cell costs, in bits: less for failures, which are worth more than their number says. */
const BITS_A_CELL = 14;
const BITS_A_FAILURE_CELL = 5;
/** Too few spans to teach the network anything. */
const FEW_SPANS = 400;
const FAILED = 2;
const STRETCHES = [1, 2, 4, 8, 16, 32, 64] as const;
/** Spans that a dependence is tested on. */
const MOST_TESTED = 8000;
/** A dependence counts from so many nats a span, and from so much of the entropy. */
const LEAST_NATS = 0.01;
const LEAST_SHARE = 0.03;
/** … and when it is so many standard deviations beyond what chance gives (G-test; Sokal and Rohlf, Biometry). */
const DEVIATIONS = 4;
const DURATION_CLASSES = 8;
const NUMBER_CLASSES = 8;

function counted<T>(map: Map<T, Map<number, number>>, key: T, value: number): void {
  let row = map.get(key);
  if (row === undefined) {
    row = new Map();
    map.set(key, row);
  }
  row.set(value, (row.get(value) ?? 0) + 1);
}

/** Spans of one context of a group. */
interface Choice {
  readonly context: number;
  /** Positions among the spans of the operation. */
  readonly positions: Int32Array;
  readonly members: Int32Array;
  readonly tuples: Uint8Array;
}

/** The contexts with more than one tuple to choose from. */
function openChoices(tuples: Uint8Array, contexts: Uint8Array, members: Int32Array): Choice[] {
  return [...new Set(contexts)].flatMap((context): Choice[] => {
    const positions = Int32Array.from(contexts.keys()).filter((m) => contexts[m] === context);
    const own = Uint8Array.from(positions, (m) => tuples[m] as number);
    return new Set(own).size < 2
      ? []
      : [{ context, positions, members: positions.map((m) => members[m] as number), tuples: own }];
  });
}

/** What is known of the batch for tables. */
export interface TableSource {
  readonly spans: SpanTable;
  /** Number of time segments. */
  readonly segments: number;
  /** Of each span, see {@link causesOf}. */
  readonly cause: Int32Array;
  /** Class of the first group of each span. */
  readonly mainClass: Uint8Array;
}

function rowsBy(choice: Choice, { spans, cause }: TableSource, structure: Structure, width: number): Int32Array {
  return choice.members.map((span) => {
    const trace = spans.traceOf[span] as number;
    const value = structureOf(
      structure,
      cause[span] as number,
      spans.site[span] as number,
      spans.shape[trace] as number
    );
    return tableRow(value, Math.floor((spans.segment[trace] as number) / width));
  });
}

/** The table that costs least, in all. */
function tableOf(choice: Choice, source: TableSource): { table: TupleTable; rows: Int32Array } {
  const bits = choice.context % 3 === FAILED ? BITS_A_FAILURE_CELL : BITS_A_CELL;
  let best: { table: TupleTable; rows: Int32Array } | undefined;
  let least = Infinity;
  for (const structure of [Structure.Nothing, Structure.Cause, Structure.Site, Structure.Shape]) {
    for (const stretches of STRETCHES.filter((n) => n === 1 || n <= source.segments)) {
      const segments = Math.ceil(source.segments / stretches);
      const rows = rowsBy(choice, source, structure, segments);
      const cells = new Map<number, Map<number, number>>();
      rows.forEach((row, m) => counted(cells, row, choice.tuples[m] as number));
      let cost = 0;
      for (const row of cells.values()) {
        cost += entropyBits(row.values()) + bits * row.size;
      }
      if (cost < least) {
        least = cost;
        const masses = new Map([...cells].map(([row, cell]) => [row, [...cell].sort((a, b) => a[0] - b[0])]));
        best = { table: { context: choice.context, structure, segments, masses }, rows };
      }
    }
  }
  return best as { table: TupleTable; rows: Int32Array };
}

/** Nats that `classOf` says of the tuples within cells, beyond what chance gives; 0 where that is not enough to count. */
function information(
  choice: Pick<Choice, 'tuples'>,
  cellOf: (m: number) => number,
  classOf: (m: number) => number
): number {
  const step = Math.max(1, Math.floor(choice.tuples.length / MOST_TESTED));
  const joint = new Map<number, Map<number, number>>();
  const byTuple = new Map<number, Map<number, number>>();
  const byClass = new Map<number, Map<number, number>>();
  let n = 0;
  for (let first = 0; first < choice.tuples.length; first += step) {
    const m = Math.min(choice.tuples.length - 1, first + ((Math.imul(first + 1, 0x9e3779b1) >>> 8) % step));
    const cell = cellOf(m);
    const tuple = choice.tuples[m] as number;
    counted(joint, cell, classOf(m) * 64 + tuple);
    counted(byTuple, cell, tuple);
    counted(byClass, cell, classOf(m));
    n++;
  }
  let shared = 0;
  let entropy = 0;
  let freedom = 0;
  for (const [cell, row] of joint) {
    const tuples = byTuple.get(cell) as Map<number, number>;
    const classes = byClass.get(cell) as Map<number, number>;
    const own = entropyBits(tuples.values());
    entropy += own * Math.LN2;
    shared += (own + entropyBits(classes.values()) - entropyBits(row.values())) * Math.LN2;
    freedom += (tuples.size - 1) * (classes.size - 1);
  }
  const excess = shared - freedom / 2;
  const counts =
    2 * excess > DEVIATIONS * Math.sqrt(2 * freedom) && excess > Math.max(LEAST_NATS * n, LEAST_SHARE * entropy);
  return counts ? excess : 0;
}

/** Eight classes of the durations of some spans, evenly filled. */
function durationClasses(spans: SpanTable, members: Int32Array): (m: number) => number {
  const sorted = Float64Array.from(members, (span) => spans.duration[span] as number).sort();
  const edges = Array.from(
    { length: DURATION_CLASSES - 1 },
    (_, q) => sorted[Math.floor(((q + 1) * sorted.length) / DURATION_CLASSES)] as number
  );
  return (m) => {
    const duration = spans.duration[members[m] as number] as number;
    return edges.reduce((found, edge) => found + (duration >= edge ? 1 : 0), 0);
  };
}

/** A bag with its tables, and the witnesses of its groups and numbers: see {@link chooseWitnesses}. */
export interface TabledBag {
  readonly bag: Bag;
  /** Places by group, then by slot that has numbers. */
  readonly witnesses: ReadonlyArray<readonly number[]>;
}

/** The children whose durations say most of what is chosen, besides the time and how long the spans themselves last. */
function witnessesOf(
  choice: Choice,
  rows: Int32Array,
  spans: SpanTable,
  candidates: readonly ChildTimes[]
): ChildTimes[] {
  if (choice.members.length <= FEW_SPANS || candidates.length === 0) {
    return [];
  }
  const own = durationClasses(spans, choice.members);
  const known = new Map(Array.from(choice.positions, (at, m) => [at, (rows[m] as number) * DURATION_CLASSES + own(m)]));
  return chooseWitnesses(
    candidates,
    (at) => known.get(at) as number,
    (cellOf, classOf) =>
      information(
        choice,
        (m) => cellOf(choice.positions[m] as number),
        (m) => classOf(choice.positions[m] as number)
      )
  );
}

/** Numbers of a slot as a choice among classes of them. */
function numberChoice(numbers: Float64Array, members: Int32Array): Choice {
  const positions = Int32Array.from(numbers.keys()).filter((m) => !Number.isNaN(numbers[m]));
  const sorted = Float64Array.from(positions, (m) => numbers[m] as number).sort();
  const edges = Array.from(
    { length: NUMBER_CLASSES - 1 },
    (_, q) => sorted[Math.floor(((q + 1) * sorted.length) / NUMBER_CLASSES)] as number
  );
  const tuples = Uint8Array.from(positions, (m) => edges.filter((edge) => (numbers[m] as number) >= edge).length);
  return { context: 0, positions, members: positions.map((m) => members[m] as number), tuples };
}

/**
 * The bag of an operation with tables for what they are enough for.
 * @param members - spans (in the new order) of the operation
 * @param candidates - children that may bear witness
 */
export function withTables(
  bag: Bag,
  encoded: Encoded,
  members: Int32Array,
  source: TableSource,
  candidates: readonly ChildTimes[]
): TabledBag {
  const { spans, cause, mainClass } = source;
  const witnesses: number[][] = [];
  const groups = bag.groups.map((group, g): Group => {
    const choices = openChoices(encoded.groups[g] as Uint8Array, encoded.contexts[g] as Uint8Array, members);
    const tabled = choices.map((choice) => ({ choice, ...tableOf(choice, source) }));
    const main = [...tabled].sort((a, b) => b.choice.members.length - a.choice.members.length)[0];
    const seen = main === undefined ? [] : witnessesOf(main.choice, main.rows, spans, candidates);
    const tables = tabled.flatMap(({ choice, table, rows }): TupleTable[] => {
      const spanOf = (m: number): number => choice.members[m] as number;
      const columns: Array<(m: number) => number> = [
        (m) => spans.site[spanOf(m)] as number,
        (m) => spans.shape[spans.traceOf[spanOf(m)] as number] as number,
        (m) => cause[spanOf(m)] as number,
        (m) => {
          const parent = spans.parent[spanOf(m)] as number;
          return parent < 0 ? 0 : (mainClass[parent] as number) + 1;
        },
        durationClasses(spans, choice.members),
        ...[...encoded.groups.slice(0, g), ...seen.map(({ classes }) => classes)].map(
          (classes) =>
            (m: number): number =>
              classes[choice.positions[m] as number] as number
        ),
      ];
      const enough =
        choice.members.length <= FEW_SPANS ||
        !columns.some((classOf) => information(choice, (m) => rows[m] as number, classOf) > 0);
      return enough ? [table] : [];
    });
    const all = tables.length === choices.length;
    witnesses.push(all ? [] : seen.map(({ place }) => place));
    return { ...group, tables, tabled: all };
  });
  bag.slots.forEach((slot, s) => {
    if (slot.table !== undefined) {
      const choice = numberChoice(encoded.numbers.get(s) as Float64Array, members);
      const seen = witnessesOf(choice, new Int32Array(choice.positions.length), spans, candidates);
      witnesses.push(seen.map(({ place }) => place));
    }
  });
  return { bag: { slots: bag.slots, groups }, witnesses };
}
