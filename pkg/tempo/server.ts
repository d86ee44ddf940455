/** @file The read part of Tempo's API over an engine: what Grafana's Tempo data source and Traces Drilldown ask, HTTP and gRPC on one port. */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { createServer, type RequestListener } from 'node:http';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { asGentError, gentVersion, GentError, limit, type Logger, silentLogger } from '../common';
import { readCompareParams, readOverviewParams, type TraceResult, type TracesEngine, writeJson } from '../query';
import { resourceSpansJson } from '../trace';
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
import type { AccessCheck } from './access';
import { shareConnections } from './shared-port';
import { streamingServer } from './streaming';
import { filterTrace, traceFilter } from './trace-filter';
import { tempoTraceBytes, type TraceAnswer, traceByIdBytes } from './trace-protobuf';
import { metricsParams, type Params, rangeOf, searchParams, tagParams, traceIdParam } from './params';

const TEXT = 'text/plain; charset=utf-8';
const PROTOBUF = 'application/protobuf';
const compress = promisify(gzip);
const UNAUTHORIZED = 'a token is needed: Authorization: Bearer TOKEN';
/** Smaller answers are not worth compressing. */
const COMPRESS_FROM_BYTES = 4096;
/** A query may have 128 KiB, thrice that when every character is escaped. */
const LONGEST_REQUEST_BYTES = 512 * 1024;

export interface TempoServerOptions {
  readonly logger?: Logger;
  /** ns since the Unix epoch; what "now" is for queries that name no time. */
  readonly now?: () => bigint;
  /** Who may ask; by default everybody. /ready is open to all. */
  readonly access?: AccessCheck;
}

interface Asked {
  readonly params: Params;
  /** Parts of the path that stand for something. */
  readonly path: Readonly<Record<string, string>>;
  readonly accept: string;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

const json = (body: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(body) });
const rawJson = (body: string): Answer => ({ type: 'application/json', body });
const text = (body: string, status = 200): Answer => ({ type: TEXT, body, status });

function asked(request: FastifyRequest, reply: FastifyReply): Asked {
  const abort = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) {
      abort.abort();
    }
  });
  const at = request.url.indexOf('?');
  const params = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1))) {
    if (!params.has(key)) {
      params.set(key, value);
    }
  }
  return {
    params,
    path: request.params as Record<string, string>,
    accept: request.headers.accept ?? '',
    signal: abort.signal,
  };
}

function traceByIdJson({ trace, partial, message }: TraceAnswer): string {
  const body = trace === undefined ? '{}' : `{"resourceSpans":${resourceSpansJson([trace], 'tempo')}}`;
  const status = partial ? ',"status":"PARTIAL"' : '';
  return `{"trace":${body},"metrics":{}${status}${message === '' ? '' : `,"message":${JSON.stringify(message)}`}}`;
}

const FILTERED = 'Trace filtered, only a subset of spans matching the filter is returned';

async function findTrace(engine: TracesEngine, { params, path, signal }: Asked): Promise<TraceResult> {
  // Checked and no more: Tempo, too, takes a time range as a hint of where to look.
  rangeOf(params);
  return engine.traceById(traceIdParam(path.id ?? ''), { signal });
}

async function findTraceOrPart(engine: TracesEngine, request: Asked): Promise<TraceAnswer> {
  const filter = traceFilter(request.params);
  const { trace, notices } = await findTrace(engine, request);
  if (trace === undefined || filter === undefined) {
    return {
      trace,
      partial: false,
      message: trace === undefined ? notices.map(({ text: said }) => said).join(' ') : '',
    };
  }
  const part = filterTrace(trace, filter);
  const partial = part !== trace;
  return { trace: part.spans.length === 0 ? undefined : part, partial, message: partial ? FILTERED : '' };
}

type Handler = (request: Asked) => Promise<Answer>;

function handlers(engine: TracesEngine, now: () => bigint): Record<string, Handler> {
  const tagValues = (tag: string, { params, signal }: Asked) => engine.tagValues({ tag, ...tagParams(params), signal });
  return {
    '/api/echo': async () => text('echo\n'),
    '/ready': async () => text('ready\n'),
    '/api/status/buildinfo': async () =>
      json({ version: gentVersion(), revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
    '/status/version': async () => text(`gent, version ${gentVersion()}\n`),

    '/api/search': async ({ params, signal }) => {
      const { byTags, ...request } = searchParams(params);
      return json(searchJson(await engine.search({ ...request, signal }), byTags));
    },
    '/api/traces/:id': async (request) => {
      const { trace } = await findTrace(engine, request);
      if (trace === undefined) {
        return text('', 404);
      }
      return request.accept.includes(PROTOBUF)
        ? { type: PROTOBUF, body: tempoTraceBytes(trace) }
        : { type: 'application/json', body: `{"batches":${resourceSpansJson([trace], 'tempo')}}` };
    },
    '/api/v2/traces/:id': async (request) => {
      const found = await findTraceOrPart(engine, request);
      return request.accept.includes(PROTOBUF)
        ? { type: PROTOBUF, body: traceByIdBytes(found) }
        : { type: 'application/json', body: traceByIdJson(found) };
    },
    '/api/search/tags': async ({ params, signal }) => {
      const request = tagParams(params);
      return json(tagNamesJson(await engine.tagNames({ ...request, signal }), request.scope));
    },
    '/api/v2/search/tags': async ({ params, signal }) =>
      json(scopesJson(await engine.tagNames({ ...tagParams(params), signal }))),
    '/api/search/tag/:tag/values': async (request) =>
      request.path.tag === 'error'
        ? json({ tagValues: ['true'], metrics: {} })
        : json(plainTagValuesJson(await tagValues(plainTag(request.path.tag ?? ''), request))),
    '/api/v2/search/tag/:tag/values': async (request) =>
      json(tagValuesJson(await tagValues(request.path.tag ?? '', request))),
    '/api/metrics/query_range': async ({ params, signal }) =>
      json(rangeJson(await engine.metricsRange({ ...metricsParams(params, now(), false), signal }))),
    '/api/metrics/query': async ({ params, signal }) => {
      const { query, range } = metricsParams(params, now(), true);
      return json(instantJson(await engine.metricsInstant({ query, range, signal })));
    },

    // Not Tempo's: what the Grafana plugin asks of `gent serve` besides.
    '/api/gent/overview': async ({ params, signal }) =>
      rawJson(writeJson(await engine.overview({ ...readOverviewParams(params), signal }))),
    '/api/gent/compare': async ({ params, signal }) =>
      rawJson(writeJson(await engine.compareWindows({ ...readCompareParams(params), signal }))),
    '/api/gent/models': async () => rawJson(writeJson(await engine.describe())),
  };
}

async function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body, 'utf8') : Buffer.from(answer.body);
  reply.code(answer.status ?? 200).header('content-type', answer.type);
  if (body.length >= COMPRESS_FROM_BYTES && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    reply.header('content-encoding', 'gzip').header('vary', 'accept-encoding');
    return reply.send(await compress(body));
  }
  return reply.send(body);
}

