/**
 * @file Which traces an estimate looks at: strata of time, within a stratum every so-manieth trace of all its traces in the
 * order of model and shape. So every stretch of time and every shape has its share, and the sample is always the same.
 */
import type { SamplePlace } from '../traceql';

/** Traces of one model that may matter, ascending, as runs of numbers that follow each other. */
export interface CandidateTraces {
  /** First number of each run, and how many it has. */
  readonly first: ArrayLike<number>;
  readonly count: ArrayLike<number>;
  /** Slot of the query that the traces of each run begin in; shape of each run. */
  readonly slot: ArrayLike<number>;
  readonly shape: ArrayLike<number>;
}

/** A trace of the sample, and where it stands there. */
export interface SampledTrace extends SamplePlace {
  readonly index: number;
  /** How many traces it stands for. */
  readonly weight: number;
}

interface Member {
  readonly list: CandidateTraces;
  /** How many traces each stratum has. */
  readonly sizes: Float64Array;
  /** Runs in the order of stratum, then shape, then number. */
  readonly order: Int32Array;
  next: number;
}

/** Traces of the sample that a stratum should have, so that their spread can be told. */
const TRACES_A_STRATUM = 8;

/** Goes on to the next cell, the runs of one shape. @returns its traces */
function cellSize(member: Member, most: number): number {
  const { list, order } = member;
  const shape = list.shape[order[member.next] as number];
  let size = 0;
  while (size < most && list.shape[order[member.next] as number] === shape) {
    size += list.count[order[member.next++] as number] as number;
  }
  return size;
}

/** Runs of one list in the order of stratum, then shape, then number; and how many traces each stratum has. */
function sorted(list: CandidateTraces, strata: number, stratumOf: (slot: number) => number): Member {
  const runs = list.first.length;
  const sizes = new Float64Array(strata);
  let shapes = 1;
  for (let run = 0; run < runs; run++) {
    shapes = Math.max(shapes, (list.shape[run] as number) + 1);
  }
  // One number says it all, and numbers are sorted quickly.
  const keys = new Float64Array(runs);
  for (let run = 0; run < runs; run++) {
    const stratum = stratumOf(list.slot[run] as number);
    sizes[stratum] = (sizes[stratum] as number) + (list.count[run] as number);
    keys[run] = (stratum * shapes + (list.shape[run] as number)) * runs + run;
  }
  keys.sort();
  return { list, sizes, order: Int32Array.from(keys, (key) => key % runs), next: 0 };
}

/**
 * Chooses a part of the traces.
 * @param slots - of the query
 * @param part - share of the traces to take
 * @returns for each list the traces of the sample
 */
export function samplePlan(lists: readonly CandidateTraces[], slots: number, part: number): SampledTrace[][] {
  let total = 0;
  for (const { count } of lists) {
    for (let run = 0; run < count.length; run++) {
      total += count[run] as number;
    }
  }
  const strata = Math.max(1, Math.min(slots, Math.floor((total * part) / TRACES_A_STRATUM)));
  const stratumOf = (slot: number): number =>
    Math.min(strata - 1, Math.max(0, Math.floor((Math.min(slots - 1, slot) * strata) / slots)));
  const members = lists.map((list) => sorted(list, strata, stratumOf));
  const chosen: SampledTrace[][] = lists.map(() => []);
  let sample = 0;
  let cell = 0;
  for (let stratum = 0; stratum < strata; stratum++) {
    const size = members.reduce((sum, { sizes }) => sum + (sizes[stratum] as number), 0);
    const wanted = Math.min(size, Math.max(2, Math.round(size * part)));
    const weight = size / wanted;
    let before = 0;
    let taken = 0;
    members.forEach((member, l) => {
      const { list, order } = member;
      const until = before + (member.sizes[stratum] as number);
      while (before < until) {
        const from = member.next;
        const expected = cellSize(member, until - before) / weight;
        cell++;
        for (let at = from; at < member.next; at++) {
          const run = order[at] as number;
          const count = list.count[run] as number;
          for (; taken < wanted; taken++) {
            const offset = Math.floor(((taken + 0.5) * size) / wanted) - before;
            if (offset >= count) {
              break;
            }
            chosen[l]?.push({ index: (list.first[run] as number) + offset, weight, sample: sample++, cell, expected });
          }
          before += count;
        }
      }
    });
    // A gap between the numbers of strata: their traces are no neighbours.
    sample++;
  }
  return chosen;
}
