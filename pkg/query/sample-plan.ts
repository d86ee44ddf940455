/**
 * @file Which traces an estimate looks at: strata of time, within a stratum every so-manieth trace of all its traces in the
 * order of model and shape. So every stretch of time and every shape has its share, and the sample is always the same.
 */

/** Traces of one model that may matter, ascending. */
export interface CandidateTraces {
  readonly indices: ArrayLike<number>;
  /** Slot of the query that the trace at a position begins in. */
  slotAt(position: number): number;
  shapeAt(position: number): number;
}

/** A trace of the sample. */
export interface SampledTrace {
  readonly index: number;
  /** How many traces it stands for. */
  readonly weight: number;
  /** Its number in the sample: neighbours of one stratum have neighbouring numbers. */
  readonly sample: number;
}

/** Traces of the sample that a stratum should have, so that their spread can be told. */
const TRACES_A_STRATUM = 8;

/**
 * Chooses a part of the traces.
 * @param slots - of the query
 * @param part - share of the traces to take
 * @returns for each list the traces of the sample
 */
export function samplePlan(lists: readonly CandidateTraces[], slots: number, part: number): SampledTrace[][] {
  const total = lists.reduce((sum, { indices }) => sum + indices.length, 0);
  const strata = Math.max(1, Math.min(slots, Math.floor((total * part) / TRACES_A_STRATUM)));
  const stratumOf = (slot: number): number =>
    Math.min(strata - 1, Math.max(0, Math.floor((Math.min(slots - 1, slot) * strata) / slots)));
  // Positions of each list by stratum.
  const members = lists.map((list) => {
    const byStratum: number[][] = [];
    for (let position = 0; position < list.indices.length; position++) {
      (byStratum[stratumOf(list.slotAt(position))] ??= []).push(position);
    }
    return byStratum;
  });
  const chosen: SampledTrace[][] = lists.map(() => []);
  let sample = 0;
  for (let stratum = 0; stratum < strata; stratum++) {
    const size = members.reduce((sum, byStratum) => sum + (byStratum[stratum]?.length ?? 0), 0);
    const wanted = Math.min(size, Math.max(2, Math.round(size * part)));
    let before = 0;
    let taken = 0;
    lists.forEach((list, l) => {
      const own = members[l]?.[stratum] ?? [];
      own.sort((a, b) => list.shapeAt(a) - list.shapeAt(b) || a - b);
      for (; taken < wanted; taken++) {
        const at = Math.floor(((taken + 0.5) * size) / wanted) - before;
        if (at >= own.length) {
          break;
        }
        chosen[l]?.push({
          index: list.indices[own[at] as number] as number,
          weight: size / wanted,
          sample: sample++,
        });
      }
      before += own.length;
    });
    // A gap between the numbers of strata: their traces are no neighbours.
    sample++;
  }
  return chosen;
}
