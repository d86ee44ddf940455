/** @file Applications made for measuring: services in layers, their operations, and which operation calls which. */
// What is drawn here is seeded like the shop's traffic; only measurements need these numbers outside their room.
import { Random } from '../../../pkg/pandora/random';
import { type KeyValue, type Resource, SpanKind } from '../../../pkg/trace';

export interface ApplicationSize {
  readonly services: number;
  /** Distinct pairs of service and span name; at least one a service. */
  readonly operations: number;
  /** Operations on the longest path from an entry to a database. */
  readonly layers: number;
}

export interface Call {
  readonly callee: Operation;
  /** Probability that the call is made at all. */
  readonly chance: number;
  /** Made one to this many times. */
  readonly most: number;
}

export interface Operation {
  readonly name: string;
  readonly kind: SpanKind;
  /** Of its pods. */
  readonly resources: readonly Resource[];
  /** Attributes with one value. */
  readonly attributes: readonly KeyValue[];
  /** Own work: log-normal. */
  readonly medianNs: number;
  readonly sigma: number;
  readonly errorRate: number;
  /** Whether calls are made at the same time. */
  readonly parallel: boolean;
  readonly calls: Call[];
}

export interface Application {
  /** Operations that customers call, the most popular first. */
  readonly entries: readonly Operation[];
  readonly operations: readonly Operation[];
}

/** Share of the services that customers call. */
const ENTRY_SHARE = 0.1;
/** Calls beside those that give every operation a caller, as a share of the operations. */
const EXTRA_CALLS = 0.3;
const CERTAIN = 0.75;
const REPEATED = 0.1;
const MOST_REPEATS = 3;
const PODS = 2;
const LANGUAGES = ['go', 'java', 'nodejs', 'python', 'dotnet', 'rust'];
const METHODS = ['GET', 'GET', 'POST', 'PUT'];
const STATEMENTS = ['SELECT', 'SELECT', 'INSERT', 'UPDATE'];

export function attributesOf(values: Record<string, string | bigint>): KeyValue[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

function podsOf(service: number, random: Random): Resource[] {
  const name = `service-${String(service).padStart(3, '0')}`;
  const language = random.pick(LANGUAGES);
  const version = `${1 + random.below(4)}.${random.below(20)}.0`;
  return Array.from({ length: PODS }, () => ({
    attributes: attributesOf({
      'service.name': name,
      'service.version': version,
      'k8s.pod.name': `${name}-${random.hex(3)}`,
      'telemetry.sdk.language': language,
    }),
    droppedAttributesCount: 0,
    schemaUrl: '',
  }));
}

/** What a span of an operation says about itself: HTTP or RPC of a service, or a statement of a database. */
function describe(
  id: number,
  service: number,
  isLast: boolean,
  random: Random
): Pick<Operation, 'name' | 'kind' | 'attributes'> {
  if (isLast) {
    const statement = random.pick(STATEMENTS);
    const collection = `table_${id}`;
    return {
      name: `${statement} ${collection}`,
      kind: SpanKind.Client,
      attributes: attributesOf({
        'db.system.name': 'postgresql',
        'db.operation.name': statement,
        'db.collection.name': collection,
      }),
    };
  }
  if (service % 2 === 0) {
    const method = random.pick(METHODS);
    const route = `/api/resource${id}/{id}`;
    return {
      name: `${method} ${route}`,
      kind: SpanKind.Server,
      attributes: attributesOf({ 'http.request.method': method, 'http.route': route, 'url.scheme': 'http' }),
    };
  }
  const method = `bench.Service${service}/Operation${id}`;
  return {
    name: method,
    kind: SpanKind.Server,
    attributes: attributesOf({ 'rpc.system': 'grpc', 'rpc.method': method }),
  };
}

function callTo(callee: Operation, random: Random): Call {
  return {
    callee,
    chance: random.chance(CERTAIN) ? 1 : 0.3 + 0.6 * random.uniform(),
    most: random.chance(REPEATED) ? MOST_REPEATS : 1,
  };
}

/**
 * Draws an application. Layers call the next one only, the last is databases; every operation has a caller or is an
 * entry. The same size and seed give the same application.
 */
export function newApplication(size: ApplicationSize, seed: number): Application {
  const random = new Random(seed, 'application');
  const entryServices = Math.max(1, Math.round(size.services * ENTRY_SHARE));
  const layerOf = (service: number): number =>
    service < entryServices
      ? 0
      : 1 + Math.floor(((service - entryServices) * (size.layers - 1)) / (size.services - entryServices));
  const pods = Array.from({ length: size.services }, (_, service) => podsOf(service, random));
  const layers = Array.from({ length: size.layers }, (): Operation[] => []);
  for (let id = 0; id < size.operations; id++) {
    const service = id % size.services;
    const layer = layerOf(service);
    layers[layer]?.push({
      ...describe(id, service, layer === size.layers - 1, random),
      resources: pods[service] ?? [],
      medianNs: random.lognormal(2e6, 1),
      sigma: 0.3 + 0.5 * random.uniform(),
      errorRate: random.chance(0.2) ? 0.01 : 0.0005,
      parallel: random.chance(0.3),
      calls: [],
    });
  }
  for (let layer = 1; layer < layers.length; layer++) {
    const callers = layers[layer - 1] ?? [];
    const callees = layers[layer] ?? [];
    callees.forEach((callee) => random.pick(callers).calls.push(callTo(callee, random)));
    for (let i = 0; i < EXTRA_CALLS * callers.length; i++) {
      random.pick(callers).calls.push(callTo(random.pick(callees), random));
    }
  }
  return { entries: layers[0] ?? [], operations: layers.flat() };
}
