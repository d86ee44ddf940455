/** @file A metrics query → its series, or one table. */
import type { MetricsResult } from '../../query';
import { type AttributeRef, formatDuration, type MetricsExpr } from '../../traceql';
import { type Frame, type FrameMeta, type FrameNotice, instantFrame, rangeFrames, withNotices } from '../frames';
import type { Instance } from '../instances';
import { emptyNotices } from './emptiness';
import { noticesOf, statsOf } from './notices';
import type { AnswerOptions, TraceqlQuery } from './options';

const FROM_TEXT: Record<MetricsResult['from'], string | undefined> = {
  counts: 'Exact: read from the counts of the models.',
  generated: 'Computed from every trace that the models generate for this query.',
  estimated: 'Estimated from a part of the traces that the models generate for this query.',
  raw: undefined,
};

/** What a band says, where there is one. */
const BAND_TEXT: Record<NonNullable<MetricsResult['intervals']>, string> = {
  whole:
    'The band is the 95% interval of the real value: the error of the models, measured when they were trained, is in it.',
  sampling:
    'The band is the 95% interval of the value of all generated traces: what the models have wrong is not in it.',
};

/** What is to be known of where numbers come from. */
function originOf({ from, intervals, series }: MetricsResult): string | undefined {
  const text = FROM_TEXT[from];
  const banded = series.some(({ samples }) => samples.some(({ lower }) => lower !== undefined));
  return text === undefined || intervals === undefined || !banded ? text : `${text} ${BAND_TEXT[intervals]}`;
}

const DURATIONS = new Set(['duration', 'traceDuration', 'event:timeSinceStart']);
const isDuration = (attribute: AttributeRef) => attribute.intrinsic !== undefined && DURATIONS.has(attribute.intrinsic);

/** Grafana's unit for what a metrics query computes; undefined where the query does not tell. */
export function unitOf(metrics: MetricsExpr): string | undefined {
  if (metrics.kind === 'math') {
    const [left, right] = [unitOf(metrics.left), unitOf(metrics.right)];
    return (metrics.operator === '+' || metrics.operator === '-') && left === right ? left : undefined;
  }
  if (metrics.kind === 'number') {
    return undefined;
  }
  const { aggregate } = metrics;
  switch (aggregate.kind) {
    case 'min_over_time':
    case 'max_over_time':
    case 'avg_over_time':
    case 'sum_over_time':
    case 'quantile_over_time':
      return isDuration(aggregate.attribute) ? 's' : undefined;
    default:
      return undefined;
  }
}

/** Whether the series of a query are buckets of durations. */
export function bucketsAreDurations(metrics: MetricsExpr): boolean {
  const aggregate = metrics.kind === 'math' || metrics.kind === 'number' ? undefined : metrics.aggregate;
  return aggregate?.kind === 'histogram_over_time' && isDuration(aggregate.attribute);
}

/**
 * Whether a zero can only mean that no span was there: no mean, maximum or quantile of durations is zero. TraceQL gives
 * such steps a zero; drawn as one it would be a drop that never happened, with an interval from nothing to the largest.
 */
export function zeroIsGap(metrics: MetricsExpr): boolean {
  if (metrics.kind === 'math' || metrics.kind === 'number') {
    return false;
  }
  const { kind } = metrics.aggregate;
  const measured = kind === 'avg_over_time' || kind === 'max_over_time' || kind === 'quantile_over_time';
  return measured && unitOf(metrics) === 's';
}

export interface MetricsAnswerOptions extends AnswerOptions {
  /** Given the frames of what is certain while a range query is answered, where it is called for: making them costs time. */
  readonly onPart?: (frames: () => Frame[]) => Promise<void>;
}

export async function answerMetrics(
  instance: Instance,
  query: TraceqlQuery,
  metrics: MetricsExpr,
  { onPart, ...options }: MetricsAnswerOptions
): Promise<Frame[]> {
  const unit = unitOf(metrics);
  const frameOptions = {
    target: instance,
    query: query.text,
    valuesOnly: options.valuesOnly,
    withoutBounds: !query.intervals,
    zeroIsGap: zeroIsGap(metrics),
    durationBuckets: bucketsAreDurations(metrics),
    ...(unit === undefined ? {} : { unit }),
  };
  const request = { query: query.text, range: query.range, mode: query.mode, signal: options.signal };
  const exemplars = options.valuesOnly ? 0 : query.exemplars;
  const result = query.instant
    ? await instance.engine.metricsInstant({ ...request, exemplars: 0 })
    : await instance.engine.metricsRange({
        ...request,
        exemplars,
        stepNanos: query.stepNanos,
        ...(onPart === undefined ? {} : { onPart: ({ series }) => onPart(() => rangeFrames(series(), frameOptions)) }),
      });
  const step = query.instant ? '' : `\nStep: ${formatDuration(query.stepNanos)}`;
  const meta: FrameMeta = { executedQueryString: `${query.text}${step}`, stats: statsOf(result.stats) };
  const framesOf = (series: typeof result.series): Frame[] =>
    query.instant ? [instantFrame(series, frameOptions, meta)] : rangeFrames(series, frameOptions, meta);
  const measured = result.series.some(({ samples }) => samples.some(({ value }) => value > 0));
  if (options.valuesOnly !== true && !measured) {
    // Zeros are an answer where a model covers the time. Where none does they would be a line that nobody measured.
    const matching = result.series.length === 0 ? 'a span that matches' : undefined;
    const why = await emptyNotices(instance, query.range, matching);
    if (why.length > 0) {
      return framesOf([]).map((frame) => withNotices(frame, noticesOf(why, result.notices)));
    }
  }
  const frames = framesOf(result.series);
  const from = originOf(result);
  const own: FrameNotice[] = from === undefined ? [] : [{ severity: 'info', text: from }];
  const notices = noticesOf(own, result.notices);
  return frames.map((frame, i) => (i === 0 ? withNotices(frame, notices) : frame));
}
