/** @file Service graphs and comparisons of two windows → frames. */
import type { Overview, TimeRange } from '../../query';
import { compareFrame, type Frame, type FrameNotice, scoreFrame, serviceGraphFrames, withNotices } from '../frames';
import type { Instance } from '../instances';
import { noticesOf, statsOf } from './notices';
import type { AnswerOptions, QueryOf } from './options';

const moment = (nanos: bigint): string => new Date(Number(nanos / 1_000_000n)).toISOString();
const written = ({ start, end }: TimeRange): string => `${moment(start)} to ${moment(end)}`;
const of = (services: readonly string[]): string => (services.length === 0 ? '' : ` of ${services.join(', ')}`);

/** How the numbers of an overview came to be. */
export function countsNotice({ from }: Overview): FrameNotice[] {
  return from === 'counts'
    ? [{ severity: 'info', text: 'Rates and errors are exact: read from the counts of the models.' }]
    : [];
}

export async function answerServiceGraph(
  instance: Instance,
  { range, services }: QueryOf<'serviceGraph'>,
  { signal, valuesOnly }: AnswerOptions
): Promise<Frame[]> {
  const overview = await instance.engine.overview({ range, services, signal });
  const meta = {
    executedQueryString: `service graph${of(services)}, ${written(overview.range)}`,
    stats: statsOf(overview.stats),
  };
  const [first, ...others] = serviceGraphFrames(overview, { target: instance, valuesOnly }, meta);
  const notices = noticesOf(countsNotice(overview), overview.notices);
  return first === undefined ? [] : [withNotices(first, notices), ...others];
}

export async function answerComparison(
  instance: Instance,
  { range, baseline, services, limit }: QueryOf<'compareWindows'>,
  { signal, valuesOnly }: AnswerOptions
): Promise<Frame[]> {
  const comparison = await instance.engine.compareWindows({ range, baseline, services, limit, signal });
  const meta = {
    executedQueryString: `changes${of(services)} in ${written(comparison.range)} against ${written(comparison.baseline)}`,
    stats: statsOf(comparison.stats),
  };
  const frame = valuesOnly ? scoreFrame(comparison, meta) : compareFrame(comparison, instance, meta);
  return [withNotices(frame, noticesOf([], comparison.notices))];
}
