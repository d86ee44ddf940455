/** @file Plots of a report that compare ways of keeping traces: measures against bytes, queries, ROC curves. */
import type { ComparisonRow } from '../compare';
import { MEASURES, type Measure } from '../measures';
import type { RocCurve } from '../two-sample';
import { bytesText, measureText, tickText } from './numbers';
import { axes, coordinate, drawing, escaped, figure, type Frame, linearScale, linePath, logScale, mark } from './svg';
import { type EvaluationReport, keptBytes } from './types';

const PANEL: Frame = { width: 360, height: 250, left: 46, right: 18, top: 14, bottom: 40 };
/** Measures drawn against bytes. */
const AGAINST_BYTES = ['correctedMeanTv64', 'redError', 'durationP99', 'spearmanDiff', 'taskScore', 'c2st'] as const;

const measureOf = (key: string): Measure => MEASURES.find((measure) => measure.key === key) as Measure;

/** Class and mark of a line: ours, samplers, others. */
function look(row: ComparisonRow): { className: string; kind: 'disc' | 'circle' | 'diamond' | 'square' } {
  switch (row.kind) {
    case 'model':
      return { className: 'generated', kind: 'disc' };
    case 'sample':
      return { className: 'sample', kind: row.name.startsWith('1:') ? 'circle' : 'square' };
    default:
      return { className: 'external', kind: 'diamond' };
  }
}

function againstBytes(report: EvaluationReport, key: string): string {
  const measure = measureOf(key);
  const points = report.rows.flatMap((row) => {
    const bytes = keptBytes(row.sizes);
    const spread = row.summary[key];
    return bytes === null || spread === null || spread === undefined ? [] : [{ row, bytes, spread }];
  });
  const lines = report.rows.flatMap((row) => {
    const spread = row.summary[key];
    return keptBytes(row.sizes) !== null || spread === null || spread === undefined
      ? []
      : [{ name: row.name, value: spread.median, className: 'level' }];
  });
  const half = report.halfVersusHalf === undefined ? null : measure.of(report.halfVersusHalf);
  if (half !== null) {
    lines.push({ name: 'half against half', value: half, className: 'half' });
  }
  if (points.length === 0) {
    return '';
  }
  const bytes = points.map((point) => point.bytes);
  const x = logScale([Math.min(...bytes) / 1.6, Math.max(...bytes) * 1.6], [PANEL.left, PANEL.width - PANEL.right], 5);
  const all = [...points.flatMap(({ spread }) => [spread.min, spread.max]), ...lines.map((line) => line.value)];
  const domain: [number, number] =
    measure.better === 'high'
      ? [Math.max(0, Math.floor(Math.min(...all) * 10 - 0.5) / 10), 1]
      : [0, Math.max(...all, 1e-4) * 1.08];
  const y = linearScale(domain, [PANEL.height - PANEL.bottom, PANEL.top]);
  const levels = lines.map(({ name, value, className }) => {
    const at = coordinate(y(value));
    return `<g class="${className}"><title>${escaped(`${name}: ${measureText(value)}`)}</title><line x1="${PANEL.left}" x2="${PANEL.width - PANEL.right}" y1="${at}" y2="${at}"/></g>`;
  });
  const heads = points
    .filter(({ row }) => row.kind === 'sample' && row.name.startsWith('1:'))
    .sort((a, b) => a.bytes - b.bytes);
  const path = linePath(heads.map((point) => [x(point.bytes), y(point.spread.median)]));
  const marks = points.map(({ row, bytes: own, spread }) => {
    const { className, kind } = look(row);
    const tooltip = `${row.name}: ${measureText(spread.median)} (${measureText(spread.min)} to ${measureText(spread.max)}), ${bytesText(own)}`;
    const at = coordinate(x(own));
    const range = `<line class="${className} range" x1="${at}" x2="${at}" y1="${coordinate(y(spread.min))}" y2="${coordinate(y(spread.max))}"/>`;
    const shown = row.kind !== 'sample' || ['1:2', '1:10', '1:100'].includes(row.name);
    const label = shown
      ? `<text class="name ${className}" x="${at}" y="${coordinate(Math.max(11, y(spread.median) - 10))}" text-anchor="middle">${escaped(row.name)}</text>`
      : '';
    return range + mark(kind, x(own), y(spread.median), className, tooltip) + label;
  });
  const said = points.map(({ row, spread }) => `${row.name} ${measureText(spread.median)}`).join(', ');
  const body =
    axes(PANEL, x, y, { x: bytesText, y: tickText }) +
    levels.join('') +
    `<path class="sample line" d="${path}"/>` +
    marks.join('') +
    `<text class="tick" x="${PANEL.width - PANEL.right}" y="${PANEL.height - 6}" text-anchor="end">bytes kept (log scale)</text>`;
  const best = measure.better === 'high' ? '1 is best' : '0 is best';
  return figure(`${measure.label}: ${best}`, drawing(PANEL, `${measure.label} against bytes`, said, body));
}

