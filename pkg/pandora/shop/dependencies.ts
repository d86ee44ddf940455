/** @file What the services depend on: SQL databases, Redis, HTTP interfaces of other companies. */
import { SpanKind, type AttributeValue } from '../../trace';
import type { Step } from '../kernel';
import { CallError, MICROSECOND, MILLISECOND, type Context, type DatabaseName, type World } from './world';

export interface SqlStatement {
  readonly database: DatabaseName;
  readonly operation: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly table: string;
  /** Parameterised text. */
  readonly text: string;
  readonly medianMs: number;
  readonly rows?: number;
}

const SYSTEM: Record<DatabaseName, { system: string; namespace: string; port: bigint }> = {
  'catalogue-db': { system: 'postgresql', namespace: 'catalogue', port: 5432n },
  'orders-db': { system: 'postgresql', namespace: 'orders', port: 5432n },
  'payments-db': { system: 'postgresql', namespace: 'payments', port: 5432n },
  'stock-db': { system: 'mysql', namespace: 'stock', port: 3306n },
};

/**
 * Runs one SQL statement over a pooled connection; waiting for the connection is outside the span.
 * @param failure - makes the statement fail: the database's code and message
 */
export function* sql(
  world: World,
  context: Context,
  statement: SqlStatement,
  failure?: { code: string; message: string; exception: { type: string; at: string } }
): Step<void> {
  const { system, namespace, port } = SYSTEM[statement.database];
  const pool = world.pools[statement.database];
  yield* pool.acquire();
  const span = context.span.trace.begin({
    name: `${statement.operation} ${statement.table}`,
    kind: SpanKind.Client,
    resource: context.pod.resource,
    scope: context.pod.scope('sql'),
    parent: context.span,
    attributes: {
      'db.system.name': system,
      'db.namespace': namespace,
      'db.collection.name': statement.table,
      'db.operation.name': statement.operation,
      'db.query.text': statement.text,
      'db.query.summary': `${statement.operation} ${statement.table}`,
      'server.address': statement.database,
      'server.port': port,
    },
  });
  // A database under load is slower: every waiting statement adds a tenth.
  yield* world.kernel.delay(world.random.lognormal(statement.medianMs * MILLISECOND, 0.5) * (1 + 0.1 * pool.queued));
  pool.release();
  if (failure !== undefined) {
    span.set({ 'db.response.status_code': failure.code });
    span.fail(failure.code, failure.message);
    span.end();
    throw new CallError('UNAVAILABLE', failure.message, failure.exception);
  }
  if (statement.rows !== undefined) {
    span.set({ 'db.response.returned_rows': BigInt(statement.rows) });
  }
  span.end();
}

/** Runs one Redis command. `hit` tells a cache look-up's outcome. */
export function* redis(
  world: World,
  context: Context,
  host: 'catalogue-cache' | 'cart-store' | 'session-store',
  command: string,
  text: string,
  hit?: boolean
): Step<void> {
  const span = context.span.trace.begin({
    name: command,
    kind: SpanKind.Client,
    resource: context.pod.resource,
    scope: context.pod.scope('redis'),
    parent: context.span,
    attributes: {
      'db.system.name': 'redis',
      'db.namespace': '0',
      'db.operation.name': command,
      'db.query.text': text,
      'server.address': host,
      'server.port': 6379n,
      'cache.hit': hit,
    },
  });
  yield* world.kernel.delay(world.random.lognormal(420 * MICROSECOND, 0.45));
  span.end();
}

export interface ExternalRequest {
  readonly method: 'GET' | 'POST';
  readonly host: string;
  readonly path: string;
  readonly medianMs: number;
  readonly sigma?: number;
  readonly timeoutMs: number;
  /** 1 for the first retry; absent on the first attempt. */
  readonly resend?: number;
  /** Status that the other side answers with when it answers in time. */
  readonly status: number;
  readonly attributes?: Record<string, AttributeValue>;
}

/** Calls another company over HTTPS: a client span without a server span. The answer is the HTTP status, 0 = timeout. */
export function* external(world: World, context: Context, request: ExternalRequest): Step<number> {
  const span = context.span.trace.begin({
    name: request.method,
    kind: SpanKind.Client,
    resource: context.pod.resource,
    scope: context.pod.scope('http'),
    parent: context.span,
    attributes: {
      'http.request.method': request.method,
      'url.full': `https://${request.host}${request.path}`,
      'server.address': request.host,
      'server.port': 443n,
      'network.protocol.version': '2',
      'http.request.resend_count': request.resend === undefined ? undefined : BigInt(request.resend),
      ...request.attributes,
    },
  });
  const takes = world.random.lognormal(request.medianMs * MILLISECOND, request.sigma ?? 0.4);
  const timeout = request.timeoutMs * MILLISECOND;
  yield* world.kernel.delay(Math.min(takes, timeout));
  if (takes > timeout) {
    span.fail('timeout', `no answer within ${request.timeoutMs} ms`);
    span.end();
    return 0;
  }
  span.set({ 'http.response.status_code': BigInt(request.status) });
  if (request.status >= 400) {
    span.fail(String(request.status));
  }
  span.end();
  return request.status;
}
