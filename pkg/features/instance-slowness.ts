/**
 * @file How slow the instances of a service are: how many times as long as usual the spans take that wait for each of them.
 * Spans see the instance that they wait for themselves; what is above them would know nothing of it, and a trace whose first
 * span was drawn short has no room for what a slow instance takes. So what the network sees of what is yet to come
 * (`TimeNeeds.usual`) counts spans as their instances take.
 */
import type { ShapeLayout } from './layout';
import { usualTime } from './needs';
import type { ServiceResources } from './resources';
import { MOST_INSTANCES, type SpanInstances } from './span-instances';
import type { SpanTable } from './span-table';
import type { TimingModel } from './timing';

/** Steps to a doubling: 4.4% each. */
export const STEPS_A_DOUBLING = 16;
/** Steps from usual at most: eight doublings. */
const MOST_STEPS = 127;
/** Spans without which nobody knows how slow an instance is. */
const LEAST_SPANS = 20;
/** Nats that another stretch of time must save. */
const STRETCH_NATS = 12;
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
function quantile(counts: ArrayLike<number>, share: number, total: number): number {
  let rest = share * total;
  let v = 0;
  for (; v < counts.length - 1 && rest >= (counts[v] as number); v++) {
    rest -= counts[v] as number;
  }
  return v;
}

const VALUES = 2 * MOST_STEPS + 1;

/** How slow an instance is in some segments one after the other: a median in steps, and its bounds. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** Sum of the distances of values from their median. */
function deviation(counts: ArrayLike<number>, total: number): number {
  const middle = quantile(counts, 0.5, total);
  let sum = 0;
  for (let v = 0; v < VALUES; v++) {
    sum += (counts[v] as number) * Math.abs(v - middle);
  }
  return sum;
}

/**
 * The stretches of time in which an instance is equally slow: optimal partitioning (Jackson et al. 2005) by the likelihood of
 * Laplace's distribution, which minds medians and no single slow span.
 * @param counts - of its steps, segments × VALUES
 */
function stretchesOf(counts: Uint32Array, segments: number): Stretch[] {
  const sum = new Float64Array(VALUES);
  const ofSegment = (s: number): Uint32Array => counts.subarray(s * VALUES, (s + 1) * VALUES);
  let spread = 0;
  let total = 0;
  for (let s = 0; s < segments; s++) {
    const own = ofSegment(s);
    const n = own.reduce((all, count) => all + count, 0);
    spread += deviation(own, n);
    total += n;
  }
  const scale = Math.max(1, spread / Math.max(1, total));
  const best = new Float64Array(segments + 1);
  const cut = new Int32Array(segments + 1);
  for (let to = 1; to <= segments; to++) {
    best[to] = Infinity;
    sum.fill(0);
    let n = 0;
    for (let from = to - 1; from >= 0; from--) {
      ofSegment(from).forEach((count, v) => {
        sum[v] = (sum[v] as number) + count;
        n += count;
      });
      const cost = (best[from] as number) + deviation(sum, n) / scale + STRETCH_NATS;
      if (cost < (best[to] as number)) {
        best[to] = cost;
        cut[to] = from;
      }
    }
  }
  const found: Stretch[] = [];
  for (let to = segments; to > 0; to = cut[to] as number) {
    const from = cut[to] as number;
    sum.fill(0);
    for (let s = from; s < to; s++) {
      ofSegment(s).forEach((count, v) => (sum[v] = (sum[v] as number) + count));
    }
    const n = sum.reduce((all, count) => all + count, 0);
    const off = (SIGMAS * 0.5) / Math.sqrt(n);
    const at = (share: number): number => quantile(sum, share, n) - MOST_STEPS;
    if (n >= LEAST_SPANS) {
      found.push({ from, to, low: at(0.5 - off), middle: at(0.5), high: at(0.5 + off) });
    }
  }
  return found;
}

/** Whether two of the instances of a service differ in some segment. */
function differ(instances: ReadonlyArray<readonly Stretch[]>, segments: number): boolean {
  for (let s = 0; s < segments; s++) {
    const then = instances.flatMap((stretches) => stretches.filter(({ from, to }) => from <= s && s < to));
    const sorted = then.sort((a, b) => a.middle - b.middle);
    const [fastest, slowest] = [sorted[0], sorted.at(-1)];
    if (fastest && slowest && slowest.low - fastest.high >= LEAST_APART) {
      return true;
    }
  }
  return false;
}

/**
 * The slowness of the instances of each service, segments × instances, in sixteenths of a doubling of what is usual at the same
 * sites; undefined for services whose instances take alike at all times.
 * @param instanceOf - instance of a span among those of its service; −1 = not known
 */
export function slownessOf(
  spans: SpanTable,
  segments: number,
  layouts: readonly ShapeLayout[],
  timing: TimingModel,
  resources: readonly ServiceResources[],
  seen: SpanInstances,
  instanceOf: (span: number) => number
): Array<Int8Array | undefined> {
  const usual = timing.sites.map((site) => usualTime(timing, site));
  const counts = resources.map(({ instances }) =>
    instances.slice(0, MOST_INSTANCES).map((): Uint32Array | undefined => undefined)
  );
  for (let i = 0; i < spans.size; i++) {
    const first = spans.first[i] as number;
    const trace = spans.traceOf[i] as number;
    const layout = layouts[spans.shape[trace] as number] as ShapeLayout;
    const at = seen.waitsFor(layout, i - first);
    const expected = usual[spans.site[i] as number] as number;
    const duration = spans.duration[i] as number;
    if (at < 0 || expected <= 0 || duration <= 0) {
      continue;
    }
    const ofService = counts[seen.serviceOf(layout, at)] ?? [];
    const instance = instanceOf(first + at);
    if (instance < 0 || instance >= ofService.length) {
      continue;
    }
    const steps = Math.round(STEPS_A_DOUBLING * Math.log2(duration / expected));
    const place = MOST_STEPS + Math.max(-MOST_STEPS, Math.min(MOST_STEPS, steps));
    const own = (ofService[instance] ??= new Uint32Array(segments * VALUES));
    own[(spans.segment[trace] as number) * VALUES + place]! += 1;
  }
  return counts.map((ofService, service) => {
    const stretches = ofService.map((own) => (own === undefined ? [] : stretchesOf(own, segments)));
    if (!differ(stretches, segments)) {
      return undefined;
    }
    const n = resources[service]?.instances.length ?? 0;
    const steps = new Int8Array(segments * n);
    stretches.forEach((ofInstance, i) =>
      ofInstance.forEach(({ from, to, middle }) => {
        for (let s = from; s < to; s++) {
          steps[s * n + i] = middle;
        }
      })
    );
    return steps;
  });
}
