/** @file A trainer that is killed at any moment has lost nothing that it acknowledged, and trains nothing twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { simulateShop, TraceSender } from '../../pkg/pandora';
import { openStore } from '../../pkg/store';
import type { Trace } from '../../pkg/trace';
import { until } from './harness';

const GENT = path.resolve(__dirname, '../../build/gent.cjs');
const PATIENCE_MS = 240_000;
const START = 1_700_000_000_000_000_000n;

let store: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  store = mkdtempSync(path.join(tmpdir(), 'gent-crash-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(store, { recursive: true, force: true });
});

async function start(...options: string[]): Promise<string> {
  const args = [GENT, 'trainer', '--listen', '127.0.0.1:0', '--store', store, '--epochs', '1', ...options];
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  child = started;
  let out = '';
  started.stdout.on('data', (part: Buffer) => (out += part.toString()));
  await until(() => out.includes('Ctrl-C') || started.exitCode !== null, 'the trainer listens', PATIENCE_MS);
  return /OTEL_EXPORTER_OTLP_ENDPOINT=(\S+)/.exec(out)?.[1] ?? '';
}

async function kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** Sends traces one a request until the trainer is gone. @returns those that were acknowledged */
async function sendUntilGone(endpoint: string, traces: readonly Trace[]): Promise<Trace[]> {
  const acknowledged: Trace[] = [];
  for (const trace of traces) {
    const sent = await new TraceSender({ endpoint, patienceMs: 200 }).send([trace]).then(
      () => true,
      () => false
    );
    if (!sent) {
      break;
    }
    acknowledged.push(trace);
  }
  return acknowledged;
}

const published = async () => {
  const opened = await openStore(store, { refreshMs: 0 });
  const { models } = await opened.list();
  await opened.close();
  return {
    traces: models.reduce((sum, { traces }) => sum + traces, 0),
    spans: models.reduce((sum, { spans }) => sum + spans, 0),
  };
};
const logFiles = () => readdirSync(path.join(store, '.wal')).filter((name) => name.endsWith('.log'));

test('nothing acknowledged is lost by kill -9, whenever it comes', async () => {
  const all = [...simulateShop({ count: 400, seed: 4, startUnixNano: START })];
  const acknowledged: Trace[] = [];
  for (const [from, to, after] of [
    [0, 130, 150],
    [130, 260, 400],
    [260, 400, 60_000],
  ] as const) {
    const endpoint = await start('--idle', '500ms', '--batch-traces', '1000000');
    const timer = setTimeout(() => child?.kill('SIGKILL'), after);
    acknowledged.push(...(await sendUntilGone(endpoint, all.slice(from, to))));
    clearTimeout(timer);
    await kill('SIGKILL');
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(140);
  expect(logFiles().length).toBeGreaterThan(0);
  await start('--idle', '500ms');
  await kill('SIGTERM');
  const { traces, spans } = await published();
  // A request that was written but not yet answered may be there besides: at most one for each kill.
  expect(traces).toBeGreaterThanOrEqual(acknowledged.length);
  expect(traces).toBeLessThanOrEqual(acknowledged.length + 2);
  expect(spans).toBeGreaterThanOrEqual(acknowledged.reduce((sum, trace) => sum + trace.spans.length, 0));
  expect(logFiles()).toEqual([]);
}, 600_000);

test('what was published before the kill is not trained again', async () => {
  const all = [...simulateShop({ count: 150, seed: 5, startUnixNano: START })];
  const endpoint = await start('--idle', '500ms', '--batch-traces', '100');
  await new TraceSender({ endpoint }).sendAll(all);
  await until(async () => (await published()).traces > 0, 'the first batch is published', PATIENCE_MS);
  // A moment more, in which the log notes that the batch is done with.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await kill('SIGKILL');
  await start('--idle', '500ms');
  await kill('SIGTERM');
  const { spans } = await published();
  expect(spans).toBe(all.reduce((sum, trace) => sum + trace.spans.length, 0));
  expect(logFiles()).toEqual([]);
}, 600_000);
