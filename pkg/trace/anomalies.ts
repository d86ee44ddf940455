/** @file Counters of odd data: what reading dropped or normalised, and what a trace has that a clean one has not. */

/**
 * Counters of odd data. The first group is counted while reading, the second by `inspectAnomalies`,
 * the third by assembly. README.md of this room states the treatment of each.
 */
export interface TraceAnomalies {
  /** Spans dropped: trace or span id absent, all zeros, of wrong length, or no hex. */
  invalidIds: number;
  /** Parent ids of all zeros or no hex, read as "no parent". */
  invalidParentIds: number;
  /** Links dropped: an id that is no hex. */
  invalidLinkIds: number;
  /** Integers beyond 2^53 given as a number where the exact text was not at hand. */
  inexactIntegers: number;
  /** References into a profiles dictionary (OTLP's `*_strindex`), read as absent, as the proto asks. */
  profileReferences: number;

  /** Spans whose parent is not in the trace. */
  orphanSpans: number;
  /** Spans whose id an earlier span of the trace has. */
  duplicateSpanIds: number;
  /** Traces without a span that has no parent id. */
  rootlessTraces: number;
  /** Traces with two or more spans that have no parent id. */
  multiRootTraces: number;
  /** Spans that end after their parent (asynchronous work, or clocks that differ). */
  childOutlivesParent: number;
  /** Spans that start before their parent (clocks that differ). */
  childBeforeParent: number;
  /** Spans that end before they start. */
  negativeDurations: number;
  /** Spans with a time outside the years 2000 to 2099. */
  absurdTimes: number;
  /** Rings of spans that are each other's ancestors. */
  parentCycles: number;

  /** Traces closed before they were idle, because of a limit on spans, traces or bytes held. */
  tracesClosedEarly: number;
  /** Pieces of a trace that arrived after it was closed; they leave as a trace of their own. */
  lateTraces: number;
}

/** Counters at zero. */
export function newAnomalies(): TraceAnomalies {
  return {
    invalidIds: 0,
    invalidParentIds: 0,
    invalidLinkIds: 0,
    inexactIntegers: 0,
    profileReferences: 0,
    orphanSpans: 0,
    duplicateSpanIds: 0,
    rootlessTraces: 0,
    multiRootTraces: 0,
    childOutlivesParent: 0,
    childBeforeParent: 0,
    negativeDurations: 0,
    absurdTimes: 0,
    parentCycles: 0,
    tracesClosedEarly: 0,
    lateTraces: 0,
  };
}

/** Adds `more` to `total` in place. */
export function addAnomalies(total: TraceAnomalies, more: Readonly<TraceAnomalies>): void {
  for (const name of Object.keys(total) as Array<keyof TraceAnomalies>) {
    total[name] += more[name];
  }
}

/** The counters that are not zero, as `name: count` pairs in the table's order. */
export function listAnomalies(counters: Readonly<TraceAnomalies>): Array<[keyof TraceAnomalies, number]> {
  return (Object.entries(counters) as Array<[keyof TraceAnomalies, number]>).filter(([, count]) => count > 0);
}
