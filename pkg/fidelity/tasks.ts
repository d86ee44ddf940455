/** @file Gen-T's four downstream tasks: monitoring, triggers, durations relative to the entry, attributes by entry. */
import { type Clock, TIME_BUCKETS } from './clock';
import { addCount, type Counts, meanOf, quantile, wasserstein } from './distance';
import { entryServices } from './query-templates';
import type { SpanTable } from './span-table';

const LARGE_SET = 1000;
const DURATION_BUCKETS = 12;
/** Room for buckets and services in one number. */
const BUCKETS = 128;
const SERVICES = 2 ** 20;

export interface Tasks {
  /** What monitoring watches: errors, or slow spans where the real side has no error. */
  readonly event: 'error' | 'slow';
  readonly monitoringF1: number | null;
  readonly monitoringF1Micro: number | null;
  readonly triggerF1: number | null;
  readonly durationEMD: number | null;
  readonly attributeF1: number | null;
  readonly taskScore: number | null;
}

/** Rows of slow spans: longer than the real p99 of their operation. */
function slowRows(real: SpanTable, table: SpanTable): Uint8Array {
  const byOperation = new Map<number, number[]>();
  for (let row = 0; row < real.spans; row++) {
    const operation = real.operation[row] as number;
    const durations = byOperation.get(operation);
    if (durations === undefined) {
      byOperation.set(operation, [real.duration[row] as number]);
    } else {
      durations.push(real.duration[row] as number);
    }
  }
  const limits = new Map(
    [...byOperation].map(([operation, durations]) => [operation, quantile(Float64Array.from(durations).sort(), 0.99)])
  );
  return Uint8Array.from(table.operation, (operation, row) =>
    (table.duration[row] as number) > (limits.get(operation) ?? Infinity) ? 1 : 0
  );
}

/** S1 → (S2, bucket) → pairs of a span of S1 and an event span of S2 in the bucket. */
function monitoringCells(table: SpanTable, events: ArrayLike<number>, clock: Clock): Map<number, Counts> {
  const cells = new Map<number, Counts>();
  for (let trace = 0; trace < table.traces; trace++) {
    const hits: Counts = new Map();
    const services: Counts = new Map();
    for (let row = table.offsets[trace] as number; row < (table.offsets[trace + 1] as number); row++) {
      const service = table.service[row] as number;
      addCount(services, service);
      if (events[row] === 1) {
        addCount(hits, service * BUCKETS + clock.bucket(table.start[row] as number, TIME_BUCKETS));
      }
    }
    for (const [cell, count] of hits) {
      for (const [service, spans] of services) {
        let own = cells.get(service);
        if (own === undefined) {
          own = new Map();
          cells.set(service, own);
        }
        addCount(own, cell, count * spans * table.weight);
      }
    }
  }
  return cells;
}

function f1(hits: number, onlyReal: number, onlyOther: number): number {
  return (2 * hits) / (2 * hits + onlyReal + onlyOther);
}

function setScores(real: ReadonlySet<number>, other: ReadonlySet<number>): [number, number, number] {
  let hits = 0;
  for (const key of real) {
    hits += other.has(key) ? 1 : 0;
  }
  return [hits, real.size - hits, other.size - hits];
}

function monitoring(
  real: SpanTable,
  other: SpanTable,
  clock: Clock
): Pick<Tasks, 'event' | 'monitoringF1' | 'monitoringF1Micro'> {
  const event = real.error.includes(1) ? 'error' : 'slow';
  const threshold = real.traces >= LARGE_SET ? 10 : 1;
  const eventsOf = (table: SpanTable): ArrayLike<number> => (event === 'error' ? table.error : slowRows(real, table));
  const on = (counts: Counts | undefined): Set<number> =>
    new Set([...(counts ?? [])].filter(([, pairs]) => pairs > threshold).map(([cell]) => cell));
  const a = monitoringCells(real, eventsOf(real), clock);
  const b = monitoringCells(other, eventsOf(other), clock);
  const scores: number[] = [];
  const pooled = [0, 0, 0];
  for (const service of new Set([...a.keys(), ...b.keys()])) {
    const own = setScores(on(a.get(service)), on(b.get(service)));
    if (own.some((count) => count > 0)) {
      scores.push(f1(...own));
      own.forEach((count, i) => (pooled[i] = (pooled[i] as number) + count));
    }
  }
  return {
    event,
    monitoringF1: meanOf(scores),
    monitoringF1Micro: scores.length === 0 ? null : f1(...(pooled as [number, number, number])),
  };
}

