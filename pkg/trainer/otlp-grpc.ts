/**
 * @file The OTLP/gRPC receiver: opentelemetry.proto.collector.trace.v1.TraceService. Source: OTLP specification 1.x,
 * "OTLP/gRPC": partial success counts what was left out; UNAVAILABLE asks the sender to come back.
 */
import { create } from '@bufbuild/protobuf';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  status as GrpcStatus,
} from '@grpc/grpc-js';
import { asGentError, limit, type Logger } from '../common';
import { otlpCollector, serviceDefinition } from '../proto';
import { newReadContext } from '../trace';
import type { TrainerMetrics } from './metrics';
import { decode, Refusal } from './otlp-body';
import { leftOut } from './otlp-response';
import type { Receiver, SpanSink } from './receiver';

const RECEIVER = 'otlp-grpc';
const STOP_MS = 5000;

export interface OtlpGrpcOptions {
  readonly host: string;
  readonly port: number;
  readonly sink: SpanSink;
  readonly metrics: TrainerMetrics;
  readonly logger: Logger;
}

/** The service with its requests as bytes: the log keeps them as they came. */
function rawService(): ServiceDefinition {
  const { Export } = serviceDefinition(otlpCollector.TraceService);
  return { Export: { ...Export, requestDeserialize: (bytes: Buffer) => bytes } } as ServiceDefinition;
}

/** Receives OTLP/gRPC without TLS, plain or gzipped. */
export class OtlpGrpcReceiver implements Receiver {
  readonly name = RECEIVER;
  private readonly server: Server;
  private interned = newReadContext();

  constructor(private readonly options: OtlpGrpcOptions) {
    // The limit holds for a message after unzipping.
    this.server = new Server({ 'grpc.max_receive_message_length': limit('OTLP_INFLATED_BYTES') });
    this.server.addService(rawService(), {
      Export: (call: ServerUnaryCall<Buffer, unknown>, callback: sendUnaryData<unknown>) => {
        this.receive(call.request).then(
          (answer) => callback(null, answer),
          (thrown: unknown) => callback(this.failure(thrown))
        );
      },
    });
  }

  start(): Promise<string> {
    const { host, port } = this.options;
    const address = host.includes(':') ? `[${host}]` : host;
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`${address}:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(`http://${address}:${bound}`) : reject(error)
      );
    });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.server.forceShutdown(), STOP_MS);
      this.server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Forgets interned resources, so that a stream of ever new ones does not grow memory for ever. */
  forgetInterned(): void {
    this.interned = newReadContext();
  }

  private async receive(bytes: Buffer) {
    const { sink, metrics } = this.options;
    const admission = sink.admission();
    if (!admission.accept) {
      const full = admission.reason === 'full';
      throw new Refusal(503, full ? 'the buffers are full: training is behind' : 'the trainer is shutting down');
    }
    const { spans, rejected } = decode('protobuf', bytes, this.interned);
    await sink.accept(spans, { encoding: 'protobuf', coding: '', bytes });
    metrics.bytes.inc({ receiver: RECEIVER }, bytes.length);
    metrics.spans.inc({ receiver: RECEIVER }, spans.length);
    if (rejected > 0) {
      metrics.rejectedSpans.inc({ receiver: RECEIVER }, rejected);
    }
    metrics.requests.inc({ receiver: RECEIVER, encoding: 'protobuf', status: '200' });
    return create(
      otlpCollector.ExportTraceServiceResponseSchema,
      rejected > 0 ? { partialSuccess: { rejectedSpans: BigInt(rejected), errorMessage: leftOut(rejected) } } : {}
    );
  }

  private failure(thrown: unknown): { code: GrpcStatus; details: string } {
    const { logger, metrics } = this.options;
    const { status, message } = thrown instanceof Refusal ? thrown : asGentError(thrown);
    metrics.requests.inc({ receiver: RECEIVER, encoding: 'protobuf', status: String(status) });
    if (status >= 500 && status !== 503) {
      logger.error('a request failed', { message });
    }
    const codes: Record<number, GrpcStatus> = { 400: GrpcStatus.INVALID_ARGUMENT, 503: GrpcStatus.UNAVAILABLE };
    return { code: codes[status] ?? GrpcStatus.INTERNAL, details: message };
  }
}
