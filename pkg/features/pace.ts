/**
 * @file Paces: how slow the spans of a trace are as a whole, early and late in it. Spans see those above and before them, not those
 * in other branches, though what slows one (a busy machine, a lock) slows its neighbours in time as well. So paces are drawn
 * right after the first span, as fields of the network, and all later rows of the trace see them: a summary of what is to be
 * drawn, then what it summarises. A latent variable that is measured, so that both parts are learnt by their likelihood.
 */
import { selfTime } from '../trace';
import type { ShapeLayout } from './layout';
import type { SpanTable } from './span-table';

/** Shares of the traces of a shape that are faster than each pace but the first; finer where traces are slow or fast. */
const PACE_EDGES = [0.02, 0.06, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88, 0.93, 0.96, 0.98, 0.99];
/** Paces, from fast to slow. */
export const PACES = PACE_EDGES.length + 1;
/** Phases of a trace, each of which has a pace. */
export const PHASES = 2;
/** Spans that a phase has at least: what fewer have in common is little. */
const LEAST_SPANS = 5;
/** Traces of a shape that are ranked among themselves; those of rarer ones are among all such with the same first span. */
const LEAST_TRACES = 200;

/** Spans are slow together where paces vary so many times as much as those of spans that know nothing of each other. */
const LEAST_TOGETHER = 1.5;

/** The phase of each span of a shape by its wave, in as many of equal size as there are spans for; −1 where there are none. */
export function phasesOf({ wave }: Pick<ShapeLayout, 'wave'>): Int8Array {
  const order = Array.from(wave, (_, i) => i).sort((a, b) => (wave[a] as number) - (wave[b] as number) || a - b);
  const phases = Math.min(PHASES, Math.floor(order.length / LEAST_SPANS));
  const result = new Int8Array(wave.length).fill(-1);
  order.forEach((i, rank) => (result[i] = phases === 0 ? -1 : Math.floor((rank * phases) / order.length)));
  return result;
}

/** How many phases of a shape have a pace. */
export function phaseCount({ wave }: Pick<ShapeLayout, 'wave'>): number {
  return Math.min(PHASES, Math.floor(wave.length / LEAST_SPANS));
}

/** Self-time of each span, ns; trace by trace, for a batch has many spans. */
function selfTimes(spans: SpanTable): Float64Array {
  const result = new Float64Array(spans.size);
  const start = (i: number): number => spans.start[i] as number;
  const end = (i: number): number => start(i) + (spans.duration[i] as number);
  for (let t = 0; t < spans.traces; t++) {
    const first = spans.offset[t] as number;
    const to = spans.offset[t + 1] as number;
    const children: Array<Array<readonly [number, number]>> = Array.from({ length: to - first }, () => []);
    for (let i = first; i < to; i++) {
      children[(spans.parent[i] as number) - first]?.push([start(i), end(i)]);
    }
    children.forEach(
      (inside, node) => (result[first + node] = selfTime(start(first + node), end(first + node), inside))
    );
  }
  return result;
}

/** Of each value the share of those of its group that are smaller; equal ones share the mean of theirs. */
function ranks(values: Float64Array, groups: Int32Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort(
    (a, b) => (groups[a] as number) - (groups[b] as number) || (values[a] as number) - (values[b] as number)
  );
  const group = (at: number): number => groups[order[at] as number] as number;
  const value = (at: number): number => values[order[at] as number] as number;
  const result = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && group(to) === group(from)) {
      to++;
    }
    for (let first = from, next = from; first < to; first = next) {
      while (next < to && value(next) === value(first)) {
        next++;
      }
      for (const i of order.subarray(first, next)) {
        result[i] = (first + next - 2 * from) / 2 / (to - from);
      }
    }
  }
  return result;
}

/**
 * The paces of measured traces, PHASES each, from 1 to {@link PACES}; 0 where there is none. Undefined where spans are not slow
 * together, so that there is nothing to be known of them as a whole.
 */
export function pacesOf(spans: SpanTable, layouts: readonly ShapeLayout[]): Uint8Array | undefined {
  const phases = layouts.map(phasesOf);
  const traces = new Int32Array(layouts.length);
  spans.shape.forEach((shape) => (traces[shape] = (traces[shape] as number) + 1));
  const slow = ranks(selfTimes(spans), spans.site);
  // numbers of the groups among which traces are ranked: a shape, or all rare shapes with the same first span; 0 = none
  const group = new Int32Array(spans.traces * PHASES);
  const mean = new Float64Array(spans.traces * PHASES);
  const size = new Float64Array(spans.traces * PHASES);
  for (let t = 0; t < spans.traces; t++) {
    const shape = spans.shape[t] as number;
    const first = spans.offset[t] as number;
    (phases[shape] as Int8Array).forEach((phase, node) => {
      const at = t * PHASES + phase;
      if (phase >= 0) {
        mean[at] = (mean[at] as number) + (slow[first + node] as number);
        size[at] = (size[at] as number) + 1;
      }
    });
    const among = (traces[shape] as number) >= LEAST_TRACES ? shape + 1 : -1 - (layouts[shape]?.rootPlace as number);
    for (let at = t * PHASES; at < (t + 1) * PHASES; at++) {
      group[at] = size[at] === 0 ? 0 : among * PHASES + (at % PHASES);
      mean[at] = (mean[at] as number) / Math.max(1, size[at] as number);
    }
  }
  if (togetherness(mean, size, group) < LEAST_TOGETHER) {
    return undefined;
  }
  return Uint8Array.from(ranks(mean, group), (share, at) =>
    group[at] === 0 ? 0 : 1 + PACE_EDGES.filter((edge) => share >= edge).length
  );
}

/**
 * How many times as much the means of `size` ranks vary within their groups as if each rank were drawn by itself (ranks are
 * even from 0 to 1: a variance of 1/12).
 */
function togetherness(mean: Float64Array, size: Float64Array, group: Int32Array): number {
  const sums = new Map<number, { total: number; count: number }>();
  group.forEach((of, at) => {
    const sum = sums.get(of) ?? { total: 0, count: 0 };
    sums.set(of, sum);
    sum.total += mean[at] as number;
    sum.count += 1;
  });
  let ratio = 0;
  let count = 0;
  group.forEach((of, at) => {
    if (of !== 0) {
      const { total, count: members } = sums.get(of) as { total: number; count: number };
      ratio += 12 * (size[at] as number) * ((mean[at] as number) - total / members) ** 2;
      count++;
    }
  });
  return count === 0 ? 0 : ratio / count;
}