/** (bucket of the parent, parent service, child service) that occur. */
function triggers(table: SpanTable, clock: Clock): Set<number> {
  const set = new Set<number>();
  for (let row = 0; row < table.spans; row++) {
    const parent = table.parent[row] as number;
    if (parent >= 0) {
      const services = (table.service[parent] as number) * SERVICES + (table.service[row] as number);
      set.add(services * BUCKETS + clock.bucket(table.start[parent] as number));
    }
  }
  return set;
}

/** (entry service, service, bucket) → durations relative to the entry span's, below 1. */
function relativeDurations(table: SpanTable, clock: Clock): Map<number, Counts> {
  const groups = new Map<number, Counts>();
  for (let trace = 0; trace < table.traces; trace++) {
    const entry = table.entry[trace] as number;
    const whole = table.duration[entry] as number;
    for (let row = table.offsets[trace] as number; row < (table.offsets[trace + 1] as number); row++) {
      const duration = table.duration[row] as number;
      if (duration < 0 || duration >= whole) {
        continue;
      }
      const services = (table.service[entry] as number) * SERVICES + (table.service[row] as number);
      const key = services * BUCKETS + clock.bucket(table.start[row] as number, DURATION_BUCKETS);
      let counts = groups.get(key);
      if (counts === undefined) {
        counts = new Map();
        groups.set(key, counts);
      }
      addCount(counts, duration / whole);
    }
  }
  return groups;
}

/** (attribute, entry service) → value → traces with a span of that service with that value. */
function valuesByEntry(table: SpanTable, entries: ReadonlySet<number>): Map<string, Counts> {
  const result = new Map<string, Counts>();
  table.attributes.forEach((attribute, a) => {
    for (let trace = 0; trace < table.traces; trace++) {
      const seen = new Set<number>();
      for (let row = table.offsets[trace] as number; row < (table.offsets[trace + 1] as number); row++) {
        const service = table.service[row] as number;
        const value = attribute.values[row] as number;
        if (value >= 0 && entries.has(service)) {
          seen.add(service * SERVICES + value);
        }
      }
      for (const key of seen) {
        const parameter = `${a}:${Math.floor(key / SERVICES)}`;
        let counts = result.get(parameter);
        if (counts === undefined) {
          counts = new Map();
          result.set(parameter, counts);
        }
        addCount(counts, key % SERVICES, table.weight);
      }
    }
  });
  return result;
}

function overlap(real: Counts, other: Counts): number {
  let shared = 0;
  for (const [value, count] of real) {
    shared += Math.min(count, other.get(value) ?? 0);
  }
  const sum = [...real.values(), ...other.values()].reduce((a, b) => a + b, 0);
  return (2 * shared) / sum;
}

/** Measures the four tasks of `other` against `real`. */
export function tasks(real: SpanTable, other: SpanTable, clock: Clock): Tasks {
  const watched = monitoring(real, other, clock);
  const trigger = setScores(triggers(real, clock), triggers(other, clock));
  const triggerF1 = trigger.some((count) => count > 0) ? f1(...trigger) : null;
  const theirs = relativeDurations(other, clock);
  const durationEMD = meanOf(
    [...relativeDurations(real, clock)].map(([group, counts]) => {
      const own = theirs.get(group);
      return own === undefined ? 1 : wasserstein(counts, own, [0, 1]);
    })
  );
  const entries = entryServices(real, other);
  const a = valuesByEntry(real, entries);
  const b = valuesByEntry(other, entries);
  const attributeF1 = meanOf(
    [...new Set([...a.keys(), ...b.keys()])].map((key) => overlap(a.get(key) ?? new Map(), b.get(key) ?? new Map()))
  );
  return {
    ...watched,
    triggerF1,
    durationEMD,
    attributeF1,
    taskScore: meanOf([watched.monitoringF1, triggerF1, attributeF1, durationEMD === null ? null : 1 - durationEMD]),
  };
}
