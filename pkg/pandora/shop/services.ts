/** @file The services of the shop: language, pods, worker pools, and the resources and scopes their spans carry. */
import type { Resource, Scope } from '../../trace';
import { Station } from '../kernel';
import type { Random } from '../random';
import { attributes } from '../recorder';

export type Language = 'nodejs' | 'go' | 'java' | 'dotnet' | 'python' | 'rust';
export type ServiceName =
  'frontend' | 'catalogue' | 'cart' | 'checkout' | 'payment' | 'shipping' | 'inventory' | 'notifications';

interface ServiceSpec {
  readonly language: Language;
  readonly version: string;
  readonly pods: number;
  /** Requests that one pod works on at a time. */
  readonly workers: number;
  readonly port: number;
}

export const SERVICES: Record<ServiceName, ServiceSpec> = {
  frontend: { language: 'nodejs', version: '3.8.1', pods: 3, workers: 64, port: 8080 },
  catalogue: { language: 'go', version: '2.31.0', pods: 2, workers: 32, port: 3550 },
  cart: { language: 'dotnet', version: '1.9.4', pods: 2, workers: 32, port: 7070 },
  checkout: { language: 'go', version: '1.14.2', pods: 2, workers: 24, port: 5050 },
  payment: { language: 'java', version: '4.2.0', pods: 2, workers: 12, port: 50051 },
  shipping: { language: 'rust', version: '0.12.3', pods: 2, workers: 24, port: 8088 },
  inventory: { language: 'java', version: '2.7.5', pods: 2, workers: 24, port: 9090 },
  notifications: { language: 'python', version: '1.3.0', pods: 1, workers: 4, port: 8025 },
};

/** What an instrumentation library instruments. */
export type ScopeUse = 'http' | 'grpc' | 'sql' | 'redis' | 'kafka' | 'app';

const SDK_VERSION: Record<Language, string> = {
  nodejs: '2.1.0',
  go: '1.38.0',
  java: '1.54.1',
  dotnet: '1.12.0',
  python: '1.37.0',
  rust: '0.30.0',
};

/** Name and version of the instrumentation library by language and use; 'app' is the service's own tracer. */
const LIBRARIES: Record<Language, Partial<Record<ScopeUse, readonly [string, string]>>> = {
  nodejs: {
    http: ['@opentelemetry/instrumentation-http', '0.205.0'],
    grpc: ['@opentelemetry/instrumentation-grpc', '0.205.0'],
    redis: ['@opentelemetry/instrumentation-ioredis', '0.53.0'],
  },
  go: {
    http: ['go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp', '0.63.0'],
    grpc: ['go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc', '0.63.0'],
    sql: ['github.com/XSAM/otelsql', '0.40.0'],
    redis: ['github.com/redis/go-redis/extra/redisotel', '9.14.0'],
    kafka: ['github.com/twmb/franz-go/plugin/kotel', '1.6.0'],
  },
  java: {
    http: ['io.opentelemetry.java-http-client', '2.20.1-alpha'],
    grpc: ['io.opentelemetry.grpc-1.6', '2.20.1-alpha'],
    sql: ['io.opentelemetry.jdbc', '2.20.1-alpha'],
    kafka: ['io.opentelemetry.kafka-clients-0.11', '2.20.1-alpha'],
  },
  dotnet: {
    http: ['OpenTelemetry.Instrumentation.Http', '1.12.0'],
    grpc: ['OpenTelemetry.Instrumentation.GrpcNetClient', '1.12.0-beta.1'],
    redis: ['OpenTelemetry.Instrumentation.StackExchangeRedis', '1.12.0-beta.1'],
  },
  python: {
    http: ['opentelemetry.instrumentation.requests', '0.58b0'],
    kafka: ['opentelemetry.instrumentation.confluent_kafka', '0.58b0'],
  },
  rust: {
    http: ['actix-web-opentelemetry', '0.22.0'],
    kafka: ['rdkafka-tracing', '0.2.1'],
  },
};

/** One running pod of a service. */
export class Pod {
  readonly station: Station;
  /** Factor on the pod's own work: 1 = healthy. */
  slowdown = 1;
  /** Whether it answers at all. */
  up = true;
  /** Whether the load balancer knows it as an endpoint; it hears late that a pod has gone. */
  listed = true;
  private readonly scopes = new Map<ScopeUse, Scope>();

  constructor(
    readonly service: ServiceName,
    readonly index: number,
    readonly version: string,
    readonly name: string,
    readonly address: string,
    readonly resource: Resource
  ) {
    this.station = new Station(SERVICES[service].workers);
  }

  scope(use: ScopeUse): Scope {
    let scope = this.scopes.get(use);
    if (scope === undefined) {
      const [name, version] = LIBRARIES[SERVICES[this.service].language][use] ?? [this.service, this.version];
      scope = { name, version, attributes: [], droppedAttributesCount: 0, schemaUrl: '' };
      this.scopes.set(use, scope);
    }
    return scope;
  }
}

/** Makes pod number `index` of a service in this version; names and ids come from `random`. */
export function makePod(service: ServiceName, index: number, version: string, random: Random): Pod {
  const { language } = SERVICES[service];
  const name = `${service}-${random.hex(5)}-${random.hex(3).slice(0, 5)}`;
  const address = `10.42.${1 + random.below(3)}.${2 + random.below(250)}`;
  const resource: Resource = {
    attributes: attributes({
      'service.name': service,
      'service.namespace': 'shop',
      'service.version': version,
      'service.instance.id': random.uuid(),
      'deployment.environment.name': 'production',
      'host.name': `node-${1 + ((index + service.length) % 3)}`,
      'k8s.namespace.name': 'shop',
      'k8s.deployment.name': service,
      'k8s.pod.name': name,
      'k8s.container.name': service,
      'process.pid': BigInt(1 + random.below(40)),
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.language': language,
      'telemetry.sdk.version': SDK_VERSION[language],
    }),
    droppedAttributesCount: 0,
    schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
  };
  return new Pod(service, index, version, name, address, resource);
}
