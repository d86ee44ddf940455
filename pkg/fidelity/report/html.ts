/** @file The report as one HTML page: no scripts, no network, plots as inline SVG, every number also in a table. */
import { MEASURES } from '../measures';
import { bytesText, countText, measureText, shareText } from './numbers';
import { bytesPlots, queryPlot, rocPlots } from './plots';
import { durationPlots, ratePlots, shapePlot } from './profile-plots';
import { STYLE } from './style';
import { escaped } from './svg';
import { type EvaluationReport, keptBytes } from './types';

/** What the reader should look at first: key, and the words above the number. */
const CARDS: ReadonlyArray<readonly [string, string]> = [
  ['correctedMean', 'Queries, corrected mean'],
  ['taskScore', 'Tasks'],
  ['redError', 'Rates and durations'],
  ['durationP99', 'p99 by service'],
  ['c2st', 'Two-sample test, traces'],
  ['c2stSpans', 'Two-sample test, spans'],
  ['copiedMultiSpan', 'Copied traces'],
];

const LEGEND_MARKS: Readonly<Record<string, string>> = {
  generated: '<svg viewBox="0 0 26 14" aria-hidden="true"><circle class="generated" cx="13" cy="7" r="6"/></svg>',
  generatedLine: '<svg viewBox="0 0 26 14" aria-hidden="true"><path class="generated line" d="M1 7H25"/></svg>',
  real: '<svg viewBox="0 0 26 14" aria-hidden="true"><path class="real line thick" d="M1 7H25"/></svg>',
  control: '<svg viewBox="0 0 26 14" aria-hidden="true"><path class="real line dashed" d="M1 7H25"/></svg>',
  sample: '<svg viewBox="0 0 26 14" aria-hidden="true"><circle class="sample" cx="13" cy="7" r="4"/></svg>',
  sampleFull: '<svg viewBox="0 0 26 14" aria-hidden="true"><circle class="sample rank1" cx="13" cy="7" r="4"/></svg>',
  sampleFaint: '<svg viewBox="0 0 26 14" aria-hidden="true"><circle class="sample rank3" cx="13" cy="7" r="4"/></svg>',
  errors: '<svg viewBox="0 0 26 14" aria-hidden="true"><path class="sample" d="M9 3h8v8h-8z"/></svg>',
  external:
    '<svg viewBox="0 0 26 14" aria-hidden="true"><path class="external" d="M13 1.5l5.5 5.5l-5.5 5.5l-5.5-5.5z"/></svg>',
  half: '<svg viewBox="0 0 26 14" aria-hidden="true"><g class="half"><line x1="1" x2="25" y1="7" y2="7"/></g></svg>',
  level: '<svg viewBox="0 0 26 14" aria-hidden="true"><g class="level"><line x1="1" x2="25" y1="7" y2="7"/></g></svg>',
};

const legend = (...entries: Array<readonly [keyof typeof LEGEND_MARKS, string]>): string =>
  `<ul class="legend">${entries.map(([mark, text]) => `<li>${LEGEND_MARKS[mark]}${escaped(text)}</li>`).join('')}</ul>`;

function section(heading: string, text: string, body: string): string {
  return body === ''
    ? ''
    : `<section><h2>${escaped(heading)}</h2><p class="muted">${escaped(text)}</p>${body}</section>`;
}

const plots = (figures: string): string => (figures === '' ? '' : `<div class="plots">${figures}</div>`);

function cards(report: EvaluationReport): string {
  const own = report.rows[0];
  const twin = report.rows.find((row) => row.name === '1:2');
  const entries = CARDS.map(([key, words]) => {
    const beside = twin?.summary[key]?.median;
    const small =
      beside === undefined || key.startsWith('copied') ? '' : `<small>1:2 sampling ${measureText(beside)}</small>`;
    return `<div><dt>${escaped(words)}</dt><dd>${measureText(own?.summary[key]?.median)}${small}</dd></div>`;
  });
  const bytes = own === undefined ? null : keptBytes(own.sizes);
  const all = report.real.sizes?.gzip ?? null;
  if (bytes !== null) {
    const share = all === null ? '' : `<small>${shareText(bytes / all)} of gzip -9</small>`;
    entries.unshift(`<div><dt>Bytes kept</dt><dd>${bytesText(bytes)}${share}</dd></div>`);
  }
  return `<dl class="cards">${entries.join('')}</dl>`;
}

function measureTable(report: EvaluationReport): string {
  const { rows } = report;
  const half = report.halfVersusHalf;
  const head = [...rows.map((row) => row.name), ...(half === undefined ? [] : ['half vs half'])];
  const sizes = rows.map((row) => {
    const bytes = keptBytes(row.sizes);
    return bytes === null ? 'n/a' : bytesText(bytes);
  });
  const line = (name: string, cells: readonly string[]): string =>
    `<tr><th scope="row">${escaped(name)}</th>${cells.map((text, i) => `<td${i === 0 ? ' class="own"' : ''}>${escaped(text)}</td>`).join('')}</tr>`;
  const lines = [line('bytes kept', [...sizes, ...(half === undefined ? [] : [''])])];
  let group = '';
  for (const measure of MEASURES) {
    if (measure.group !== group) {
      group = measure.group;
      lines.push(`<tr><th class="group" scope="rowgroup" colspan="${head.length + 1}">${escaped(group)}</th></tr>`);
    }
    const arrow = { low: ' ↓', high: ' ↑', none: '' }[measure.better];
    lines.push(
      line(`${measure.label}${arrow}`, [
        ...rows.map((row) => measureText(row.summary[measure.key]?.median)),
        ...(half === undefined ? [] : [measureText(measure.of(half))]),
      ])
    );
  }
  const columns = head.map((name) => `<th scope="col">${escaped(name)}</th>`).join('');
  return `<div class="scroll" tabindex="0" role="region" aria-label="All measures"><table><thead><tr><th scope="col">measure</th>${columns}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`;
}

