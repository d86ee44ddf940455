/** @file The list of measures: their names, which way is better, and where each lies in a {@link Fidelity}. */
import type { Fidelity } from './evaluate';

export interface Measure {
  readonly key: string;
  readonly label: string;
  /** low: 0 is best; high: 1 is best; none: neither, to be read with others. */
  readonly better: 'low' | 'high' | 'none';
  readonly group: 'queries' | 'tasks' | 'structure' | 'RED' | 'joint' | 'copying';
  of(fidelity: Fidelity): number | null;
}

/** What each query template asks for. */
const TEMPLATES = [
  'errors by entry',
  'attributes by entry',
  'calls of services',
  'bottlenecks',
  'rate',
  'error durations',
  'durations',
  'attributes',
  'largest attributes',
  'attributes by service',
] as const;

const query = (number: number): Measure => ({
  key: `query${number}`,
  label: `query ${number}, ${TEMPLATES[number - 1]}`,
  better: 'low',
  group: 'queries',
  of: (f) => f.queries.queries[number - 1]?.corrected ?? null,
});

const tv64 = (number: number): Measure => ({
  key: `query${number}Tv64`,
  label: `query ${number}, TV of 64 bins`,
  better: 'low',
  group: 'queries',
  of: (f) => f.queries.queries[number - 1]?.tv64 ?? null,
});

