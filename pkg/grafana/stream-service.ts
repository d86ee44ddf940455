/**
 * @file Searches over Grafana Live: a channel `search/<key>` for each, answered in parts, the newest traces first.
 * Source: grafana-plugin-sdk-go proto/backend.proto, service Stream; packets are frames as JSON.
 */
import { create } from '@bufbuild/protobuf';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { asGentError, GentError, limit } from '../common';
import { grafana } from '../proto';
import { searchInParts } from '../query';
import { isMetricsQuery, parseQuery } from '../traceql';
import { searchTable, type TraceqlQuery } from './answers';
import { withDeadline } from './deadline';
import { type Frame, frameJson } from './frames';
import type { Instance } from './instances';
import { parseQueryModel } from './query-model';
import { signalOf } from './rpc';
import type { PluginParts } from './server';
import { writer } from './stream-writer';

/** A key is the browser's: random, so that nobody listens to the search of another. */
const CHANNEL = /^search\/[\w-]{8,120}$/;
const DEFAULT_LIMIT = 20;

type RunCall = ServerWritableStream<grafana.RunStreamRequest, grafana.StreamPacket>;

/** Whether a channel may be subscribed to. */
export async function subscribeStream(
  parts: PluginParts,
  request: grafana.SubscribeStreamRequest
): Promise<grafana.SubscribeStreamResponse> {
  const { OK, NOT_FOUND, PERMISSION_DENIED } = grafana.SubscribeStreamResponse_Status;
  const status = await parts.instances.use(request.pluginContext, async ({ settings }) => {
    if (!CHANNEL.test(request.path)) {
      return NOT_FOUND;
    }
    return request.pluginContext?.user === undefined || !settings.streaming ? PERMISSION_DENIED : OK;
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

/** @throws GentError PLUGIN_STREAM, PLUGIN_QUERY, TRACEQL_* */
function searchOf(data: Uint8Array): { query: TraceqlQuery; refId: string } {
  const { query, range } = jsonOf(data);
  const refId = typeof query === 'object' && query !== null ? String((query as { refId?: unknown }).refId ?? '') : '';
  const parsed = parseQueryModel({
    refId,
    queryType: '',
    json: Buffer.from(JSON.stringify(query ?? null), 'utf8'),
    intervalMS: 0n,
    maxDataPoints: 0n,
    timeRange: { fromEpochMS: momentOf(range, 'from'), toEpochMS: momentOf(range, 'to') },
  });
  if (parsed.kind !== 'traceql' || isMetricsQuery(parseQuery(parsed.text))) {
    throw new GentError('PLUGIN_STREAM', 'only searches are answered in parts');
  }
  return { query: parsed, refId };
}

function packet(frame: Frame, custom: { done: boolean; error?: string }): grafana.StreamPacket {
  const json = frameJson({ ...frame, meta: { ...frame.meta, custom: { ...frame.meta?.custom, ...custom } } });
  return create(grafana.StreamPacketSchema, { data: Buffer.from(JSON.stringify(json), 'utf8') });
}

async function search(instance: Instance, call: RunCall, caller: AbortSignal): Promise<void> {
  const write = writer(call, caller);
  const { query, refId } = searchOf(call.request.data);
  await withDeadline(caller, instance.settings.timeoutMs, async (signal) => {
    const request = {
      query: query.text,
      range: query.range,
      limit: query.limit || DEFAULT_LIMIT,
      spansPerSpanSet: query.spansPerSpanSet,
      signal,
    };
    for await (const { result, done } of searchInParts(instance.engine, request)) {
      await write(packet({ ...searchTable(instance, query, result), refId }, { done }));
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
   * Runs a search to its end, and stays until the last browser has gone: Grafana starts a stream again that ends while
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
          if (!CHANNEL.test(path) || !instance.settings.streaming) {
            throw new GentError('PLUGIN_STREAM', `there is no stream ${JSON.stringify(path.slice(0, 100))}`);
          }
          if (this.running > most) {
            throw new GentError('LIMIT_EXCEEDED', `${this.running} streams at a time, PLUGIN_STREAMS=${most}`);
          }
          await search(instance, call, signal);
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