/** Measures against the bytes kept. */
export function bytesPlots(report: EvaluationReport): string {
  return AGAINST_BYTES.map((key) => againstBytes(report, key)).join('');
}

const SHOWN_SAMPLERS = ['1:2', '1:5', '1:10'] as const;
const ROW_HEIGHT = 26;

/** A row a query: the distance of each way, 0 on the left. */
export function queryPlot(report: EvaluationReport): string {
  const measures = MEASURES.filter(
    (measure) => /^query\d/.test(measure.key) && report.rows[0]?.summary[measure.key] !== null
  );
  const rows = report.rows.filter((row, i) => i === 0 || SHOWN_SAMPLERS.some((name) => name === row.name));
  const frame: Frame = {
    width: 760,
    height: measures.length * ROW_HEIGHT + 60,
    left: 190,
    right: 20,
    top: 10,
    bottom: 40,
  };
  const all = rows.flatMap((row) => measures.map((measure) => row.summary[measure.key]?.median ?? 0));
  const x = linearScale([0, Math.max(...all, 1e-3) * 1.05], [frame.left, frame.width - frame.right], 6);
  const y = (i: number): number => frame.top + (i + 0.5) * ROW_HEIGHT;
  const bottom = frame.height - frame.bottom;
  const grid = x.ticks.map((value) => {
    const at = coordinate(x(value));
    return `<line class="grid" x1="${at}" x2="${at}" y1="${frame.top}" y2="${bottom}"/><text class="tick" x="${at}" y="${bottom + 15}" text-anchor="middle">${tickText(value)}</text>`;
  });
  const lines = measures.map((measure, i) => {
    const at = coordinate(y(i));
    const marks = rows.map((row, place) => {
      const value = row.summary[measure.key]?.median;
      if (value === undefined) {
        return '';
      }
      const { className, kind } = look(row);
      return mark(kind, x(value), y(i), `${className} rank${place}`, `${row.name}: ${measureText(value)}`);
    });
    // Ours last, so that nothing lies on it.
    return `<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${at}" y2="${at}"/><text class="label" x="${frame.left - 10}" y="${at}" dy=".32em" text-anchor="end">${escaped(measure.label)}</text>${marks.reverse().join('')}`;
  });
  const said = measures
    .map((measure) => `${measure.label} ${measureText(report.rows[0]?.summary[measure.key]?.median)}`)
    .join(', ');
  const body =
    grid.join('') +
    lines.join('') +
    `<text class="tick" x="${frame.width - frame.right}" y="${frame.height - 6}" text-anchor="end">corrected distance, 0 is best</text>`;
  return `<figure class="wide">${drawing(frame, 'Distance by query', said, body)}</figure>`;
}

function rocPlot(heading: string, curve: RocCurve, control: RocCurve | undefined, auc: number, c2st: number): string {
  const frame: Frame = { ...PANEL, height: 300 };
  const x = linearScale([0, 1], [frame.left, frame.width - frame.right]);
  const y = linearScale([0, 1], [frame.height - frame.bottom, frame.top]);
  const drawn = (points: RocCurve): string => linePath(points.map(([fp, tp]) => [x(fp), y(tp)]));
  const body =
    axes(frame, x, y, { x: tickText, y: tickText }) +
    `<path class="diagonal" d="${drawn([
      [0, 0],
      [1, 1],
    ])}"/>` +
    (control === undefined ? '' : `<path class="real line dashed" d="${drawn(control)}"/>`) +
    `<path class="generated line" d="${drawn(curve)}"/>` +
    `<text class="tick" x="${frame.width - frame.right}" y="${frame.height - 6}" text-anchor="end">real rows taken for generated</text>`;
  const said = `Area under the curve ${auc.toFixed(3)}; half means that nothing tells them apart`;
  return figure(
    `${heading}: c2st ${c2st.toFixed(3)}`,
    drawing(frame, `ROC curve, ${heading}`, said, body),
    `AUC ${auc.toFixed(3)}; upwards, generated rows that are recognised`
  );
}

/** How well a classifier tells generated rows from real ones. */
export function rocPlots(report: EvaluationReport): string {
  const run = report.rows[0]?.runs[0];
  return (['traces', 'spans'] as const)
    .map((what) => {
      const test = run?.c2st[what];
      return test === null || test === undefined
        ? ''
        : rocPlot(what, test.roc, run?.control?.[what]?.roc, test.auc, test.c2st);
    })
    .join('');
}