/** Every measure, in the order of reports. */
export const MEASURES: readonly Measure[] = [
  { key: 'correctedMean', label: 'correctedMean', better: 'low', group: 'queries', of: (f) => f.queries.correctedMean },
  {
    key: 'correctedMeanTv64',
    label: 'correctedMeanTv64',
    better: 'low',
    group: 'queries',
    of: (f) => f.queries.correctedMeanTv64,
  },
  { key: 'publishedMean', label: 'publishedMean', better: 'low', group: 'queries', of: (f) => f.queries.publishedMean },
  {
    key: 'correctedWeightedMean',
    label: 'correctedMean, weighted',
    better: 'low',
    group: 'queries',
    of: (f) => f.queries.correctedWeightedMean,
  },
  {
    key: 'correctedWeightedMeanTv64',
    label: 'correctedMeanTv64, weighted',
    better: 'low',
    group: 'queries',
    of: (f) => f.queries.correctedWeightedMeanTv64,
  },
  {
    key: 'publishedWeightedMean',
    label: 'publishedMean, weighted',
    better: 'low',
    group: 'queries',
    of: (f) => f.queries.publishedWeightedMean,
  },
  { key: 'volume', label: 'volume', better: 'low', group: 'queries', of: (f) => f.queries.volume },
  ...Array.from({ length: 10 }, (_, i) => query(i + 1)),
  tv64(6),
  tv64(7),
  { key: 'taskScore', label: 'taskScore', better: 'high', group: 'tasks', of: (f) => f.tasks.taskScore },
  { key: 'monitoringF1', label: 'monitoring F1', better: 'high', group: 'tasks', of: (f) => f.tasks.monitoringF1 },
  {
    key: 'monitoringF1Micro',
    label: 'monitoring F1, pooled',
    better: 'high',
    group: 'tasks',
    of: (f) => f.tasks.monitoringF1Micro,
  },
  { key: 'triggerF1', label: 'trigger F1', better: 'high', group: 'tasks', of: (f) => f.tasks.triggerF1 },
  { key: 'attributeF1', label: 'attribute F1', better: 'high', group: 'tasks', of: (f) => f.tasks.attributeF1 },
  { key: 'durationEMD', label: 'duration EMD', better: 'low', group: 'tasks', of: (f) => f.tasks.durationEMD },
  { key: 'shapeTV', label: 'shapeTV', better: 'low', group: 'structure', of: (f) => f.structure.shapeTV },
  { key: 'edgeTV', label: 'edgeTV', better: 'low', group: 'structure', of: (f) => f.structure.edgeTV },
  {
    key: 'spansPerTraceW1',
    label: 'spans per trace, W1',
    better: 'low',
    group: 'structure',
    of: (f) => f.structure.spansPerTraceW1,
  },
  { key: 'invalid', label: 'invalid', better: 'low', group: 'structure', of: (f) => f.structure.invalid },
  {
    key: 'novelShapeShare',
    label: 'novel shapes',
    better: 'none',
    group: 'structure',
    of: (f) => f.structure.novelShapeShare,
  },
  {
    key: 'rareShapeRecall',
    label: 'rare shape recall',
    better: 'high',
    group: 'structure',
    of: (f) => f.structure.rareShapeRecall,
  },
  { key: 'redError', label: 'redError', better: 'low', group: 'RED', of: (f) => f.red.redError },
  { key: 'rate', label: 'rate', better: 'low', group: 'RED', of: (f) => f.red.rate },
  { key: 'rateWeighted', label: 'rate, weighted', better: 'low', group: 'RED', of: (f) => f.red.rateWeighted },
  { key: 'durationP50', label: 'p50 by service', better: 'low', group: 'RED', of: (f) => f.red.durationP50 },
  { key: 'durationP90', label: 'p90 by service', better: 'low', group: 'RED', of: (f) => f.red.durationP90 },
  { key: 'durationP99', label: 'p99 by service', better: 'low', group: 'RED', of: (f) => f.red.durationP99 },
  { key: 'errorRateAbs', label: 'error rate', better: 'low', group: 'RED', of: (f) => f.red.errorRateAbs },
  { key: 'traceP50', label: 'p50 of traces', better: 'low', group: 'RED', of: (f) => f.red.traceP50 },
  { key: 'traceP90', label: 'p90 of traces', better: 'low', group: 'RED', of: (f) => f.red.traceP90 },
  { key: 'traceP99', label: 'p99 of traces', better: 'low', group: 'RED', of: (f) => f.red.traceP99 },
  { key: 'spearmanDiff', label: 'Spearman difference', better: 'low', group: 'joint', of: (f) => f.spearmanDiff },
  { key: 'instanceError', label: 'RED by instance', better: 'low', group: 'joint', of: (f) => f.given.instances },
  { key: 'attributeError', label: 'calls by attributes', better: 'low', group: 'joint', of: (f) => f.given.attributes },
  { key: 'c2st', label: 'c2st of traces', better: 'high', group: 'joint', of: (f) => f.c2st.traces?.c2st ?? null },
  { key: 'c2stSpans', label: 'c2st of spans', better: 'high', group: 'joint', of: (f) => f.c2st.spans?.c2st ?? null },
  {
    key: 'control',
    label: 'c2st control, traces',
    better: 'none',
    group: 'joint',
    of: (f) => f.control?.traces?.c2st ?? null,
  },
  {
    key: 'controlSpans',
    label: 'c2st control, spans',
    better: 'none',
    group: 'joint',
    of: (f) => f.control?.spans?.c2st ?? null,
  },
  { key: 'copied', label: 'copied', better: 'none', group: 'copying', of: (f) => f.copying.copied },
  {
    key: 'copiedMultiSpan',
    label: 'copied, ≥ 2 spans',
    better: 'none',
    group: 'copying',
    of: (f) => f.copying.copiedMultiSpan,
  },
  { key: 'exemplars', label: 'exemplars', better: 'none', group: 'copying', of: (f) => f.copying.exemplars },
  {
    key: 'realTracesWithATwin',
    label: 'real traces with a twin',
    better: 'none',
    group: 'copying',
    of: (f) => f.copying.realTracesWithATwin,
  },
];

/** A measure over several seeds. */
export interface Spread {
  readonly median: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Standard deviation of the seeds; 0 of one. */
  readonly deviation: number;
}

/** Median, mean and range; null of none. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) {
    return null;
  }
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    median: ((sorted[Math.floor(half)] as number) + (sorted[Math.ceil(half)] as number)) / 2,
    mean,
    min: sorted[0] as number,
    max: sorted[sorted.length - 1] as number,
    deviation: Math.sqrt(squares / Math.max(1, sorted.length - 1)),
  };
}

/** Each measure over the runs of several seeds; null where it applies to none. */
export function summarise(runs: readonly Fidelity[]): Record<string, Spread | null> {
  return Object.fromEntries(
    MEASURES.map((measure) => [
      measure.key,
      spreadOf(runs.map((run) => measure.of(run)).filter((value): value is number => value !== null)),
    ])
  );
}
