/** @file The reference tables of the measures, read from their document, beside what this program measures. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Fidelity, MEASURES } from '../../pkg/fidelity';

/** Columns of the tables → keys of the measures; `p50 / p99 error` holds two. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  correctedMean: ['correctedMean'],
  publishedMean: ['publishedMean'],
  taskScore: ['taskScore'],
  shapeTV: ['shapeTV'],
  redError: ['redError'],
  c2st: ['c2st'],
  'monitoring F1': ['monitoringF1'],
  'trigger F1': ['triggerF1'],
  'attribute F1': ['attributeF1'],
  'duration EMD': ['durationEMD'],
  volume: ['volume'],
  edgeTV: ['edgeTV'],
  'rare shape recall': ['rareShapeRecall'],
  'Spearman diff': ['spearmanDiff'],
  'rate error': ['rate'],
  'p50 / p99 error': ['durationP50', 'durationP99'],
};

/** Row name (`1:2` … or `half vs half`) → measure → value. */
export type ReferenceRows = Map<string, Map<string, number>>;

const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The tables of a set; undefined where the document or the set is missing. */
export function referenceOf(dataDir: string, set: string): ReferenceRows | undefined {
  const file = path.resolve(dataDir, '../docs/fidelity-measures.md');
  if (!existsSync(file)) {
    return undefined;
  }
  const rows: ReferenceRows = new Map();
  let inside = false;
  let head: string[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('### ')) {
      inside = line.startsWith(`### ${set}:`);
    }
    if (!inside || !line.startsWith('|') || line.startsWith('|---')) {
      continue;
    }
    const own = cells(line);
    if (own[0] === 'ratio') {
      head = own;
      continue;
    }
    const values = rows.get(own[0] as string) ?? new Map<string, number>();
    rows.set(own[0] as string, values);
    head.forEach((column, i) => {
      const parts = (own[i] as string).split('/').map((part) => Number(part.trim()));
      (COLUMNS[column] ?? []).forEach((key, part) => {
        if (Number.isFinite(parts[part])) {
          values.set(key, parts[part] as number);
        }
      });
    });
  }
  return rows.size === 0 ? undefined : rows;
}

/** One measure of one row: ours over seeds beside the reference. */
export interface Agreement {
  readonly row: string;
  readonly measure: string;
  readonly ours: number;
  readonly reference: number;
  /** Standard error of the difference, if the reference's three seeds vary as ours do. */
  readonly error: number;
}

/** Compares runs of a row with its reference values. */
export function agreements(row: string, runs: readonly Fidelity[], reference: ReferenceRows): Agreement[] {
  return [...(reference.get(row) ?? [])].flatMap(([key, value]) => {
    const measure = MEASURES.find((own) => own.key === key);
    const own = runs.map((run) => measure?.of(run) ?? null).filter((one): one is number => one !== null);
    if (own.length === 0) {
      return [];
    }
    const mean = own.reduce((sum, one) => sum + one, 0) / own.length;
    const variance = own.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, own.length - 1);
    const error = Math.sqrt(variance / own.length + variance / 3);
    return [{ row, measure: key, ours: mean, reference: value, error }];
  });
}
