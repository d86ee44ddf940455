/** @file `gent evaluate` as a person runs it: table, JSON, report, drivers, labels, and what it says of wrong use. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fixtureNdjson } from '../plugin/fixture';

const GENT = path.resolve(__dirname, '../../build/gent.cjs');
let directory: string;
let file: string;
let model: string;

const inside = (name: string): string => path.join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'gent-evaluate-'));
  file = inside('traces.ndjson');
  model = inside('model.gent');
  writeFileSync(file, fixtureNdjson());
  gent('train', '--traces', file, '--out', model, '--epochs', '1');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function gent(...argv: string[]) {
  // Jest forces colours on its children; a pipe must stay plain.
  const env = { ...process.env, FORCE_COLOR: '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [GENT, ...argv], { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

interface Printed {
  rows: Array<{
    name: string;
    kind: string;
    sizes: { raw: number | null; gzip: number | null; model: number | null };
    runs: Array<{ copying: { copied: number }; c2st: unknown }>;
    summary: Record<string, { median: number } | null>;
  }>;
  halfVersusHalf?: unknown;
  incidents?: Array<{ name: string; incidents: number }>;
  intervals?: { generated: { samples: number; coverage: number } };
}

function evaluate(...argv: string[]): Printed {
  const { status, stdout, stderr } = gent('evaluate', '--real', file, ...argv, '--json');
  expect(status === 0 ? '' : stderr).toBe('');
  return JSON.parse(stdout) as Printed;
}

test('a model beside samplers: table, plots and a report', () => {
  const report = inside('report.html');
  const { status, stdout } = gent(
    ...['evaluate', '--real', file, '--model', model, '--baselines', '--ratios', '2,10', '--html', report]
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(/│ bytes +│ [\d.]+ kB +│/);
  expect(stdout).toMatch(/│ c2st of traces ↑ +│ [\d.]+ +│/);
  expect(stdout).toContain('1:10');
  expect(stdout).toContain('independent columns');
  expect(stdout).toMatch(/real +[▁▂▃▄▅▆▇█]{60}/);
  const html = readFileSync(report, 'utf8');
  expect(html).toContain('Generated data.');
  expect(html).toContain('Fidelity against bytes');
});

test('other programs, seeds and sizes as JSON', () => {
  const printed = evaluate(
    ...['--generated', file, '--baselines', '--ratios', '5', '--seeds', '2'],
    ...['--driver', 'copy=cp {in} {out}', '--driver', 'some=head -n 2{seed} {in} > {out}']
  );
  expect(printed.rows.map((row) => `${row.name} ${row.kind} ${row.runs.length}`)).toEqual([
    'generated model 1',
    '1:5 sample 2',
    'errors + 1:20 sample 2',
    'independent columns columns 2',
    'copy external 2',
    'some external 2',
  ]);
  expect(printed.rows[0]?.summary.correctedMean?.median).toBe(0);
  expect(printed.rows[0]?.runs[0]?.copying.copied).toBe(1);
  // What was written is what was read.
  expect(printed.rows[4]?.sizes).toEqual(printed.rows[0]?.sizes);
  expect(printed.halfVersusHalf).toBeDefined();
});

test('intervals of estimated answers, and labelled incidents', () => {
  const ids = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => /"traceId":"([0-9a-f]+)"/.exec(line)?.[1]);
  const labels = inside('labels.tsv');
  const lines = ids.map((id, i) => `${id}\t${i < ids.length / 2 ? 'pre' : 'post'}-injection\t1\tcpu`);
  writeFileSync(labels, ['trace_id\tphase\tfault_id\tinject_type', ...lines].join('\n'));
  const { incidents, intervals } = evaluate('--model', model, '--labels', labels, '--intervals');
  expect(incidents).toMatchObject([{ name: 'model', incidents: 1 }]);
  expect(intervals?.generated.samples).toBeGreaterThanOrEqual(0);
});

test.each([
  ['no side', [], 'one of --model, --generated and --train'],
  ['two sides', ['--model', 'a', '--generated', 'b'], 'one of --model, --generated and --train'],
  ['a bad ratio', ['--generated', 'FILE', '--baselines', '--ratios', '2,x'], '--ratios 2,x'],
  ['a bad driver', ['--generated', 'FILE', '--driver', 'cp'], '"name=command {in} {out}" is expected'],
  ['intervals of a file', ['--generated', 'FILE', '--intervals'], '--intervals needs --model or --train'],
])('wrong use exits 2: %s', (_, argv, message) => {
  const { status, stderr } = gent('evaluate', '--real', file, ...argv.map((word) => word.replace('FILE', file)));
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

test('a driver that fails is named', () => {
  const { status, stderr } = gent(
    ...['evaluate', '--real', file, '--generated', file, '--driver', 'odd=false {in} {out}']
  );
  expect(status).toBe(1);
  expect(stderr).toContain('FIDELITY_DRIVER: odd ended with 1');
});
