/** @file The gRPC server that Grafana talks to: health, diagnostics, data, resources, streams, and go-plugin's controller. */
import { create } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { asGentError, GentError, limit, type Logger } from '../common';
import { goPlugin, grafana, grpcHealth } from '../proto';
import { queryData } from './data-service';
import { checkHealth } from './health';
import type { Instances } from './instances';
import type { PluginMetrics } from './plugin-metrics';
import { callResource } from './resource-service';
import { inTraceOf, unary } from './rpc';
import { serviceDefinition } from './service';
import { publishStream, SearchStreams, subscribeStream } from './stream-service';

/** What the services work with. */
export interface PluginParts {
  readonly instances: Instances;
  readonly metrics: PluginMetrics;
  readonly log: Logger;
  /** Called when the host asks the plugin to end. */
  shutdown(): void;
}

async function health(
  parts: PluginParts,
  request: grafana.CheckHealthRequest,
  signal: AbortSignal
): Promise<grafana.CheckHealthResponse> {
  const result = await parts.metrics.observe('checkHealth', () =>
    checkHealth(parts.instances, request.pluginContext, signal)
  );
  const { OK, ERROR } = grafana.CheckHealthResponse_HealthStatus;
  const details = { message: result.message, verboseMessage: result.verbose };
  return create(grafana.CheckHealthResponseSchema, {
    status: result.ok ? OK : ERROR,
    message: result.message,
    jsonDetails: Buffer.from(JSON.stringify(details), 'utf8'),
  });
}

/** A handler that answers with a stream; what it throws ends the call. */
function streaming<Q, A>(log: Logger, answer: (call: ServerWritableStream<Q, A>) => Promise<void>) {
  return (call: ServerWritableStream<Q, A>): void => {
    inTraceOf(call, () => {
      answer(call).catch((thrown: unknown) => {
        const error = asGentError(thrown);
        if (error.code !== 'CANCELLED') {
          log.error('request failed', { path: call.getPath(), error: error.toLine() });
        }
        call.destroy();
      });
    });
  };
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
    CheckHealth: unary(log, (request: grafana.CheckHealthRequest, signal) => health(parts, request, signal)),
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
    CallResource: streaming(
      log,
      (call: ServerWritableStream<grafana.CallResourceRequest, grafana.CallResourceResponse>) =>
        callResource(parts, call)
    ),
  });
  const streams = new SearchStreams(parts);
  server.addService(serviceDefinition(grafana.Stream), {
    SubscribeStream: unary(log, (request: grafana.SubscribeStreamRequest) => subscribeStream(parts, request)),
    RunStream: streaming(log, (call: ServerWritableStream<grafana.RunStreamRequest, grafana.StreamPacket>) =>
      streams.run(call)
    ),
    PublishStream: unary(log, publishStream),
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
