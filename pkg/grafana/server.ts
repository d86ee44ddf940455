/** @file The gRPC server that Grafana talks to: health, diagnostics, data, resources, and the go-plugin controller. */
import { create } from '@bufbuild/protobuf';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  status as GrpcStatus,
} from '@grpc/grpc-js';
import { asGentError, GentError, limit, type Logger } from '../common';
import { goPlugin, grafana, grpcHealth } from '../proto';
import { answerQuery } from './answer';
import { encodeFrame } from './frames';
import { checkHealth } from './health';
import type { Instances } from './instances';
import type { PluginMetrics } from './plugin-metrics';
import { answerResource, resourceError } from './resources';
import { serviceDefinition } from './service';

/** What the services work with. */
export interface PluginParts {
  readonly instances: Instances;
  readonly metrics: PluginMetrics;
  readonly log: Logger;
  /** Called when the host asks the plugin to end. */
  shutdown(): void;
}

/** A signal that aborts when the caller goes away. */
function signalOf(call: { on(event: 'cancelled', listener: () => void): unknown; cancelled: boolean }): AbortSignal {
  const abort = new AbortController();
  call.on('cancelled', () => abort.abort());
  if (call.cancelled) {
    abort.abort();
  }
  return abort.signal;
}

/** A unary handler from an async function; what it throws becomes a gRPC error with our text. */
function unary<Q, A>(log: Logger, answer: (request: Q, signal: AbortSignal) => Promise<A>) {
  return (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>): void => {
    answer(call.request, signalOf(call)).then(
      (result) => callback(null, result),
      (thrown: unknown) => {
        const error = asGentError(thrown);
        log.error('request failed', { path: call.getPath(), error: error.toLine() });
        const code = error.code === 'CANCELLED' ? GrpcStatus.CANCELLED : GrpcStatus.INTERNAL;
        callback({ code, details: error.toLine() });
      }
    );
  };
}

/** Alert rules and server-side expressions evaluate every number of an answer. */
function isEvaluation(headers: Readonly<Record<string, string>>): boolean {
  return headers.FromAlert === 'true' || headers['http_X-Grafana-From-Expr'] === 'true';
}

/** One query's part of the answer. Never throws: an error stands in the answer, beside the other queries'. */
async function dataResponse(
  parts: PluginParts,
  request: grafana.QueryDataRequest,
  query: grafana.DataQuery,
  signal: AbortSignal
): Promise<grafana.DataResponse> {
  try {
    return await parts.metrics.observe('query', () =>
      parts.instances.use(request.pluginContext, async (instance) => {
        const valuesOnly = isEvaluation(request.headers);
        const frames = await answerQuery(instance, query, { signal, valuesOnly });
        const bytes = frames.map((frame) => encodeFrame({ ...frame, refId: query.refId }));
        return create(grafana.DataResponseSchema, { frames: bytes, status: 200 });
      })
    );
  } catch (thrown) {
    const error = asGentError(thrown);
    const ours = error.code === 'INTERNAL';
    if (ours) {
      const { cause } = error;
      parts.log.error('query failed', { refId: query.refId, error: error.message, stack: (cause as Error)?.stack });
    }
    return create(grafana.DataResponseSchema, {
      error: error.toLine(),
      status: error.status,
      errorSource: ours ? 'plugin' : 'downstream',
    });
  }
}

async function queryData(
  parts: PluginParts,
  request: grafana.QueryDataRequest,
  signal: AbortSignal
): Promise<grafana.QueryDataResponse> {
  if (request.queries.length > limit('PLUGIN_QUERIES')) {
    const most = limit('PLUGIN_QUERIES');
    throw new GentError('LIMIT_EXCEEDED', `${request.queries.length} queries in one request, PLUGIN_QUERIES=${most}`);
  }
  const answers = await Promise.all(
    request.queries.map(async (query) => [query.refId, await dataResponse(parts, request, query, signal)] as const)
  );
  return create(grafana.QueryDataResponseSchema, { responses: Object.fromEntries(answers) });
}

async function callResource(
  parts: PluginParts,
  call: ServerWritableStream<grafana.CallResourceRequest, grafana.CallResourceResponse>
): Promise<void> {
  const signal = signalOf(call);
  const answer = await parts.metrics
    .observe('callResource', () =>
      parts.instances.use(call.request.pluginContext, (instance) => answerResource(instance, call.request, signal))
    )
    .catch(resourceError);
  if (answer.status >= 500) {
    parts.log.error('resource failed', { resource: call.request.path, answer: JSON.stringify(answer.body) });
  }
  const body = Buffer.from(JSON.stringify(answer.body), 'utf8');
  call.write(
    create(grafana.CallResourceResponseSchema, {
      code: answer.status,
      headers: { 'Content-Type': create(grafana.StringListSchema, { values: ['application/json'] }) },
      body,
    })
  );
  call.end();
}

async function health(parts: PluginParts, request: grafana.CheckHealthRequest): Promise<grafana.CheckHealthResponse> {
  const result = await parts.metrics.observe('checkHealth', () => checkHealth(parts.instances, request.pluginContext));
  const { OK, ERROR } = grafana.CheckHealthResponse_HealthStatus;
  const details = { message: result.message, verboseMessage: result.verbose };
  return create(grafana.CheckHealthResponseSchema, {
    status: result.ok ? OK : ERROR,
    message: result.message,
    jsonDetails: Buffer.from(JSON.stringify(details), 'utf8'),
  });
}

/** Builds the server; it does not listen yet. */
export function buildServer(parts: PluginParts): Server {
  const { log } = parts;
  const server = new Server({
    'grpc.max_receive_message_length': limit('PLUGIN_MESSAGE_BYTES'),
    'grpc.max_send_message_length': -1,
  });
  const serving = create(grpcHealth.HealthCheckResponseSchema, {
    status: grpcHealth.HealthCheckResponse_ServingStatus.SERVING,
  });
  server.addService(serviceDefinition(grpcHealth.Health), { Check: unary(log, async () => serving) });
  server.addService(serviceDefinition(goPlugin.GRPCController), {
    Shutdown: unary(log, async () => {
      setImmediate(() => parts.shutdown());
      return create(goPlugin.EmptySchema);
    }),
  });
  server.addService(serviceDefinition(grafana.Diagnostics), {
    CheckHealth: unary(log, (request: grafana.CheckHealthRequest) => health(parts, request)),
    CollectMetrics: unary(log, async () =>
      create(grafana.CollectMetricsResponseSchema, {
        metrics: { prometheus: Buffer.from(await parts.metrics.text(), 'utf8') },
      })
    ),
  });
  server.addService(serviceDefinition(grafana.Data), {
    QueryData: unary(log, (request: grafana.QueryDataRequest, signal) =>
      parts.metrics.observe('queryData', () => queryData(parts, request, signal))
    ),
  });
  server.addService(serviceDefinition(grafana.Resource), {
    CallResource: (call: ServerWritableStream<grafana.CallResourceRequest, grafana.CallResourceResponse>) => {
      callResource(parts, call).catch((error: unknown) => {
        log.error('resource failed', { error: asGentError(error).toLine() });
        call.destroy();
      });
    },
  });
  return server;
}

/** Listens. @returns the port of a TCP address; 1 or so for a socket */
export function listen(server: Server, bind: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(bind, ServerCredentials.createInsecure(), (error, port) =>
      error === null
        ? resolve(port)
        : reject(new GentError('PLUGIN_HANDSHAKE', `cannot listen on ${bind}: ${error.message}`, { cause: error }))
    );
  });
}
