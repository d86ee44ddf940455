/** @file One query of one data source → frames: traces, tables, series, service graphs, models, comparisons. */
import { asGentError, GentError } from '../../common';
import { isMetricsQuery, parseQuery } from '../../traceql';
import type { Frame } from '../frames';
import type { Instance } from '../instances';
import { parseQueryModel, type RawQuery } from '../query-model';
import { answerMetrics, unitOf } from './metrics';
import { answerModels } from './models';
import type { AnswerOptions, TraceqlQuery } from './options';
import { answerComparison, answerServiceGraph } from './overview';
import { answerSearch } from './search';
import { answerTrace } from './trace';

export type { AnswerOptions, TraceqlQuery } from './options';
export { searchTable } from './search';
export { unitOf } from './metrics';

async function answerTraceql(instance: Instance, query: TraceqlQuery, options: AnswerOptions): Promise<Frame[]> {
  const parsed = parseQuery(query.text);
  return isMetricsQuery(parsed)
    ? answerMetrics(instance, query, unitOf(parsed.metrics), options)
    : answerSearch(instance, query, options);
}

/**
 * Answers one query.
 * @throws GentError with the status that the answer carries
 */
export async function answerQuery(instance: Instance, raw: RawQuery, options: AnswerOptions): Promise<Frame[]> {
  const query = parseQueryModel(raw);
  const { timeoutMs } = instance.settings;
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(Math.max(1, Math.round(timeoutMs)));
  const signal = timeout === undefined ? options.signal : AbortSignal.any([options.signal, timeout]);
  const bounded = { ...options, signal };
  try {
    switch (query.kind) {
      case 'nothing':
        return [];
      case 'models':
        return await answerModels(instance, query, bounded);
      case 'serviceGraph':
        return await answerServiceGraph(instance, query, bounded);
      case 'compareWindows':
        return await answerComparison(instance, query, bounded);
      case 'trace':
        return await answerTrace(instance, query.traceId, bounded);
      case 'traceql':
        return await answerTraceql(instance, query, bounded);
    }
  } catch (error) {
    if (timeout?.aborted === true && !options.signal.aborted) {
      const seconds = (timeoutMs ?? 0) / 1000;
      throw new GentError('QUERY_TIMEOUT', `the query took longer than ${seconds} s`, { cause: error });
    }
    throw asGentError(error);
  }
}