function incidentTable(report: EvaluationReport): string {
  const { incidents = [] } = report;
  const [own] = incidents;
  if (own === undefined) {
    return '';
  }
  const line = (name: string, cells: readonly string[]): string =>
    `<tr><th scope="row">${escaped(name)}</th>${cells.map((text, i) => `<td${i === 1 ? ' class="own"' : ''}>${text}</td>`).join('')}</tr>`;
  const recallOf = (cells: number, recall: number): string => (cells === 0 ? 'n/a' : measureText(recall));
  const lines = own.byType.map(({ type, cells }, i) =>
    line(type, [countText(cells), ...incidents.map((one) => recallOf(cells, one.byType[i]?.recall ?? 0))])
  );
  lines.push(
    line('all', [countText(own.cells), ...incidents.map((one) => recallOf(one.cells, one.recall))]),
    line('false alarms', [countText(own.quietCells), ...incidents.map((one) => measureText(one.falseAlarms))])
  );
  const head = ['cells', ...incidents.map((one) => one.name)].map((text) => `<th scope="col">${escaped(text)}</th>`);
  return `<div class="scroll" tabindex="0" role="region" aria-label="Recall of incidents"><table><thead><tr><th scope="col">kind of incident</th>${head.join('')}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`;
}

function intervalText(report: EvaluationReport): string {
  const { intervals } = report;
  if (intervals === undefined) {
    return '';
  }
  const real =
    intervals.real === null
      ? ''
      : `; with the model's own error in it, the answer of the real traces in ${shareText(intervals.real.coverage)}`;
  return `<p>Of ${countText(intervals.generated.samples)} estimated samples the 95% interval of the sample holds the answer of all generated traces in ${shareText(intervals.generated.coverage)}${escaped(real)}.</p>`;
}

/** A self-contained page. */
export function reportHtml(report: EvaluationReport): string {
  const { real, rows, profile } = report;
  const name = real.file.split('/').pop() ?? real.file;
  const own = rows[0];
  const seeds = Math.max(1, ...rows.map((row) => row.seeds.length));
  const compared = rows.length > 1;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Fidelity of generated traces: ${escaped(name)}</title><style>${STYLE}</style></head>
<body><main>
<h1>How well generated traces stand for real ones</h1>
<p class="muted">${escaped(name)}: ${countText(real.traces)} real traces, ${countText(real.spans)} spans; ${countText(own?.runs[0]?.traces ?? 0)} traces of “${escaped(own?.name ?? '')}”${seeds > 1 ? `; medians of ${seeds} seeds` : ''}.</p>
<p class="notice"><strong>Generated data.</strong> Everything drawn in orange was written by a model, not recorded. Grey is what was recorded; blue is a sample of it.</p>
${cards(report)}
${section(
  'Fidelity against bytes',
  'Each way of keeping traces by the bytes it keeps. Vertical strokes span the seeds.',
  compared
    ? legend(
        ['generated', 'generated'],
        ['sample', 'head sampling 1:N'],
        ['errors', 'every error, and 1:20'],
        ['external', 'another program'],
        ['level', 'independent columns (no size)'],
        ['half', 'half of the real against half']
      ) + plots(bytesPlots(report))
    : ''
)}
${section(
  'Distance by query',
  'Ten query templates, asked of both sides; 0 where the answers agree. Templates without an answer are left out.',
  legend(
    ['generated', 'generated'],
    ...(compared
      ? ([
          ['sampleFull', '1:2'],
          ['sample', '1:5'],
          ['sampleFaint', '1:10'],
        ] as const)
      : [])
  ) + plots(queryPlot(report))
)}
${
  profile === undefined
    ? ''
    : section(
        'Durations by service',
        'Share of spans up to a duration, on a logarithmic scale. Where the curves lie on each other only one is seen.',
        legend(['real', 'real'], ['generatedLine', 'generated']) + plots(durationPlots(profile))
      ) +
      section(
        'Spans over time by service',
        'Spans started in each of 60 parts of the real time range.',
        legend(['real', 'real'], ['generatedLine', 'generated']) + plots(ratePlots(profile))
      ) +
      section(
        'Traces by shape',
        'The most frequent trees of operations; the upper bar is real, the lower generated.',
        plots(shapePlot(profile))
      )
}
${section(
  'Telling them apart',
  'How well boosted trees tell generated rows from real ones on rows they were not taught. On the diagonal nothing tells them apart.',
  rocPlots(report) === ''
    ? ''
    : legend(['generatedLine', 'generated against real'], ['control', 'real against real']) + plots(rocPlots(report))
)}
${section('Incidents', 'Cells (operation × minute) of labelled incidents that are slower or fail more than before: the share in which each way of keeping traces shows the same effect. False alarms: the share of the other cells in which it shows one.', incidentTable(report))}
${section('Intervals', 'Random metrics queries, estimated from a part of the traces.', intervalText(report))}
${section('All measures', `Medians. ↓ 0 is best, ↑ 1 is best. Attributes: ${report.attributes.join(', ')}.`, measureTable(report))}
<footer>Definitions: docs/fidelity.md of GenT for Grafana. This page loads nothing from a network.</footer>
</main></body></html>
`;
}
