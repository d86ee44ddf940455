/** @file What differs between two windows, and how sure that is. */
import type { Notice, TimeRange } from '../types';
import { type Durations, type DurationSample, quantileOf } from './durations';
import { distributionTest, fanOut, gTest, scoreOf } from './score';
import { operationKey, type OperationTally, type Structure, type Tally } from './tally';
import type { Change, OperationName } from './types';

/** What is known of one window. */
export interface WindowFacts {
  readonly range: TimeRange;
  /** Of whole traces that begin in the window. */
  readonly tally: Tally;
  readonly sample: DurationSample;
}

/** Stands for everything, in the row on the number of all traces. */
export const ALL_TRACES: OperationName = { service: '', name: '(all traces)', kind: 0 };
/** Spans from which a p99 says something. */
const SPANS_FOR_P99 = 100;
/** Smaller changes of durations, relative, matter to nobody however sure they are. */
const SMALLEST_CHANGE = 0.05;
const CALLS_SHOWN = 4;

const secondsOf = ({ range }: WindowFacts): number => Number(range.end - range.start) / 1e9;
const count = (n: number, noun: string): string => `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;

/** Traces with and without something. */
const split = (some: number, all: number): [number, number] => [some, Math.max(0, all - some)];

type OneChange = Omit<Change, 'operation'>;

class Comparison {
  constructor(
    private readonly before: WindowFacts,
    private readonly after: WindowFacts
  ) {}

  /**
   * More or fewer traces in all. Every hour and day differs in that, so it is evidence, but begins nowhere: score 0.
   */
  traffic(): OneChange {
    const [a, b] = [this.before.tally.traces, this.after.tally.traces];
    const [ta, tb] = [secondsOf(this.before), secondsOf(this.after)];
    const part = (n: number, seconds: number): number =>
      n > 0 ? n * Math.log((n * (ta + tb)) / ((a + b) * seconds)) : 0;
    return {
      kind: 'rate',
      before: a / ta,
      after: b / tb,
      score: 0,
      evidence: scoreOf({ g: 2 * (part(a, ta) + part(b, tb)), df: 1 }),
      text: `${count(b, 'trace')}; before ${count(a, 'trace')}. The other changes are relative to it.`,
    };
  }

  /** Whether an operation is in more or fewer traces, or more or less often in each. */
  rate(a: OperationTally | undefined, b: OperationTally | undefined): OneChange {
    const [before, after] = [a?.traces ?? 0, b?.traces ?? 0];
    const presence = gTest(split(before, this.before.tally.traces), split(after, this.after.tally.traces));
    const repeats = a === undefined || b === undefined ? { g: 0, df: 0 } : fanOut(a, b);
    const score = Math.max(scoreOf(presence), scoreOf(repeats));
    const kind = before === 0 ? 'new operation' : after === 0 ? 'gone operation' : 'rate';
    return {
      kind,
      before: (a?.spans ?? 0) / secondsOf(this.before),
      after: (b?.spans ?? 0) / secondsOf(this.after),
      score,
      evidence: score,
      text: `In ${after.toLocaleString('en-US')} of ${count(this.after.tally.traces, 'trace')}; before in ${before.toLocaleString('en-US')} of ${this.before.tally.traces.toLocaleString('en-US')}.`,
    };
  }

  /** Whether an operation fails in more or fewer of its traces, and whether of itself. */
  errors(a: OperationTally, b: OperationTally): OneChange {
    const of = (failed: 'tracesBegan' | 'tracesFailed'): number =>
      scoreOf(gTest(split(a[failed], a.traces), split(b[failed], b.traces)));
    return {
      kind: 'errors',
      before: a.errors / Math.max(1, a.spans),
      after: b.errors / Math.max(1, b.spans),
      score: of('tracesBegan'),
      evidence: of('tracesFailed'),
      text: `Errors began here in ${b.tracesBegan.toLocaleString('en-US')} of ${count(b.traces, 'trace')}; before in ${a.tracesBegan.toLocaleString('en-US')} of ${a.traces.toLocaleString('en-US')}.`,
    };
  }

  /** Whether an operation takes longer or shorter, and whether of itself. */
  durations(a: Durations, b: Durations, population: number): OneChange | undefined {
    const samples = a.values.length + b.values.length;
    const share = Math.min(1, samples / Math.max(1, population));
    const unit = Math.min(1, (a.traces + b.traces) / Math.max(1, samples));
    const [before, after] = [Float64Array.from(a.values).sort(), Float64Array.from(b.values).sort()];
    const change = (p: number): number =>
      Math.abs(Math.log(Math.max(1, quantileOf(after, p)) / Math.max(1, quantileOf(before, p))));
    const tails = Math.min(before.length, after.length) >= SPANS_FOR_P99;
    const [kind, p] = tails && change(0.99) > change(0.5) ? (['p99', 0.99] as const) : (['p50', 0.5] as const);
    if (change(p) < Math.log(1 + SMALLEST_CHANGE)) {
      return undefined;
    }
    const evidence = scoreOf(distributionTest(a.values, b.values, unit), share);
    const own = scoreOf(distributionTest(a.self, b.self, unit), share);
    const self = (values: readonly number[]): string =>
      `${(quantileOf(Float64Array.from(values).sort(), p) / 1e6).toPrecision(3)} ms`;
    return {
      kind,
      before: quantileOf(before, p),
      after: quantileOf(after, p),
      score: Math.min(own, evidence),
      evidence,
      text: `Without what it calls: ${kind} ${self(b.self)}; before ${self(a.self)}. ${share < 1 ? `Estimated from ${(share * 100).toPrecision(2)}% of the spans.` : ''}`.trim(),
    };
  }

  /** Whether traces of one structure appeared or went. */
  structure(key: string): OneChange | undefined {
    const [a, b] = [this.before.tally.structures.get(key), this.after.tally.structures.get(key)];
    const some = a ?? b;
    if (some === undefined || (a !== undefined && b !== undefined)) {
      return undefined;
    }
    const [before, after] = [a?.traces ?? 0, b?.traces ?? 0];
    const score = scoreOf(gTest(split(before, this.before.tally.traces), split(after, this.after.tally.traces)));
    const others = (a === undefined ? this.before : this.after).tally;
    return {
      kind: a === undefined ? 'new shape' : 'gone shape',
      before: before / secondsOf(this.before),
      after: after / secondsOf(this.after),
      score,
      evidence: score,
      text: score === 0 ? '' : describe(some.structure, nearest(some.structure, others)),
    };
  }
}

/** The most alike structure with the same root. */
function nearest(structure: Structure, tally: Tally): Structure | undefined {
  let best: { structure: Structure; differences: number } | undefined;
  const own = new Set(structure.calls);
  for (const { structure: other } of tally.structures.values()) {
    if (operationKey(other.root) === operationKey(structure.root)) {
      const shared = other.calls.filter((call) => own.has(call)).length;
      const differences = own.size + other.calls.length - 2 * shared;
      if (best === undefined || differences < best.differences) {
        best = { structure: other, differences };
      }
    }
  }
  return best?.structure;
}

function listed(word: string, calls: readonly string[]): string {
  const more = calls.length > CALLS_SHOWN ? ` and ${calls.length - CALLS_SHOWN} more` : '';
  return calls.length === 0 ? '' : `${word} ${calls.slice(0, CALLS_SHOWN).join(', ')}${more}`;
}

function describe(structure: Structure, near: Structure | undefined): string {
  if (near === undefined) {
    return 'No trace of the other window has this root.';
  }
  const [own, other] = [new Set(structure.calls), new Set(near.calls)];
  const parts = [
    listed(
      'with',
      structure.calls.filter((call) => !other.has(call))
    ),
    listed(
      'without',
      near.calls.filter((call) => !own.has(call))
    ),
  ].filter((part) => part !== '');
  return `Like one of the other window, ${parts.join('; ')}.`;
}

/** Whether a structure is new or gone only because an operation is. */
function explained(structure: Structure, tally: Tally): boolean {
  const known = new Set<string>();
  for (const { service, name } of tally.operations.values()) {
    known.add(`${service} ${name}`);
  }
  return structure.calls.some((call) => call.split(' → ').some((side) => !known.has(side)));
}

/** Says when there is nothing to compare. */
export function windowNotices(before: WindowFacts, after: WindowFacts): Notice[] {
  const [a, b] = [before.tally.traces, after.tally.traces];
  if (a === 0 || b === 0) {
    const empty = [...(a === 0 ? ['baseline'] : []), ...(b === 0 ? ['window'] : [])];
    const texts = empty.map((which) => `The ${which} holds no traces: nothing can be compared.`);
    return texts.map((text) => ({ severity: 'warning', text }));
  }
  return [];
}

/**
 * Every change that chance does not explain, the surest first.
 * @param only - only changes in these services; empty = all
 */
export function compareFacts(before: WindowFacts, after: WindowFacts, only: readonly string[] = []): Change[] {
  const wanted = (service: string): boolean => only.length === 0 || only.includes(service);
  const comparison = new Comparison(before, after);
  const changes: Change[] = [];
  const add = (operation: OperationName, change: OneChange | undefined): void => {
    if (change !== undefined && (change.score > 0 || change.evidence > 0)) {
      const { service: of, name, kind } = operation;
      changes.push({ ...change, operation: { service: of, name, kind } });
    }
  };
  if (before.tally.traces > 0 && after.tally.traces > 0) {
    add(ALL_TRACES, only.length === 0 ? comparison.traffic() : undefined);
    for (const key of new Set([...before.tally.operations.keys(), ...after.tally.operations.keys()])) {
      const [a, b] = [before.tally.operations.get(key), after.tally.operations.get(key)];
      const operation = a ?? b;
      if (operation === undefined || !wanted(operation.service)) {
        continue;
      }
      add(operation, comparison.rate(a, b));
      const [from, to] = [before.sample.operations.get(key), after.sample.operations.get(key)];
      if (a !== undefined && b !== undefined) {
        add(operation, comparison.errors(a, b));
        add(operation, from && to && comparison.durations(from, to, a.spans + b.spans));
      }
    }
    for (const key of new Set([...before.tally.structures.keys(), ...after.tally.structures.keys()])) {
      const [a, b] = [before.tally.structures.get(key), after.tally.structures.get(key)];
      const structure = (a ?? b)?.structure;
      const others = a === undefined ? before.tally : after.tally;
      if (structure !== undefined && wanted(structure.root.service)) {
        add(structure.root, explained(structure, others) ? undefined : comparison.structure(key));
      }
    }
  }
  const text = ({ operation, kind }: Change): string => `${operationKey(operation)} ${kind}`;
  return changes.sort((x, y) => y.score - x.score || y.evidence - x.evidence || (text(x) < text(y) ? -1 : 1));
}
