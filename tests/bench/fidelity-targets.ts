/** @file What a model must hold, as lines that say so or by how much it fails. */
import { type ComparisonRow, MEASURES } from '../../pkg/fidelity';
import type { BenchRow } from './types';

const MAX_SHARE = 0.007;
const MAX_SPEARMAN = 0.05;
const MIN_C2ST = 0.75;
const MIN_C2ST_SPANS = 0.85;
const COVERAGE = [0.93, 0.97] as const;

const median = (row: ComparisonRow | undefined, key: string): number | null => row?.summary[key]?.median ?? null;

/** A line that holds where `value` is at most (or at least) `target`. */
export function targetLine(
  what: string,
  value: number | null,
  target: number | null,
  sense: '≤' | '≥',
  of = ''
): BenchRow | undefined {
  if (value === null || target === null) {
    return undefined;
  }
  const better = sense === '≤' ? value <= target : value >= target;
  const by =
    sense === '≤'
      ? `${target === 0 ? value.toPrecision(2) : `${(value / target).toFixed(2)} times the limit`}`
      : `${(target - value).toFixed(4)} short`;
  return {
    what,
    value,
    unit: '',
    target: `${sense} ${target.toPrecision(3)}${of === '' ? '' : ` (${of})`}`,
    note: better ? 'holds' : `FAILS: ${by}`,
  };
}

/** Every line that must hold, of the medians of `model` beside the samplers in the same run. */
export function targetLines(
  model: ComparisonRow,
  samplers: ReadonlyMap<string, ComparisonRow>,
  share: number | null,
  coverage: { readonly sampling: number | null; readonly whole: number | null }
): BenchRow[] {
  const like = (key: string, sampler: string, sense: '≤' | '≥'): BenchRow | undefined =>
    targetLine(key, median(model, key), median(samplers.get(sampler), key), sense, sampler);
  const queries = MEASURES.filter((measure) => /^query\d+$/.test(measure.key)).map((measure) => measure.key);
  const lines = [
    targetLine('share of gzip -9', share, MAX_SHARE, '≤'),
    ...['correctedMean', 'correctedMeanTv64', 'edgeTV', 'shapeTV', 'redError'].map((key) => like(key, '1:2', '≤')),
    like('taskScore', '1:5', '≥'),
    targetLine('spearmanDiff', median(model, 'spearmanDiff'), MAX_SPEARMAN, '≤'),
    ...[...queries, 'durationP99'].map((key) => like(key, '1:10', '≤')),
    targetLine('c2st', median(model, 'c2st'), MIN_C2ST, '≥'),
    targetLine('c2stSpans', median(model, 'c2stSpans'), MIN_C2ST_SPANS, '≥'),
    targetLine('invalid', median(model, 'invalid'), 0, '≤'),
    targetLine('copiedMultiSpan', median(model, 'copiedMultiSpan'), 0, '≤'),
    targetLine('interval coverage, sampling alone', coverage.sampling, COVERAGE[0], '≥', 'of generated values'),
    targetLine('interval coverage, sampling alone', coverage.sampling, COVERAGE[1], '≤', 'of generated values'),
    targetLine('interval coverage, whole', coverage.whole, COVERAGE[0], '≥', 'of real values'),
    targetLine('interval coverage, whole', coverage.whole, COVERAGE[1], '≤', 'of real values'),
  ];
  return lines.filter((line): line is BenchRow => line !== undefined);
}
