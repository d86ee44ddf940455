/** @file One query of one data source → frames: traces, tables, series, service graphs, models, comparisons. */
import { isMetricsQuery, parseQuery } from '../../traceql';
import { withDeadline } from '../deadline';
import type { Frame } from '../frames';
import type { Instance } from '../instances';
import { parseQueryModel, type RawQuery } from '../query-model';
import { answerMetrics } from './metrics';
import { answerModels } from './models';
import type { AnswerOptions, TraceqlQuery } from './options';
import { answerComparison, answerServiceGraph } from './overview';
import { answerSearch } from './search';
import { answerTrace } from './trace';

export type { AnswerOptions, TraceqlQuery } from './options';
export { searchTable, searchTableOrWhy } from './search';
export { answerMetrics, unitOf } from './metrics';

async function answerTraceql(instance: Instance, query: TraceqlQuery, options: AnswerOptions): Promise<Frame[]> {
  const parsed = parseQuery(query.text);
  return isMetricsQuery(parsed)
    ? answerMetrics(instance, query, parsed.metrics, options)
    : answerSearch(instance, query, options);
}

/**
 * Answers one query.
 * @throws GentError with the status that the answer carries
 */
export async function answerQuery(instance: Instance, raw: RawQuery, options: AnswerOptions): Promise<Frame[]> {
  const query = parseQueryModel(raw);
  return withDeadline(options.signal, instance.settings.timeoutMs, async (signal) => {
    const bounded = { ...options, signal };
    switch (query.kind) {
      case 'nothing':
        return [];
      case 'models':
        return answerModels(instance, query, bounded);
      case 'serviceGraph':
        return answerServiceGraph(instance, query, bounded);
      case 'compareWindows':
        return answerComparison(instance, query, bounded);
      case 'trace':
        return answerTrace(instance, query.traceId, bounded);
      case 'traceql':
        return answerTraceql(instance, query, bounded);
    }
  });
}
