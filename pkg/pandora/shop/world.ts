/** @file The running shop: clock, pods, random streams, and the errors that calls end with. */
import { Station, type Kernel, type Step } from '../kernel';
import { Random } from '../random';
import type { OpenSpan, Recorder } from '../recorder';
import { Shelf } from './goods';
import { makePod, SERVICES, type Pod, type ServiceName } from './services';

export const MICROSECOND = 1e3;
export const MILLISECOND = 1e6;
export const SECOND = 1e9;

/** Where a piece of code of a service runs: in which pod, inside which span. */
export interface Context {
  readonly span: OpenSpan;
  readonly pod: Pod;
}

/** gRPC status codes that the shop uses. */
export type RpcCode =
  | 'OK'
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'INTERNAL'
  | 'UNAVAILABLE';

/** A call that failed: the gRPC code that the caller sees, and whether the failing span has recorded it already. */
export class CallError extends Error {
  constructor(
    readonly code: RpcCode,
    message: string,
    /** The exception as the service's language names it; undefined when nothing was thrown there. */
    readonly exception?: { readonly type: string; readonly at: string }
  ) {
    super(message);
  }
}

export type DatabaseName = 'catalogue-db' | 'orders-db' | 'stock-db' | 'payments-db';

export class World {
  readonly pods = new Map<ServiceName, Pod[]>();
  readonly shelf: Shelf;
  /** Service times, network times, cache luck. */
  readonly random: Random;
  readonly pools: Record<DatabaseName, Station> = {
    'catalogue-db': new Station(10),
    'orders-db': new Station(8),
    'stock-db': new Station(8),
    'payments-db': new Station(4),
  };
  /** Connections that payment keeps to its gateway. */
  readonly gatewayConnections = new Station(6);

  constructor(
    readonly kernel: Kernel,
    readonly recorder: Recorder,
    seed: number
  ) {
    this.random = new Random(seed, 'work');
    this.shelf = new Shelf(new Random(seed, 'shelf'));
    const names = new Random(seed, 'pods');
    for (const [service, spec] of Object.entries(SERVICES) as Array<[ServiceName, (typeof SERVICES)[ServiceName]]>) {
      this.pods.set(
        service,
        Array.from({ length: spec.pods }, (_, index) => makePod(service, index, spec.version, names))
      );
    }
  }

  /** The pod that the load balancer picks: any one it knows of. */
  pickPod(service: ServiceName): Pod {
    const pods = this.pods.get(service) as Pod[];
    const listed = pods.filter((pod) => pod.listed);
    return this.random.pick(listed.length > 0 ? listed : pods);
  }

  /** The service's own work: log-normal, slower on a slow pod; a JVM now and then stops to collect garbage. */
  *work(context: Context, medianMs: number, sigma = 0.35): Step<void> {
    let ns = this.random.lognormal(medianMs * MILLISECOND, sigma) * context.pod.slowdown;
    if (SERVICES[context.pod.service].language === 'java' && this.random.chance(0.004)) {
      ns += this.random.lognormal(45 * MILLISECOND, 0.4);
    }
    yield* this.kernel.delay(ns);
  }

  /** One way over the cluster's network. */
  *network(): Step<void> {
    yield* this.kernel.delay(this.random.lognormal(180 * MICROSECOND, 0.5));
  }
}
