/**
 * @file Searches and metrics over Grafana Live: a channel `search/<key>` or `metrics/<key>` for each, answered in parts. Of
 * a search the newest traces come first; of metrics the beginning of each series, as far as it is certain.
 * Source: grafana-plugin-sdk-go proto/backend.proto, service Stream; packets are frames as JSON.
 */
import { create } from '@bufbuild/protobuf';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { asGentError, GentError, limit } from '../common';
import { grafana } from '../proto';
import { searchInParts } from '../query';
import { isMetricsQuery, type MetricsExpr, parseQuery } from '../traceql';
import { answerMetrics, searchTable, searchTableOrWhy, type TraceqlQuery } from './answers';
import { withDeadline } from './deadline';
import { type Frame, frameJson } from './frames';
import type { Instance } from './instances';
import { parseQueryModel } from './query-model';
import { signalOf } from './rpc';
import type { PluginParts } from './server';
import { writer } from './stream-writer';

/** A key is the browser's: random, so that nobody listens to the search of another. */
const CHANNEL = /^(search|metrics)\/[\w-]{8,120}$/;
const DEFAULT_LIMIT = 20;
/** A part of a metrics answer waits until so many times what the last one took has passed. */
const PART_SHARE = 5;

type RunCall = ServerWritableStream<grafana.RunStreamRequest, grafana.StreamPacket>;

/** What a channel is for; undefined for a path that is none, or that the settings forbid. */
function purposeOf(path: string, { settings }: Instance): 'search' | 'metrics' | undefined {
  const purpose = CHANNEL.exec(path)?.[1] as 'search' | 'metrics' | undefined;
  return purpose !== undefined && settings.streaming[purpose] ? purpose : undefined;
}

/** Whether a channel may be subscribed to. */
export async function subscribeStream(
  parts: PluginParts,
  request: grafana.SubscribeStreamRequest
): Promise<grafana.SubscribeStreamResponse> {
  const { OK, NOT_FOUND, PERMISSION_DENIED } = grafana.SubscribeStreamResponse_Status;
  const status = await parts.instances.use(request.pluginContext, async (instance) => {
    if (!CHANNEL.test(request.path)) {
      return NOT_FOUND;
    }
    const allowed = request.pluginContext?.user !== undefined && purposeOf(request.path, instance) !== undefined;
    return allowed ? OK : PERMISSION_DENIED;
  });
  return create(grafana.SubscribeStreamResponseSchema, { status });
}

/** Nothing is ever published by browsers. */
export async function publishStream(): Promise<grafana.PublishStreamResponse> {
  const { PERMISSION_DENIED } = grafana.PublishStreamResponse_Status;
  return create(grafana.PublishStreamResponseSchema, { status: PERMISSION_DENIED });
}

function jsonOf(data: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Said below.
  }
  throw new GentError('PLUGIN_STREAM', 'a stream is asked for with {"query": …, "range": {"from": ms, "to": ms}}');
}

/** ms since 1970, as a number or as text. */
function momentOf(range: unknown, key: string): bigint {
  const value = typeof range === 'object' && range !== null ? (range as Record<string, unknown>)[key] : undefined;
  const ms = Math.floor(Number(value));
  if (value === undefined || value === null || !Number.isSafeInteger(ms) || ms < 0) {
    throw new GentError('PLUGIN_STREAM', `range.${key} must be ms since 1970`);
  }
  return BigInt(ms);
}

interface Asked {
  readonly query: TraceqlQuery;
  readonly refId: string;
  /** Of a metrics query. */
  readonly metrics: MetricsExpr | undefined;
}

/** A whole number that Grafana gives with a query, 0 where it gives none. */
const wholeOf = (value: unknown): bigint => {
  const number = Math.floor(Number(value ?? 0));
  return Number.isSafeInteger(number) && number > 0 ? BigInt(number) : 0n;
};

/** @throws GentError PLUGIN_STREAM, PLUGIN_QUERY, TRACEQL_* */
function askedOf(data: Uint8Array): Asked {
  const { query, range, intervalMs, maxDataPoints } = jsonOf(data);
  const refId = typeof query === 'object' && query !== null ? String((query as { refId?: unknown }).refId ?? '') : '';
  const parsed = parseQueryModel({
    refId,
    queryType: '',
    json: Buffer.from(JSON.stringify(query ?? null), 'utf8'),
    intervalMS: wholeOf(intervalMs),
    maxDataPoints: wholeOf(maxDataPoints),
    timeRange: { fromEpochMS: momentOf(range, 'from'), toEpochMS: momentOf(range, 'to') },
  });
  if (parsed.kind !== 'traceql') {
    throw new GentError('PLUGIN_STREAM', 'only searches and metrics are answered in parts');
  }
  const written = parseQuery(parsed.text);
  return { query: parsed, refId, metrics: isMetricsQuery(written) ? written.metrics : undefined };
}

