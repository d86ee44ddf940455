/**
 * @file The OTLP/HTTP receiver: POST /v1/traces, protobuf and JSON, gzip; answers as the OTLP specification 1.x asks.
 */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { GentError, limit, type Logger } from '../common';
import { newReadContext } from '../trace';
import type { TrainerMetrics } from './metrics';
import { decode, decompress, Refusal } from './otlp-body';
import { CONTENT_TYPE, encodingOf, exportResponse, leftOut, statusResponse, type OtlpEncoding } from './otlp-response';
import type { Receiver, SpanSink } from './receiver';

export const TRACES_PATH = '/v1/traces';
const RECEIVER = 'otlp-http';
const RETRY_AFTER_BUSY_SECONDS = 1;
/** A client that sends slower than this is cut off. */
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 75_000;

export interface OtlpHttpOptions {
  readonly host: string;
  readonly port: number;
  readonly sink: SpanSink;
  readonly metrics: TrainerMetrics;
  readonly logger: Logger;
}

/** Receives POST /v1/traces. Its server takes other routes too: health, metrics, the status page. */
export class OtlpHttpReceiver implements Receiver {
  readonly name = RECEIVER;
  readonly server: FastifyInstance;
  private inFlightBytes = 0;
  private interned = newReadContext();

  constructor(private readonly options: OtlpHttpOptions) {
    this.server = Fastify({
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      forceCloseConnections: 'idle',
      exposeHeadRoutes: false,
    });
    this.routes();
  }

  start(): Promise<string> {
    const { host, port } = this.options;
    return this.server.listen({ host, port });
  }

  stop(): Promise<void> {
    return this.server.close();
  }

  /** Forgets interned resources, so that a stream of ever new ones does not grow memory for ever. */
  forgetInterned(): void {
    this.interned = newReadContext();
  }

  private routes(): void {
    void this.server.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        '*',
        { parseAs: 'buffer', bodyLimit: limit('OTLP_BODY_BYTES') },
        (_request, body, done) => done(null, body)
      );
      scope.setErrorHandler((error, request, reply) => this.fail(request, reply, error));
      scope.route({
        method: 'POST',
        url: TRACES_PATH,
        onRequest: async (request, reply) => this.admit(request, reply),
        handler: async (request, reply) => this.receive(request, reply),
      });
      scope.route({
        method: ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'],
        url: TRACES_PATH,
        handler: async (request, reply) => {
          void reply.header('allow', 'POST');
          return this.fail(request, reply, new Refusal(405, `${request.method} is not allowed here: use POST`));
        },
      });
    });
  }

  /** Refuses before the body is read what could not be held anyway. */
  private async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (encodingOf(request.headers['content-type']) === undefined) {
      throw new Refusal(415, `content type must be ${CONTENT_TYPE.protobuf} or ${CONTENT_TYPE.json}`);
    }
    const admission = this.options.sink.admission();
    if (!admission.accept) {
      const full = admission.reason === 'full';
      throw new Refusal(
        full ? 429 : 503,
        full ? 'the buffers are full: training is behind' : 'the trainer is shutting down',
        admission.retryAfterSeconds
      );
    }
    const declared = Number(request.headers['content-length'] ?? limit('OTLP_BODY_BYTES'));
    const bytes = Math.min(Number.isFinite(declared) ? declared : 0, limit('OTLP_BODY_BYTES'));
    // One request is always let in, however large it may be against the limit.
    if (this.inFlightBytes > 0 && this.inFlightBytes + bytes > limit('OTLP_IN_FLIGHT_BYTES')) {
      throw new Refusal(429, 'too many requests are being read', RETRY_AFTER_BUSY_SECONDS);
    }
    this.inFlightBytes += bytes;
    reply.raw.once('close', () => {
      this.inFlightBytes -= bytes;
    });
  }

  private async receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { metrics, sink } = this.options;
    const encoding = encodingOf(request.headers['content-type']) as OtlpEncoding;
    const sent = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
    const coding = request.headers['content-encoding'] ?? '';
    const { spans, rejected } = decode(encoding, await decompress(sent, coding), this.interned);
    await sink.accept(spans, { encoding, coding, bytes: sent });
    metrics.bytes.inc({ receiver: RECEIVER }, sent.length);
    metrics.spans.inc({ receiver: RECEIVER }, spans.length);
    if (rejected > 0) {
      metrics.rejectedSpans.inc({ receiver: RECEIVER }, rejected);
    }
    metrics.requests.inc({ receiver: RECEIVER, encoding, status: '200' });
    return send(reply.code(200), encoding, exportResponse(encoding, rejected, leftOut(rejected)));
  }

  private fail(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
    const encoding = encodingOf(request.headers['content-type']) ?? 'json';
    const { status, message, retryAfterSeconds } = asRefusal(thrown);
    if (status >= 500 && retryAfterSeconds === undefined) {
      this.options.logger.error('a request failed', { message });
    }
    this.options.metrics.requests.inc({ receiver: RECEIVER, encoding, status: String(status) });
    if (retryAfterSeconds !== undefined) {
      void reply.header('retry-after', String(retryAfterSeconds));
    }
    return send(reply.code(status), encoding, statusResponse(encoding, status, message));
  }
}

function send(reply: FastifyReply, encoding: OtlpEncoding, body: Uint8Array | string): FastifyReply {
  // Bytes, because Fastify adds a charset to the content type of a text.
  return reply.header('content-type', CONTENT_TYPE[encoding]).send(Buffer.from(body));
}

/** Refusals as they are; Fastify's own errors by their code; anything else is ours and a 500. */
function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) {
    return thrown;
  }
  const { code, statusCode } = thrown as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Refusal(413, `the body is larger than OTLP_BODY_BYTES (${limit('OTLP_BODY_BYTES')})`);
  }
  if (thrown instanceof GentError) {
    return new Refusal(thrown.status, thrown.message);
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Refusal(statusCode !== undefined && statusCode >= 400 ? statusCode : 500, message);
}
