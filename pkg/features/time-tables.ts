/**
 * @file Groups of attributes that depend on nothing but the time, and on the contexts of their spans: they are drawn from
 * tables of what was seen when, which is exact and costs the network nothing. Whether a group is one of them is tested.
 */
import { entropyBits } from './groups';
import type { Encoded } from './slot-learn';
import type { Bag, Group } from './slots';
import type { SpanTable } from './span-table';

/** Masses of tuples by context and stretch of time. */
export interface TimeTable {
  /** Time segments of one stretch. */
  readonly segments: number;
  /** {@link timeCell} → [tuple, mass]. A context with one tuple is not there. */
  readonly masses: ReadonlyMap<number, ReadonlyArray<readonly [number, number]>>;
}

const CONTEXTS = 8;

/** The line of a table. @param context - see `contextOfSpan` */
export function timeCell(context: number, stretch: number): number {
  return stretch * CONTEXTS + context;
}

/** What a cell costs, in bits. */
const BITS_A_CELL = 14;
const STRETCHES = [1, 2, 4, 8, 16, 32, 64] as const;
/** Spans that a dependence is tested on. */
const MOST_TESTED = 8000;
/** A dependence counts from so many nats a span, and from so much of the entropy. */
const LEAST_NATS = 0.01;
const LEAST_SHARE = 0.03;
/** … and when it is so many standard deviations beyond what chance gives (G-test; Sokal and Rohlf, Biometry). */
const DEVIATIONS = 4;
const DURATION_CLASSES = 8;

function counted<T>(map: Map<T, Map<number, number>>, key: T, value: number): void {
  let row = map.get(key);
  if (row === undefined) {
    row = new Map();
    map.set(key, row);
  }
  row.set(value, (row.get(value) ?? 0) + 1);
}

/** Spans of one group with more than one tuple to choose from. */
interface Choice {
  readonly members: Int32Array;
  readonly tuples: Uint8Array;
  readonly contexts: Uint8Array;
}

function openChoices(tuples: Uint8Array, contexts: Uint8Array, members: Int32Array): Choice {
  const seen = new Map<number, Set<number>>();
  tuples.forEach((tuple, m) => {
    const context = contexts[m] as number;
    const set = seen.get(context) ?? new Set<number>();
    seen.set(context, set.add(tuple));
  });
  const open = Int32Array.from(tuples.keys()).filter((m) => (seen.get(contexts[m] as number)?.size ?? 0) > 1);
  return {
    members: open.map((m) => members[m] as number),
    tuples: Uint8Array.from(open, (m) => tuples[m] as number),
    contexts: Uint8Array.from(open, (m) => contexts[m] as number),
  };
}

/** The table with the length of stretches that costs least, in all. */
function tableOf(choice: Choice, spans: SpanTable, segments: number): TimeTable {
  let best: TimeTable = { segments: 1, masses: new Map() };
  let least = Infinity;
  for (const stretches of STRETCHES.filter((n) => n === 1 || n <= segments)) {
    const width = Math.ceil(segments / stretches);
    const cells = new Map<number, Map<number, number>>();
    choice.members.forEach((span, m) => {
      const segment = spans.segment[spans.traceOf[span] as number] as number;
      counted(cells, timeCell(choice.contexts[m] as number, Math.floor(segment / width)), choice.tuples[m] as number);
    });
    let cost = 0;
    for (const row of cells.values()) {
      cost += entropyBits(row.values()) + BITS_A_CELL * row.size;
    }
    if (cost < least) {
      least = cost;
      best = {
        segments: width,
        masses: new Map([...cells].map(([cell, row]) => [cell, [...row].sort((a, b) => a[0] - b[0])])),
      };
    }
  }
  return best;
}

/** Whether tuples depend on `classOf` within the cells of the table. */
function depends(choice: Choice, cellOf: (m: number) => number, classOf: (m: number) => number): boolean {
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
  let information = 0;
  let entropy = 0;
  let freedom = 0;
  for (const [cell, row] of joint) {
    const tuples = byTuple.get(cell) as Map<number, number>;
    const classes = byClass.get(cell) as Map<number, number>;
    const own = entropyBits(tuples.values());
    entropy += own * Math.LN2;
    information += (own + entropyBits(classes.values()) - entropyBits(row.values())) * Math.LN2;
    freedom += (tuples.size - 1) * (classes.size - 1);
  }
  const excess = information - freedom / 2;
  return 2 * excess > DEVIATIONS * Math.sqrt(2 * freedom) && excess > Math.max(LEAST_NATS * n, LEAST_SHARE * entropy);
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

/**
 * The bag of an operation with tables for those of its groups that depend on time only.
 * @param members - spans (in the new order) of the operation
 * @param mainClass - class of the first group of each span of the batch
 */
export function withTimeTables(
  bag: Bag,
  encoded: Encoded,
  members: Int32Array,
  spans: SpanTable,
  segments: number,
  mainClass: Uint8Array
): Bag {
  return {
    slots: bag.slots,
    groups: bag.groups.map((group, g): Group => {
      const choice = openChoices(encoded.groups[g] as Uint8Array, encoded.contexts[g] as Uint8Array, members);
      const table = tableOf(choice, spans, segments);
      const traceOf = (m: number): number => spans.traceOf[choice.members[m] as number] as number;
      const cellOf = (m: number): number =>
        timeCell(choice.contexts[m] as number, Math.floor((spans.segment[traceOf(m)] as number) / table.segments));
      const columns: Array<(m: number) => number> = [
        (m) => spans.site[choice.members[m] as number] as number,
        (m) => spans.shape[traceOf(m)] as number,
        (m) => {
          const parent = spans.parent[choice.members[m] as number] as number;
          return parent < 0 ? 0 : (mainClass[parent] as number) + 1;
        },
        durationClasses(spans, choice.members),
        ...bag.groups.slice(0, g).map((_, before) => {
          const classes = new Map(Array.from(members, (span, m) => [span, encoded.groups[before]?.[m] ?? 0]));
          return (m: number): number => classes.get(choice.members[m] as number) ?? 0;
        }),
      ];
      return columns.some((classOf) => depends(choice, cellOf, classOf)) ? group : { ...group, byTime: table };
    }),
  };
}
