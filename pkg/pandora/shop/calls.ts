/** @file Calls between the shop's services, gRPC and HTTP: a client span, the network, a worker, a server span. */
import { SpanKind } from '../../trace';
import { Future, type Step } from '../kernel';
import { SERVICES, type Pod, type ServiceName } from './services';
import { stacktrace } from './stacktraces';
import { CallError, MILLISECOND, SECOND, type Context, type RpcCode, type World } from './world';

export type Handler<T> = (context: Context) => Step<T>;

type Reply<T> = { readonly value: T } | { readonly error: CallError };

/** Codes for which a gRPC *server* span is an error (semantic conventions for gRPC). */
const SERVER_ERRORS: ReadonlySet<RpcCode> = new Set(['DEADLINE_EXCEEDED', 'INTERNAL', 'UNAVAILABLE']);

/** gRPC code → HTTP status, as the frontend and shipping answer. */
export function httpStatus(code: RpcCode): number {
  const table: Partial<Record<RpcCode, number>> = {
    OK: 200,
    INVALID_ARGUMENT: 400,
    NOT_FOUND: 404,
    FAILED_PRECONDITION: 409,
    RESOURCE_EXHAUSTED: 429,
    UNAVAILABLE: 503,
    DEADLINE_EXCEEDED: 504,
  };
  return table[code] ?? 500;
}

/** Records on the span of the service that threw it. */
export function recordException(context: Context, error: CallError): void {
  if (error.exception !== undefined) {
    const { type, at } = error.exception;
    context.span.exception(
      type,
      error.message,
      stacktrace(SERVICES[context.pod.service].language, type, error.message, at)
    );
  }
}

/** Runs a handler in a pod: waits for a worker, opens the server span, settles the reply. Outlives its caller. */
function serve<T>(
  world: World,
  pod: Pod,
  open: () => Context,
  handler: Handler<T>,
  close: (context: Context, error: CallError | undefined) => void,
  reply: Future<Reply<T>>
): void {
  world.kernel.spawn(
    (function* (): Step<void> {
      yield* pod.station.acquire();
      const context = open();
      try {
        const value = yield* handler(context);
        close(context, undefined);
        reply.settle({ value });
      } catch (thrown) {
        if (!(thrown instanceof CallError)) {
          throw thrown;
        }
        close(context, thrown);
        // What the service itself threw was recorded here; upstream only the status is known.
        reply.settle({ error: new CallError(thrown.code, thrown.message) });
      } finally {
        pod.station.release();
      }
    })()
  );
}

/**
 * Calls a gRPC method of another service.
 * @param method - fully qualified, such as `shop.v1.Cart/GetCart`
 * @throws CallError with the status; DEADLINE_EXCEEDED after `timeoutMs` while the server goes on
 */
export function* grpc<T>(
  world: World,
  caller: Context,
  target: ServiceName,
  method: string,
  handler: Handler<T>,
  { timeoutMs = 3000 }: { timeoutMs?: number } = {}
): Step<T> {
  const pod = world.pickPod(target);
  const { trace } = caller.span;
  const common = {
    'rpc.system.name': 'grpc',
    'rpc.method': method,
    'server.address': target,
    'server.port': BigInt(SERVICES[target].port),
  };
  const client = trace.begin({
    name: method,
    kind: SpanKind.Client,
    resource: caller.pod.resource,
    scope: caller.pod.scope('grpc'),
    parent: caller.span,
    attributes: { ...common, 'network.peer.address': pod.address },
  });
  const reply = new Future<Reply<T>>();
  yield* world.network();
  if (!pod.up) {
    reply.settle({ error: new CallError('UNAVAILABLE', `connection refused: ${target}:${SERVICES[target].port}`) });
  } else {
    trace.hold();
    const open = (): Context => ({
      pod,
      span: trace.begin({
        name: method,
        kind: SpanKind.Server,
        resource: pod.resource,
        scope: pod.scope('grpc'),
        parent: client,
        attributes: { ...common, 'client.address': caller.pod.address, 'network.transport': 'tcp' },
      }),
    });
    const close = (context: Context, error: CallError | undefined): void => {
      context.span.set({ 'rpc.status_code': error?.code ?? 'OK' });
      if (error !== undefined) {
        recordException(context, error);
        if (SERVER_ERRORS.has(error.code)) {
          context.span.fail(error.code, error.message);
        }
      }
      context.span.end();
      trace.release();
    };
    serve(world, pod, open, handler, close, reply);
  }
  const answer = yield* world.kernel.within(reply, timeoutMs * MILLISECOND);
  const error =
    answer === undefined
      ? new CallError('DEADLINE_EXCEEDED', 'context deadline exceeded')
      : 'error' in answer.value
        ? answer.value.error
        : undefined;
  if (answer !== undefined) {
    yield* world.network();
  }
  client.set({ 'rpc.status_code': error?.code ?? 'OK' });
  if (error !== undefined) {
    client.fail(error.code, error.message);
    client.end();
    throw error;
  }
  client.end();
  return (answer as { value: { value: T } }).value.value;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Low-cardinality route, such as `/quotes/{country}`. */
  readonly route: string;
  readonly path: string;
  readonly bodyBytes?: number;
}

