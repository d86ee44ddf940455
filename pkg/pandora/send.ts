/**
 * @file Sends traces over OTLP/HTTP as a collector's batch processor would: requests that mix traces, and a trace's spans
 * in several requests. Retries as the OTLP specification asks (429, 502, 503, 504, broken connections; Retry-After).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { GentError } from '../common';
import { otlpCollector } from '../proto';
import { otlpProtobuf, type Span, type Trace } from '../trace';

const gzipAsync = promisify(gzip);
/** Traces under way at a time: their spans are sent in the order in which they end. */
const TRACES_MIXED = 120;
const RETRYABLE = new Set([429, 502, 503, 504]);
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 10_000;

export interface SendOptions {
  /** Base address, such as http://127.0.0.1:4318; /v1/traces is added. */
  readonly endpoint: string;
  readonly signal?: AbortSignal;
  /** Spans of one request at most. Default 1000. */
  readonly spansPerRequest?: number;
  /** Gives up a request after this long without success. Default 5 minutes. */
  readonly patienceMs?: number;
  /** Told after each request. */
  readonly onProgress?: (sent: SendReport) => void;
}

export interface SendReport {
  traces: number;
  spans: number;
  requests: number;
  /** Bodies as sent, gzipped. */
  bytes: number;
  /** Bodies before gzip. */
  rawBytes: number;
  retries: number;
  /** Spans that the receiver left out. */
  rejectedSpans: number;
}

function tracesUrl(endpoint: string): string {
  try {
    const url = new URL(endpoint);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`;
    return url.toString();
  } catch {
    throw new GentError('USAGE', `'${endpoint}' is no address such as http://127.0.0.1:4318`);
  }
}

/** Seconds or a date, as HTTP allows; undefined when there is none. */
function retryAfterMs(value: string | null): number | undefined {
  if (value === null) {
    return undefined;
  }
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Posts one body until it is taken. */
async function post(url: string, body: Uint8Array, options: SendOptions, report: SendReport): Promise<void> {
  const deadline = Date.now() + (options.patienceMs ?? 300_000);
  for (let attempt = 0; ; attempt++) {
    let problem: string;
    let wait = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** attempt);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
        body,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const answer = new Uint8Array(await response.arrayBuffer());
      if (response.ok) {
        const { partialSuccess } = fromBinary(otlpCollector.ExportTraceServiceResponseSchema, answer);
        report.rejectedSpans += Number(partialSuccess?.rejectedSpans ?? 0n);
        return;
      }
      problem = `HTTP ${response.status}`;
      if (!RETRYABLE.has(response.status)) {
        throw new GentError('TRAINER_SEND_FAILED', `${url} answered ${problem}`);
      }
      wait = retryAfterMs(response.headers.get('retry-after')) ?? wait;
    } catch (error) {
      if (error instanceof GentError || options.signal?.aborted) {
        throw error;
      }
      const { cause } = error as { cause?: { code?: string; message?: string } };
      problem = cause?.code ?? cause?.message ?? (error as Error).message;
    }
    if (Date.now() + wait > deadline) {
      throw new GentError('TRAINER_SEND_FAILED', `${url}: ${problem}, for too long`);
    }
    report.retries++;
    await sleep(wait, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

/** Sends traces; resolves when every span was taken. */
export class TraceSender {
  readonly report: SendReport = {
    traces: 0,
    spans: 0,
    requests: 0,
    bytes: 0,
    rawBytes: 0,
    retries: 0,
    rejectedSpans: 0,
  };
  private readonly url: string;

  /** @throws GentError USAGE for an endpoint that is no URL */
  constructor(private readonly options: SendOptions) {
    this.url = tracesUrl(options.endpoint);
  }

  /**
   * Sends these traces, their spans mixed.
   * @throws GentError TRAINER_SEND_FAILED
   */
  async send(traces: readonly Trace[]): Promise<void> {
    const spans = traces.flatMap((trace) => trace.spans).sort(byEnd);
    const most = this.options.spansPerRequest ?? 1000;
    for (let at = 0; at < spans.length; at += most) {
      const part = spans.slice(at, at + most);
      const body = otlpProtobuf([{ traceId: '', spans: part }]);
      const zipped = await gzipAsync(body, { level: 1 });
      await post(this.url, zipped, this.options, this.report);
      this.report.requests++;
      this.report.spans += part.length;
      this.report.rawBytes += body.length;
      this.report.bytes += zipped.length;
      this.options.onProgress?.(this.report);
    }
    this.report.traces += traces.length;
    this.options.onProgress?.(this.report);
  }

  /** Sends a stream of traces, {@link TRACES_MIXED} at a time. */
  async sendAll(traces: Iterable<Trace>): Promise<SendReport> {
    let held: Trace[] = [];
    for (const trace of traces) {
      held.push(trace);
      if (held.length >= TRACES_MIXED) {
        await this.send(held);
        held = [];
      }
    }
    if (held.length > 0) {
      await this.send(held);
    }
    return this.report;
  }
}

function byEnd(a: Span, b: Span): number {
  return a.endTimeUnixNano < b.endTimeUnixNano ? -1 : a.endTimeUnixNano > b.endTimeUnixNano ? 1 : 0;
}
