/**
 * @file Tempo's streaming queries over gRPC (tempopb.StreamingQuerier), which Grafana's Tempo data source uses where
 * streaming is switched on. A search sends what it is certain of as it goes; other answers come in messages of bounded size.
 */
import { type DescMessage, fromJson, type JsonValue, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { Server, type ServerWritableStream, status as GrpcStatus, type UntypedHandleCall } from '@grpc/grpc-js';
import { once } from 'node:events';
import { asGentError, GentError, limit, type Logger } from '../common';
import { serviceDefinition, tempo } from '../proto';
import { searchInParts, type TracesEngine } from '../query';
import type { AccessCheck } from './access';
import {
  instantJson,
  plainTagValuesJson,
  rangeJson,
  scopesJson,
  searchJson,
  tagNamesJson,
  tagValuesJson,
} from './json';
import { plainTag } from './logfmt';
import { metricsParams, type Params, searchParams, tagParams } from './params';

export interface StreamingOptions {
  readonly logger: Logger;
  /** ns since the Unix epoch. */
  readonly now: () => bigint;
  readonly access?: AccessCheck;
}

const GRPC_CODES: Readonly<Record<number, GrpcStatus>> = {
  400: GrpcStatus.INVALID_ARGUMENT,
  401: GrpcStatus.UNAUTHENTICATED,
  404: GrpcStatus.NOT_FOUND,
  422: GrpcStatus.RESOURCE_EXHAUSTED,
  499: GrpcStatus.CANCELLED,
  503: GrpcStatus.UNAVAILABLE,
  504: GrpcStatus.DEADLINE_EXCEEDED,
};

/** Parameters as the HTTP API has them; zeros of protobuf are values that were not given. */
function paramsOf(fields: Record<string, string | number | bigint>): Params {
  const given = Object.entries(fields).filter(([, value]) => value !== '' && value !== 0 && value !== 0n);
  return new Map(given.map(([name, value]) => [name, String(value)]));
}

const logfmt = (tags: Record<string, string>): string =>
  Object.entries(tags)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(' ');

type Json = Record<string, unknown>;

/** The lists of an answer in parts, each with the rest of the answer and not much larger than a message may be. */
function* parts<T extends DescMessage>(schema: T, answer: Json, list: string): Generator<MessageShape<T>> {
  const most = limit('TEMPO_STREAM_MESSAGE_BYTES');
  const { [list]: items, ...rest } = answer as { [name: string]: unknown[] };
  let part: unknown[] = [];
  let bytes = 0;
  const message = () => fromJson(schema, { ...rest, [list]: part } as JsonValue);
  for (const item of items ?? []) {
    const one = toBinary(schema, fromJson(schema, { [list]: [item] } as JsonValue)).length;
    if (part.length > 0 && bytes + one > most) {
      yield message();
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += one;
  }
  yield message();
}

/** What one method answers, message by message. */
type Answer<Q, A> = (request: Q, signal: AbortSignal) => AsyncGenerator<A>;

async function* search(engine: TracesEngine, request: tempo.SearchRequest, signal: AbortSignal) {
  const { Tags, MinDurationMs, MaxDurationMs, Limit, start, end, Query, SpansPerSpanSet } = request;
  const duration = (ms: number) => (ms === 0 ? '' : `${ms}ms`);
  const { byTags, ...asked } = searchParams(
    paramsOf({
      q: Query,
      tags: Query === '' ? logfmt(Tags) : '',
      minDuration: duration(MinDurationMs),
      maxDuration: duration(MaxDurationMs),
      limit: Limit,
      spss: SpansPerSpanSet,
      start,
      end,
    })
  );
  if (asked.range === undefined) {
    yield* parts(tempo.SearchResponseSchema, searchJson(await engine.search({ ...asked, signal }), byTags), 'traces');
    return;
  }
  const sent = new Set<string>();
  for await (const { result, done, certainFrom } of searchInParts(engine, { ...asked, range: asked.range, signal })) {
    const fresh = result.traces.filter(
      ({ traceId, startTimeUnixNano }) => !sent.has(traceId) && (done || startTimeUnixNano >= certainFrom)
    );
    fresh.forEach(({ traceId }) => sent.add(traceId));
    if (fresh.length > 0 || done) {
      yield* parts(tempo.SearchResponseSchema, searchJson({ ...result, traces: fresh }, byTags), 'traces');
    }
  }
}

function answers(engine: TracesEngine, now: () => bigint) {
  const names = (request: tempo.SearchTagsRequest, signal: AbortSignal) => {
    const { scope, query, start, end, maxTagsPerScope } = request;
    const asked = tagParams(paramsOf({ scope, q: query, start, end, limit: maxTagsPerScope }));
    return { scope: asked.scope, found: engine.tagNames({ ...asked, signal }) };
  };
  const values = (tag: string, request: tempo.SearchTagValuesRequest, signal: AbortSignal) => {
    const { query, start, end, maxTagValues } = request;
    return engine.tagValues({ tag, ...tagParams(paramsOf({ q: query, start, end, limit: maxTagValues })), signal });
  };
  return {
    Search: (request: tempo.SearchRequest, signal: AbortSignal) => search(engine, request, signal),
    async *SearchTags(request: tempo.SearchTagsRequest, signal: AbortSignal) {
      const { scope, found } = names(request, signal);
      yield* parts(tempo.SearchTagsResponseSchema, tagNamesJson(await found, scope), 'tagNames');
    },
    async *SearchTagsV2(request: tempo.SearchTagsRequest, signal: AbortSignal) {
      yield* parts(tempo.SearchTagsV2ResponseSchema, scopesJson(await names(request, signal).found), 'scopes');
    },
    async *SearchTagValues(request: tempo.SearchTagValuesRequest, signal: AbortSignal) {
      const found = await values(plainTag(request.tagName), request, signal);
      yield* parts(tempo.SearchTagValuesResponseSchema, plainTagValuesJson(found), 'tagValues');
    },
    async *SearchTagValuesV2(request: tempo.SearchTagValuesRequest, signal: AbortSignal) {
      const found = await values(request.tagName, request, signal);
      yield* parts(tempo.SearchTagValuesV2ResponseSchema, tagValuesJson(found), 'tagValues');
    },
    async *MetricsQueryRange(request: tempo.QueryRangeRequest, signal: AbortSignal) {
      const { query, start, end, step, exemplars } = request;
      const given = paramsOf({ q: query, start, end, step: step === 0n ? '' : `${step}ns`, exemplars });
      const result = await engine.metricsRange({ ...metricsParams(given, now(), false), signal });
      yield* parts(tempo.QueryRangeResponseSchema, rangeJson(result), 'series');
    },
    async *MetricsQueryInstant({ query, start, end }: tempo.QueryInstantRequest, signal: AbortSignal) {
      const { query: text, range } = metricsParams(paramsOf({ q: query, start, end }), now(), true);
      const result = await engine.metricsInstant({ query: text, range, signal });
      yield* parts(tempo.QueryInstantResponseSchema, instantJson(result), 'series');
    },
  };
}

/** Writes a stream as fast as its reader takes it; what is thrown becomes the status of the call. */
function streamed<Q, A>(answer: Answer<Q, A>, { logger, access }: StreamingOptions) {
  return async (call: ServerWritableStream<Q, A>): Promise<void> => {
    const abort = new AbortController();
    call.on('cancelled', () => abort.abort());
    try {
      if (access !== undefined && !access(call.metadata.get('authorization')[0]?.toString())) {
        throw new GentError('SERVE_UNAUTHORIZED', 'no token, or one that is not known');
      }
      for await (const message of answer(call.request, abort.signal)) {
        if (call.cancelled) {
          return;
        }
        if (!call.write(message)) {
          await once(call, 'drain', { signal: abort.signal });
        }
      }
      call.end();
    } catch (thrown) {
      const error = asGentError(thrown);
      if (error.status >= 500) {
        logger.error('request failed', { path: call.getPath(), error: error.toLine() });
      }
      call.emit('error', { code: GRPC_CODES[error.status] ?? GrpcStatus.INTERNAL, details: error.message });
    }
  };
}

/** The gRPC server of the streaming queries; it listens nowhere by itself. */
export function streamingServer(engine: TracesEngine, options: StreamingOptions): Server {
  // A peer that went away without a word is found by its silence.
  const server = new Server({ 'grpc.keepalive_time_ms': 60_000, 'grpc.keepalive_timeout_ms': 20_000 });
  const handlers = Object.fromEntries(
    Object.entries(answers(engine, options.now)).map(([name, answer]) => [
      name,
      streamed(answer as Answer<unknown, unknown>, options) as UntypedHandleCall,
    ])
  );
  server.addService(serviceDefinition(tempo.StreamingQuerier), handlers);
  return server;
}