/** Calls an HTTP endpoint of another service; as {@link grpc} otherwise. */
export function* http<T>(
  world: World,
  caller: Context,
  target: ServiceName,
  request: HttpRequest,
  handler: Handler<T>
): Step<T> {
  const pod = world.pickPod(target);
  const port = SERVICES[target].port;
  const { trace } = caller.span;
  const client = trace.begin({
    name: request.method,
    kind: SpanKind.Client,
    resource: caller.pod.resource,
    scope: caller.pod.scope('http'),
    parent: caller.span,
    attributes: {
      'http.request.method': request.method,
      'url.full': `http://${target}:${port}${request.path}`,
      'server.address': target,
      'server.port': BigInt(port),
      'network.protocol.version': '1.1',
    },
  });
  const reply = new Future<Reply<T>>();
  yield* world.network();
  trace.hold();
  const open = (): Context => ({
    pod,
    span: trace.begin({
      name: `${request.method} ${request.route}`,
      kind: SpanKind.Server,
      resource: pod.resource,
      scope: pod.scope('http'),
      parent: client,
      attributes: {
        'http.request.method': request.method,
        'http.route': request.route,
        'url.path': request.path,
        'url.scheme': 'http',
        'server.address': target,
        'server.port': BigInt(port),
        'client.address': caller.pod.address,
        'network.protocol.version': '1.1',
        'http.request.body.size': request.bodyBytes === undefined ? undefined : BigInt(request.bodyBytes),
      },
    }),
  });
  const close = (context: Context, error: CallError | undefined): void => {
    endHttpServer(context, httpStatus(error?.code ?? 'OK'), error);
    trace.release();
  };
  serve(world, pod, open, handler, close, reply);
  const answer = yield* world.kernel.within(reply, 5 * SECOND);
  if (answer === undefined) {
    client.fail('timeout', 'request timed out after 5s');
    client.end();
    throw new CallError('DEADLINE_EXCEEDED', `${request.method} ${target}${request.route} timed out`);
  }
  yield* world.network();
  const error = 'error' in answer.value ? answer.value.error : undefined;
  const status = httpStatus(error?.code ?? 'OK');
  client.set({ 'http.response.status_code': BigInt(status) });
  if (error !== undefined) {
    client.fail(String(status));
    client.end();
    throw error;
  }
  client.end();
  return (answer as { value: { value: T } }).value.value;
}

/** Ends an HTTP server span: an error from 500 on, as the semantic conventions ask. */
export function endHttpServer(context: Context, status: number, error?: CallError): void {
  context.span.set({ 'http.response.status_code': BigInt(status) });
  if (error !== undefined) {
    recordException(context, error);
  }
  if (status >= 500) {
    context.span.fail(error?.exception?.type ?? String(status), error?.message ?? '');
  }
  context.span.end();
}
