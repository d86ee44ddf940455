/** @file What a store holds → frames: its models, their time, the operations of one of them. */
import { GentError } from '../../common';
import type { TimeRange } from '../../query';
import {
  type Frame,
  type FrameNotice,
  modelsFrame,
  operationsFrame,
  type OperationRow,
  timelineFrame,
  withNotices,
} from '../frames';
import type { Instance } from '../instances';
import { readManifestOf } from '../model-archive';
import { countsNotice } from './overview';
import { noticesOf, statsOf } from './notices';
import type { AnswerOptions, QueryOf } from './options';

const SKIPPED_SHOWN = 20;

/** The models whose window overlaps the time range, and what was skipped. */
async function describe(instance: Instance, range: TimeRange) {
  const description = await instance.engine.describe();
  const models = description.models.filter((m) => m.window.end > range.start && m.window.start < range.end);
  const skipped = description.skipped.map(({ file, reason }): FrameNotice => {
    return { severity: 'warning', text: `${file} is skipped: ${reason}` };
  });
  return { description: { ...description, models }, notices: skipped.slice(0, SKIPPED_SHOWN) };
}

async function operationsOfModel(instance: Instance, modelId: string): Promise<Frame> {
  const { manifest } = await readManifestOf(instance, modelId);
  const rows = manifest.operations.map((one): OperationRow => {
    // The manifest has medians and tails of the whole batch, in ns.
    return { ...one, durations: { p50: { value: one.p50 }, p99: { value: one.p99 } } };
  });
  const seconds = Number(BigInt(manifest.window.end) - BigInt(manifest.window.start)) / 1e9;
  return operationsFrame(rows, seconds, instance, { executedQueryString: `operations of model ${manifest.id}` });
}

async function operationsOfRange(instance: Instance, range: TimeRange, signal: AbortSignal): Promise<Frame> {
  const overview = await instance.engine.overview({ range, signal });
  const seconds = Number(overview.range.end - overview.range.start) / 1e9;
  const frame = operationsFrame(overview.operations, seconds, instance, {
    executedQueryString: 'operations of all models in the time range',
    stats: statsOf(overview.stats),
  });
  return withNotices(frame, noticesOf(countsNotice(overview), overview.notices));
}

/** @throws GentError PLUGIN_MODEL_NOT_FOUND, PLUGIN_NO_STORE for the operations of one model */
export async function answerModels(
  instance: Instance,
  query: QueryOf<'models'>,
  { signal }: AnswerOptions
): Promise<Frame[]> {
  if (query.view === 'operations') {
    return [
      query.modelId === ''
        ? await operationsOfRange(instance, query.range, signal)
        : await operationsOfModel(instance, query.modelId),
    ];
  }
  if (signal.aborted) {
    throw new GentError('CANCELLED', 'the query was cancelled');
  }
  const { description, notices } = await describe(instance, query.range);
  const frame =
    query.view === 'timeline'
      ? timelineFrame(description.models, query.range, { executedQueryString: 'coverage of the time range by models' })
      : modelsFrame(description, instance, { executedQueryString: 'models of the time range' });
  return [withNotices(frame, notices)];
}