function errorAnswer(thrown: unknown, logger: Logger, url: string): Answer {
  const error = asGentError(thrown);
  if (error.status >= 500) {
    logger.error('request failed', { url, error: error.toLine() });
  }
  const syntax = error.code.startsWith('TRACEQL_') ? 'invalid TraceQL query: ' : '';
  return text(`${syntax}${error.message}`, error.status);
}

/** Closing ends idle connections at once, and gives requests under way TEMPO_SHUTDOWN_MILLISECONDS. */
function closeInTime(server: FastifyInstance, endings: ReadonlyArray<() => Promise<void>>): void {
  let ended: Promise<unknown> | undefined;
  let timer: NodeJS.Timeout | undefined;
  server.addHook('preClose', async () => {
    ended = Promise.all(endings.map((end) => end()));
    timer = setTimeout(() => server.server.closeAllConnections(), limit('TEMPO_SHUTDOWN_MILLISECONDS'));
  });
  server.addHook('onClose', async () => {
    await ended;
    clearTimeout(timer);
  });
}

/** Builds the server; it does not listen yet. Closing it leaves the engine open. */
export function tempoServer(engine: TracesEngine, options: TempoServerOptions = {}): FastifyInstance {
  const logger = options.logger ?? silentLogger;
  const now = options.now ?? (() => BigInt(Date.now()) * 1_000_000n);
  const { access } = options;
  const grpc = streamingServer(engine, { logger, now, ...(access === undefined ? {} : { access }) });
  const endings: Array<() => Promise<void>> = [];
  const server = fastify({
    logger: false,
    routerOptions: { maxParamLength: 4096 },
    serverFactory: (listener) => {
      const http = createServer({ maxHeaderSize: LONGEST_REQUEST_BYTES }, listener as RequestListener);
      endings.push(shareConnections(http, grpc));
      return http;
    },
  });
  closeInTime(server, endings);
  if (access !== undefined) {
    server.addHook('onRequest', async (request, reply) => {
      if (request.url !== '/ready' && !access(request.headers.authorization)) {
        reply.header('www-authenticate', 'Bearer');
        return send(
          request,
          reply,
          errorAnswer(new GentError('SERVE_UNAUTHORIZED', UNAUTHORIZED), logger, request.url)
        );
      }
      return undefined;
    });
  }
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    payload.once('end', () => done(null));
  });
  for (const [path, handler] of Object.entries(handlers(engine, now))) {
    // Tempo, too, answers questions that are sent with POST, and looks at the address only.
    server.route({
      method: ['GET', 'POST'],
      url: path,
      handler: async (request, reply) => {
        let answer: Answer;
        try {
          answer = await handler(asked(request, reply));
        } catch (error) {
          answer = errorAnswer(error, logger, request.url);
        }
        return send(request, reply, answer);
      },
    });
  }
  server.setNotFoundHandler(async (_, reply) =>
    reply.code(404).header('content-type', TEXT).send('404 page not found\n')
  );
  return server;
}

/**
 * Listens.
 * @param address - `host:port`; port 0 takes a free one
 * @returns the address in use, `http://host:port`
 * @throws GentError USAGE when the address is none, or cannot be listened on
 */
export async function listenTempo(server: FastifyInstance, address: string): Promise<string> {
  const match = /^(?:\[(?<six>[0-9a-fA-F:]+)\]|(?<host>[^:]*)):(?<port>\d{1,5})$/.exec(address);
  if (match === null || Number(match.groups?.port) > 65_535) {
    throw new GentError('USAGE', `--listen ${address}: an address such as 127.0.0.1:3200 is expected`);
  }
  const host = match.groups?.six ?? (match.groups?.host || '127.0.0.1');
  try {
    return await server.listen({ host, port: Number(match.groups?.port) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'another program listens there' : message;
    throw new GentError('USAGE', `cannot listen on ${address}: ${why}`, { cause: error });
  }
}
