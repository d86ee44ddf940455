/** @file The report: one page without scripts or addresses, every part there, names escaped. */
import { compareDriver, halfVersusHalf } from '../compare';
import { headSampling, independentColumns, type TraceSource } from '../drivers';
import { Evaluator } from '../evaluate';
import { profileOf } from '../profile';
import { newVocabulary, spanTable } from '../span-table';
import { pairs } from '../test-traces';
import { bytesText, shareText, timeText } from './numbers';
import { escaped, linearScale, logScale } from './svg';
import { type EvaluationReport, reportHtml } from '.';

async function makeReport(): Promise<EvaluationReport> {
  const traces = pairs(60);
  const source: TraceSource = {
    table: await spanTable(newVocabulary(), traces),
    async *read() {
      yield* traces;
    },
  };
  const evaluator = new Evaluator(source.table);
  const model = await compareDriver({ ...independentColumns(), name: 'a <model>', kind: 'model' }, source, evaluator, {
    seeds: [1, 2],
  });
  const half = await compareDriver(headSampling(2), source, evaluator, { seeds: [1] });
  return {
    real: { file: 'some/traces & more.ndjson', traces: 60, spans: 120, sizes: { raw: 9000, gzip: 2000, model: null } },
    attributes: ['code'],
    rows: [
      { ...model, sizes: { raw: null, gzip: null, model: 300 } },
      { ...half, sizes: { raw: 4500, gzip: 1100, model: null } },
    ],
    halfVersusHalf: halfVersusHalf(source.table, 1),
    profile: profileOf(source.table, source.table, evaluator.clock),
    incidents: [
      {
        name: 'a <model>',
        incidents: 1,
        cells: 4,
        recall: 0.75,
        quietCells: 10,
        falseAlarms: 0.1,
        byType: [{ type: 'cpu <b>', cells: 4, recall: 0.75 }],
      },
    ],
    intervals: { generated: { samples: 50, coverage: 0.96 }, real: null },
  };
}

let made: Promise<EvaluationReport> | undefined;

/** Made once: measuring takes seconds. */
function report(): Promise<EvaluationReport> {
  made ??= makeReport();
  return made;
}

describe('the page', () => {
  test('stands alone, is marked, and has every part', async () => {
    const html = reportHtml(await report());
    expect(html).toContain('<strong>Generated data.</strong>');
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<link|@import|url\(/);
    expect([...html.matchAll(/<h2>([^<]*)</g)].map((match) => match[1])).toEqual([
      'Fidelity against bytes',
      'Distance by query',
      'Durations by service',
      'Spans over time by service',
      'Traces by shape',
      'Telling them apart',
      'Incidents',
      'Intervals',
      'All measures',
    ]);
    expect(html).toContain('15% of gzip -9');
    expect(html).toContain('a &#60;model&#62;');
    expect(html).not.toMatch(/<model>|cpu <b>|NaN|undefined|Infinity/);
  });

  test('every drawing has a name', async () => {
    const html = reportHtml(await report());
    const drawings = html.match(/<svg [^>]*>/g) ?? [];
    expect(drawings.length).toBeGreaterThan(12);
    expect(drawings.filter((tag) => !/aria-label="[^"]+"|aria-hidden="true"/.test(tag))).toEqual([]);
  });

  test('what was not measured is left out', async () => {
    const { real, attributes, rows } = await report();
    const html = reportHtml({ real, attributes, rows: rows.slice(0, 1) });
    expect([...html.matchAll(/<h2>([^<]*)</g)].map((match) => match[1])).toEqual([
      'Distance by query',
      'Telling them apart',
      'All measures',
    ]);
  });
});

describe('scales and numbers', () => {
  test('ticks are round and within', () => {
    expect(linearScale([0, 0.97], [0, 100]).ticks).toEqual([0, 0.25, 0.5, 0.75]);
    expect(logScale([30, 5e6], [0, 1]).ticks).toEqual([100, 1000, 1e4, 1e5, 1e6]);
    expect(logScale([3, 60], [0, 1]).ticks).toEqual([5, 10, 20, 50]);
    expect(linearScale([2, 4], [10, 20])(3)).toBe(15);
    expect(logScale([1, 100], [0, 2])(10)).toBeCloseTo(1, 12);
  });

  test.each([
    [bytesText(999), '999 B'],
    [bytesText(28_478), '28.5 kB'],
    [timeText(1_320_000), '1.32 ms'],
    [timeText(7.2e12), '2 h'],
    [shareText(0.0057), '0.57%'],
    [escaped(`<a href="x">'&`), '&#60;a href=&#34;x&#34;&#62;&#39;&#38;'],
  ])('%s', (text, expected) => expect(text).toBe(expected));
});
