/** @file The simulation of the shop as a whole: customers arrive, incidents happen, traces come out. */
import { SpanKind, type Span, type Trace } from '../../trace';
import { Kernel, type Step } from '../kernel';
import { Random } from '../random';
import { Recorder } from '../recorder';
import { REQUESTS_A_SESSION, session } from './customers';
import { Pages, request } from './frontend';
import { CYCLE_MINUTES, cycleMinute, INCIDENTS, isOn, load } from './incidents';
import { OrdersTopic } from './queue';
import { makePod } from './services';
import { CatalogueCache, reconcileStock } from './stock-and-goods';
import { MILLISECOND, SECOND, World } from './world';

export interface ShopOptions {
  readonly seed: number;
  /** Unix time (ns) at which the simulation begins. */
  readonly startUnixNano: bigint;
  /** Mean traces a second. */
  readonly rate: number;
}

const MINUTE = 60 * SECOND;
/** Shares of the traces that are neither customers' requests nor linked to orders. */
const PROBE_SHARE = 0.03;
const NOTIFICATION_SHARE = 0.03;
const NOISY_SLOWDOWN = 5;
const RECONCILE_EVERY = 10 * MINUTE;
const ENDPOINT_LAG = 12 * SECOND;
const POD_START = 6 * SECOND;
/** Virtual time before the beginning, so that at the beginning sessions are under way and caches are warm. */
const WARM_UP = 2 * MINUTE;

/** The shop in virtual time. The same options give the same traces, whenever and however far it is run. */
export class Shop {
  private readonly kernel = new Kernel();
  private readonly finished: Trace[] = [];
  private readonly world: World;
  private readonly cache = new CatalogueCache();
  private readonly deploys: Random;

  constructor(private readonly options: ShopOptions) {
    const { seed, startUnixNano } = options;
    const recorder = new Recorder(this.kernel, new Random(seed, 'ids'), startUnixNano, (trace) => {
      if ((trace.spans[0] as Span).startTimeUnixNano >= startUnixNano) {
        this.finished.push(trace);
      }
    });
    this.world = new World(this.kernel, recorder, seed);
    this.deploys = new Random(seed, 'deploys');
    this.kernel.now = -WARM_UP;
    const topic = new OrdersTopic(this.world);
    const pages = new Pages(this.world, this.cache, topic);
    this.kernel.spawn(this.arrivals(pages));
    this.kernel.spawn(this.probes(pages));
    this.kernel.spawn(this.reconciliation());
    this.kernel.spawn(topic.notify());
    this.kernel.spawn(this.incidents());
  }

  /** Runs for ever, a trace at a time, in the order in which traces end. */
  *traces(): Generator<Trace, never, void> {
    for (;;) {
      while (this.finished.length === 0) {
        this.kernel.step();
      }
      yield* this.finished.splice(0);
    }
  }

  /** Runs until the virtual clock reads `elapsed` ns and gives the traces that ended by then. */
  runUntil(elapsed: number): Trace[] {
    while (this.kernel.step(elapsed)) {
      // The events do the work.
    }
    return this.finished.splice(0);
  }

  /** A Poisson process of sessions whose rate follows the load (thinning; Lewis and Shedler 1979). */
  private *arrivals(pages: Pages): Step<void> {
    const random = new Random(this.options.seed, 'arrivals');
    const sessions = (this.options.rate * (1 - PROBE_SHARE - NOTIFICATION_SHARE)) / REQUESTS_A_SESSION;
    const peak = 1.4;
    for (let n = 0; ; n++) {
      yield* this.kernel.delay(random.exponential(SECOND / (sessions * peak)));
      if (random.uniform() * peak < load(this.kernel.now)) {
        this.kernel.spawn(session(this.world, pages, new Random(this.options.seed, `session ${n}`)));
      }
    }
  }

