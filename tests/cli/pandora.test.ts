/** @file `gent pandora`: record, merge, query and report, one after the other as a person would. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runCli } from '../../pkg/cli';
import { parseIncidentLabels } from '../../pkg/fidelity';
import { otlpJson, readAllTraces, StatusCode, type Trace } from '../../pkg/trace';

const directory = mkdtempSync(path.join(tmpdir(), 'gent-pandora-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const inside = (name: string): string => path.join(directory, name);

async function gent(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const io = {
    stdout: { write: (text: string) => ((out += text), true) } as never,
    stderr: { write: (text: string) => ((err += text), true), isTTY: false } as never,
    signal: new AbortController().signal,
  };
  const code = await runCli(['pandora', ...argv], io);
  return { code, out, err };
}

const failing = (traces: readonly Trace[]): number =>
  traces.filter(({ spans }) => spans.some(({ statusCode }) => statusCode === StatusCode.Error)).length / traces.length;

let benign: Trace[];
let incident: Trace[];

beforeAll(async () => {
  expect((await gent('record', '--out', inside('benign.ndjson.gz'), '--count', '900')).out).toMatch(/^900 traces/);
  const argv = ['record', '--incident', 'stock-database', '--out', inside('incident.ndjson'), '--count', '250'];
  expect((await gent(...argv)).code).toBe(0);
  benign = await readAllTraces(inside('benign.ndjson.gz'));
  incident = await readAllTraces(inside('incident.ndjson'));
});

it('records traffic that shows the incident, and traffic that shows none', () => {
  expect([benign.length, incident.length]).toEqual([900, 250]);
  const refused = (traces: readonly Trace[]): boolean =>
    JSON.stringify(otlpJson(traces)).includes('Too many connections');
  expect([refused(benign), refused(incident)]).toEqual([false, true]);
  expect(failing(incident)).toBeGreaterThan(3 * failing(benign));
});

it('merges them, and writes labels that gent evaluate reads', async () => {
  const files = ['--benign', inside('benign.ndjson.gz'), '--incident', inside('incident.ndjson')];
  const { code, out } = await gent(
    ...['merge', ...files, '--share', '0.1', '--count', '800', '--out', inside('merged.ndjson'), '--name', 'db'],
    ...['--labels', inside('labels.tsv.gz')]
  );
  expect([code, out]).toEqual([0, expect.stringMatching(/^800 traces, \d+ of the incident \(/)]);
  const merged = await readAllTraces(inside('merged.ndjson'));
  const labels = parseIncidentLabels(gunzipSync(readFileSync(inside('labels.tsv.gz'))).toString());
  const during = labels.filter((label) => label.during).map(({ traceId }) => traceId);
  expect(labels.map(({ traceId }) => traceId).sort()).toEqual(merged.map(({ traceId }) => traceId).sort());
  const real = new Set(incident.map(({ traceId }) => traceId));
  expect(during.every((id) => real.has(id))).toBe(true);
  expect(during.length).toBeGreaterThan(40);
  expect(labels[0]).toMatchObject({ incident: 'db', type: 'db' });
});

it('asks the ten queries: nothing apart where nothing differs, more apart from another traffic', async () => {
  const ask = async (file: string): Promise<{ queries: Array<{ corrected: number | null }>; correctedMean: number }> =>
    JSON.parse((await gent('query', '--real', inside('benign.ndjson.gz'), '--generated', inside(file), '--json')).out);
  const same = await ask('benign.ndjson.gz');
  expect(same.queries).toHaveLength(10);
  expect(same.queries.every(({ corrected }) => corrected === null || corrected === 0)).toBe(true);
  expect((await ask('incident.ndjson')).correctedMean).toBeGreaterThan(0.05);
  const { out } = await gent('query', '--real', inside('benign.ndjson.gz'), '--generated', inside('incident.ndjson'));
  expect(out).toMatch(/7 +│ RED: duration/);
});

it('writes a report', async () => {
  // Few traces: samplers of eight ratios are measured beside.
  const few = (traces: readonly Trace[]): string =>
    traces
      .slice(0, 60)
      .map((trace) => `${otlpJson([trace])}\n`)
      .join('');
  writeFileSync(inside('a.ndjson'), few(benign));
  writeFileSync(inside('b.ndjson'), few(incident));
  const { code } = await gent(
    ...['report', '--real', inside('a.ndjson'), '--generated', inside('b.ndjson')],
    ...['--html', inside('report.html')]
  );
  expect(code).toBe(0);
  const page = readFileSync(inside('report.html'), 'utf8');
  expect(page).toContain('<svg');
  expect(page).toContain('1:10');
});

it.each([
  [['record', '--out', 'x', '--incident', 'flood'], '--incident flood: one of none, slow-payment-gateway'],
  [['merge', '--out', 'x', '--share', '1'], '--share 1: more than 0'],
  [['query', '--real', 'x'], 'one of --model and --generated'],
  [['report', '--real', 'x', '--generated', 'x'], '--html is missing'],
  [['forget'], 'pandora: say one of record, merge, query, report'],
])('refuses %p', async (argv, words) => {
  const { code, err } = await gent(...argv);
  expect([code, err]).toEqual([2, expect.stringContaining(words)]);
});

it('says when there are too few traces', async () => {
  writeFileSync(inside('few.ndjson'), `${otlpJson([incident[0]!])}\n`);
  const { code, err } = await gent(
    ...['merge', '--benign', inside('benign.ndjson.gz'), '--incident', inside('few.ndjson'), '--share', '0.2'],
    ...['--count', '500', '--out', inside('never.ndjson')]
  );
  expect([code, err]).toEqual([1, expect.stringContaining('PANDORA_TOO_FEW: 1 traces of the incident')]);
});
