/** @file Wrong command lines: one line each that names the option, what is probably meant, and where to read on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { runCli } from '../../pkg/cli';

async function gent(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const streams = [new PassThrough(), new PassThrough()];
  const texts = ['', ''];
  streams.forEach((stream, i) => stream.on('data', (chunk: Buffer) => (texts[i] += chunk.toString())));
  const io = { stdout: streams[0], stderr: streams[1], signal: new AbortController().signal };
  const code = await runCli(argv, io as never);
  return { code, out: texts[0] ?? '', err: texts[1] ?? '' };
}

test.each([
  [['trian'], "there is no command 'trian'; did you mean train?"],
  [['toString'], "there is no command 'toString';"],
  [['train', '--trace', 'x'], 'train: there is no option --trace; did you mean --traces?; run `gent train --help`'],
  [['train', '--frobnicate'], 'train: there is no option --frobnicate; run'],
  [['train', '--seed', '-1'], '--seed lacks its value; one that begins with a dash is written --seed=-1'],
  [['train', '--traces'], '--traces lacks its value; run'],
  [['train', '--traces', 'x', '--out', 'm.gent', '--format', 'csv'], '--format csv: one of otlp, jaeger, zipkin is'],
  [['inspect', 'a', 'b'], "inspect: 'b' is one word too many"],
  [['generate', 'a', 'b', '--out', 'c'], "generate: 'b' is one word too many"],
  [['serve', '--store', 'x', 'extra'], "serve: 'extra' is one word too many"],
  [['trainer', 'extra'], "trainer: 'extra' is one word too many"],
  [['serve'], 'serve: one of --store and --traces is needed; run `gent serve --help`'],
  [['jaeger', 'frob'], 'jaeger: say download or translate'],
  [['jaeger', 'translate', '--traces', 'x', '--out', '-', '--to-form', 'xml'], '--to-form xml: one of otlp, jaeger is'],
  [['jaeger', 'translate', '--traces', 'x', '--out', '-', '--to', 'jaeger'], 'what to write is said by --to-form'],
  [['pandora', 'record', '--incident', 'flood', '--out', 'x'], '--incident flood: one of none, slow-payment-gateway,'],
  [['demo', 'traffic', '--rate', 'fast'], 'demo: --rate fast: one of max, live is expected'],
  // Said before the traces are read: the file is not there.
  [['evaluate', '--real', 'nofile', '--model', 'a', '--generated', 'b'], 'is needed, not --model and --generated'],
  [['evaluate', '--real', 'nofile', '--train', '--seeds', '0'], '--seeds 0: a whole number of at least 1'],
  [['evaluate', '--real', 'nofile', '--train', '--ratios', '1'], '--ratios 1: whole numbers of at least 2'],
  [['evaluate', '--real', 'nofile', '--generated', 'b', '--intervals'], '--intervals needs --model or --train'],
])('gent %j', async (argv, expected) => {
  const { code, out, err } = await gent(...argv);
  expect(err).toContain(expected);
  expect(err).toMatch(/^gent: USAGE: [^\n]+\n$/);
  expect({ code, out }).toEqual({ code: 2, out: '' });
});

test('gent help COMMAND is the help of the command', async () => {
  const { code, out } = await gent('help', 'train');
  expect(code).toBe(0);
  expect(out).toBe((await gent('train', '--help')).out);
  expect(out).toContain('--max-bytes');
});

test('a directory that is not there is noticed before training, a model that is not there by its name alone', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'gent-usage-'));
  try {
    const traces = path.join(directory, 'traces.json');
    writeFileSync(traces, '');
    const late = await gent('train', '--traces', traces, '--out', path.join(directory, 'no/where/m.gent'));
    expect(late.code).toBe(1);
    expect(late.err).toMatch(/^gent: FILE_UNWRITABLE: --out [^\n]*no[/]where is no directory to write to/);
    const gone = await gent('inspect', path.join(directory, 'gone.gent'));
    expect(gone.err).toContain('gone.gent does not exist; check the path');
    expect(gone.err).not.toContain('ENOENT');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
