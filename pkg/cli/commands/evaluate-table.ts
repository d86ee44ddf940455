/** @file The comparison as a table for a terminal, with small plots. */
import Table from 'cli-table3';
import {
  type ComparisonRow,
  type EvaluationReport,
  keptBytes,
  MEASURES,
  type Profile,
  type Sizes,
} from '../../fidelity';
import type { Coverage, Holding, IntervalCoverage } from './evaluate-intervals';
import { bar, formatBytes, formatCount } from '../format';

const ARROWS = { low: '↓', high: '↑', none: ' ' } as const;
const BAR_WIDTH = 24;
const SPARKS = '▁▂▃▄▅▆▇█';
/** Measures that small plots are drawn of. */
const PLOTTED = ['correctedMeanTv64', 'taskScore', 'redError', 'c2st'] as const;

function cell(value: number | null | undefined): string {
  return value === null || value === undefined ? 'n/a' : value.toFixed(4);
}

/** Numbers as a line of block characters, the largest full. */
function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 0);
  return values
    .map((value) => (most === 0 ? SPARKS[0] : (SPARKS[Math.min(7, Math.floor((value / most) * 8))] as string)))
    .join('');
}

/** A table of every measure (medians of the seeds) by line. */
function comparisonTable(rows: readonly ComparisonRow[], all: Sizes | undefined): string {
  const table = new Table({
    head: ['', ...rows.map((row) => row.name)],
    style: { head: [], border: [] },
    // No lines between rows: there are many.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const bytes = rows.map((row) => keptBytes(row.sizes));
  table.push(['bytes', ...bytes.map((own) => (own === null ? 'n/a' : formatBytes(own)))]);
  const gzip = all?.gzip ?? null;
  if (gzip !== null) {
    table.push(['of gzip -9', ...bytes.map((own) => (own === null ? 'n/a' : `${((100 * own) / gzip).toFixed(2)}%`))]);
  }
  table.push(['traces', ...rows.map((row) => formatCount(row.runs[0]?.traces ?? 0))]);
  for (const measure of MEASURES) {
    table.push([
      `${measure.label} ${ARROWS[measure.better]}`,
      ...rows.map((row) => cell(row.summary[measure.key]?.median)),
    ]);
  }
  return table.toString();
}

/** Bars of a few measures by line, and the rate of the busiest services, real above generated. */
function smallPlots(rows: readonly ComparisonRow[], profile: Profile | undefined): string {
  const lines: string[] = [];
  const width = Math.max(...rows.map((row) => row.name.length));
  for (const key of PLOTTED) {
    const measure = MEASURES.find((own) => own.key === key);
    const values = rows.map((row) => row.summary[key]?.median ?? null);
    if (measure === undefined || values.every((value) => value === null)) {
      continue;
    }
    lines.push('', `${measure.label} (${measure.better === 'high' ? '1' : '0'} is best)`);
    const most = measure.better === 'high' ? 1 : Math.max(1e-9, ...values.map((value) => value ?? 0));
    rows.forEach((row, i) => {
      const value = values[i] ?? null;
      const drawn = value === null ? '' : bar(value / most, BAR_WIDTH);
      lines.push(`  ${row.name.padEnd(width)}  ${drawn.padEnd(BAR_WIDTH)}  ${cell(value)}`);
    });
  }
  for (const service of profile?.services.slice(0, 5) ?? []) {
    lines.push('', `${service.service}: spans over time`);
    lines.push(`  real       ${sparkline(service.realRate)}`, `  generated  ${sparkline(service.otherRate)}`);
  }
  return lines.join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

const held = (one: Coverage | null): string => (one === null || one.samples === 0 ? 'n/a' : percent(one.coverage));

/** How often intervals hold, by what is asked. */
function intervalsText(intervals: IntervalCoverage): string {
  const rows: Array<[string, Holding]> = [['all questions', intervals], ...Object.entries(intervals.kinds)];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(
    ([name, { generated, real, realFromAll, realBySampling }]) =>
      `  ${name.padEnd(width)}  ${[held(generated), held(realBySampling), held(real), held(realFromAll)]
        .map((text) => text.padStart(8))
        .join('  ')}  ${String(real?.samples ?? generated.samples).padStart(7)}`
  );
  const { sampling, whole } = intervals.widths;
  const widths =
    sampling === null || whole === null
      ? ''
      : `\n  median width of the same intervals, by their values: ${sampling.toFixed(2)} of sampling alone, ${whole.toFixed(2)} whole`;
  return (
    [
      '\n95% intervals hold (g: all generated traces, r: the real ones; whole: with the error of the model)',
      `  ${''.padEnd(width)}  sample/g  sample/r   whole/r   all g/r  samples`,
      ...lines,
    ].join('\n') + widths
  );
}

/** The table, small plots, and what was measured beside. */
export function reportText(report: EvaluationReport & { readonly intervals?: IntervalCoverage | undefined }): string {
  const parts = [comparisonTable(report.rows, report.real.sizes), smallPlots(report.rows, report.profile)];
  const { incidents = [], intervals } = report;
  const [own] = incidents;
  if (own !== undefined) {
    parts.push(`\nincident recall: of ${own.cells} cells of ${own.incidents} incidents`);
    const width = Math.max(...incidents.map(({ name }) => name.length));
    for (const { name, recall, falseAlarms, quietCells } of incidents) {
      parts.push(
        `  ${name.padEnd(width)}  ${bar(recall, BAR_WIDTH).padEnd(BAR_WIDTH)}  ${percent(recall)}, false alarms in ${percent(falseAlarms)} of ${quietCells}`
      );
    }
  }
  if (intervals !== undefined && intervals.generated.samples > 0) {
    parts.push(intervalsText(intervals));
  }
  return parts.join('\n');
}
