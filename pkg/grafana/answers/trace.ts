/** @file One trace → its frame. */
import { GentError } from '../../common';
import { type Frame, traceFrame, withNotices } from '../frames';
import type { Instance } from '../instances';
import { generatedNotice, noticesOf } from './notices';
import type { AnswerOptions } from './options';

/** @throws GentError PLUGIN_TRACE_NOT_FOUND; never another trace in its place */
export async function answerTrace(instance: Instance, traceId: string, options: AnswerOptions): Promise<Frame[]> {
  const result = await instance.engine.traceById(traceId, { signal: options.signal });
  if (result.trace === undefined) {
    throw new GentError(
      'PLUGIN_TRACE_NOT_FOUND',
      `trace ${traceId} not found: this store keeps models, not that trace`
    );
  }
  const notices = noticesOf(generatedNotice([result.provenance]), result.notices);
  return [withNotices(traceFrame(result.trace, { executedQueryString: traceId }), notices)];
}