  private *probes(pages: Pages): Step<void> {
    const every = SECOND / (this.options.rate * PROBE_SHARE);
    for (;;) {
      yield* this.kernel.delay(every);
      yield* request(this.world, pages.probe(), undefined);
    }
  }

  private *reconciliation(): Step<void> {
    const { world } = this;
    yield* this.kernel.delay(4 * MINUTE);
    for (;;) {
      const pod = world.pickPod('inventory');
      const span = world.recorder.openTrace().begin({
        name: 'reconcile stock',
        kind: SpanKind.Internal,
        resource: pod.resource,
        scope: pod.scope('app'),
        attributes: { 'app.job': 'reconcile-stock', 'app.job.schedule': '*/10 * * * *' },
      });
      yield* reconcileStock(world, { span, pod });
      span.end();
      yield* this.kernel.delay(RECONCILE_EVERY);
    }
  }

  /** Incidents with an effect on pods or the cache; the others are asked for by {@link isOn} where they bite. */
  private *incidents(): Step<void> {
    const deploy = INCIDENTS.find((incident) => incident.name === 'checkout-deploy');
    let flushed = false;
    let deploying = false;
    for (;;) {
      yield* this.kernel.delay(500 * MILLISECOND);
      const now = this.kernel.now;
      if (isOn('cache-flush', now) !== flushed) {
        flushed = !flushed;
        this.cache.flush();
      }
      const noisy = (this.world.pods.get('catalogue') ?? [])[1];
      if (noisy !== undefined) {
        noisy.slowdown = isOn('noisy-neighbour', now) ? NOISY_SLOWDOWN : 1;
      }
      const inDeploy = deploy !== undefined && cycleMinute(now) >= deploy.from && cycleMinute(now) < deploy.to;
      if (inDeploy && !deploying) {
        this.kernel.spawn(this.rollOut());
      }
      deploying = inDeploy;
    }
  }

  /** Replaces checkout's pods one by one by the next minor version; each is gone for a few seconds. */
  private *rollOut(): Step<void> {
    const pods = this.world.pods.get('checkout') ?? [];
    const version = `1.${15 + Math.floor(this.kernel.now / (CYCLE_MINUTES * MINUTE))}.0`;
    for (let i = 0; i < pods.length; i++) {
      const old = pods[i];
      if (old === undefined) {
        continue;
      }
      // The load balancer hears late that the pod has gone: calls in between are refused.
      old.up = false;
      yield* this.kernel.delay(ENDPOINT_LAG);
      const next = makePod('checkout', i, version, this.deploys);
      next.listed = false;
      pods[i] = next;
      yield* this.kernel.delay(POD_START);
      next.listed = true;
      yield* this.kernel.delay(75 * SECOND);
    }
  }
}

export interface RunOptions {
  readonly seed?: number;
  /** Exactly this many traces. */
  readonly count?: number;
  /** Virtual minutes over which about `count` traces are spread; default {@link CYCLE_MINUTES}. */
  readonly minutes?: number;
  /** Unix time (ns) of the beginning; default: so that the run ends some two minutes before now. */
  readonly startUnixNano?: bigint;
}

export const DEFAULT_TRACES = 10_000;

/** The traces of the shop's half hour: `count` of them, in the order in which they end. */
export function* simulateShop(options: RunOptions = {}): Generator<Trace, void, void> {
  const { seed = 1, count = DEFAULT_TRACES, minutes = CYCLE_MINUTES } = options;
  // Few traces may take longer than their minutes by chance (three deviations); none shall lie in the future.
  const longest = minutes * (1 + 3 / Math.sqrt(Math.max(1, count))) + 2;
  const start = options.startUnixNano ?? BigInt(Math.round(Date.now() - longest * 60_000)) * 1_000_000n;
  const shop = new Shop({ seed, startUnixNano: start, rate: count / (minutes * 60) });
  const traces = shop.traces();
  for (let i = 0; i < count; i++) {
    yield traces.next().value;
  }
}
