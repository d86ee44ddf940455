/** @file QueryData: every query of a request on its own, so that an error of one is not the others'. */
import { create } from '@bufbuild/protobuf';
import { asGentError, GentError, limit } from '../common';
import { grafana } from '../proto';
import { answerQuery } from './answers';
import { encodeFrame } from './frames';
import type { PluginParts } from './server';

/** Alert rules and server-side expressions evaluate every number of an answer. */
function isEvaluation(headers: Readonly<Record<string, string>>): boolean {
  return headers.FromAlert === 'true' || headers['http_X-Grafana-From-Expr'] === 'true';
}

let lastTurn: Promise<void> = Promise.resolve();

/**
 * Resolves when it is this query's turn: one more a round of the event loop. Queries that are answered from what is in
 * memory never wait for anything, and many of them in a row would keep the process from hearing that they were cancelled.
 */
function turn(): Promise<void> {
  lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
  return lastTurn;
}

/** One query's part of the answer. Never throws: an error stands in the answer, beside the other queries'. */
async function dataResponse(
  parts: PluginParts,
  request: grafana.QueryDataRequest,
  query: grafana.DataQuery,
  signal: AbortSignal
): Promise<grafana.DataResponse> {
  const begin = performance.now();
  try {
    const response = await parts.metrics.observe('query', () =>
      parts.instances.use(request.pluginContext, async (instance) => {
        const valuesOnly = isEvaluation(request.headers);
        await turn();
        if (signal.aborted) {
          throw new GentError('CANCELLED', 'the query was left');
        }
        const frames = await answerQuery(instance, query, { signal, valuesOnly });
        const bytes = frames.map((frame) => encodeFrame({ ...frame, refId: query.refId }));
        return create(grafana.DataResponseSchema, { frames: bytes, status: 200 });
      })
    );
    parts.log.debug('query answered', { refId: query.refId, ms: Math.round(performance.now() - begin) });
    return response;
  } catch (thrown) {
    const error = asGentError(thrown);
    const ours = error.code === 'INTERNAL';
    if (ours) {
      const { cause } = error;
      parts.log.error('query failed', { refId: query.refId, error: error.message, stack: (cause as Error)?.stack });
    } else {
      parts.log.debug('query refused', { refId: query.refId, error: error.toLine() });
    }
    return create(grafana.DataResponseSchema, {
      error: error.toLine(),
      status: error.status,
      errorSource: ours ? 'plugin' : 'downstream',
    });
  }
}

/** @throws GentError LIMIT_EXCEEDED for more than PLUGIN_QUERIES queries */
export async function queryData(
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
