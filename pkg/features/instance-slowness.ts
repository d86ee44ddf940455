/**
 * @file How slow the instances of a service are: how many times as long as usual the spans take that wait for each of them.
 * Spans see the instance that they wait for themselves; what is above them would know nothing of it, and a trace whose first
 * span was drawn short has no room for what a slow instance takes. So what the network sees of what is yet to come
 * (`TimeNeeds.usual`) counts spans as their instances take.
 */
import type { ShapeLayout } from './layout';
import { usualTime } from './needs';
import type { ServiceResources } from './resources';
import type { SpanInstances } from './span-instances';
import type { SpanTable } from './span-table';
import type { TimingModel } from './timing';

/** Steps to a doubling: 4.4% each. */
export const STEPS_A_DOUBLING = 16;
/** Steps from usual at most: eight doublings. */
const MOST_STEPS = 127;
/** Spans without which nobody knows how slow an instance is. */
const LEAST_SPANS = 20;
/** Instances differ where the bounds of the slowest's and the fastest's medians are so many steps apart. */
const LEAST_APART = 4;
/** Bounds of a median are so many standard deviations away, as order statistics: whatever the values are like (David and Nagaraja 2003, 7.1). */
const SIGMAS = 3;

/** 2^(k/16) for k from 0 to 15, by roots alone: those are the same on every machine, powers need not be. */
const ROOTS = Array.from({ length: STEPS_A_DOUBLING }, (_, k) => {
  let [root, product] = [2, 1];
  for (let bit = STEPS_A_DOUBLING / 2; bit >= 1; bit /= 2) {
    root = Math.sqrt(root);
    product *= (k & bit) === 0 ? 1 : root;
  }
  return product;
});

/** How many times as long as usual what waits for an instance takes. @param steps - as {@link slownessOf} gives them */
export function timesUsual(steps: number): number {
  const doublings = Math.floor(steps / STEPS_A_DOUBLING);
  return (ROOTS[steps - doublings * STEPS_A_DOUBLING] as number) * 2 ** doublings;
}

/** Quantile of values of which `counts[v]` are v. */
function quantile(counts: Uint32Array, share: number, total: number): number {
  let rest = share * total;
  let v = 0;
  for (; v < counts.length - 1 && rest >= (counts[v] as number); v++) {
    rest -= counts[v] as number;
  }
  return v;
}

/**
 * The slowness of the instances of each service, in sixteenths of a doubling of what is usual at the same sites;
 * undefined for services whose instances take alike.
 * @param instanceOf - instance of a span among those of its service; −1 = not known
 */
export function slownessOf(
  spans: SpanTable,
  layouts: readonly ShapeLayout[],
  timing: TimingModel,
  resources: readonly ServiceResources[],
  seen: SpanInstances,
  instanceOf: (span: number) => number
): Array<Int8Array | undefined> {
  const usual = timing.sites.map((site) => usualTime(timing, site));
  const counts = resources.map(({ instances }) => instances.map(() => new Uint32Array(2 * MOST_STEPS + 1)));
  for (let i = 0; i < spans.size; i++) {
    const first = spans.first[i] as number;
    const layout = layouts[spans.shape[spans.traceOf[i] as number] as number] as ShapeLayout;
    const at = seen.waitsFor(layout, i - first);
    const expected = usual[spans.site[i] as number] as number;
    const duration = spans.duration[i] as number;
    if (at < 0 || expected <= 0 || duration <= 0) {
      continue;
    }
    const ofInstance = counts[seen.serviceOf(layout, at)]?.[instanceOf(first + at)];
    const steps = Math.round(STEPS_A_DOUBLING * Math.log2(duration / expected));
    const place = MOST_STEPS + Math.max(-MOST_STEPS, Math.min(MOST_STEPS, steps));
    if (ofInstance !== undefined) {
      ofInstance[place] = (ofInstance[place] as number) + 1;
    }
  }
  return counts.map((ofService) => {
    const known = ofService.map((ofInstance) => {
      const total = ofInstance.reduce((sum, count) => sum + count, 0);
      const off = (SIGMAS * 0.5) / Math.sqrt(total);
      const at = (share: number): number => quantile(ofInstance, share, total) - MOST_STEPS;
      return total < LEAST_SPANS ? undefined : { low: at(0.5 - off), middle: at(0.5), high: at(0.5 + off) };
    });
    const sorted = known.filter((one) => one !== undefined).sort((a, b) => a.middle - b.middle);
    const [fastest, slowest] = [sorted[0], sorted.at(-1)];
    const apart = fastest && slowest ? slowest.low - fastest.high : 0;
    return apart >= LEAST_APART ? Int8Array.from(known, (one) => one?.middle ?? 0) : undefined;
  });
}
