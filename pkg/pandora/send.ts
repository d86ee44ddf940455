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
const PATIENCE_MS = 300_000;
/** Where nobody has answered yet, the address is probably wrong; a receiver that starts at the same time has time enough. */
const FIRST_PATIENCE_MS = 15_000;

const PROBLEMS: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be resolved',
  ECONNRESET: 'the connection was broken',
  UND_ERR_SOCKET: 'the connection was broken',
};

export interface SendOptions {
  /** Base address, such as http://127.0.0.1:4318; /v1/traces is added. */
  readonly endpoint: string;
  readonly signal?: AbortSignal;
  /** Spans of one request at most. Default 1000. */
  readonly spansPerRequest?: number;
  /** Gives up a request after this long without success. Default 5 minutes, 15 seconds where nobody ever answered. */
  readonly patienceMs?: number;
  /** Told of each failure after which it is tried again, and until when (Unix ms). */
  readonly onRetry?: (problem: string, untilMs: number) => void;
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

/** What stands in the way of a connection, in words. */
function problemOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const code = cause?.code ?? '';
  return PROBLEMS[code] ?? (code || cause?.message || (error as Error).message);
}

/** One try. @returns undefined when the body was taken, else what to try again after */
async function tryPost(
  url: string,
  body: Uint8Array,
  options: SendOptions,
  report: SendReport
): Promise<{ problem: string; waitMs?: number; answered: boolean } | undefined> {
  let response: Response;
  let answer: Uint8Array;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
      body,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    answer = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (options.signal?.aborted === true) {
      throw error;
    }
    return { problem: problemOf(error), answered: false };
  }
  if (response.ok) {
    const { partialSuccess } = fromBinary(otlpCollector.ExportTraceServiceResponseSchema, answer);
    report.rejectedSpans += Number(partialSuccess?.rejectedSpans ?? 0n);
    return undefined;
  }
  const problem = `HTTP ${response.status}`;
  if (!RETRYABLE.has(response.status)) {
    throw new GentError('TRAINER_SEND_FAILED', `${url} answered ${problem}`);
  }
  const waitMs = retryAfterMs(response.headers.get('retry-after'));
  return { problem, answered: true, ...(waitMs === undefined ? {} : { waitMs }) };
}

/** Posts one body until it is taken. */
async function post(url: string, body: Uint8Array, options: SendOptions, report: SendReport): Promise<void> {
  const started = Date.now();
  let answered = report.requests > 0;
  for (let attempt = 0; ; attempt++) {
    const failed = await tryPost(url, body, options, report);
    if (failed === undefined) {
      return;
    }
    answered ||= failed.answered;
    const patience = options.patienceMs ?? (answered ? PATIENCE_MS : FIRST_PATIENCE_MS);
    const wait = failed.waitMs ?? Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** attempt);
    if (Date.now() + wait > started + patience) {
      const seconds = Math.round((Date.now() - started) / 1000);
      const tried = seconds > 0 ? `, tried for ${seconds} s` : '';
      throw new GentError('TRAINER_SEND_FAILED', `${url}: ${failed.problem}${tried}`);
    }
    options.onRetry?.(failed.problem, started + patience);
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