function packet(frame: Frame, custom: { done: boolean; error?: string }): grafana.StreamPacket {
  const json = frameJson({ ...frame, meta: { ...frame.meta, custom: { ...frame.meta?.custom, ...custom } } });
  return create(grafana.StreamPacketSchema, { data: Buffer.from(JSON.stringify(json), 'utf8') });
}

/** Several frames as one, for a packet holds one: each is a text cell. */
function framesPacket(frames: readonly Frame[], refId: string, done: boolean): grafana.StreamPacket {
  const values = frames.map((frame) => JSON.stringify(frameJson({ ...frame, refId })));
  return packet({ name: 'Series', refId, fields: [{ name: 'frames', type: 'string', values }] }, { done });
}

async function streamMetrics(
  instance: Instance,
  call: RunCall,
  caller: AbortSignal,
  { query, refId }: Asked,
  metrics: MetricsExpr
): Promise<void> {
  const write = writer(call, caller);
  const apart = limit('PLUGIN_PART_MILLISECONDS');
  let next = performance.now() + apart;
  const onPart = async (frames: () => Frame[]): Promise<void> => {
    const begin = performance.now();
    if (begin >= next) {
      await write(framesPacket(frames(), refId, false));
      // What is answered from memory never waits for anything: the packet would lie here until the end.
      await new Promise((resolve) => setImmediate(resolve));
      const end = performance.now();
      next = end + Math.max(apart, PART_SHARE * (end - begin));
    }
  };
  await withDeadline(caller, instance.settings.timeoutMs, async (signal) => {
    const frames = await answerMetrics(instance, query, metrics, { signal, valuesOnly: false, onPart });
    await write(framesPacket(frames, refId, true));
  });
}

async function streamSearch(
  instance: Instance,
  call: RunCall,
  caller: AbortSignal,
  { query, refId }: Asked
): Promise<void> {
  const write = writer(call, caller);
  await withDeadline(caller, instance.settings.timeoutMs, async (signal) => {
    const request = {
      query: query.text,
      range: query.range,
      limit: query.limit || DEFAULT_LIMIT,
      spansPerSpanSet: query.spansPerSpanSet,
      signal,
    };
    for await (const { result, done } of searchInParts(instance.engine, request)) {
      const table = await (done ? searchTableOrWhy : searchTable)(instance, query, result);
      await write(packet({ ...table, refId }, { done }));
    }
  });
}

/** Resolves when the signal aborts, or after `ms`. */
function gone(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** Streams of one process. */
export class SearchStreams {
  private running = 0;

  constructor(private readonly parts: PluginParts) {}

  /**
   * Answers to the end, and stays until the last browser has gone: Grafana starts a stream again that ends while
   * somebody listens. Errors are packets, for Grafana shows no other.
   */
  async run(call: RunCall): Promise<void> {
    const signal = signalOf(call);
    const { pluginContext, path } = call.request;
    this.running++;
    try {
      await this.parts.metrics.observe('runStream', () =>
        this.parts.instances.use(pluginContext, async (instance) => {
          const most = limit('PLUGIN_STREAMS');
          const purpose = purposeOf(path, instance);
          if (purpose === undefined) {
            throw new GentError('PLUGIN_STREAM', `there is no stream ${JSON.stringify(path.slice(0, 100))}`);
          }
          if (this.running > most) {
            throw new GentError('LIMIT_EXCEEDED', `${this.running} streams at a time, PLUGIN_STREAMS=${most}`);
          }
          const asked = askedOf(call.request.data);
          if ((asked.metrics === undefined) !== (purpose === 'search')) {
            throw new GentError('PLUGIN_STREAM', `this query is not answered at ${purpose}/`);
          }
          await (asked.metrics === undefined
            ? streamSearch(instance, call, signal, asked)
            : streamMetrics(instance, call, signal, asked, asked.metrics));
        })
      );
    } catch (thrown) {
      const error = asGentError(thrown);
      if (!signal.aborted) {
        this.parts.log.debug('stream refused', { path, error: error.toLine() });
        const notices = [{ severity: 'error' as const, text: error.message }];
        call.write(packet({ name: 'Traces', fields: [], meta: { notices } }, { done: true, error: error.toLine() }));
      }
    } finally {
      this.running--;
    }
    await gone(signal, limit('PLUGIN_STREAM_SECONDS') * 1000);
    call.end();
  }
}
